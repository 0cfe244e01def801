//! Heartbeat, suspension, return and departure of keepers.

use harness::{
    attacks::Shape,
    ix_keepers as kx,
    keepers::{Holder, ACTIVE, LEAVING, MMT, RESOLUTION, SUSPENDED},
    *,
};

const BOND: u64 = 100 * MMT;
const SILENCE: u64 = 150;
const SUSPENSION: u64 = 300;

fn on_duty() -> (World, Holder) {
    let mut world = World::with_mmt();
    let keeper = world.keeper(BOND);
    (world, keeper)
}

fn suspended() -> (World, Holder) {
    let (mut world, keeper) = on_duty();
    world.pass_slots(SILENCE + 1);
    world.does_at_once(&kx::suspend_keeper(keeper.keeper()));
    (world, keeper)
}

mod heartbeat {
    use super::*;

    fn given() -> (World, Instruction) {
        let (mut world, keeper) = on_duty();
        world.pass_slots(7);
        (world, kx::heartbeat(keeper.key))
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotKeeper.into()),
        owned: &[1],
        written: &[1],
        data: 0,
    }}

    #[test]
    fn a_sign_of_life_is_noted() {
        let (mut world, keeper) = on_duty();
        let before = world.keeper_of(&keeper);
        world.pass_slots(7);
        world.does_at_once(&kx::heartbeat(keeper.key));
        let expected = Keeper {
            heartbeat_slot: before.heartbeat_slot + 7,
            ..before
        };
        assert_eq!(world.keeper_of(&keeper), expected);
    }

    #[test]
    fn off_duty_it_is_refused() {
        let (mut world, keeper) = suspended();
        world.refuses(&kx::heartbeat(keeper.key), ExchangeError::KeeperNotActive);
    }
}

mod suspend {
    use super::*;

    fn given() -> (World, Instruction) {
        let (mut world, keeper) = on_duty();
        world.pass_slots(SILENCE + 1);
        (world, kx::suspend_keeper(keeper.keeper()))
    }

    harness::attacks! { Shape {
        given,
        signer: None, // anybody may
        stranger: None,
        owned: &[0, 1],
        written: &[0, 1],
        data: 0,
    }}

    #[test]
    fn a_silent_keeper_leaves_the_list() {
        let (mut world, instruction) = given();
        let done = world.does_at_once(&instruction);
        let keeper = world.get::<Keeper>(&instruction.accounts[0].pubkey);
        let unlock_slot = world.slot() + SUSPENSION;
        assert_eq!(
            (keeper.status, keeper.listed, keeper.unlock_slot),
            (SUSPENDED, 0, unlock_slot)
        );
        assert_eq!(world.registry().count, 0);
        let event = KeeperChanged {
            keeper: key(&instruction.accounts[0].pubkey),
            bond: BOND,
            unlock_slot,
            status: 1,
            listed: 0,
        };
        assert_eq!(done.event::<KeeperChanged>(), event);
        world.refuses(&instruction, ExchangeError::KeeperNotActive);
    }

    #[test]
    fn a_keeper_that_lives_is_refused() {
        let (mut world, keeper) = on_duty();
        world.pass_slots(SILENCE);
        let suspend = kx::suspend_keeper(keeper.keeper());
        world.refuses(&suspend, ExchangeError::KeeperAlive);
        world.does_at_once(&kx::heartbeat(keeper.key));
        world.pass_slots(SILENCE);
        world.refuses(&suspend, ExchangeError::KeeperAlive);
    }

    #[test]
    fn the_last_keeper_takes_the_place_that_is_left() {
        let (mut world, first) = on_duty();
        let (second, third) = (world.keeper(BOND), world.keeper(BOND));
        world.pass_slots(SILENCE + 1);
        world.does_at_once(&kx::suspend_keeper(first.keeper()));
        let registry = world.registry();
        assert_eq!(registry.count, 2);
        let expected = [third, second].map(|k| key(&k.keeper()));
        assert_eq!(registry.keepers[..2], expected);
    }
}

