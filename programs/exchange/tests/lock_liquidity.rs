//! Makers lock liquidity: create, lock, unlock, close.

use harness::{
    attacks::Shape,
    ix_bootstrap::{self as bx, BOOTSTRAP_RULES},
    *,
};

const LOCKED: u64 = 2_000 * UNIT;

fn maker() -> (World, Party) {
    let mut world = World::with_bootstrap();
    let party = world.maker(20_000 * UNIT);
    (world, party)
}

fn locked() -> (World, Party) {
    let (mut world, party) = maker();
    world.does_at_once(&bx::lock_liquidity(party.owner, LOCKED));
    (world, party)
}

mod create {
    use super::*;

    fn given() -> (World, Instruction) {
        let mut world = World::with_bootstrap();
        let party = world.party(0);
        (world, bx::create_maker(party.owner))
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1, 2],
        written: &[0],
        data: 0,
    }}

    #[test]
    fn a_second_creation_is_refused_and_keeps_what_is_locked() {
        let (mut world, party) = locked();
        world.refuses(&bx::create_maker(party.owner), error::IN_USE);
        assert_eq!(world.maker_of(&party).shares, LOCKED);
    }
}

mod lock {
    use super::*;

    fn given() -> (World, Instruction) {
        let (world, party) = maker();
        (world, bx::lock_liquidity(party.owner, LOCKED))
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1, 2, 3],
        written: &[1, 2, 3],
        data: 8,
    }}

    #[test]
    fn shares_leave_the_traders_book_and_stay_the_vaults() {
        let (mut world, party) = maker();
        let (before, supply) = (
            world.trader(&party).lp_shares,
            world.get::<Vault>(&address::vault()).lp_supply,
        );
        let done = world.does_at_once(&bx::lock_liquidity(party.owner, LOCKED));
        assert_eq!(world.trader(&party).lp_shares, before - LOCKED);
        assert_eq!(world.get::<Vault>(&address::vault()).lp_supply, supply);
        let event = LiquidityLocked {
            maker: key(&address::maker(&party.trader())),
            locked: LOCKED,
            unlocked: 0,
            shares: LOCKED,
            early: LOCKED,
        };
        assert_eq!(done.event::<LiquidityLocked>(), event);
    }

    #[test]
    fn locked_shares_cannot_be_taken_out_of_the_vault() {
        let (mut world, party) = locked();
        let free = world.trader(&party).lp_shares;
        world.refuses(
            &ix::take_liquidity(party.owner, free + 1),
            ExchangeError::InsufficientShares,
        );
    }

    #[test]
    fn the_first_shares_weigh_twice_however_many_accounts_they_are_split_over() {
        let mut world = World::with_bootstrap();
        let amounts = [2_000, 2_000, 2_000, 1_000].map(|amount| amount * UNIT);
        let makers = amounts.map(|amount| {
            let party = world.maker(20_000 * UNIT);
            world.does_at_once(&bx::lock_liquidity(party.owner, amount));
            world.maker_of(&party)
        });
        assert_eq!(
            makers.map(|m| m.early / UNIT),
            [2_000, 2_000, 1_000, 0],
            "{} are early",
            BOOTSTRAP_RULES.early_shares
        );
        assert_eq!(makers.map(|m| m.weight / UNIT), [4_000, 4_000, 3_000, 1_000]);
        assert_eq!(world.bootstrap().early_shares, 0);
    }

    #[test]
    fn less_than_a_thousand_shares_and_more_than_there_are_are_refused() {
        let (mut world, party) = maker();
        let held = world.trader(&party).lp_shares;
        for (shares, error) in [
            (0, ExchangeError::ZeroAmount),
            (1_000 * UNIT - 1, ExchangeError::LockTooSmall),
            (held + 1, ExchangeError::InsufficientShares),
        ] {
            world.refuses(&bx::lock_liquidity(party.owner, shares), error);
        }
        world.does_at_once(&bx::lock_liquidity(party.owner, 1_000 * UNIT));
    }

    #[test]
    fn another_traders_maker_account_is_refused() {
        let (mut world, party) = maker();
        let other = world.maker(5_000 * UNIT);
        let mut instruction = bx::lock_liquidity(party.owner, LOCKED);
        instruction.accounts[2].pubkey = address::maker(&other.trader());
        world.refuses(&instruction, ExchangeError::MakerOfAnotherTrader);
    }
}

mod unlock {
    use super::*;

    fn given() -> (World, Instruction) {
        let (world, party) = locked();
        (world, bx::unlock_liquidity(party.owner, LOCKED))
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1, 2, 3],
        written: &[1, 2, 3],
        data: 8,
    }}

    #[test]
    fn shares_come_back_at_once() {
        let (mut world, party) = locked();
        let before = world.trader(&party).lp_shares;
        world.does_at_once(&bx::unlock_liquidity(party.owner, LOCKED));
        assert_eq!(world.trader(&party).lp_shares, before + LOCKED);
        assert_eq!(world.maker_of(&party).weight, 0);
    }

    #[test]
    fn early_shares_leave_last_and_free_their_places() {
        let (mut world, party) = maker();
        let early = BOOTSTRAP_RULES.early_shares;
        world.does_at_once(&bx::lock_liquidity(party.owner, early + 1_000 * UNIT));
        world.does_at_once(&bx::unlock_liquidity(party.owner, 1_000 * UNIT));
        assert_eq!(world.maker_of(&party).early, early);
        world.does_at_once(&bx::unlock_liquidity(party.owner, 2_000 * UNIT));
        assert_eq!(world.maker_of(&party).early, early - 2_000 * UNIT);
        world.does_at_once(&bx::lock_liquidity(party.owner, 2_000 * UNIT));
        let maker = world.maker_of(&party);
        assert_eq!((maker.shares, maker.early), (early, early));
        assert_eq!(world.bootstrap().early_shares, 0);
    }

    #[test]
    fn more_than_is_locked_and_a_rest_below_the_least_are_refused() {
        let (mut world, party) = locked();
        for (shares, error) in [
            (0, ExchangeError::ZeroAmount),
            (LOCKED + 1, ExchangeError::InsufficientShares),
            (LOCKED - 1, ExchangeError::LockTooSmall),
        ] {
            world.refuses(&bx::unlock_liquidity(party.owner, shares), error);
        }
    }
}

mod close {
    use super::*;

    fn given() -> (World, Instruction) {
        let (world, party) = maker();
        (world, bx::close_maker(party.owner))
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1, 2],
        written: &[0, 2],
        data: 0,
    }}

    #[test]
    fn what_is_locked_or_earned_is_not_closed_away() {
        let (mut world, party) = locked();
        world.refuses(&bx::close_maker(party.owner), ExchangeError::NotEmpty);
        world.pass_slots(10);
        world.does_at_once(&bx::unlock_liquidity(party.owner, LOCKED));
        assert!(world.maker_of(&party).rewards > 0);
        world.refuses(&bx::close_maker(party.owner), ExchangeError::NotEmpty);
    }
}
