//! Guards of a trade that are not its own limits: flash fee, spread, divergence, and a feed that is stale.

use {
    crate::{
        legs::{open, orders, unwind, with_chain, with_legs, CHAIN},
        Quote,
    },
    harness::{
        math::{breaker, risk, Collateral6, Ppm, Shares6},
        *,
    },
};

const SHARES: u64 = 30 * UNIT;

fn loan(leverage_x100: u16) -> ix::Loan {
    ix::Loan {
        shares: SHARES,
        leverage_x100,
        max_payment: u64::MAX,
    }
}

/// A party with empty positions of both kinds in outcomes 0 and 1 of a market with these terms.
fn with_market(change: impl FnOnce(&mut ix::Terms)) -> (World, Party, u64) {
    let mut world = World::launched();
    let party = world.party(1_000 * UNIT);
    let mut terms = world.terms(2, 1_000 * UNIT);
    change(&mut terms);
    let market = world.market_with(&terms);
    for (outcome, kind) in [(0, SPOT), (0, LEVERAGED), (1, SPOT), (1, LEVERAGED)] {
        world.position(&party, market, outcome, kind);
    }
    (world, party, market)
}

mod flash_fee {
    use super::*;

    /// The shard's fee on a sale, and what it is in the slot of the purchase.
    fn fees(world: &World, market: u64, notional: u64) -> (u64, u64) {
        let rate = u64::from(world.shard_of(market).fee_ppm);
        let fee = |ppm: u64| (notional * ppm).div_ceil(1_000_000);
        (fee(rate), fee(rate + 20_000))
    }

    fn sold(world: &World, market: u64, traded: &Traded, flash: bool) {
        let (usual, flashed) = fees(world, market, traded.notional);
        assert_eq!(traded.fee, if flash { flashed } else { usual });
        assert!(flashed > usual);
        assert!(traded.income >= traded.fee, "the vault's");
    }

    #[test]
    fn selling_in_the_slot_of_the_purchase_costs_two_per_cent_more() {
        let (mut world, party, market) = with_market(|_| ());
        world.does(&ix::buy(party.owner, market, 1, SHARES, u64::MAX));
        let mut later = world.clone();
        let sell = ix::sell(party.owner, market, 1, SHARES, 0);
        let done = world.does_at_once(&sell);
        sold(&world, market, &done.event(), true);
        let done = later.does(&sell); // in the next slot
        sold(&later, market, &done.event(), false);
    }

    #[test]
    fn so_it_does_within_one_transaction() {
        let (mut world, party, market) = with_market(|_| ());
        let done = world.does_together(&[
            ix::buy(party.owner, market, 1, SHARES, u64::MAX),
            ix::sell(party.owner, market, 1, SHARES, 0),
        ]);
        sold(&world, market, &done.events::<Traded>()[1], true);
    }

    #[test]
    fn so_it_does_within_one_batch() {
        let (mut world, party, market) = with_market(|_| ());
        let trade = |side, limit| ix::BatchTrade {
            market,
            outcome: 1,
            side,
            shares: SHARES,
            limit,
        };
        let batch = ix::batch(party.owner, &[trade(0, u64::MAX), trade(1, 0)]);
        let done = world.does(&batch);
        sold(&world, market, &done.events::<Traded>()[1], true);
        world.does(&ix::buy(party.owner, market, 1, SHARES, u64::MAX));
        let done = world.does(&ix::batch(party.owner, &[trade(1, 0)]));
        sold(&world, market, &done.event(), false);
    }

    #[test]
    fn closing_what_was_opened_in_the_slot_costs_it_too() {
        let (mut world, party, market) = with_market(|_| ());
        world.does(&ix::open(party.owner, market, world.feed, 1, loan(300)));
        let mut later = world.clone();
        let close = ix::close(party.owner, market, 1, SHARES, 0);
        let done = world.does_at_once(&close);
        sold(&world, market, &done.event(), true);
        let done = later.does(&close);
        sold(&later, market, &done.event(), false);
    }

    #[test]
    fn every_leg_of_a_chain_unwound_in_its_slot_costs_it() {
        let (mut world, party, ids) = with_legs(3);
        let mut later = world.clone();
        let unwind = unwind(&world, &party, &ids);
        let (at_once, then) = (world.does_at_once(&unwind), later.does(&unwind));
        for (done, flash) in [(at_once, true), (then, false)] {
            let legs = done.events::<Traded>();
            assert_eq!(legs.len(), 3);
            for (traded, &id) in legs.iter().zip(&ids) {
                sold(&world, id, traded, flash);
            }
        }
    }

