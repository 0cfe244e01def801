use {
    crate::{
        legs::{settle_first, state, unwind, with_chain, with_legs, CHAIN},
        Quote,
    },
    harness::{attacks::Shape, tail_attacks::TailShape, *},
};

fn given() -> (World, Instruction) {
    let (world, party, ids) = with_legs(3);
    let unwind = unwind(&world, &party, &ids);
    (world, unwind)
}

harness::attacks! { tail Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotOwner.into()),
    owned: &[1, 2],
    written: &[1, 2],
    data: 8,
}}
harness::tail_attacks! { TailShape {
    given,
    declared: 3,
    miscounted: ExchangeError::BadLegs,
    foreign_market: ExchangeError::BadLeg,
    read: &[0, 1], // the feeds are not looked at
    written: &[0, 1],
}}

#[test]
fn all_legs_are_sold_all_loans_repaid_and_the_trader_gets_what_is_left() {
    for count in 2..=5 {
        let (mut world, party, ids) = with_legs(count);
        let (trader, chain) = (world.trader(&party), state(&world, &party));
        let quotes: Vec<Quote> = ids
            .iter()
            .zip(chain.legs)
            .map(|(&id, leg)| Quote::sale(&world, id, leg.outcome, leg.shares))
            .collect();
        let proceeds: u64 = quotes.iter().map(|quote| quote.notional - quote.fee).sum();
        let due: u64 = chain.legs.iter().map(|leg| leg.debt).sum();
        let earned: u64 = ids
            .iter()
            .zip(&quotes)
            .map(|(&id, q)| world.market_state(id).escrow - q.market.escrow)
            .sum::<u64>()
            - proceeds;
        let cash = |world: &World| -> u64 { world.books().shards.values().map(|s| s.cash).sum() };
        let lent = cash(&world);
        let unwind = unwind(&world, &party, &ids);

        let done = world.does(&unwind);

        for (&id, quote) in ids.iter().zip(&quotes) {
            let after = world.market_state(id);
            assert_eq!(
                (after.shares, after.escrow),
                (quote.market.shares, quote.market.escrow)
            );
            assert_eq!((after.total_debt, after.debt_at_risk, after.positions), (0, 0, 0));
        }
        let after = world.trader(&party);
        assert_eq!(after.balance + due, trader.balance + proceeds);
        assert_eq!(
            cash(&world),
            lent + due + earned,
            "loans, fees and roundings are the vault's"
        );
        let empty = state(&world, &party);
        assert!(empty
            .legs
            .iter()
            .all(|leg| (leg.shares, leg.cost, leg.debt) == (0, 0, 0)));
        let expected = ChainUnwound {
            chain: key(&address::chain(&party.trader(), CHAIN)),
            trader: key(&party.trader()),
            legs: count as u64,
            proceeds,
            repaid: due,
            amount: proceeds.saturating_sub(due),
            shortfall: due.saturating_sub(proceeds),
        };
        assert_eq!(done.event::<ChainUnwound>(), expected);
        world.does(&ix::close_chain(party.owner, CHAIN));
    }
}

#[test]
fn a_round_trip_loses_credit_fees_and_rounding() {
    let (mut world, party, ids) = with_chain(5);
    let before = world.trader(&party).balance;
    let open = crate::legs::open(&world, &party, &crate::legs::orders(&ids));
    world.does(&open);
    let unwind = unwind(&world, &party, &ids);
    world.does(&unwind);
    assert!(world.trader(&party).balance < before);
}

/// A chain whose second leg has lost most of its price.
fn fallen() -> (World, Party, Vec<u64>) {
    let (mut world, party, ids) = with_legs(3);
    let seller = world.party(10_000 * UNIT);
    for &id in &ids {
        let outcome = 1 - state(&world, &party).legs[ids.iter().position(|i| *i == id).unwrap()].outcome;
        world.holding(&seller, id, outcome, 1_000 * UNIT);
    }
    (world, party, ids)
}

#[test]
fn what_the_proceeds_do_not_repay_comes_from_the_balance() {
    let (mut world, party, ids) = fallen();
    let before = world.trader(&party).balance;
    let unwind = unwind(&world, &party, &ids);
    let unwound = world.does(&unwind).event::<ChainUnwound>();
    assert!(unwound.shortfall > 0 && unwound.amount == 0);
    assert_eq!(unwound.proceeds + unwound.shortfall, unwound.repaid);
    assert_eq!(world.trader(&party).balance, before - unwound.shortfall);
}

#[test]
fn a_balance_below_the_shortfall_is_refused_to_the_unit() {
    let (mut world, party, ids) = fallen();
    let unwind = unwind(&world, &party, &ids);
    let shortfall = world.clone().does(&unwind).event::<ChainUnwound>().shortfall;
    let balance = world.trader(&party).balance;
    let mint = world.mint;
    world.does(&ix::withdraw(
        party.owner,
        party.tokens,
        mint,
        balance - shortfall + 1,
    ));
    world.refuses(&unwind, ExchangeError::Underwater);
    world.does(&ix::deposit(party.owner, party.tokens, mint, 1));
    world.does(&unwind);
    assert_eq!(world.trader(&party).balance, 0);
}

