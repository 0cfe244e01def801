//! Circuit breakers: when a market halts, for how long, and whom it takes with it.

use {
    crate::{
        legs::{unwind, with_legs},
        Quote,
    },
    harness::{
        math::{risk, Collateral6, Shares6},
        *,
    },
};

const COOLDOWN: u64 = 20;
const WINDOW: u64 = 10;
pub const LIMITS: ix::Limits = ix::Limits {
    max_volume: u64::MAX,
    max_move_ppm: 50_000,
    max_liquidation_ppm: 1_000_000,
    window_slots: WINDOW as u32,
    cooldown_slots: COOLDOWN as u32,
};

/// A new market with these limits, in that group and shard.
pub fn market_in(world: &mut World, shard: u8, group: u8, breaker: ix::Limits) -> u64 {
    let terms = ix::Terms {
        group,
        breaker,
        ..world.terms(2, 1_000 * UNIT)
    };
    let id = loop {
        let id = world.new_market_id();
        if address::shard_of(id) == shard {
            break id;
        }
    };
    world.does(&ix::create_market(world.operator, id, world.feed, &terms));
    id
}

/// Somebody who holds a share of each outcome, in cash and on credit.
fn with_holder(world: &mut World, market: u64) -> Party {
    let party = world.party(10_000 * UNIT);
    for outcome in [0, 1] {
        world.holding(&party, market, outcome, UNIT);
        world.leveraged(&party, market, outcome, UNIT, 200);
    }
    party
}

pub fn guarded(breaker: ix::Limits) -> (World, Party, u64) {
    let mut world = World::launched();
    let market = market_in(&mut world, 0, 5, breaker);
    let party = with_holder(&mut world, market);
    (world, party, market)
}

pub fn buy(party: &Party, market: u64, shares: u64) -> Instruction {
    ix::buy(party.owner, market, 1, shares, u64::MAX)
}

fn fill(quote: &Quote, shares: u64) -> u32 {
    let notional = Collateral6::new(quote.notional);
    risk::fill_price(notional, Shares6::new(shares)).unwrap().raw()
}

/// A purchase that trips the price limit.
pub fn trip(world: &mut World, party: &Party, market: u64) -> u64 {
    let done = world.does(&buy(party, market, 600 * UNIT));
    done.event::<MarketHalted>().until_slot
}

#[test]
fn a_fill_too_far_from_the_one_before_the_window_halts_the_market_and_still_happens() {
    // Given the largest purchase whose fill is within five per cent, by the model
    let (mut world, party, market) = guarded(LIMITS);
    let anchor = world.market_state(market).breaker.anchor_q28[1];
    let (mut fits, mut exceeds) = (UNIT, 1_000 * UNIT);
    while exceeds - fits > 1 {
        let middle = fits.midpoint(exceeds);
        let fill = fill(&Quote::purchase(&world, market, 1, middle), middle);
        let within = fill.abs_diff(anchor) <= (1 << 28) / 20;
        *(if within { &mut fits } else { &mut exceeds }) = middle;
    }

    // Then that one leaves the market as it is, and a micro-share more halts it
    let mut twin = world.clone();
    let done = twin.does(&buy(&party, market, fits));
    assert!(done.events::<MarketHalted>().is_empty());
    let quote = Quote::purchase(&world, market, 1, exceeds);
    let before = world.market_state(market).breaker;
    let done = world.does(&buy(&party, market, exceeds));
    assert_eq!(
        world.position_state(&party, market, 1, SPOT).shares,
        UNIT + exceeds
    );
    let expected = MarketHalted {
        market: key(&address::market(market)),
        until_slot: world.slot() + COOLDOWN,
        volume: before.volume + quote.notional,
        liquidated: 0,
        fill_q28: fill(&quote, exceeds),
        reason: 1,
        group: 5,
    };
    assert_eq!(done.event::<MarketHalted>(), expected);
    world.refuses(&buy(&party, market, UNIT), ExchangeError::MarketHalted);
}

