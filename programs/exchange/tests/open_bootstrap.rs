//! The launch is opened once, by the admin, with a budget that the pool still has.

use harness::{
    attacks::Shape,
    ix_bootstrap::{open_bootstrap, BootstrapRules, BOOTSTRAP_RULES},
    keepers::{whole_schedule, MMT, POOL},
    *,
};

/// A world with MMT, and the admin's account of what the schedule left.
fn genesis() -> (World, Address, Address) {
    let mut world = World::with_mmt();
    let (admin, mint) = (world.admin, world.mmt());
    let source = world.create_tokens(mint, admin, POOL - whole_schedule());
    (world, mint, source)
}

fn given() -> (World, Instruction) {
    let (world, mint, source) = genesis();
    let instruction = open_bootstrap(world.admin, mint, source, &BOOTSTRAP_RULES);
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotAdmin.into()),
    owned: &[1, 2, 4, 5, 6, 7],
    written: &[0, 4, 5, 6, 7, 8, 9],
    data: 56,
}}

#[test]
fn the_budget_moves_in_and_every_shard_gets_a_quarter_of_the_credits() {
    let (mut world, instruction) = given();
    let slot = world.slot();
    let before = world.get::<Shard>(&address::shard(3));
    let done = world.does_at_once(&instruction);

    let rules = BOOTSTRAP_RULES;
    let expected = Bootstrap {
        start_slot: slot,
        end_slot: slot + rules.mining_slots,
        updated_slot: slot,
        budget: rules.budget(),
        trade_credits: rules.trade_credits,
        trade_rate: rules.trade_rate,
        mining_rate: rules.mining_rate,
        early_shares: rules.early_shares,
        ..Zeroable::zeroed()
    };
    assert_eq!(world.bootstrap(), expected);
    let shard = Shard {
        launch_credits: rules.trade_credits / 4,
        early_trades: 25,
        min_fee: rules.min_fee,
        max_fee: rules.max_fee,
        ..before
    };
    assert_eq!(world.get::<Shard>(&address::shard(3)), shard);
    assert_eq!(
        world.token_amount(&address::reward_vault()),
        whole_schedule() + rules.budget()
    );
    let event = BootstrapOpened {
        start_slot: slot,
        end_slot: slot + rules.mining_slots,
        budget: rules.budget(),
    };
    assert_eq!(done.event::<BootstrapOpened>(), event);
}

#[test]
fn a_second_opening_is_refused() {
    let (mut world, instruction) = given();
    world.does_at_once(&instruction);
    world.refuses(&instruction, error::IN_USE);
}

#[test]
fn nobody_opens_a_launch_after_the_admin_has_renounced() {
    let (mut world, instruction) = given();
    world.does_at_once(&ix::renounce_admin(world.admin));
    world.refuses(&instruction, ExchangeError::NotAdmin);
}

#[test]
fn less_than_the_budget_is_refused() {
    let (mut world, mint, _) = genesis();
    let admin = world.admin;
    let source = world.create_tokens(mint, admin, BOOTSTRAP_RULES.budget() - 1);
    let instruction = open_bootstrap(admin, mint, source, &BOOTSTRAP_RULES);
    world.refuses(&instruction, error::TOKEN_INSUFFICIENT);
}

fn refused(error: ExchangeError, change: fn(&mut BootstrapRules)) {
    let (mut world, mint, source) = genesis();
    let mut rules = BOOTSTRAP_RULES;
    change(&mut rules);
    let instruction = open_bootstrap(world.admin, mint, source, &rules);
    world.refuses(&instruction, error);
}

#[test]
fn a_budget_that_the_schedule_does_not_leave_is_refused() {
    let error = ExchangeError::EmissionExceeded;
    refused(error, |rules| rules.mining_rate = POOL / 10_000);
    refused(error, |rules| rules.trade_rate = 1_000 * MMT);
    refused(ExchangeError::Overflow, |rules| rules.mining_rate = u64::MAX);
    refused(ExchangeError::Overflow, |rules| rules.trade_rate = u64::MAX);
}

#[test]
fn the_schedule_and_the_launch_may_take_the_pool_to_the_last_unit_and_no_further() {
    let left = POOL - whole_schedule();
    let with = |rate| BootstrapRules {
        trade_credits: 0,
        mining_rate: rate,
        mining_slots: 1,
        ..BOOTSTRAP_RULES
    };
    let (mut world, mint, source) = genesis();
    world.refuses(
        &open_bootstrap(world.admin, mint, source, &with(left + 1)),
        ExchangeError::EmissionExceeded,
    );
    world.does_at_once(&open_bootstrap(world.admin, mint, source, &with(left)));
    assert_eq!(world.token_amount(&source), 0);
}

#[test]
fn parameters_outside_their_range_are_refused() {
    let refused = |change| refused(ExchangeError::BadParameter, change);
    refused(|rules| rules.min_fee = 0);
    refused(|rules| rules.min_fee = rules.max_fee + 1);
    refused(|rules| rules.mining_slots = 0);
    refused(|rules| rules.mining_slots = 38_880_001);
    refused(|rules| rules.trade_credits += 1);
}

#[test]
fn another_vault_or_mint_is_refused() {
    for (index, error) in [
        (9, ExchangeError::WrongTokenVault),
        (10, ExchangeError::WrongMint),
    ] {
        let (mut world, mut instruction) = given();
        instruction.accounts[index].pubkey = match index {
            9 => address::stake_vault(),
            _ => world.mint,
        };
        world.refuses(&instruction, error);
    }
}

#[test]
fn another_shard_in_the_place_of_one_is_refused() {
    let (mut world, mut instruction) = given();
    instruction.accounts.swap(4, 5);
    world.refuses(&instruction, ExchangeError::WrongShard);
}
