use harness::{
    attacks::Shape,
    ix_pools as pix,
    pools::{Site, Terms, User},
    *,
};

const AMOUNT: u64 = 10 * UNIT;

fn with_taker(terms: Terms) -> (World, Site, User) {
    let mut world = World::new();
    let (site, _) = world.filled(terms, [100 * UNIT, 100 * UNIT]);
    let taker = world.user(&site, [1_000 * UNIT, 1_000 * UNIT]);
    (world, site, taker)
}

fn given() -> (World, Instruction) {
    let (world, site, taker) = with_taker(Terms::default());
    (world, pix::swap(&site, &taker, 0, AMOUNT, 1))
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(error::TOKEN_OWNER_MISMATCH),
    owned: &[1],
    written: &[1, 2, 3, 4, 5],
    data: 16,
}}

#[test]
fn either_token_buys_the_other_at_the_ratio_less_the_fee() {
    for (side, gross) in [(0, 15 * UNIT), (1, 6_666_666)] {
        let (mut world, site, taker) = with_taker(Terms::default());
        let before = world.pool_state(&site);
        let (other, fee) = (1 - side, (gross * 3_000_u64).div_ceil(1_000_000));

        let done = world.does(&pix::swap(&site, &taker, side, AMOUNT, gross - fee));

        let mut after = before;
        after.reserve[side] += AMOUNT;
        after.reserve[other] -= gross;
        after.fees[other] = fee;
        assert_eq!(world.pool_state(&site), after);
        let mut held = [1_000 * UNIT, 1_000 * UNIT, 0, 0];
        held[side] -= AMOUNT;
        held[other] += gross - fee;
        assert_eq!(world.held(&taker), held);
        let expected = Swapped {
            pool: key(&site.pool()),
            owner: key(&taker.owner),
            paid_in: AMOUNT,
            paid_out: gross - fee,
            fee,
            reserve_in: after.reserve[side],
            reserve_out: after.reserve[other],
            side: side as u64,
        };
        assert_eq!(done.event::<Swapped>(), expected);
    }
}

#[test]
fn there_and_back_never_pays() {
    for amount in [2, 3, 10, 999, 1_000_001, 7 * UNIT + 5] {
        for fee_ppm in [0, 1, 100_000] {
            let terms = Terms {
                ratio: [7, 11],
                fee_ppm,
            };
            let (mut world, site, taker) = with_taker(terms);
            let there = world.send(&pix::swap(&site, &taker, 0, amount, 0));
            let got = world.held(&taker)[1] - 1_000 * UNIT;
            if there.is_ok() && world.send(&pix::swap(&site, &taker, 1, got, 0)).is_err() {
                continue; // dust that is worth less than a unit
            }
            assert!(world.held(&taker)[0] <= 1_000 * UNIT, "{amount} {fee_ppm}");
            world.audit();
        }
    }
}

#[test]
fn the_whole_reserve_can_be_bought_and_not_a_unit_more() {
    let terms = Terms {
        ratio: [1, 1],
        fee_ppm: 0,
    };
    let (mut world, site, taker) = with_taker(terms);
    let swap = pix::swap(&site, &taker, 0, 100 * UNIT + 1, 0);
    world.refuses(&swap, PoolsError::InsufficientReserve);
    world.does(&pix::swap(&site, &taker, 0, 100 * UNIT, 0));
    assert_eq!(world.pool_state(&site).reserve, [200 * UNIT, 0]);
}

#[test]
fn fees_that_were_earned_are_not_sold() {
    let (mut world, site, taker) = with_taker(Terms::default());
    world.does(&pix::swap(&site, &taker, 0, AMOUNT, 0));
    let left = world.pool_state(&site).reserve[1];
    assert!(world.token_amount(&site.vault(1)) > left);
    let swap = pix::swap(&site, &taker, 0, (left / 3 + 1) * 2, 0);
    world.refuses(&swap, PoolsError::InsufficientReserve);
}

#[test]
fn nothing_is_refused() {
    let (mut world, site, taker) = with_taker(Terms::default());
    world.refuses(&pix::swap(&site, &taker, 0, 0, 0), PoolsError::ZeroAmount);
}

#[test]
fn an_amount_that_is_worth_less_than_a_unit_is_refused() {
    let (mut world, site, taker) = with_taker(Terms::default());
    world.refuses(&pix::swap(&site, &taker, 1, 1, 0), PoolsError::AmountTooSmall);
    // worth one unit, which the fee takes
    world.refuses(&pix::swap(&site, &taker, 0, 1, 0), PoolsError::AmountTooSmall);
}