#[test]
fn a_fall_of_the_price_halts_like_a_rise() {
    let (mut world, party, market) = guarded(ix::Limits {
        max_move_ppm: 1_000_000,
        ..LIMITS
    });
    world.does(&buy(&party, market, 600 * UNIT));
    for _ in 0..2 {
        world.pass_slots(WINDOW);
        world.does(&buy(&party, market, UNIT)); // the next window's anchor
    }
    let address = address::market(market);
    world.edit::<Market>(&address, |m| m.breaker.max_move_q28 = (1 << 28) / 20);
    let sold = world.does(&ix::sell(party.owner, market, 1, 600 * UNIT, 0));
    assert_eq!(sold.event::<MarketHalted>().reason, 1);
}

#[test]
fn a_windows_volume_is_allowed_to_the_unit() {
    let (world, party, market) = guarded(LIMITS);
    let volume = world.market_state(market).breaker.volume;
    let quote = Quote::purchase(&world, market, 1, 10 * UNIT);
    for (max_volume, halts) in [(volume + quote.notional, 0), (volume + quote.notional - 1, 1)] {
        let mut world = world.clone();
        world.edit::<Market>(&address::market(market), |m| m.breaker.max_volume = max_volume);
        let done = world.does(&buy(&party, market, 10 * UNIT));
        let halted = done.events::<MarketHalted>();
        assert_eq!(halted.len(), halts);
        assert!(halted.iter().all(|h| h.reason == 2 && h.volume == max_volume + 1));
    }
}

#[test]
fn a_new_window_starts_from_no_volume_and_the_last_fill() {
    let (mut world, party, market) = guarded(LIMITS);
    let began = world.market_state(market).breaker.window_slot;
    world.does(&buy(&party, market, 150 * UNIT));
    let last = world.market_state(market).breaker;
    assert_eq!(last.window_slot, began);
    world.pass_slots(began + WINDOW - world.slot());
    let quote = Quote::purchase(&world, market, 1, 150 * UNIT);
    let done = world.does_at_once(&buy(&party, market, 150 * UNIT));
    assert!(
        done.events::<MarketHalted>().is_empty(),
        "two moves in two windows are no large one"
    );
    let now = world.market_state(market).breaker;
    assert_eq!((now.window_slot, now.volume), (world.slot(), quote.notional));
    assert_eq!(now.anchor_q28, last.fill_q28);
    // within one window they are
    let (mut world, party, market) = guarded(LIMITS);
    world.does(&buy(&party, market, 150 * UNIT));
    let done = world.does(&buy(&party, market, 150 * UNIT));
    assert_eq!(done.event::<MarketHalted>().reason, 1);
}

#[test]
fn after_the_cool_down_the_market_trades_again_from_where_it_halted() {
    let (mut world, party, market) = guarded(LIMITS);
    let until = trip(&mut world, &party, market);
    assert_eq!(until, world.slot() + COOLDOWN);
    world.pass_slots(COOLDOWN - 1);
    world.refuses(&buy(&party, market, UNIT), ExchangeError::MarketHalted);
    world.next_slot();
    let done = world.does_at_once(&ix::sell(party.owner, market, 1, 600 * UNIT, 0));
    assert!(done.events::<MarketHalted>().is_empty());
}

#[test]
fn dust_whose_price_is_mostly_rounding_halts_nothing() {
    let (mut world, party, market) = guarded(LIMITS);
    let before = world.market_state(market).breaker;
    for shares in [1, 2, 10, 9_999] {
        let bought = world.does(&buy(&party, market, shares));
        let sold = world.does(&ix::sell(party.owner, market, 1, shares, 0));
        assert!(bought.events::<MarketHalted>().is_empty() && sold.events::<MarketHalted>().is_empty());
    }
    let after = world.market_state(market).breaker;
    assert_eq!((after.fill_q28, after.halted_until_slot), (before.fill_q28, 0));
    world.does(&buy(&party, market, 10_000));
    assert_ne!(world.market_state(market).breaker.fill_q28, before.fill_q28);
}

#[test]
fn no_breaker_without_a_window() {
    let (mut world, party, market) = guarded(ix::Limits::default());
    let before = world.market_state(market).breaker;
    world.does(&buy(&party, market, 2_000 * UNIT));
    assert_eq!(world.market_state(market).breaker, before);
}

