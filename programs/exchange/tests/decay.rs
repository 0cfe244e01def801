//! pm-AMM markets whose liquidity decays with the square root of the time left, against a model in floating point.

use harness::*;

const L: u64 = 1_000 * UNIT;
const LIFE_S: i64 = 3_600;

fn with_market() -> (World, Party, u64) {
    let mut world = World::launched();
    let party = world.party(10_000 * UNIT);
    let terms = ix::Terms {
        curve: 2,
        ..world.terms(2, L)
    };
    let market = world.market_with(&terms);
    for outcome in [0, 1] {
        world.position(&party, market, outcome, SPOT);
        world.position(&party, market, outcome, LEVERAGED);
    }
    (world, party, market)
}

/// `G(z) = z Phi(z) + phi(z)`, the integral of `(z - x) phi(x)` over `x < z`, by Simpson's rule.
fn g(z: f64) -> f64 {
    let phi = |x: f64| (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let (from, n) = (-12.0_f64.max(-z.abs() - 12.0), 20_000);
    let h = (z - from) / f64::from(n);
    let f = |i: i32| {
        let x = from + h * f64::from(i);
        (z - x) * phi(x)
    };
    let inner: f64 = (1..n).map(|i| f(i) * if i % 2 == 0 { 2.0 } else { 4.0 }).sum();
    (f(0) + inner + f(n)) * h / 3.0
}

/// The pool by its definition: reserves `x = L G(-z)` and `y = L G(z)` with `z = (y - x) / L`.
struct Model {
    held: [f64; 2],
    delta: f64,
    liquidity: f64,
}

impl Model {
    fn new() -> Self {
        Self {
            held: [0.0; 2],
            delta: 0.0,
            liquidity: L as f64,
        }
    }

    fn escrow(&self) -> f64 {
        let z = self.delta / self.liquidity;
        let [x, y] = [-z, z].map(|z| self.liquidity * g(z));
        (self.held[0] + x).max(self.held[1] + y)
    }

    /// The pool shrinks and keeps its price; what it releases.
    fn decay(&mut self, left: f64) -> f64 {
        let before = self.escrow();
        let liquidity = L as f64 * left.sqrt();
        self.delta *= liquidity / self.liquidity;
        self.liquidity = liquidity;
        before - self.escrow()
    }

    /// What so many shares cost; below zero they are sold.
    fn trade(&mut self, outcome: u8, shares: f64) -> f64 {
        let before = self.escrow();
        self.held[usize::from(outcome)] += shares;
        self.delta += if outcome == 0 { shares } else { -shares };
        self.escrow() - before
    }
}

fn near(got: u64, exact: f64, tolerance: f64) {
    assert!((got as f64 - exact).abs() <= tolerance, "{got} for {exact}");
}

/// The market's delta over its liquidity, which its price is a function of.
fn z(market: &Market) -> f64 {
    let delta = market.shares[0] as i64 - market.shares[1] as i64 + market.delta_offset;
    delta as f64 / market.b as f64
}

#[test]
fn what_the_pool_no_longer_needs_goes_to_the_shard_with_the_next_trade() {
    let (mut world, party, market) = with_market();
    let opened_s = world.market_state(market).opened_ms as i64 / 1000;
    let (mut model, mut last) = (Model::new(), world.slot());
    // seconds after the opening, outcome, shares
    let trades = [
        (0, 0, 400 * UNIT as i64),
        (60, 1, 150 * UNIT as i64),
        (600, 0, -100 * UNIT as i64),
        (1_800, 1, 300 * UNIT as i64 + 7),
        (3_000, 0, 90 * UNIT as i64),
        (3_590, 1, -30 * UNIT as i64),
        (3_599, 0, 11 * UNIT as i64),
    ];
    for (after_s, outcome, shares) in trades {
        world.set_time((opened_s + after_s).max(world.now_s()));
        let elapsed = world.now_s() - opened_s;
        let left = (LIFE_S - elapsed) as f64 / LIFE_S as f64;
        let (before, shard) = (world.market_state(market), world.shard_of(market));
        let released = model.decay(left);
        let cost = model.trade(outcome, shares as f64);
        let instruction = if shares > 0 {
            ix::buy(party.owner, market, outcome, shares as u64, u64::MAX)
        } else {
            ix::sell(party.owner, market, outcome, shares.unsigned_abs(), 0)
        };

        let done = world.does(&instruction);

        let (after, traded) = (world.market_state(market), done.event::<Traded>());
        let events = done.events::<LiquidityReleased>();
        assert_eq!(events.len(), usize::from(elapsed > 0));
        let got = events.iter().map(|e| e.released).sum::<u64>();
        near(got, released, 8.0);
        for event in events {
            near(event.liquidity, model.liquidity, 1.0);
            assert_eq!(event.liquidity, after.b);
            assert_eq!(event.escrow, before.escrow - event.released);
            assert_eq!(event.market, key(&address::market(market)));
        }
        assert_eq!(
            world.shard_of(market).cash,
            shard.cash + got + traded.income,
            "the release and the trade's income are the shard's"
        );
        near(after.escrow, model.escrow(), 8.0);
        if shares > 0 {
            assert!(traded.notional as f64 >= cost - 1.0 && traded.notional as f64 <= cost + 6.0);
        } else {
            assert!(traded.notional as f64 <= -cost + 1.0 && traded.notional as f64 >= -cost - 6.0);
        }
        assert!(world.slot() > last);
        last = world.slot();
    }
}

#[test]
fn the_price_is_the_same_before_and_after_a_decay() {
    let (mut world, party, market) = with_market();
    world.does(&ix::buy(party.owner, market, 0, 700 * UNIT, u64::MAX));
    for seconds in [1, 10, 500, 1_000, 2_000, 80, 8] {
        let before = world.market_state(market);
        world.pass(seconds);
        world.does(&ix::buy(party.owner, market, 1, 1, u64::MAX));
        let after = world.market_state(market);
        assert!(after.b < before.b);
        // a micro-share is bought, another is rounded
        let moved = (z(&after) - z(&before)).abs();
        assert!(moved <= 2.1 / after.b as f64, "{moved}");
    }
}

#[test]
fn nothing_is_released_twice_in_one_second() {
    let (mut world, party, market) = with_market();
    world.pass(100);
    let buy = ix::buy(party.owner, market, 0, UNIT, u64::MAX);
    assert_eq!(world.does(&buy).events::<LiquidityReleased>().len(), 1);
    assert_eq!(world.does(&buy).events::<LiquidityReleased>().len(), 0);
}

#[test]
fn a_round_trip_never_profits_whenever_it_begins_and_ends() {
    for (begins, lasts) in [
        (0, 0),
        (0, 3_500),
        (5, 1),
        (1_000, 2_000),
        (3_500, 50),
        (3_590, 1),
        (3_580, 0),
    ] {
        for (outcome, shares) in [(0, 1), (1, 3 * UNIT), (0, 2_000 * UNIT)] {
            let (mut world, party, market) = with_market();
            let maker = world.party(1_000 * UNIT);
            world.holding(&maker, market, 0, 333 * UNIT);
            world.pass(begins);
            let before = world.trader(&party).balance;
            world.does(&ix::buy(party.owner, market, outcome, shares, u64::MAX));
            world.pass(lasts);
            world.does(&ix::sell(party.owner, market, outcome, shares, 0));
            assert!(world.trader(&party).balance < before);
        }
    }
}

#[test]
fn a_market_trades_to_its_last_second_and_pays_its_winners() {
    let (mut world, party, market) = with_market();
    let other = world.party(10_000 * UNIT);
    world.position(&other, market, 1, SPOT);
    let feed = world.feed;
    let close_s = world.market_state(market).close_ms as i64 / 1000;
    let mut step = 0_u64;
    while world.now_s() < close_s - 1 {
        // ever shorter steps, the last to one second before the close
        world.pass(((close_s - world.now_s()) / 5).clamp(1, close_s - 1 - world.now_s()));
        step += 1;
        let shares = (10 + 37 * (step % 5)) * UNIT + step;
        world.does(&ix::buy(
            other.owner,
            market,
            1,
            shares / (1 + step / 10),
            u64::MAX,
        ));
        world.does(&ix::buy(party.owner, market, 0, shares / 2, u64::MAX));
        if step.is_multiple_of(3) {
            world.does(&ix::sell(party.owner, market, 0, shares / 3, 0));
        }
        if step % 4 == 1 {
            world.publish(100 * UNIT);
            let loan = ix::Loan {
                shares: 3 * UNIT,
                leverage_x100: 200,
                max_payment: u64::MAX,
            };
            world.does(&ix::open(party.owner, market, feed, 0, loan));
        }
    }
    assert!(step > 15);
    let held = world.position_state(&other, market, 1, SPOT).shares;
    world.settle(market, 100 * UNIT); // at the strike: outcome 1
    let before = world.trader(&other).balance;
    world.does(&ix::redeem(other.owner, market, 1, SPOT));
    assert_eq!(world.trader(&other).balance, before + held);
    for kind in [SPOT, LEVERAGED] {
        world.does(&ix::redeem(party.owner, market, 0, kind));
    }
    assert_eq!(world.market_state(market).escrow, 0);
}

#[test]
fn a_market_that_nobody_trades_gives_the_vault_all_of_its_subsidy_back() {
    let (mut world, _, market) = with_market();
    let (subsidy, shard) = (world.market_state(market).escrow, world.shard_of(market));
    world.settle(market, 100 * UNIT);
    assert_eq!(world.shard_of(market).cash, shard.cash + subsidy);
}

#[test]
fn a_market_whose_holders_wait_gives_the_vault_all_that_they_do_not_get() {
    let (mut world, party, market) = with_market();
    world.does(&ix::buy(party.owner, market, 1, 500 * UNIT, u64::MAX));
    let (escrow, shard) = (world.market_state(market).escrow, world.shard_of(market));
    world.settle(market, 100 * UNIT);
    assert_eq!(world.shard_of(market).cash, shard.cash + escrow - 500 * UNIT);
    let before = world.trader(&party).balance;
    world.does(&ix::redeem(party.owner, market, 1, SPOT));
    assert_eq!(world.trader(&party).balance, before + 500 * UNIT);
}

#[test]
fn a_market_of_the_least_liquidity_there_is_trades_and_settles() {
    for l in [1, 2, 31, 1_000] {
        let mut world = World::launched();
        let party = world.party(10_000 * UNIT);
        let terms = ix::Terms {
            curve: 2,
            ..world.terms(2, l)
        };
        let market = world.market_with(&terms);
        world.position(&party, market, 1, SPOT);
        for _ in 0..4 {
            world.does(&ix::buy(party.owner, market, 1, 5 * UNIT + 3, u64::MAX));
            world.pass(899);
            world.does(&ix::sell(party.owner, market, 1, 2 * UNIT, 0));
        }
        world.settle(market, 100 * UNIT);
        world.does(&ix::redeem(party.owner, market, 1, SPOT));
        assert!(world.trader(&party).balance <= 10_000 * UNIT);
    }
}
