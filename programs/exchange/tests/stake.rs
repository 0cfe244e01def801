//! Staking MMT: create, stake, unstake, withdraw, close.

use harness::{
    attacks::Shape,
    ix_keepers as kx,
    keepers::{Holder, MMT},
    *,
};

const STAKED: u64 = 1_000 * MMT;

fn staked() -> (World, Holder) {
    let mut world = World::with_mmt();
    let holder = world.staker(STAKED);
    (world, holder)
}

mod create {
    use super::*;

    fn given() -> (World, Instruction) {
        let mut world = World::with_mmt();
        let owner = world.key();
        (world, kx::create_stake(owner))
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(InstructionError::InvalidSeeds),
        owned: &[1],
        written: &[0],
        data: 0,
    }}

    #[test]
    fn a_stake_account_starts_empty() {
        let (mut world, instruction) = given();
        let owner = instruction.accounts[0].pubkey;
        let done = world.does_at_once(&instruction);
        let expected = Stake {
            owner: key(&owner),
            ..Zeroable::zeroed()
        };
        assert_eq!(world.get::<Stake>(&address::stake(&owner)), expected);
        let event = StakeOpened {
            stake: key(&address::stake(&owner)),
            owner: key(&owner),
        };
        assert_eq!(done.event::<StakeOpened>(), event);
    }

    #[test]
    fn a_second_creation_is_refused_and_keeps_the_stake() {
        let (mut world, holder) = staked();
        world.refuses(&kx::create_stake(holder.key), error::IN_USE);
        assert_eq!(world.stake_of(&holder).amount, STAKED);
    }
}

mod deposit {
    use super::*;

    fn given() -> (World, Instruction) {
        let mut world = World::with_mmt();
        let holder = world.holder(STAKED);
        world.does_at_once(&kx::create_stake(holder.key));
        let instruction = kx::stake(holder.key, holder.tokens, world.mmt(), STAKED);
        (world, instruction)
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1, 2],
        written: &[1, 2, 3, 4],
        data: 8,
    }}

    #[test]
    fn tokens_become_stake_and_weight() {
        let (mut world, instruction) = given();
        let owner = instruction.accounts[0].pubkey;
        let done = world.does_at_once(&instruction);
        let stake = world.get::<Stake>(&address::stake(&owner));
        // a thousand reach the first tier: 1.1x
        let expected = Stake {
            owner: key(&owner),
            amount: STAKED,
            weight: STAKED / 10 * 11,
            ..Zeroable::zeroed()
        };
        assert_eq!(stake, expected);
        assert_eq!(world.season().total_weight, STAKED / 10 * 11);
        assert_eq!(world.token_amount(&address::stake_vault()), STAKED);
        let event = StakeMoved {
            stake: key(&address::stake(&owner)),
            staked: STAKED,
            unstaked: 0,
            withdrawn: 0,
            amount: STAKED,
            weight: STAKED / 10 * 11,
            unbonding: 0,
            unlock_slot: 0,
        };
        assert_eq!(done.event::<StakeMoved>(), event);
    }

    #[test]
    fn every_tier_has_its_multiplier_from_its_threshold_on() {
        let cases = [
            (1_000 * MMT - 1, 10),
            (1_000 * MMT, 11),
            (10_000 * MMT - 1, 11),
            (10_000 * MMT, 12),
            (100_000 * MMT - 1, 12),
            (100_000 * MMT, 13),
        ];
        for (amount, tenths) in cases {
            let mut world = World::with_mmt();
            let holder = world.staker(amount);
            assert_eq!(world.stake_of(&holder).weight, amount * tenths / 10);
        }
    }

    #[test]
    fn nothing_and_less_than_a_token_are_refused() {
        for (amount, error) in [
            (0, ExchangeError::ZeroAmount),
            (MMT - 1, ExchangeError::StakeTooSmall),
        ] {
            let (mut world, instruction) = given();
            let (owner, source) = (instruction.accounts[0].pubkey, instruction.accounts[3].pubkey);
            let stake = kx::stake(owner, source, world.mmt(), amount);
            world.refuses(&stake, error);
        }
    }

    #[test]
    fn more_than_the_source_holds_is_refused() {
        for amount in [STAKED + 1, u64::MAX] {
            let (mut world, instruction) = given();
            let (owner, source) = (instruction.accounts[0].pubkey, instruction.accounts[3].pubkey);
            let stake = kx::stake(owner, source, world.mmt(), amount);
            world.refuses(&stake, error::TOKEN_INSUFFICIENT);
        }
    }

    #[test]
    fn another_vault_and_another_mint_are_refused() {
        let (mut world, mut instruction) = given();
        instruction.accounts[4].pubkey = address::reward_vault();
        world.refuses(&instruction, ExchangeError::WrongTokenVault);
        let (mut world, mut instruction) = given();
        instruction.accounts[5].pubkey = world.mint;
        world.refuses(&instruction, ExchangeError::WrongMint);
    }

    #[test]
    fn a_vault_as_source_is_refused() {
        let (mut world, mut instruction) = given();
        instruction.accounts[3].pubkey = address::stake_vault();
        world.refuses(&instruction, error::DUPLICATE);
        let (mut world, mut instruction) = given();
        instruction.accounts[3].pubkey = address::reward_vault();
        world.refuses(&instruction, error::TOKEN_OWNER_MISMATCH);
    }
}

