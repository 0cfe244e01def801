//! Duties that were not done: given up, or lost after the deadline.

use harness::{
    attacks::Shape,
    ix_keepers::{self as kx, MMT_RULES},
    keepers::{Holder, ACTIVE, MMT, RESOLUTION, SUSPENDED, UNCLAIMED},
    *,
};

/// Tier 1.
const BOND: u64 = 1_000 * MMT;

fn held() -> (World, Holder, Address) {
    let mut world = World::with_mmt();
    let keeper = world.keeper(BOND);
    let (_, subject) = world.held_task(&keeper);
    (world, keeper, subject)
}

/// The task is nobody's again, and the keeper has paid for it.
fn falls_short(before: &Keeper, after: &Keeper) {
    let expected = Keeper {
        bond: BOND / 20 * 19,
        slashed: BOND / 20,
        claims: 0,
        misses: 1,
        tier: 0,
        failed: after.failed,
        missed: after.missed,
        ..*before
    };
    assert_eq!(*after, expected);
    assert_eq!(after.failed + after.missed, 1);
}

fn reopened(before: &Task, after: &Task) {
    let expected = Task {
        claimed_by: [0; 32],
        claimed_slot: 0,
        deadline_slot: 0,
        state: UNCLAIMED,
        ..*before
    };
    assert_eq!(after, &expected);
}

mod fail {
    use super::*;

    fn given() -> (World, Instruction) {
        let (world, keeper, subject) = held();
        (world, kx::fail_task(keeper.key, RESOLUTION, subject))
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotKeeper.into()),
        owned: &[1, 2, 3],
        written: &[1, 2],
        data: 0,
    }}

    #[test]
    fn giving_up_costs_a_twentieth_of_the_bond_and_a_tier() {
        let (mut world, keeper, subject) = held();
        let (before, task) = (world.keeper_of(&keeper), world.task_of(&subject, RESOLUTION));
        let done = world.does_at_once(&kx::fail_task(keeper.key, RESOLUTION, subject));
        let after = world.keeper_of(&keeper);
        falls_short(&before, &after);
        assert_eq!(after.failed, 1);
        reopened(&task, &world.task_of(&subject, RESOLUTION));
        let event = TaskReopened {
            task: key(&address::task(&subject, RESOLUTION)),
            keeper: key(&keeper.keeper()),
            penalty: BOND / 20,
            missed: 0,
        };
        assert_eq!(done.event::<TaskReopened>(), event);
    }

    #[test]
    fn a_task_of_another_or_of_nobody_is_refused() {
        let (mut world, keeper, subject) = held();
        let rival = world.keeper(BOND);
        let fail = kx::fail_task(rival.key, RESOLUTION, subject);
        world.refuses(&fail, ExchangeError::NotClaimer);
        world.does_at_once(&kx::fail_task(keeper.key, RESOLUTION, subject));
        world.refuses(&fail, ExchangeError::TaskNotClaimed);
    }

    #[test]
    fn a_task_that_is_done_is_refused() {
        let mut world = World::with_mmt();
        let keeper = world.keeper(BOND);
        let (market, subject) = world.held_task(&keeper);
        world.resolve(market);
        world.does_at_once(&kx::complete_task(keeper.key, RESOLUTION, subject));
        let fail = kx::fail_task(keeper.key, RESOLUTION, subject);
        world.refuses(&fail, ExchangeError::TaskDone);
    }

    #[test]
    fn the_third_in_a_row_suspends_and_a_success_starts_the_count_anew() {
        let mut world = World::with_mmt();
        let keeper = world.keeper(BOND);
        let fail = |world: &mut World| {
            let (_, subject) = world.held_task(&keeper);
            world.does_at_once(&kx::fail_task(keeper.key, RESOLUTION, subject));
        };
        fail(&mut world);
        fail(&mut world);
        let (market, subject) = world.held_task(&keeper);
        world.resolve(market);
        world.does_at_once(&kx::complete_task(keeper.key, RESOLUTION, subject));
        assert_eq!(world.keeper_of(&keeper).misses, 0);
        fail(&mut world);
        fail(&mut world);
        assert_eq!(world.keeper_of(&keeper).status, ACTIVE);
        fail(&mut world);
        let record = world.keeper_of(&keeper);
        let unlock_slot = world.slot() + MMT_RULES.suspension_slots;
        assert_eq!((record.status, record.unlock_slot), (SUSPENDED, unlock_slot));
        let (_, subject) = world.open_task();
        let claim = kx::claim_task(keeper.key, RESOLUTION, subject);
        world.refuses(&claim, ExchangeError::KeeperNotActive);
        // still listed until somebody strikes it off, at once
        world.does_at_once(&kx::suspend_keeper(keeper.keeper()));
        world.pass_slots(MMT_RULES.suspension_slots);
        world.does_at_once(&kx::resume_keeper(keeper.key));
        world.does_at_once(&claim);
    }
}

