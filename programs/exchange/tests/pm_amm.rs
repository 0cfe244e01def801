//! Markets on the pm-AMM: what differs from the LMSR. The instructions are the same, and so are their tests.

use harness::*;

const L: u64 = 1_000 * UNIT;

fn with_market() -> (World, Party, u64) {
    let mut world = World::launched();
    let party = world.party(10_000 * UNIT);
    let id = world.new_market_id();
    let terms = ix::Terms {
        curve: 1,
        ..world.terms(2, L)
    };
    world.does(&ix::create_market(world.operator, id, world.feed, &terms));
    (world, party, id)
}

/// `G(z) = z Phi(z) + phi(z)` by Simpson's rule over `G' = Phi` and `Phi' = phi`: nothing of the program's own arithmetic.
fn g(z: f64) -> f64 {
    let phi = |x: f64| (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    // z Phi(z) + phi(z) = integral of (z - x) phi(x) over x < z
    let (from, n) = (-12.0, 20_000);
    let h = (z - from) / f64::from(n);
    let f = |i: i32| {
        let x = from + h * f64::from(i);
        (z - x) * phi(x)
    };
    let inner: f64 = (1..n).map(|i| f(i) * if i % 2 == 0 { 2.0 } else { 4.0 }).sum();
    (f(0) + inner + f(n)) * h / 3.0
}

#[test]
fn buying_costs_what_the_invariant_says_and_never_less() {
    let (mut world, party, market) = with_market();
    let mut held = [0_u64; 2];
    for (outcome, shares) in [(0, 400 * UNIT), (1, 900 * UNIT), (1, 1), (0, 1_300 * UNIT + 7)] {
        if held[usize::from(outcome)] == 0 {
            world.position(&party, market, outcome, SPOT);
        }
        let delta = (held[0] as f64 - held[1] as f64) * if outcome == 0 { 1.0 } else { -1.0 };
        let exact = L as f64 * (g((delta + shares as f64) / L as f64) - g(delta / L as f64));
        let done = world.does(&ix::buy(party.owner, market, outcome, shares, u64::MAX));
        let cost = done.event::<Traded>().notional as f64;
        assert!(cost >= exact - 0.01 && cost <= exact + 5.0, "{cost} for {exact}");
        held[usize::from(outcome)] += shares;
    }
}

#[test]
fn a_round_trip_costs_the_fees_and_the_rounding() {
    let (mut world, party, market) = with_market();
    world.position(&party, market, 1, SPOT);
    let (trader, escrow) = (world.trader(&party).balance, world.market_state(market).escrow);
    let bought = world
        .does(&ix::buy(party.owner, market, 1, 700 * UNIT, u64::MAX))
        .event::<Traded>();
    let sold = world
        .does(&ix::sell(party.owner, market, 1, 700 * UNIT, 0))
        .event::<Traded>();
    assert_eq!(
        world.market_state(market).escrow,
        escrow,
        "escrow is a function of the shares"
    );
    let lost = trader - world.trader(&party).balance;
    assert_eq!(lost, bought.fee + sold.fee + 4, "2 micro-units a trade");
}

#[test]
fn a_loan_costs_its_expected_loss_at_even_prices() {
    let (mut world, party, market) = with_market();
    let feed = world.feed;
    world.position(&party, market, 1, LEVERAGED);
    let loan = ix::Loan {
        shares: 10 * UNIT,
        leverage_x100: 500,
        max_payment: u64::MAX,
    };
    let opened = world
        .does(&ix::open(party.owner, market, feed, 1, loan))
        .event::<Traded>();
    let exact = opened.debt as f64 / 2.0;
    assert!(
        (opened.premium as f64 - exact).abs() < 2.0,
        "{} for {exact}",
        opened.premium
    );
}

#[test]
fn the_escrow_covers_both_outcomes_however_lopsided_and_the_winners_are_paid() {
    let (mut world, party, market) = with_market();
    world.holding(&party, market, 1, 9_000 * UNIT);
    let state = world.market_state(market);
    assert!(state.escrow >= 9_000 * UNIT);
    world.settle(market, 100 * UNIT); // at the strike: outcome 1
    let before = world.trader(&party).balance;
    world.does(&ix::redeem(party.owner, market, 1, SPOT));
    assert_eq!(world.trader(&party).balance, before + 9_000 * UNIT);
}
