//! Pools whose liquidity has decayed, so that their delta is no longer the difference of the outstanding shares, against
//! the definition in floating point.
#![allow(clippy::arithmetic_side_effects)] // tests

use breakwater_math::pm_amm::*;
use breakwater_math::*;
use proptest::prelude::*;

fn pool(l: u64) -> Pool {
    Pool::new(Collateral6::new(l)).expect("in the domain")
}

fn phi(x: f64) -> f64 {
    (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// `K(z) = G(-z) = phi(z) - z Q(z)`, the integral of `(x - z) phi(x)` over `x > z`, to a few units in 10^16.
fn loss(z: f64) -> f64 {
    phi(z) - z * libm::erfc(z / std::f64::consts::SQRT_2) / 2.0
}

/// Reserves of both outcomes.
fn reserves(l: u64, delta: i64) -> [f64; 2] {
    let magnitude = delta.unsigned_abs() as f64;
    let smaller = l as f64 * loss(magnitude / l as f64);
    if delta < 0 {
        [smaller + magnitude, smaller]
    } else {
        [smaller, smaller + magnitude]
    }
}

/// What a market has to hold of each outcome, before any rounding.
fn escrow(l: u64, q: [u64; 2], delta: i64) -> f64 {
    let [x, y] = reserves(l, delta);
    (q[0] as f64 + x).max(q[1] as f64 + y)
}

/// Liquidity, delta and holdings, small enough for floating point to be exact to a thousandth of a micro-unit.
fn markets() -> impl Strategy<Value = (Pool, i64, [u64; 2])> {
    let amount = || (any::<u64>(), 26_u32..64).prop_map(|(x, shift)| x >> shift);
    (amount(), -6.0..6.0_f64, [amount(), amount()]).prop_map(|(l, z, q)| {
        let l = l.max(1);
        (pool(l), (l as f64 * z) as i64, q)
    })
}

/// Error of the model.
const SLACK: f64 = 1e-3;

proptest! {
    #[test]
    fn the_escrow_after_a_decay_is_never_below_the_exact_one_and_less_than_two_above(
        (p, delta, q) in markets(), left in 0.0..1.0_f64
    ) {
        let l = ((p.l as f64 * left) as u64).max(1);
        let before = p.escrow(q, delta).unwrap();
        if let Some(decay) = p.decay(q, delta, before, Collateral6::new(l)).unwrap() {
            let exact = escrow(l, q, decay.delta);
            let got = decay.escrow.raw() as f64;
            prop_assert!(got >= exact - SLACK, "{got} for {exact}");
            prop_assert!(got < exact + 2.0 + SLACK, "{got} for {exact}");
            prop_assert!(decay.escrow < before);
            prop_assert!(decay.escrow.raw() >= q[0].max(q[1]));
            prop_assert_eq!(decay.pool, pool(l));
            // towards even prices, by less than a micro-share
            let scaled = delta as f64 * l as f64 / p.l as f64;
            prop_assert!((decay.delta as f64 - scaled).abs() < 1.0);
            prop_assert!(decay.delta.unsigned_abs() as f64 <= scaled.abs() + SLACK);
        }
    }

    #[test]
    fn a_purchase_from_a_decayed_pool_never_costs_less_than_the_exact_difference(
        (p, delta, q) in markets(), left in 0.0..1.0_f64, outcome in 0_usize..2, shares in 1_u64..1 << 38
    ) {
        let l = ((p.l as f64 * left) as u64).max(1);
        let before = p.escrow(q, delta).unwrap();
        let decayed = p.decay(q, delta, before, Collateral6::new(l)).unwrap();
        let (p, delta, held) = decayed.map_or((p, delta, before), |d| (d.pool, d.delta, d.escrow));
        let sign = 1 - 2 * outcome as i64;
        let after = delta + sign * shares as i64;
        let mut more = q;
        more[outcome] += shares;
        let exact = escrow(p.l, more, after) - escrow(p.l, q, delta);

        let then = p.escrow(more, after).unwrap();
        let cost = buy_cost(held, then).unwrap().raw() as f64;
        prop_assert!(cost >= exact - SLACK, "{cost} for {exact}");
        prop_assert!(cost <= exact + 4.0 + SLACK, "{cost} for {exact}");

        // and back: never more than what it is worth
        let proceeds = sell_proceeds(then, held).raw() as f64;
        prop_assert!(proceeds <= exact + SLACK, "{proceeds} for {exact}");
    }

    #[test]
    fn waiting_between_purchase_and_sale_never_profits(
        (p, delta, q) in markets(), left in 0.0..1.0_f64, outcome in 0_usize..2, shares in 1_u64..1 << 38
    ) {
        let sign = 1 - 2 * outcome as i64;
        let mut more = q;
        more[outcome] += shares;
        let (old, new) = (p.escrow(q, delta).unwrap(), p.escrow(more, delta + sign * shares as i64).unwrap());
        let cost = buy_cost(old, new).unwrap().raw();
        let l = ((p.l as f64 * left) as u64).max(1);
        let decayed = p.decay(more, delta + sign * shares as i64, new, Collateral6::new(l)).unwrap();
        if let Some(d) = decayed {
            let back = d.pool.escrow(q, d.delta - sign * shares as i64).unwrap();
            prop_assert!(sell_proceeds(d.escrow, back).raw() <= cost);
        }
    }
}