mod expire {
    use super::*;

    fn late() -> (World, Holder, Address) {
        let (mut world, keeper, subject) = held();
        world.pass_slots(MMT_RULES.claim_slots + 1);
        (world, keeper, subject)
    }

    fn given() -> (World, Instruction) {
        let (world, keeper, subject) = late();
        (world, kx::expire_claim(keeper.keeper(), RESOLUTION, subject))
    }

    harness::attacks! { Shape {
        given,
        signer: None, // anybody may
        stranger: None,
        owned: &[0, 1, 2],
        written: &[0, 1],
        data: 0,
    }}

    #[test]
    fn a_late_keeper_loses_the_task_a_twentieth_of_the_bond_and_a_tier() {
        let (mut world, keeper, subject) = late();
        let (before, task) = (world.keeper_of(&keeper), world.task_of(&subject, RESOLUTION));
        let done = world.does_at_once(&kx::expire_claim(keeper.keeper(), RESOLUTION, subject));
        let after = world.keeper_of(&keeper);
        falls_short(&before, &after);
        assert_eq!(after.missed, 1);
        reopened(&task, &world.task_of(&subject, RESOLUTION));
        assert_eq!(done.event::<TaskReopened>().missed, 1);
    }

    #[test]
    fn a_stolen_task_is_paid_to_the_thief_alone() {
        let mut world = World::with_mmt();
        let (late, thief) = (world.keeper(BOND), world.keeper(BOND));
        world.pass_slots(10_000);
        let (market, subject) = world.held_task(&late);
        world.pass_slots(MMT_RULES.claim_slots + 1);
        world.does_at_once(&kx::expire_claim(late.keeper(), RESOLUTION, subject));
        world.does_at_once(&kx::claim_task(thief.key, RESOLUTION, subject));
        world.resolve(market);
        let complete = kx::complete_task(late.key, RESOLUTION, subject);
        world.refuses(&complete, ExchangeError::NotClaimer);
        world.does_at_once(&kx::complete_task(thief.key, RESOLUTION, subject));
        let rewards = [late, thief].map(|k| world.keeper_of(&k).rewards);
        assert_eq!(rewards, [0, MMT / 50 * 11]);
    }

    #[test]
    fn up_to_the_deadline_it_is_refused() {
        let (mut world, keeper, subject) = held();
        world.pass_slots(MMT_RULES.claim_slots);
        let expire = kx::expire_claim(keeper.keeper(), RESOLUTION, subject);
        world.refuses(&expire, ExchangeError::TaskNotLate);
    }

    #[test]
    fn another_keeper_does_not_pay_for_it() {
        let (mut world, _, subject) = late();
        let other = world.keeper(BOND);
        let expire = kx::expire_claim(other.keeper(), RESOLUTION, subject);
        world.refuses(&expire, ExchangeError::NotClaimer);
    }

    #[test]
    fn a_second_expiry_is_refused() {
        let (mut world, instruction) = given();
        world.does_at_once(&instruction);
        world.refuses(&instruction, ExchangeError::NotClaimer);
    }

    #[test]
    fn a_task_that_is_done_is_refused() {
        let mut world = World::with_mmt();
        let keeper = world.keeper(BOND);
        let (market, subject) = world.held_task(&keeper);
        world.resolve(market);
        world.does_at_once(&kx::complete_task(keeper.key, RESOLUTION, subject));
        world.pass_slots(1_000);
        let expire = kx::expire_claim(keeper.keeper(), RESOLUTION, subject);
        world.refuses(&expire, ExchangeError::TaskNotLate);
    }
}
