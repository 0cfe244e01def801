use harness::{
    attacks::Shape,
    ix_pools as pix,
    pools::{Site, Terms},
    *,
};

/// A pool that has earned on both sides, and where its owner wants it.
fn earned() -> (World, Site, [Address; 2]) {
    let mut world = World::new();
    let (site, _) = world.filled(Terms::default(), [100 * UNIT, 100 * UNIT]);
    let taker = world.user(&site, [50 * UNIT, 50 * UNIT]);
    world.does(&pix::swap(&site, &taker, 0, 20 * UNIT, 0));
    world.does(&pix::swap(&site, &taker, 1, 10 * UNIT, 0));
    let to = [0, 1].map(|side| world.create_tokens(site.mints[side], site.owner, 0));
    (world, site, to)
}

fn given() -> (World, Instruction) {
    let (world, site, to) = earned();
    (world, pix::collect_fees(&site, to))
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(PoolsError::NotOwner.into()),
    owned: &[1],
    written: &[1, 2, 3, 4, 5],
    data: 0,
}}

#[test]
fn the_owner_gets_what_both_sides_earned_and_the_reserves_stay() {
    let (mut world, site, to) = earned();
    let before = world.pool_state(&site);
    assert!(before.fees.iter().all(|&fee| fee > 0));

    let done = world.does(&pix::collect_fees(&site, to));

    assert_eq!(
        world.pool_state(&site),
        Pool {
            fees: [0, 0],
            ..before
        }
    );
    for side in [0, 1] {
        assert_eq!(world.token_amount(&to[side]), before.fees[side]);
        assert_eq!(world.token_amount(&site.vault(side)), before.reserve[side]);
    }
    let expected = FeesCollected {
        pool: key(&site.pool()),
        fees_a: before.fees[0],
        fees_b: before.fees[1],
    };
    assert_eq!(done.event::<FeesCollected>(), expected);
}

#[test]
fn nothing_earned_is_nothing_to_collect() {
    let (mut world, site, to) = earned();
    world.does(&pix::collect_fees(&site, to));
    world.refuses(&pix::collect_fees(&site, to), PoolsError::ZeroAmount);
}

#[test]
fn vaults_in_the_wrong_order_are_refused() {
    let (mut world, mut instruction) = given();
    instruction.accounts.swap(2, 3);
    world.refuses(&instruction, PoolsError::WrongVault);
}

#[test]
fn destinations_of_the_wrong_mint_are_refused() {
    let (mut world, mut instruction) = given();
    instruction.accounts.swap(4, 5);
    world.refuses(&instruction, error::TOKEN_MINT_MISMATCH);
}

#[test]
fn another_program_in_the_place_of_the_token_program_is_refused() {
    let (mut world, mut instruction) = given();
    instruction.accounts[6].pubkey = address::ORACLE;
    world.refuses(&instruction, InstructionError::IncorrectProgramId);
}
