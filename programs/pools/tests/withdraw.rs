use harness::{
    attacks::Shape,
    ix_pools as pix,
    pools::{Site, Terms, User},
    *,
};

const AMOUNT: u64 = 30 * UNIT;

fn filled() -> (World, Site, User) {
    let mut world = World::new();
    let (site, holder) = world.filled(Terms::default(), [100 * UNIT, 100 * UNIT]);
    (world, site, holder)
}

fn given() -> (World, Instruction) {
    let (world, site, holder) = filled();
    (world, pix::withdraw(&site, &holder, 0, 0, AMOUNT, AMOUNT))
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
fn an_lp_token_brings_a_unit_of_its_side() {
    for side in [0, 1] {
        let (mut world, site, holder) = filled();
        let before = world.pool_state(&site);

        let done = world.does(&pix::withdraw(&site, &holder, side, side, AMOUNT, AMOUNT));

        let mut after = before;
        after.reserve[side] -= AMOUNT;
        assert_eq!(world.pool_state(&site), after);
        let mut held = [0, 0, 100 * UNIT, 100 * UNIT];
        held[side] = AMOUNT;
        held[2 + side] -= AMOUNT;
        assert_eq!(world.held(&holder), held);
        assert_eq!(world.lp_supply(&site, side), 100 * UNIT - AMOUNT);
        let expected = Withdrawn {
            pool: key(&site.pool()),
            owner: key(&holder.owner),
            burned: AMOUNT,
            amount: AMOUNT,
            fee: 0,
            reserve: 100 * UNIT - AMOUNT,
            burned_side: side as u32,
            paid_side: side as u32,
        };
        assert_eq!(done.event::<Withdrawn>(), expected);
    }
}

#[test]
fn or_its_worth_in_the_other_side_less_the_fee_of_a_swap() {
    for (burned, shares, gross) in [(0, 10 * UNIT + 1, 15 * UNIT + 1), (1, 10 * UNIT + 1, 6_666_667)] {
        let (mut world, site, holder) = filled();
        let (paid, fee) = (1 - burned, (gross * 3_000_u64).div_ceil(1_000_000));

        let done = world.does(&pix::withdraw(&site, &holder, burned, paid, shares, gross - fee));

        let pool = world.pool_state(&site);
        assert_eq!(pool.reserve[burned], 100 * UNIT, "what the claim was on stays");
        assert_eq!(pool.reserve[paid], 100 * UNIT - gross);
        assert_eq!(pool.fees[paid], fee);
        assert_eq!(world.held(&holder)[paid], gross - fee);
        assert_eq!(world.lp_supply(&site, burned), 100 * UNIT - shares);
        let logged = done.event::<Withdrawn>();
        assert_eq!(
            (logged.burned, logged.amount, logged.fee),
            (shares, gross - fee, fee)
        );
        assert_eq!(
            (logged.burned_side, logged.paid_side),
            (burned as u32, paid as u32)
        );
    }
}

#[test]
fn a_holder_whose_side_was_swapped_away_still_gets_out() {
    let mut world = World::new();
    let (site, holder) = world.filled(Terms::default(), [100 * UNIT, 0]);
    let taker = world.user(&site, [0, 150 * UNIT]);
    world.does(&pix::swap(&site, &taker, 1, 150 * UNIT, 0));
    let withdraw = pix::withdraw(&site, &holder, 0, 0, 100 * UNIT, 0);
    world.refuses(&withdraw, PoolsError::InsufficientReserve);
    world.does(&pix::withdraw(&site, &holder, 0, 1, 100 * UNIT, 0));
    assert_eq!(world.held(&holder), [0, 150 * UNIT * 997 / 1_000, 0, 0]);
}

#[test]
fn a_paused_pool_pays_out_all_the_same() {
    let (mut world, site, holder) = filled();
    world.does(&pix::set_paused(&site, true));
    world.does(&pix::withdraw(&site, &holder, 0, 0, AMOUNT, 0));
    world.does(&pix::withdraw(&site, &holder, 0, 1, AMOUNT, 0));
}

#[test]
fn nothing_is_refused() {
    let (mut world, site, holder) = filled();
    for paid in [0, 1] {
        let withdraw = pix::withdraw(&site, &holder, 0, paid, 0, 0);
        world.refuses(&withdraw, PoolsError::ZeroAmount);
    }
}

#[test]
fn more_claims_than_held_are_refused() {
    let (mut world, site, holder) = filled();
    let other = world.user(&site, [50 * UNIT, 0]);
    world.does(&pix::deposit(&site, &other, 0, 50 * UNIT));
    let withdraw = pix::withdraw(&site, &other, 0, 0, 50 * UNIT + 1, 0);
    world.refuses(&withdraw, error::TOKEN_INSUFFICIENT);
    let withdraw = pix::withdraw(&site, &holder, 0, 0, u64::MAX, 0);
    world.refuses(&withdraw, PoolsError::InsufficientReserve);
}

#[test]
fn less_than_the_least_is_refused() {
    let (mut world, site, holder) = filled();
    for (paid, least) in [(0, AMOUNT + 1), (1, AMOUNT * 3 / 2 * 997 / 1_000 + 1)] {
        let withdraw = pix::withdraw(&site, &holder, 0, paid, AMOUNT, least);
        world.refuses(&withdraw, PoolsError::SlippageExceeded);
        world.does(&pix::withdraw(&site, &holder, 0, paid, AMOUNT, least - 1));
    }
}

#[test]
fn a_claim_that_is_worth_less_than_a_unit_is_not_burned_for_nothing() {
    let (mut world, site, holder) = filled();
    let withdraw = pix::withdraw(&site, &holder, 1, 0, 1, 0);
    world.refuses(&withdraw, PoolsError::AmountTooSmall);
}

#[test]
fn an_lp_mint_or_a_vault_of_another_pool_is_refused() {
    let (mut world, site, holder) = filled();
    let twin = Site { number: 8, ..site };
    world.does(&pix::create_pool(&twin, Terms::default()));
    let mut withdraw = pix::withdraw(&site, &holder, 0, 0, AMOUNT, 0);
    withdraw.accounts[3].pubkey = twin.lp_mint(0);
    world.refuses(&withdraw, PoolsError::WrongLpMint);
    let mut withdraw = pix::withdraw(&site, &holder, 0, 0, AMOUNT, 0);
    withdraw.accounts[4].pubkey = twin.vault(0);
    world.refuses(&withdraw, PoolsError::WrongVault);
}

#[test]
fn lp_tokens_of_the_other_side_are_refused() {
    let (mut world, site, holder) = filled();
    let mut withdraw = pix::withdraw(&site, &holder, 0, 0, AMOUNT, 0);
    withdraw.accounts[2].pubkey = holder.lp[1];
    world.refuses(&withdraw, error::TOKEN_MINT_MISMATCH);
}

#[test]
fn the_vault_as_its_own_destination_is_refused() {
    let (mut world, site, holder) = filled();
    let mut withdraw = pix::withdraw(&site, &holder, 0, 0, AMOUNT, 0);
    withdraw.accounts[5].pubkey = site.vault(0);
    world.refuses(&withdraw, error::DUPLICATE);
}

#[test]
fn another_program_in_the_place_of_the_token_program_is_refused() {
    let (mut world, mut instruction) = given();
    instruction.accounts[6].pubkey = address::ORACLE;
    world.refuses(&instruction, InstructionError::IncorrectProgramId);
}
