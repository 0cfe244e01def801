//! Chains while they are empty, and their legs once a market is settled.

use {
    crate::legs::{orders, settle_first, state, unwind, with_chain, with_legs, CHAIN},
    harness::{attacks::Shape, error::IN_USE, *},
};

mod create_chain {
    use super::*;

    fn given() -> (World, Instruction) {
        let mut world = World::launched();
        let party = world.party(UNIT);
        (world, ix::create_chain(party.owner, 7))
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1],
        written: &[0, 1],
        data: 8,
    }}

    #[test]
    fn a_chain_is_opened_empty_and_counted() {
        let (mut world, create) = given();
        let owner = create.accounts[0].pubkey;
        let done = world.does(&create);
        let (trader, chain) = (
            address::trader(&owner),
            address::chain(&address::trader(&owner), 7),
        );
        let expected = Chain {
            trader: key(&trader),
            id: 7,
            ..Chain::zeroed()
        };
        assert_eq!(world.get::<Chain>(&chain), expected);
        assert_eq!(world.get::<Trader>(&trader).positions, 1);
        let expected = ChainCreated {
            chain: key(&chain),
            trader: key(&trader),
            id: 7,
        };
        assert_eq!(done.event::<ChainCreated>(), expected);
    }

    #[test]
    fn a_number_in_use_is_refused_and_another_is_not() {
        let (mut world, create) = given();
        world.does(&create);
        world.refuses(&create, IN_USE);
        for id in [0, 8, u64::MAX] {
            world.does(&ix::create_chain(create.accounts[0].pubkey, id));
        }
    }

    #[test]
    fn an_address_that_is_not_the_numbers_is_refused() {
        let (mut world, mut create) = given();
        create.accounts[2].pubkey = address::chain(&create.accounts[1].pubkey, 8);
        let failed = world.send(&create).unwrap_err();
        assert!(failed.meta.logs.iter().any(|log| log.contains("failed")));
        assert!(world.account(&create.accounts[2].pubkey).is_none());
    }

    #[test]
    fn a_trader_with_a_chain_cannot_leave() {
        let (mut world, create) = given();
        let owner = create.accounts[0].pubkey;
        world.does(&create);
        world.edit::<Trader>(&address::trader(&owner), |t| t.balance = 0);
        world.refuses(&ix::close_trader(owner), ExchangeError::NotEmpty);
    }
}

mod close_chain {
    use super::*;

    fn given() -> (World, Instruction) {
        let (world, party, _) = with_chain(0);
        (world, ix::close_chain(party.owner, CHAIN))
    }

    harness::attacks! { Shape {
        given,
        signer: Some(0),
        stranger: Some(ExchangeError::NotOwner.into()),
        owned: &[1, 2],
        written: &[0, 1, 2],
        data: 0,
    }}

    #[test]
    fn an_empty_chain_goes_and_its_rent_returns() {
        let (mut world, close) = given();
        let [owner, trader, chain] = [0, 1, 2].map(|i| close.accounts[i].pubkey);
        let lamports = |world: &World, key: &Address| world.account(key).map_or(0, |a| a.lamports);
        let (before, rent) = (lamports(&world, &owner), lamports(&world, &chain));
        let done = world.does(&close);
        assert_eq!(lamports(&world, &owner), before + rent);
        assert!(world.account(&chain).is_none_or(|a| a.data.is_empty()));
        assert_eq!(world.get::<Trader>(&trader).positions, 0);
        assert_eq!(done.event::<ChainClosed>(), ChainClosed { chain: key(&chain) });
        world.does(&ix::create_chain(owner, CHAIN));
    }

    #[test]
    fn a_chain_with_a_leg_is_refused() {
        let (mut world, party, _) = with_legs(2);
        world.refuses(&ix::close_chain(party.owner, CHAIN), ExchangeError::NotEmpty);
    }

    #[test]
    fn somebody_elses_chain_is_refused() {
        let (mut world, mut close) = given();
        let other = world.party(0);
        close.accounts[0].pubkey = other.owner;
        close.accounts[1].pubkey = other.trader();
        world.refuses(&close, ExchangeError::ChainOfAnotherTrader);
    }

    #[test]
    fn a_position_is_no_chain() {
        let (mut world, party, ids) = with_chain(1);
        world.position(&party, ids[0], 0, SPOT);
        let mut close = ix::close_chain(party.owner, CHAIN);
        close.accounts[2].pubkey = party.position(ids[0], 0, SPOT);
        world.refuses(&close, InstructionError::AccountDataTooSmall);
    }
}

mod redeem_leg {
    use super::*;

    /// A chain whose first leg's market is settled, the leg having won.
    fn won() -> (World, Party, Vec<u64>) {
        let (mut world, party, ids) = with_legs(3);
        settle_first(&mut world, &ids, 99 * UNIT); // below the strike: outcome 0
        (world, party, ids)
    }

    fn given() -> (World, Instruction) {
        let (world, party, ids) = won();
        (world, ix::redeem_leg(party.owner, CHAIN, ids[0], 0))
    }

    harness::attacks! { Shape {
        given,
        signer: None, // anybody may
        stranger: None,
        owned: &[0, 1, 2, 3],
        written: &[0, 1, 2, 3],
        data: 1,
    }}