    #[test]
    fn shares_held_before_pay_it_when_more_are_bought_and_other_positions_do_not() {
        let (mut world, party, market) = with_market(|_| ());
        world.does(&ix::buy(party.owner, market, 0, SHARES, u64::MAX));
        world.does(&ix::buy(party.owner, market, 1, SHARES, u64::MAX));
        world.does(&ix::buy(party.owner, market, 1, UNIT, u64::MAX));
        let done = world.does_at_once(&ix::sell(party.owner, market, 1, SHARES, 0));
        sold(&world, market, &done.event(), true);
        let done = world.does_at_once(&ix::sell(party.owner, market, 0, SHARES, 0));
        sold(&world, market, &done.event(), false);
    }

    #[test]
    fn a_sale_in_the_slot_never_costs_more_than_it_brings() {
        let (mut world, party, market) = with_market(|_| ());
        world.does(&ix::buy(party.owner, market, 1, 5, u64::MAX));
        let before = world.trader(&party).balance;
        let done = world.does_at_once(&ix::sell(party.owner, market, 1, 5, 0));
        assert!(done.event::<Traded>().fee <= done.event::<Traded>().notional);
        assert!(world.trader(&party).balance >= before);
    }
}

mod spread {
    use super::*;

    fn publish(world: &mut World, confidence: u64) {
        let mut publication = world.publication(100 * UNIT);
        publication[1] = confidence;
        world.does(&ix::publish(world.publisher, world.feed, publication));
        world.publish_count();
    }

    #[test]
    fn an_interval_of_a_tenth_of_the_price_is_refused_and_a_unit_less_is_not() {
        let (mut world, party, market) = with_market(|_| ());
        let open = ix::open(party.owner, market, world.feed, 1, loan(100));
        for confidence in [5 * UNIT, 50 * UNIT, u64::MAX] {
            publish(&mut world, confidence);
            world.refuses(&open, ExchangeError::SpreadTooWide);
        }
        publish(&mut world, 5 * UNIT - 1);
        world.does(&open);
    }

    #[test]
    fn it_is_refused_in_every_leg_of_a_chain() {
        let (mut world, party, ids) = with_chain(2);
        publish(&mut world, 5 * UNIT);
        let open = open(&world, &party, &orders(&ids));
        world.refuses(&open, ExchangeError::SpreadTooWide);
        publish(&mut world, 5 * UNIT - 1);
        world.does(&open);
    }

    #[test]
    fn spot_trades_and_closing_do_not_ask() {
        let (mut world, party, market) = with_market(|_| ());
        world.does(&ix::open(party.owner, market, world.feed, 1, loan(200)));
        publish(&mut world, 50 * UNIT);
        world.does(&ix::buy(party.owner, market, 1, SHARES, u64::MAX));
        world.does(&ix::sell(party.owner, market, 1, SHARES, 0));
        world.does(&ix::close(party.owner, market, 1, SHARES, 0));
    }
}

mod divergence {
    use super::*;

    const PPM: u32 = 100_000;

    /// Whether the feed's price and a purchase agree, from the definition.
    fn agree(world: &World, market: u64, outcome: u8, price: u64, one: u64) -> bool {
        let quote = Quote::purchase(world, market, outcome, SHARES);
        let fill = risk::fill_price(Collateral6::new(quote.notional), Shares6::new(SHARES)).unwrap();
        let upper = (u128::from(price.min(one)) << 28) / u128::from(one);
        let expected = if outcome == 1 { upper } else { (1 << 28) - upper };
        u128::from(fill.raw()).abs_diff(expected) <= (1 << 28) * u128::from(PPM) / 1_000_000
    }

    #[test]
    fn a_fill_may_be_so_far_from_the_feeds_probability_and_no_further_on_both_sides_of_both_outcomes() {
        let (world, party, market) = with_market(|terms| terms.max_divergence_ppm = PPM);
        assert_eq!(world.market_state(market).feed_one, UNIT);
        let most = breaker::price_of_ppm(Ppm::new(PPM)).unwrap().raw();
        assert_eq!(world.market_state(market).max_divergence_q28, most);
        for outcome in [0, 1] {
            for far in [UNIT / 1_000, UNIT] {
                let (mut fits, mut exceeds) = (UNIT / 2, far);
                while fits.abs_diff(exceeds) > 1 {
                    let middle = fits.midpoint(exceeds);
                    let agree = agree(&world, market, outcome, middle, UNIT);
                    *(if agree { &mut fits } else { &mut exceeds }) = middle;
                }
                let mut world = world.clone();
                let open = ix::open(party.owner, market, world.feed, outcome, loan(200));
                for refused in [exceeds, far, far * far / UNIT + 1_000] {
                    world.publish(refused);
                    world.refuses(&open, ExchangeError::PriceDiverges);
                }
                world.publish(fits);
                world.does(&open);
            }
        }
    }

