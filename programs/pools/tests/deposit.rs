use harness::{
    attacks::Shape,
    ix_pools as pix,
    pools::{Site, Terms, User},
    *,
};

const AMOUNT: u64 = 70 * UNIT;

fn with_tokens() -> (World, Site, User) {
    let mut world = World::new();
    let site = world.pool(Terms::default());
    let holder = world.user(&site, [100 * UNIT; 2]);
    (world, site, holder)
}

fn given() -> (World, Instruction) {
    let (world, site, holder) = with_tokens();
    (world, pix::deposit(&site, &holder, 0, AMOUNT))
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(error::TOKEN_OWNER_MISMATCH),
    owned: &[1],
    written: &[1, 2, 3, 4, 5],
    data: 8,
}}

#[test]
fn a_unit_of_either_side_brings_an_lp_token_of_that_side() {
    for side in [0, 1] {
        let (mut world, site, holder) = with_tokens();
        let before = world.pool_state(&site);

        let done = world.does(&pix::deposit(&site, &holder, side, AMOUNT));

        let mut after = before;
        after.reserve[side] = AMOUNT;
        assert_eq!(world.pool_state(&site), after);
        let mut held = [100 * UNIT, 100 * UNIT, 0, 0];
        held[side] -= AMOUNT;
        held[2 + side] = AMOUNT;
        assert_eq!(world.held(&holder), held);
        assert_eq!(world.token_amount(&site.vault(side)), AMOUNT);
        assert_eq!(world.lp_supply(&site, side), AMOUNT);
        let expected = Deposited {
            pool: key(&site.pool()),
            owner: key(&holder.owner),
            amount: AMOUNT,
            reserve: AMOUNT,
            side: side as u64,
        };
        assert_eq!(done.event::<Deposited>(), expected);
    }
}

#[test]
fn who_comes_after_fees_and_swaps_gets_no_less_and_no_more() {
    let mut world = World::new();
    let (site, first) = world.filled(Terms::default(), [50 * UNIT, 50 * UNIT]);
    let second = world.user(&site, [20 * UNIT, 0]);
    world.does(&pix::swap(&site, &second, 0, 10 * UNIT, 0));
    world.does(&pix::deposit(&site, &second, 0, 10 * UNIT));
    assert_eq!(world.held(&second)[2], 10 * UNIT);
    assert_eq!(world.held(&first)[2], 50 * UNIT);
}

#[test]
fn nothing_is_refused() {
    let (mut world, site, holder) = with_tokens();
    world.refuses(&pix::deposit(&site, &holder, 0, 0), PoolsError::ZeroAmount);
}

#[test]
fn more_than_the_source_holds_is_refused() {
    for amount in [100 * UNIT + 1, u64::MAX] {
        let (mut world, site, holder) = with_tokens();
        let deposit = pix::deposit(&site, &holder, 0, amount);
        world.refuses(&deposit, error::TOKEN_INSUFFICIENT);
    }
}

#[test]
fn a_reserve_that_does_not_fit_is_refused() {
    let (mut world, site, holder) = with_tokens();
    world.edit::<Pool>(&site.pool(), |pool| pool.reserve[0] = u64::MAX);
    let deposit = pix::deposit(&site, &holder, 0, 1);
    let failed = world.send(&deposit).unwrap_err();
    assert_eq!(failed.err, refusal(PoolsError::Overflow));
}

#[test]
fn a_paused_pool_takes_nothing() {
    let (mut world, site, holder) = with_tokens();
    world.does(&pix::set_paused(&site, true));
    world.refuses(&pix::deposit(&site, &holder, 0, AMOUNT), PoolsError::Paused);
    world.does(&pix::set_paused(&site, false));
    world.does(&pix::deposit(&site, &holder, 0, AMOUNT));
}

#[test]
fn the_lp_mint_of_the_other_side_is_refused() {
    let (mut world, site, holder) = with_tokens();
    let mut deposit = pix::deposit(&site, &holder, 0, AMOUNT);
    deposit.accounts[4].pubkey = site.lp_mint(1);
    deposit.accounts[5].pubkey = holder.lp[1];
    world.refuses(&deposit, PoolsError::WrongSide);
}

#[test]
fn a_vault_or_an_lp_mint_of_another_pool_is_refused() {
    let (mut world, site, holder) = with_tokens();
    let twin = Site { number: 8, ..site };
    world.does(&pix::create_pool(&twin, Terms::default()));
    let mut deposit = pix::deposit(&site, &holder, 0, AMOUNT);
    deposit.accounts[3].pubkey = twin.vault(0);
    world.refuses(&deposit, PoolsError::WrongVault);
    let mut deposit = pix::deposit(&site, &holder, 0, AMOUNT);
    deposit.accounts[4].pubkey = twin.lp_mint(0);
    world.refuses(&deposit, PoolsError::WrongLpMint);
}

#[test]
fn tokens_of_another_mint_are_refused() {
    let (mut world, site, holder) = with_tokens();
    let mut deposit = pix::deposit(&site, &holder, 0, AMOUNT);
    deposit.accounts[2].pubkey = holder.tokens[1];
    world.refuses(&deposit, error::TOKEN_MINT_MISMATCH);
    let mut deposit = pix::deposit(&site, &holder, 0, AMOUNT);
    deposit.accounts[5].pubkey = holder.lp[1];
    world.refuses(&deposit, error::TOKEN_MINT_MISMATCH);
}

#[test]
fn the_vault_as_its_own_source_is_refused() {
    let (mut world, site, holder) = with_tokens();
    let mut deposit = pix::deposit(&site, &holder, 0, AMOUNT);
    deposit.accounts[2].pubkey = site.vault(0);
    world.refuses(&deposit, error::DUPLICATE);
}

#[test]
fn another_program_in_the_place_of_the_token_program_is_refused() {
    let (mut world, mut instruction) = given();
    instruction.accounts[6].pubkey = address::ORACLE;
    world.refuses(&instruction, InstructionError::IncorrectProgramId);
}