    #[test]
    fn a_leg_that_won_repays_its_loan_and_the_trader_gets_the_rest() {
        let (mut world, party, ids) = won();
        let (leg, trader) = (state(&world, &party).legs[0], world.trader(&party));
        let (market, shard) = (world.market_state(ids[0]), world.shard_of(ids[0]));

        let done = world.does(&ix::redeem_leg(party.owner, CHAIN, ids[0], 0));

        assert_eq!(
            world.trader(&party).balance,
            trader.balance + leg.shares - leg.debt
        );
        let after = world.market_state(ids[0]);
        assert_eq!((after.escrow, after.total_debt), (market.escrow - leg.shares, 0));
        assert_eq!(after.positions, market.positions - 1);
        assert_eq!(world.shard_of(ids[0]).cash, shard.cash + leg.debt);
        assert_eq!(world.shard_of(ids[0]).debt, shard.debt - leg.debt);
        let left = state(&world, &party).legs[0];
        assert_eq!((left.shares, left.cost, left.debt), (0, 0, 0));
        let expected = Redeemed {
            position: key(&address::chain(&party.trader(), CHAIN)),
            trader: key(&party.trader()),
            market: key(&address::market(ids[0])),
            shares: leg.shares,
            payout: leg.shares,
            repaid: leg.debt,
        };
        assert_eq!(done.event::<Redeemed>(), expected);
    }

    #[test]
    fn a_leg_that_lost_pays_nothing_and_owes_nothing() {
        let (mut world, party, ids) = with_legs(2);
        settle_first(&mut world, &ids, 100 * UNIT); // at the strike: outcome 1
        let (trader, shard) = (world.trader(&party), world.shard_of(ids[0]));
        world.does(&ix::redeem_leg(party.owner, CHAIN, ids[0], 0));
        assert_eq!(world.trader(&party), trader);
        assert_eq!(world.shard_of(ids[0]), shard, "the loan was lost with the market");
        let left = state(&world, &party).legs[0];
        assert_eq!((left.shares, left.debt), (0, 0));
    }

    #[test]
    fn a_voided_markets_leg_gets_an_equal_share_less_its_loan() {
        let (mut world, party, ids) = with_legs(2);
        world.pass_close(ids[0]);
        world.pass(7 * 24 * 3_600);
        for (index, &id) in ids.iter().enumerate() {
            world.does(&ix::void(id));
            let (leg, before) = (state(&world, &party).legs[index], world.trader(&party).balance);
            let shard = world.shard_of(id);
            world.does(&ix::redeem_leg(party.owner, CHAIN, id, index as u8));
            let payout = leg.shares / 2;
            let repaid = payout.min(leg.debt);
            assert_eq!(world.trader(&party).balance, before + payout - repaid);
            let after = world.shard_of(id);
            assert_eq!(after.cash, shard.cash + repaid);
            assert_eq!(after.bad_debt, shard.bad_debt + leg.debt - repaid);
        }
        world.does(&ix::close_chain(party.owner, CHAIN));
        for id in ids {
            world.does(&ix::close_market(id, world.operator));
        }
    }

    #[test]
    fn an_open_market_is_refused() {
        let (mut world, party, ids) = with_legs(2);
        world.refuses(
            &ix::redeem_leg(party.owner, CHAIN, ids[0], 0),
            ExchangeError::MarketNotSettled,
        );
    }

    #[test]
    fn a_leg_is_paid_once() {
        let (mut world, party, ids) = won();
        let redeem = ix::redeem_leg(party.owner, CHAIN, ids[0], 0);
        world.does(&redeem);
        world.refuses(&redeem, ExchangeError::ZeroAmount);
    }

    #[test]
    fn a_leg_there_is_not_or_of_another_market_is_refused() {
        let (mut world, party, ids) = won();
        for index in [1, 2, 3, 4, 5, 255] {
            world.refuses(
                &ix::redeem_leg(party.owner, CHAIN, ids[0], index),
                ExchangeError::BadLeg,
            );
        }
    }

    #[test]
    fn the_payout_goes_to_nobody_else() {
        let (mut world, party, ids) = won();
        let other = world.party(0);
        let mut redeem = ix::redeem_leg(party.owner, CHAIN, ids[0], 0);
        redeem.accounts[0].pubkey = other.trader();
        world.refuses(&redeem, ExchangeError::ChainOfAnotherTrader);
    }

    #[test]
    fn another_shard_is_refused() {
        let (mut world, party, ids) = won();
        let mut redeem = ix::redeem_leg(party.owner, CHAIN, ids[0], 0);
        redeem.accounts[2].pubkey = address::shard((address::shard_of(ids[0]) + 1) % 4);
        world.refuses(&redeem, ExchangeError::WrongShard);
    }

    #[test]
    fn a_market_stays_until_its_legs_are_redeemed() {
        let (mut world, party, ids) = won();
        let remove = ix::close_market(ids[0], world.operator);
        world.refuses(&remove, ExchangeError::NotEmpty);
        world.does(&ix::redeem_leg(party.owner, CHAIN, ids[0], 0));
        world.does(&remove);
    }

    #[test]
    fn the_chain_is_no_longer_opened_over_but_unwound_once_a_leg_is_redeemed() {
        let (mut world, party, ids) = won();
        world.does(&ix::redeem_leg(party.owner, CHAIN, ids[0], 0));
        world.publish(100 * UNIT);
        let again = crate::legs::open(&world, &party, &orders(&ids[1..]));
        world.refuses(&again, ExchangeError::NotEmpty);
        let rest = unwind(&world, &party, &ids[1..]);
        world.does(&rest);
        world.does(&again);
    }
}