#[test]
fn in_a_halt_nobody_buys_or_sells_or_borrows() {
    let (mut world, party, market) = guarded(LIMITS);
    trip(&mut world, &party, market);
    let feed = world.feed;
    let loan = ix::Loan {
        shares: UNIT,
        leverage_x100: 200,
        max_payment: u64::MAX,
    };
    let other = world.market(2);
    world.does(&ix::create_chain(party.owner, 1));
    let leg = |market| ix::LegOrder {
        market,
        outcome: 0,
        shares: UNIT,
        leverage_x100: 200,
    };
    let trade = |side, limit| ix::BatchTrade {
        market,
        outcome: 1,
        side,
        shares: UNIT,
        limit,
    };
    for refused in [
        buy(&party, market, UNIT),
        ix::sell(party.owner, market, 1, UNIT, 0),
        ix::open(party.owner, market, feed, 1, loan),
        ix::batch(party.owner, &[trade(0, u64::MAX)]),
        ix::batch(party.owner, &[trade(1, 0)]),
        ix::open_chain(party.owner, 1, feed, &[leg(market), leg(other)], u64::MAX),
        ix::open_chain(party.owner, 1, feed, &[leg(other), leg(market)], u64::MAX),
    ] {
        world.refuses(&refused, ExchangeError::MarketHalted);
    }
}

#[test]
fn in_a_halt_loans_are_repaid_and_settled_markets_pay() {
    let (mut world, party, market) = guarded(LIMITS);
    trip(&mut world, &party, market);
    world.does(&ix::close(party.owner, market, 1, UNIT, 0));
    world.settle(market, 100 * UNIT);
    world.edit::<Market>(&address::market(market), |m| {
        m.breaker.halted_until_slot = u64::MAX
    });
    world.does(&ix::redeem(party.owner, market, 1, SPOT));
}

#[test]
fn in_a_halt_a_chain_is_unwound() {
    let (mut world, party, ids) = with_legs(3);
    for &id in &ids {
        world.edit::<Market>(&address::market(id), |m| m.breaker.halted_until_slot = u64::MAX);
    }
    let unwind = unwind(&world, &party, &ids);
    world.does(&unwind);
}

#[test]
fn a_group_halts_in_its_shard_at_once_and_no_other_group_does() {
    let (mut world, party, market) = guarded(LIMITS);
    let others = [(0, 5), (0, 6), (0, 0), (1, 5)];
    let ids = others.map(|(shard, group)| market_in(&mut world, shard, group, ix::Limits::default()));
    for id in ids {
        world.position(&party, id, 1, SPOT);
    }
    trip(&mut world, &party, market);
    world.refuses(&buy(&party, ids[0], UNIT), ExchangeError::MarketHalted);
    for id in &ids[1..] {
        world.does_at_once(&buy(&party, *id, UNIT));
    }
}

#[test]
fn a_market_of_no_group_halts_alone() {
    let mut world = World::launched();
    let ids = [0, 0].map(|group| market_in(&mut world, 0, group, LIMITS));
    let party = with_holder(&mut world, ids[0]);
    world.position(&party, ids[1], 1, SPOT);
    trip(&mut world, &party, ids[0]);
    world.does_at_once(&buy(&party, ids[1], UNIT));
    assert_eq!(world.shard_of(ids[0]).halts, [0; 64]);
}

#[test]
fn limits_that_mean_nothing_are_refused() {
    let mut world = World::launched();
    let mut refuse = |breaker: ix::Limits, group, error: ExchangeError| {
        let terms = ix::Terms {
            group,
            breaker,
            ..world.terms(2, UNIT)
        };
        let id = world.new_market_id();
        let create = ix::create_market(world.operator, id, world.feed, &terms);
        world.refuses(&create, error);
    };
    let bad = |change: fn(&mut ix::Limits)| {
        let mut limits = LIMITS;
        change(&mut limits);
        limits
    };
    for limits in [
        bad(|l| l.cooldown_slots = 0),
        bad(|l| l.max_move_ppm = 1_000_001),
        bad(|l| l.max_liquidation_ppm = 1_000_001),
        bad(|l| l.window_slots = 216_001),
        bad(|l| l.cooldown_slots = 216_001),
    ] {
        refuse(limits, 0, ExchangeError::BadParameter);
    }
    for group in [64, 255] {
        refuse(LIMITS, group, ExchangeError::BadGroup);
    }
}
