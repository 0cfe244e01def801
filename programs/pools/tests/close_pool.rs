use harness::{
    attacks::Shape,
    ix_pools as pix,
    pools::{Site, Terms, User},
    *,
};

/// A pool that earned fees and dust, and whose claims are all redeemed.
fn emptied() -> (World, Site, [Address; 2]) {
    let mut world = World::new();
    let (site, holder) = world.filled(Terms::default(), [100 * UNIT, 100 * UNIT]);
    let taker = world.user(&site, [50 * UNIT, 50 * UNIT]);
    world.does(&pix::swap(&site, &taker, 0, 20 * UNIT + 1, 0));
    world.does(&pix::swap(&site, &taker, 1, 30 * UNIT + 1, 0));
    redeem_all(&mut world, &site, &holder);
    let to = [0, 1].map(|side| world.create_tokens(site.mints[side], site.owner, 0));
    (world, site, to)
}

/// Every claim in its own side as far as that goes, the rest in the other.
fn redeem_all(world: &mut World, site: &Site, holder: &User) {
    for side in [0, 1] {
        let own = world.held(holder)[2 + side].min(world.pool_state(site).reserve[side]);
        if own > 0 {
            world.does(&pix::withdraw(site, holder, side, side, own, own));
        }
        let rest = world.held(holder)[2 + side];
        if rest > 0 {
            world.does(&pix::withdraw(site, holder, side, 1 - side, rest, 0));
        }
    }
}

fn given() -> (World, Instruction) {
    let (world, site, to) = emptied();
    (world, pix::close_pool(&site, to))
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(PoolsError::NotOwner.into()),
    owned: &[1],
    written: &[0, 1, 2, 3, 6, 7],
    data: 0,
}}

#[test]
fn what_is_left_and_the_rent_go_to_the_owner() {
    let (mut world, site, to) = emptied();
    let left = [0, 1].map(|side| world.token_amount(&site.vault(side)));
    assert!(left.iter().any(|&each| each > 0));
    let lamports = |world: &World, address| world.account(&address).map_or(0, |each| each.lamports);
    let rent = [site.pool(), site.vault(0), site.vault(1)].map(|each| lamports(&world, each));
    let before = lamports(&world, site.owner);

    let done = world.does(&pix::close_pool(&site, to));

    assert_eq!(to.map(|each| world.token_amount(&each)), left);
    assert_eq!(lamports(&world, site.owner), before + rent.iter().sum::<u64>());
    for gone in [site.pool(), site.vault(0), site.vault(1)] {
        assert_eq!(lamports(&world, gone), 0);
    }
    let expected = PoolClosed {
        pool: key(&site.pool()),
        swept_a: left[0],
        swept_b: left[1],
    };
    assert_eq!(done.event::<PoolClosed>(), expected);
}

#[test]
fn a_pool_with_a_claim_of_one_unit_is_not_closed() {
    for side in [0, 1] {
        let mut world = World::new();
        let site = world.pool(Terms::default());
        let holder = world.user(&site, [1, 1]);
        world.does(&pix::deposit(&site, &holder, side, 1));
        let to = [0, 1].map(|side| world.create_tokens(site.mints[side], site.owner, 0));
        world.refuses(&pix::close_pool(&site, to), PoolsError::NotEmpty);
        world.does(&pix::withdraw(&site, &holder, side, side, 1, 1));
        world.does(&pix::close_pool(&site, to));
    }
}

#[test]
fn tokens_that_somebody_sent_into_a_vault_do_not_keep_it_open() {
    let (mut world, site, to) = emptied();
    let mut vault = world.account(&site.vault(0)).unwrap();
    let held = world.token_amount(&site.vault(0)) + 12_345;
    vault.data[64..72].copy_from_slice(&held.to_le_bytes());
    world.svm.set_account(site.vault(0), vault).unwrap();
    world.does(&pix::close_pool(&site, to));
    assert_eq!(world.token_amount(&to[0]), held);
}

#[test]
fn the_number_of_a_closed_pool_stays_used() {
    let (mut world, site, to) = emptied();
    world.does(&pix::close_pool(&site, to));
    let create = pix::create_pool(&site, Terms::default());
    world.refuses(&create, error::IN_USE);
}

#[test]
fn other_vaults_or_lp_mints_are_refused() {
    let (mut world, site, to) = emptied();
    let mut close = pix::close_pool(&site, to);
    close.accounts.swap(2, 3);
    world.refuses(&close, PoolsError::WrongVault);
    let mut close = pix::close_pool(&site, to);
    close.accounts[4].pubkey = world.create_mint(6);
    world.refuses(&close, PoolsError::WrongLpMint);
    let mut close = pix::close_pool(&site, to);
    close.accounts[5].pubkey = site.lp_mint(0);
    world.refuses(&close, PoolsError::WrongLpMint);
}

#[test]
fn destinations_of_the_wrong_mint_are_refused() {
    let (mut world, mut instruction) = given();
    instruction.accounts.swap(6, 7);
    world.refuses(&instruction, error::TOKEN_MINT_MISMATCH);
}

#[test]
fn another_program_in_the_place_of_the_token_program_is_refused() {
    let (mut world, mut instruction) = given();
    instruction.accounts[8].pubkey = address::ORACLE;
    world.refuses(&instruction, InstructionError::IncorrectProgramId);
}