#[test]
fn the_limit_is_kept_to_the_unit() {
    let (mut world, party, ids) = with_legs(3);
    let maker = world.party(10_000 * UNIT);
    for (index, &id) in ids.iter().enumerate() {
        world.holding(&maker, id, (index % 2) as u8, 500 * UNIT);
    }
    let unwind = |limit| ix::unwind_chain(party.owner, CHAIN, address::feed("BTC/USD"), &ids, limit);
    let amount = world.clone().does(&unwind(0)).event::<ChainUnwound>().amount;
    assert!(amount > 0);
    world.refuses(&unwind(amount + 1), ExchangeError::SlippageExceeded);
    world.does(&unwind(amount));
}

#[test]
fn a_leg_whose_market_waits_for_its_settlement_stays_and_the_rest_is_unwound() {
    for closed in 0..3 {
        let (mut world, party, ids) = with_legs(3);
        let now_ms = world.now_s() as u64 * 1000;
        world.edit::<Market>(&address::market(ids[closed]), |m| m.close_ms = now_ms);
        let before = world.chain(&party, CHAIN).legs[closed];
        let all = unwind(&world, &party, &ids);
        assert_eq!(world.does(&all).event::<ChainUnwound>().legs, 2);
        let chain = world.chain(&party, CHAIN);
        for (i, leg) in chain.legs.iter().enumerate().take(3) {
            assert_eq!(leg.shares > 0, i == closed);
        }
        assert_eq!(chain.legs[closed], before);
        let rest = unwind(&world, &party, &ids[closed..=closed]);
        world.refuses(&rest, ExchangeError::MarketClosed);
        let close = ix::close_chain(party.owner, CHAIN);
        world.refuses(&close, ExchangeError::NotEmpty);
    }
}

#[test]
fn a_settled_markets_leg_is_paid_out_on_the_way_and_counts_for_the_limit() {
    for price in [99, 101] {
        let (mut world, party, ids) = with_legs(4);
        settle_first(&mut world, &ids, price * UNIT);
        let (all, rest) = (unwind(&world, &party, &ids), unwind(&world, &party, &ids[1..]));
        world.refuses(&rest, ExchangeError::BadLegs);
        let mut twin = world.clone();
        let before = world.trader(&party).balance;
        let redeemed = ix::redeem_leg(party.owner, CHAIN, ids[0], 0);
        let paid = twin.does(&redeemed).event::<Redeemed>();
        twin.refuses(&all, ExchangeError::BadLegs);
        let unwound = twin.does(&rest).event::<ChainUnwound>();
        let received = paid.payout - paid.repaid + unwound.amount;
        let mut limited = all.clone();
        limited.data[8..16].copy_from_slice(&(received + 1).to_le_bytes());
        world.refuses(&limited, ExchangeError::SlippageExceeded);
        limited.data[8..16].copy_from_slice(&received.to_le_bytes());
        assert_eq!(world.does(&limited).event::<ChainUnwound>().legs, 4);
        assert_eq!(
            world.trader(&party).balance,
            before + received - unwound.shortfall
        );
        assert_eq!(world.trader(&party), twin.trader(&party));
        assert_eq!(world.chain(&party, CHAIN), twin.chain(&party, CHAIN));
        world.does(&ix::close_chain(party.owner, CHAIN));
    }
}

#[test]
fn an_empty_chain_is_refused() {
    let (mut world, party, _) = with_chain(0);
    let none = unwind(&world, &party, &[]);
    world.refuses(&none, ExchangeError::BadLegs);
    let (mut world, party, ids) = with_legs(2);
    let unwind = unwind(&world, &party, &ids);
    world.does(&unwind);
    world.refuses(&unwind, ExchangeError::BadLegs);
}

#[test]
fn legs_in_another_order_are_refused() {
    let (mut world, party, ids) = with_legs(3);
    let swapped = unwind(&world, &party, &[ids[1], ids[0], ids[2]]);
    world.refuses(&swapped, ExchangeError::BadLeg);
    let twice = unwind(&world, &party, &[ids[0], ids[0], ids[2]]);
    world.refuses(&twice, ExchangeError::BadLeg);
}

#[test]
fn somebody_elses_chain_is_refused() {
    let (mut world, party, ids) = with_legs(2);
    let other = world.party(UNIT);
    let mut unwind = unwind(&world, &party, &ids);
    unwind.accounts[0].pubkey = other.owner;
    unwind.accounts[1].pubkey = other.trader();
    world.refuses(&unwind, ExchangeError::ChainOfAnotherTrader);
}