#[test]
fn less_than_the_least_is_refused() {
    let (mut world, site, taker) = with_taker(Terms::default());
    let out = 15 * UNIT * 997 / 1_000;
    let swap = pix::swap(&site, &taker, 0, AMOUNT, out + 1);
    world.refuses(&swap, PoolsError::SlippageExceeded);
    world.does(&pix::swap(&site, &taker, 0, AMOUNT, out));
}

#[test]
fn a_worth_that_does_not_fit_is_refused() {
    let terms = Terms {
        ratio: [1, 1 << 50],
        fee_ppm: 0,
    };
    let mut world = World::new();
    let site = world.pool(terms);
    let taker = world.user(&site, [1 << 20, 0]);
    world.refuses(&pix::swap(&site, &taker, 0, 1 << 20, 0), PoolsError::Overflow);
}

#[test]
fn more_than_the_taker_holds_is_refused() {
    let terms = Terms {
        ratio: [1_000, 1],
        fee_ppm: 0,
    };
    let (mut world, site, taker) = with_taker(terms);
    let swap = pix::swap(&site, &taker, 0, 1_000 * UNIT + 1, 0);
    world.refuses(&swap, error::TOKEN_INSUFFICIENT);
}

#[test]
fn a_paused_pool_does_not_swap() {
    let (mut world, site, taker) = with_taker(Terms::default());
    world.does(&pix::set_paused(&site, true));
    world.refuses(&pix::swap(&site, &taker, 0, AMOUNT, 0), PoolsError::Paused);
}

#[test]
fn vaults_of_another_pool_are_refused() {
    let (mut world, site, taker) = with_taker(Terms::default());
    let twin = Site { number: 8, ..site };
    world.does(&pix::create_pool(&twin, Terms::default()));
    for (index, side) in [(3, 0), (4, 1)] {
        let mut swap = pix::swap(&site, &taker, 0, AMOUNT, 0);
        swap.accounts[index].pubkey = twin.vault(side);
        world.refuses(&swap, PoolsError::WrongVault);
    }
}

#[test]
fn a_token_for_itself_is_refused() {
    let (mut world, site, taker) = with_taker(Terms::default());
    let mut swap = pix::swap(&site, &taker, 0, AMOUNT, 0);
    swap.accounts[4].pubkey = site.vault(0);
    world.refuses(&swap, error::DUPLICATE);
    let mut swap = pix::swap(&site, &taker, 0, AMOUNT, 0);
    swap.accounts[5].pubkey = taker.tokens[0];
    world.refuses(&swap, error::DUPLICATE);
}

#[test]
fn accounts_of_the_wrong_mint_are_refused() {
    let (mut world, site, taker) = with_taker(Terms::default());
    let other = world.user(&site, [UNIT, UNIT]);
    let mut swap = pix::swap(&site, &taker, 0, UNIT, 0);
    swap.accounts[5].pubkey = other.tokens[0];
    world.refuses(&swap, error::TOKEN_MINT_MISMATCH);
    let mut swap = pix::swap(&site, &taker, 0, UNIT, 0);
    swap.accounts[2].pubkey = taker.tokens[1];
    swap.accounts[5].pubkey = other.tokens[1];
    world.refuses(&swap, error::TOKEN_MINT_MISMATCH);
}

#[test]
fn the_tokens_of_somebody_else_are_refused() {
    let (mut world, site, taker) = with_taker(Terms::default());
    let victim = world.user(&site, [AMOUNT, 0]);
    let mut swap = pix::swap(&site, &taker, 0, AMOUNT, 0);
    swap.accounts[2].pubkey = victim.tokens[0];
    world.refuses(&swap, error::TOKEN_OWNER_MISMATCH);
    // a vault of another pool, for which nobody but that pool can sign
    let twin = Site { number: 8, ..site };
    world.does(&pix::create_pool(&twin, Terms::default()));
    let lp = [0, 1].map(|side| world.create_tokens(twin.lp_mint(side), victim.owner, 0));
    world.does(&pix::deposit(&twin, &User { lp, ..victim }, 0, AMOUNT));
    swap.accounts[2].pubkey = twin.vault(0);
    world.refuses(&swap, error::TOKEN_OWNER_MISMATCH);
}

#[test]
fn another_program_in_the_place_of_the_token_program_is_refused() {
    let (mut world, mut instruction) = given();
    instruction.accounts[6].pubkey = address::ORACLE;
    world.refuses(&instruction, InstructionError::IncorrectProgramId);
}
