//! Rewards of stakes and of keepers leave the reward vault.

use harness::{
    attacks::Shape,
    ix_keepers::{self as kx, MMT_RULES},
    keepers::{scheduled, Holder, MMT, RESOLUTION},
    *,
};

/// The stakers' part of the emission in so many slots of the first season.
fn stakers_part(slots: u64) -> u64 {
    let all = MMT_RULES.rates[0] * slots;
    all - all / 5
}

fn given() -> (World, Instruction) {
    let mut world = World::with_mmt();
    let holder = world.staker(1_000 * MMT);
    world.pass_slots(50);
    let instruction = kx::claim_rewards(holder.key, holder.tokens, world.mmt());
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotOwner.into()),
    owned: &[1, 2],
    written: &[1, 2, 3, 4],
    data: 0,
}}

fn claimed(world: &mut World, holder: &Holder) -> u64 {
    let before = world.token_amount(&holder.tokens);
    world.does_at_once(&kx::claim_rewards(holder.key, holder.tokens, world.mmt()));
    world.token_amount(&holder.tokens) - before
}

#[test]
fn the_only_stake_gets_the_stakers_part_of_every_slot() {
    let (mut world, instruction) = given();
    let done = world.does_at_once(&instruction);
    let amount = done.event::<RewardsPaid>().amount;
    let due = stakers_part(50);
    assert!(amount == due || amount == due - 1, "{amount} of {due}");
    assert_eq!(world.token_amount(&instruction.accounts[3].pubkey), amount);
    assert_eq!(world.season().paid, amount);
}

#[test]
fn a_second_claim_in_the_same_slot_is_refused() {
    let (mut world, instruction) = given();
    world.does_at_once(&instruction);
    world.refuses(&instruction, ExchangeError::ZeroAmount);
}

#[test]
fn stakes_share_by_amount_times_tier() {
    let mut world = World::with_mmt();
    let small = world.staker(999 * MMT);
    let large = world.staker(100_000 * MMT);
    let mut twin = world.clone();
    world.pass_slots(1_000_000);
    twin.pass_slots(2_000_000);
    let (a, b) = (claimed(&mut world, &small), claimed(&mut world, &large));
    let ratio = b as f64 / a as f64;
    assert!((ratio - 130_000.0 / 999.0).abs() < 1e-6, "{ratio}");
    assert_eq!(
        claimed(&mut twin, &small) / 10,
        a * 2 / 10,
        "twice the time, twice the reward"
    );
}

#[test]
fn who_comes_later_gets_nothing_of_what_was_earned_before() {
    let (mut world, instruction) = given();
    let late = world.staker(1_000_000 * MMT);
    let claim = kx::claim_rewards(late.key, late.tokens, world.mmt());
    world.refuses(&claim, ExchangeError::ZeroAmount);
    let amount = world.does_at_once(&instruction).event::<RewardsPaid>().amount;
    assert!(stakers_part(50) - amount <= 1);
}

#[test]
fn a_time_without_stakes_emits_nothing_for_stakers() {
    let mut world = World::with_mmt();
    world.pass_slots(1_000);
    let holder = world.staker(MMT);
    let claim = kx::claim_rewards(holder.key, holder.tokens, world.mmt());
    world.refuses(&claim, ExchangeError::ZeroAmount);
    assert_eq!(
        world.season().emitted,
        MMT_RULES.rates[0] * 1_000 / 5,
        "keepers' part only"
    );
}

#[test]
fn after_the_last_season_the_schedule_is_exhausted_and_still_covered() {
    let mut world = World::with_mmt();
    let holder = world.staker(MMT);
    world.pass_slots(8 * 38_880_000 + 12_345);
    let amount = claimed(&mut world, &holder);
    let all = scheduled(&MMT_RULES.rates, u64::MAX) as u64;
    assert_eq!(world.season().emitted, all);
    assert!(all - all / 5 - amount <= 1);
    world.pass_slots(1_000_000);
    let claim = kx::claim_rewards(holder.key, holder.tokens, world.mmt());
    world.refuses(&claim, ExchangeError::ZeroAmount);
}

#[test]
fn the_stake_vault_in_the_place_of_the_reward_vault_is_refused() {
    let (mut world, mut instruction) = given();
    instruction.accounts[4].pubkey = address::stake_vault();
    world.refuses(&instruction, ExchangeError::WrongTokenVault);
}

mod of_keepers {
    use super::*;

    fn earned() -> (World, Holder) {
        let mut world = World::with_mmt();
        let keeper = world.keeper(100 * MMT);
        world.pass_slots(1_000);
        let (market, subject) = world.held_task(&keeper);
        world.resolve(market);
        world.does_at_once(&kx::complete_task(keeper.key, RESOLUTION, subject));
        (world, keeper)
    }

    fn given() -> (World, Instruction) {
        let (world, keeper) = earned();
        let (mint, to) = (world.mmt(), keeper.tokens);
        (
            world,
            kx::claim_keeper_rewards(keeper.key, keeper.keeper(), to, mint),
        )
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotKeeper.into()),
        owned: &[1, 2],
        written: &[1, 2, 3, 4],
        data: 0,
    }}

    #[test]
    fn what_tasks_paid_is_paid_once() {
        let (mut world, instruction) = given();
        let done = world.does_at_once(&instruction);
        assert_eq!(done.event::<RewardsPaid>().amount, MMT / 5);
        assert_eq!(world.token_amount(&instruction.accounts[3].pubkey), MMT / 5);
        world.refuses(&instruction, ExchangeError::ZeroAmount);
    }

    #[test]
    fn a_stolen_authority_can_not_pay_itself() {
        let (mut world, mut instruction) = given();
        let thief = world.holder(0);
        instruction.accounts[3].pubkey = thief.tokens;
        world.refuses(&instruction, ExchangeError::NotBeneficiary);
    }

    #[test]
    fn a_destination_that_is_no_token_account_is_refused() {
        let (mut world, mut instruction) = given();
        instruction.accounts[3].pubkey = world.key();
        world.refuses(&instruction, InstructionError::InvalidAccountData);
    }
}