mod unstake {
    use super::*;

    fn given() -> (World, Instruction) {
        let (world, holder) = staked();
        (world, kx::unstake(holder.key, 400 * MMT))
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1, 2],
        written: &[1, 2],
        data: 8,
    }}

    #[test]
    fn what_is_unstaked_stops_earning_and_waits() {
        let (mut world, holder) = staked();
        world.does_at_once(&kx::unstake(holder.key, 400 * MMT));
        let stake = world.stake_of(&holder);
        // six hundred are below the first tier
        assert_eq!(
            (stake.amount, stake.weight, stake.unbonding),
            (600 * MMT, 600 * MMT, 400 * MMT)
        );
        assert_eq!(stake.unlock_slot, world.slot() + 1_000);
        assert_eq!(world.season().total_weight, 600 * MMT);
        assert_eq!(world.token_amount(&holder.tokens), 0);
    }

    #[test]
    fn more_than_is_staked_and_nothing_are_refused() {
        let (mut world, holder) = staked();
        for amount in [STAKED + 1, u64::MAX] {
            let unstake = kx::unstake(holder.key, amount);
            world.refuses(&unstake, ExchangeError::InsufficientBalance);
        }
        world.refuses(&kx::unstake(holder.key, 0), ExchangeError::ZeroAmount);
    }

    #[test]
    fn a_rest_below_one_token_is_refused() {
        let (mut world, holder) = staked();
        let unstake = kx::unstake(holder.key, STAKED - MMT + 1);
        world.refuses(&unstake, ExchangeError::StakeTooSmall);
    }
}

mod withdraw {
    use super::*;

    fn given() -> (World, Instruction) {
        let (mut world, holder) = staked();
        world.does_at_once(&kx::unstake(holder.key, STAKED));
        world.pass_slots(1_000);
        let instruction = kx::withdraw_stake(holder.key, holder.tokens, world.mmt());
        (world, instruction)
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1, 2],
        written: &[1, 3, 4],
        data: 0,
    }}

    #[test]
    fn tokens_come_back_once() {
        let (mut world, instruction) = given();
        world.does_at_once(&instruction);
        assert_eq!(world.token_amount(&instruction.accounts[3].pubkey), STAKED);
        world.refuses(&instruction, ExchangeError::ZeroAmount);
    }

    #[test]
    fn a_slot_before_the_cool_down_ends_is_refused() {
        let (mut world, holder) = staked();
        world.does_at_once(&kx::unstake(holder.key, STAKED));
        world.pass_slots(999);
        let withdraw = kx::withdraw_stake(holder.key, holder.tokens, world.mmt());
        world.refuses(&withdraw, ExchangeError::CoolingDown);
    }

    #[test]
    fn unstaking_more_starts_the_cool_down_anew() {
        let (mut world, holder) = staked();
        world.does_at_once(&kx::unstake(holder.key, 100 * MMT));
        world.pass_slots(999);
        world.does_at_once(&kx::unstake(holder.key, 100 * MMT));
        world.pass_slots(999);
        let withdraw = kx::withdraw_stake(holder.key, holder.tokens, world.mmt());
        world.refuses(&withdraw, ExchangeError::CoolingDown);
        world.pass_slots(1);
        world.does_at_once(&withdraw);
        assert_eq!(world.token_amount(&holder.tokens), 200 * MMT);
    }

    #[test]
    fn the_reward_vault_is_refused() {
        let (mut world, mut instruction) = given();
        instruction.accounts[4].pubkey = address::reward_vault();
        world.refuses(&instruction, ExchangeError::WrongTokenVault);
    }
}

mod close {
    use super::*;

    fn given() -> (World, Instruction) {
        let mut world = World::with_mmt();
        let holder = world.staker(0);
        (world, kx::close_stake(holder.key))
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1],
        written: &[0, 1],
        data: 0,
    }}

    #[test]
    fn stakes_waiting_tokens_and_rewards_are_refused() {
        let (mut world, holder) = staked();
        let close = kx::close_stake(holder.key);
        world.refuses(&close, ExchangeError::NotEmpty);
        world.pass_slots(10);
        world.does_at_once(&kx::unstake(holder.key, STAKED));
        world.refuses(&close, ExchangeError::NotEmpty);
        world.pass_slots(1_000);
        world.does_at_once(&kx::withdraw_stake(holder.key, holder.tokens, world.mmt()));
        world.refuses(&close, ExchangeError::NotEmpty);
        world.does_at_once(&kx::claim_rewards(holder.key, holder.tokens, world.mmt()));
        world.does_at_once(&close);
    }
}