    #[test]
    fn spot_trades_and_markets_without_the_guard_do_not_ask() {
        let (mut world, party, market) = with_market(|terms| terms.max_divergence_ppm = PPM);
        world.publish(999_999);
        world.does(&ix::buy(party.owner, market, 0, SHARES, u64::MAX));
        world.does(&ix::sell(party.owner, market, 0, SHARES, 0));
        let (mut world, party, market) = with_market(|_| ());
        assert_eq!(world.market_state(market).feed_one, 0);
        world.publish(999_999);
        world.does(&ix::open(party.owner, market, world.feed, 0, loan(200)));
    }

    #[test]
    fn a_leg_of_a_chain_asks_too() {
        let (mut world, party, ids) = with_chain(2);
        world.edit::<Market>(&address::market(ids[1]), |m| {
            (m.feed_one, m.max_divergence_q28) = (UNIT, (1 << 28) / 10);
        });
        let open = open(&world, &party, &orders(&ids));
        world.publish(700_000);
        world.refuses(&open, ExchangeError::PriceDiverges);
        world.publish(500_000);
        world.does(&open);
    }

    #[test]
    fn the_feeds_exponent_says_what_one_is() {
        let mut world = World::launched();
        let terms = ix::Terms {
            max_divergence_ppm: PPM,
            ..world.terms(2, 1_000 * UNIT)
        };
        let (authority, publisher, operator) = (world.authority, world.publisher, world.operator);
        for (name, exponent, one) in [
            ("a", 0, Some(1)),
            ("b", -3, Some(1_000)),
            ("c", -19, Some(10_u64.pow(19))),
            ("d", -20, None),
            ("e", 1, None),
            ("f", i32::MIN, None),
        ] {
            world.does(&ix::create_feed(authority, name, publisher, exponent, 30));
            let id = world.new_market_id();
            let create = ix::create_market(operator, id, address::feed(name), &terms);
            match one {
                Some(one) => {
                    world.does(&create);
                    assert_eq!(world.market_state(id).feed_one, one);
                }
                None => world.refuses(&create, ExchangeError::BadParameter),
            }
        }
    }

    #[test]
    fn a_probability_is_of_two_outcomes_and_a_divergence_at_most_the_whole() {
        let mut world = World::launched();
        for (outcomes, ppm, error) in [
            (3, PPM, ExchangeError::BadParameter),
            (2, 1_000_001, ExchangeError::OutOfDomain),
        ] {
            let terms = ix::Terms {
                max_divergence_ppm: ppm,
                ..world.terms(outcomes, UNIT)
            };
            let id = world.new_market_id();
            let create = ix::create_market(world.operator, id, world.feed, &terms);
            world.refuses(&create, error);
        }
    }

    #[test]
    fn of_ten_publications_in_one_slot_the_newest_counts() {
        for (last, agrees) in [(500_000, true), (900_000, false)] {
            let (mut world, party, market) = with_market(|terms| terms.max_divergence_ppm = PPM);
            let (publisher, feed) = (world.publisher, world.feed);
            world.next_slot();
            for i in 1..=9 {
                let publication = world.publication(if agrees { i * 100_000 } else { 500_000 });
                world.does_at_once(&ix::publish(publisher, feed, publication));
                world.publish_count();
            }
            let publication = world.publication(last);
            world.does_at_once(&ix::publish(publisher, feed, publication));
            world.publish_count();
            let open = ix::open(party.owner, market, feed, 1, loan(200));
            if agrees {
                world.does_at_once(&open);
            } else {
                world.refuses(&open, ExchangeError::PriceDiverges);
            }
        }
    }
}

mod stale {
    use super::*;

    #[test]
    fn without_a_price_for_five_minutes_there_are_no_chains_until_the_feed_publishes_again() {
        let (mut world, party, ids) = with_chain(2);
        let feed = world.get::<Feed>(&world.feed);
        let open = open(&world, &party, &orders(&ids));
        world.set_time((feed.timestamp_ms / 1000) as i64 + 300);
        world.clone().does(&open);
        world.pass(1);
        world.refuses(&open, ExchangeError::ChainsSuspended);
        world.publish(100 * UNIT);
        world.does(&open);
    }

    #[test]
    fn a_chain_is_unwound_on_a_stale_feed() {
        let (mut world, party, ids) = with_legs(2);
        world.pass(1_000);
        let unwind = unwind(&world, &party, &ids);
        world.does(&unwind);
        world.does(&ix::close_chain(party.owner, CHAIN));
    }

    #[test]
    fn without_a_price_for_five_minutes_leverage_is_halved_until_the_feed_publishes_again() {
        let (mut world, party, market) = with_market(|_| ());
        let feed = world.get::<Feed>(&world.feed);
        world.set_time((feed.timestamp_ms / 1000) as i64 + 301);
        let open = |leverage_x100| {
            let feed = address::feed("BTC/USD");
            ix::open(party.owner, market, feed, 1, loan(leverage_x100))
        };
        world.refuses(&open(2_501), ExchangeError::OracleStale);
        world.does(&open(2_500));
        world.publish(100 * UNIT);
        world.does(&open(5_000));
    }
}