mod resume {
    use super::*;

    fn given() -> (World, Instruction) {
        let (mut world, keeper) = suspended();
        world.pass_slots(SUSPENSION);
        (world, kx::resume_keeper(keeper.key))
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
    fn a_keeper_comes_back_onto_the_list() {
        let (mut world, instruction) = given();
        world.does_at_once(&instruction);
        let keeper = world.get::<Keeper>(&instruction.accounts[1].pubkey);
        let slot = world.slot();
        assert_eq!(
            (keeper.status, keeper.listed, keeper.heartbeat_slot),
            (ACTIVE, 1, slot)
        );
        assert_eq!(world.registry().count, 1);
        world.refuses(&instruction, ExchangeError::KeeperNotSuspended);
    }

    #[test]
    fn a_slot_too_early_is_refused() {
        let (mut world, keeper) = suspended();
        world.pass_slots(SUSPENSION - 1);
        world.refuses(&kx::resume_keeper(keeper.key), ExchangeError::CoolingDown);
    }

    #[test]
    fn a_full_list_is_refused() {
        let (mut world, instruction) = given();
        world.edit::<Registry>(&address::registry(), |registry| registry.count = 128);
        world.refuses(&instruction, ExchangeError::RegistryFull);
    }
}

mod unregister {
    use super::*;

    fn given() -> (World, Instruction) {
        let (world, keeper) = on_duty();
        (world, kx::unregister_keeper(keeper.key, keeper.keeper()))
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
    fn a_keeper_leaves_and_its_bond_cools_down() {
        let (mut world, instruction) = given();
        world.does_at_once(&instruction);
        let keeper = world.get::<Keeper>(&instruction.accounts[1].pubkey);
        let unlock_slot = world.slot() + 1_000;
        assert_eq!(
            (keeper.status, keeper.listed, keeper.unlock_slot, keeper.bond),
            (LEAVING, 0, unlock_slot, BOND)
        );
        assert_eq!(world.registry().count, 0);
        world.refuses(&instruction, ExchangeError::KeeperNotActive);
    }

    #[test]
    fn the_beneficiary_may_end_the_duty_but_not_resume_it() {
        let mut world = World::with_mmt();
        let (holder, owner) = (world.holder(BOND), world.key());
        let mint = world.mmt();
        world.does_at_once(&kx::register_keeper(holder.key, holder.tokens, mint, BOND, owner));
        world.pass_slots(SILENCE + 1);
        world.does_at_once(&kx::suspend_keeper(holder.keeper()));
        world.pass_slots(SUSPENSION);
        let mut resume = kx::resume_keeper(holder.key);
        resume.accounts[0].pubkey = owner;
        world.refuses(&resume, ExchangeError::NotKeeper);
        world.does_at_once(&kx::unregister_keeper(owner, holder.keeper()));
    }

    #[test]
    fn a_suspended_keeper_may_leave() {
        let (mut world, keeper) = suspended();
        world.does_at_once(&kx::unregister_keeper(keeper.key, keeper.keeper()));
        assert_eq!(world.keeper_of(&keeper).status, LEAVING);
        world.pass_slots(SUSPENSION);
        let resume = kx::resume_keeper(keeper.key);
        world.refuses(&resume, ExchangeError::KeeperNotSuspended);
    }

    #[test]
    fn a_keeper_that_holds_a_task_is_refused() {
        let (mut world, keeper) = on_duty();
        let (_, subject) = world.held_task(&keeper);
        let unregister = kx::unregister_keeper(keeper.key, keeper.keeper());
        world.refuses(&unregister, ExchangeError::TasksHeld);
        world.does_at_once(&kx::fail_task(keeper.key, RESOLUTION, subject));
        world.does_at_once(&unregister);
    }
}
