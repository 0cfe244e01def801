//! What holds for every input.
#![allow(clippy::arithmetic_side_effects)] // tests

use breakwater_math::lmsr::{self, Liquidity};
use breakwater_math::*;
use proptest::prelude::*;

/// A natural number whose length, too, is random.
fn lengths(bits: u32) -> impl Strategy<Value = u64> {
    (any::<u64>(), 64 - bits..64).prop_map(|(x, shift)| x >> shift)
}

/// Liquidity and quantities that are up to `2^spread` times it apart.
fn markets() -> impl Strategy<Value = (Liquidity, Vec<u64>)> {
    (lengths(56), 2_usize..=16, 0_u32..7, lengths(61)).prop_flat_map(|(b, outcomes, spread, base)| {
        let b = b.max(1);
        let l = Liquidity::new(Collateral6::new(b)).expect("in the domain");
        let top = b.saturating_mul(1 << spread).min(1 << 61);
        (
            Just(l),
            prop::collection::vec((0..=top).prop_map(move |d| base + d), outcomes),
        )
    })
}

/// ln sum exp(q / b) in floats, good to about 1e-13.
fn float_cost(l: &Liquidity, q: &[u64]) -> f64 {
    let top = *q.iter().max().unwrap();
    let terms = q.iter().map(|x| (-((top - x) as f64) / l.b as f64).exp());
    terms.sum::<f64>().ln() * l.b as f64
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mul_div_is_that_of_128_bits(a in lengths(64), b in lengths(64), c in lengths(64)) {
        let product = a as u128 * b as u128;
        for rounding in [Rounding::Down, Rounding::Up] {
            let want = if c == 0 {
                Err(MathError::DivisionByZero)
            } else {
                let up = rounding == Rounding::Up && !product.is_multiple_of(c as u128);
                u64::try_from(product / c as u128 + up as u128).map_err(|_| MathError::Overflow)
            };
            prop_assert_eq!(fixed::mul_div(a, b, c, rounding), want);
        }
        prop_assert_eq!(fixed::mul_hi(a, b), (product >> 64) as u64);
    }

    #[test]
    fn fixed_point_arithmetic_is_that_of_128_bits(a in any::<i64>(), b in any::<i64>(), s in 0..63, t in 0..63) {
        let (a, b) = (a >> s, b >> t);
        let (x, y) = (Q48::new(a), Q48::new(b));
        // the most negative number has no magnitude of the type, and counts as overflow
        let narrow = |v: i128| i64::try_from(v).ok().filter(|v| *v != i64::MIN).ok_or(MathError::Overflow);
        let product = a as i128 * b as i128;
        prop_assert_eq!(x.mul(y).map(Q48::raw), narrow(product / (1 << 48)));
        if b != 0 {
            prop_assert_eq!(x.div(y).map(Q48::raw), narrow(((a as i128) << 48) / b as i128));
        }
        if b > 0 {
            let n = (a as i128) << 48;
            let (down, up) = (n.div_euclid(b as i128), -(-n).div_euclid(b as i128));
            prop_assert_eq!(Q48::from_ratio(a, b as u64, Rounding::Down).map(Q48::raw), narrow(down));
            prop_assert_eq!(Q48::from_ratio(a, b as u64, Rounding::Up).map(Q48::raw), narrow(up));
        }
    }

    #[test]
    fn isqrt_is_the_floor(x in lengths(64)) {
        let root = fixed::isqrt(x) as u128;
        prop_assert!(root * root <= x as u128 && (root + 1) * (root + 1) > x as u128);
    }

    #[test]
    fn ln_undoes_exp(x in -(20_i64 << 48)..(10_i64 << 48)) {
        let e = Q48::new(x).exp().unwrap();
        let back = e.ln().unwrap().raw();
        // half a unit of e^x is this much of x
        let allowed = 4.0 + (1_i64 << 48) as f64 / e.raw() as f64;
        prop_assert!(((back - x) as f64).abs() <= allowed, "{x} {back}");
    }

    #[test]
    fn escrow_covers_every_payout_and_the_true_cost((l, q) in markets()) {
        let top = *q.iter().max().unwrap();
        let cost = l.cost(&q).unwrap().raw();
        prop_assert!(cost > top);
        let (above, exact) = ((cost - top) as f64, float_cost(&l, &q));
        let float_error = exact * 1e-12 + 1e-14 * l.b as f64;
        prop_assert!(above >= exact - float_error, "{above} {exact}");
        prop_assert!(above <= exact + float_error + l.rounding().raw() as f64, "{above} {exact}");
    }

    #[test]
    fn escrow_does_not_depend_on_the_order_and_moves_with_all((l, q) in markets(), by in lengths(60)) {
        let cost = l.cost(&q).unwrap();
        let reversed: Vec<u64> = q.iter().rev().copied().collect();
        prop_assert_eq!(l.cost(&reversed).unwrap(), cost);
        let raised: Vec<u64> = q.iter().map(|x| x + by).collect();
        if raised.iter().all(|x| *x <= lmsr::MAX_QUANTITY) {
            prop_assert_eq!(l.cost(&raised).unwrap().raw(), cost.raw() + by);
        }
    }

    #[test]
    fn more_shares_never_lower_the_escrow_beyond_its_rounding((l, q) in markets(), i in 0_usize..16, by in lengths(60)) {
        let mut more = q.clone();
        let i = i % q.len();
        more[i] = (more[i] + by).min(lmsr::MAX_QUANTITY);
        let (less, more) = (l.cost(&q).unwrap().raw(), l.cost(&more).unwrap().raw());
        prop_assert!(more + l.rounding().raw() >= less, "{less} {more}");
    }

    #[test]
    fn no_cycle_of_trades_profits((l, mut q) in markets(), trades in prop::collection::vec((0_usize..16, lengths(56)), 1..8)) {
        let start = q.clone();
        let (mut paid, mut earned) = (0_u128, 0_u128);
        let mut escrow = l.cost(&q).unwrap();
        // out, then back in the order of the outcomes
        let mut path = vec![];
        for (i, by) in trades {
            let i = i % q.len();
            q[i] = (q[i] + by).min(lmsr::MAX_QUANTITY);
            path.push(q.clone());
        }
        for i in 0..q.len() {
            q[i] = start[i];
            path.push(q.clone());
        }
        for q in path {
            let next = l.cost(&q).unwrap();
            if next >= escrow {
                paid += lmsr::buy_cost(escrow, next, &l).unwrap().raw() as u128;
            } else {
                earned += lmsr::sell_proceeds(escrow, next, &l).unwrap().raw() as u128;
            }
            escrow = next;
        }
        prop_assert_eq!(escrow, l.cost(&start).unwrap());
        prop_assert!(earned < paid);
    }

    #[test]
    fn a_purchase_costs_at_least_the_exact_difference((l, q) in markets(), i in 0_usize..16, by in lengths(50)) {
        let mut more = q.clone();
        let i = i % q.len();
        more[i] = (more[i] + by).min(lmsr::MAX_QUANTITY);
        let exact = |q: &[u64]| (*q.iter().max().unwrap() as i128, float_cost(&l, q));
        let ((top, above), (new_top, new_above)) = (exact(&q), exact(&more));
        let difference = (new_top - top) as f64 + (new_above - above);
        let (old, new) = (l.cost(&q).unwrap(), l.cost(&more).unwrap());
        if new >= old {
            let cost = lmsr::buy_cost(old, new, &l).unwrap().raw() as f64;
            prop_assert!(cost >= difference - (cost + l.b as f64) * 1e-13, "{cost} {difference}");
        }
    }

    #[test]
    fn prices_sum_to_one((l, q) in markets()) {
        let prices: Vec<i64> = (0..q.len()).map(|i| l.price(&q, i).unwrap().raw()).collect();
        let sum: i64 = prices.iter().sum();
        prop_assert!((Q48::ONE.raw() - q.len() as i64..=Q48::ONE.raw()).contains(&sum), "{sum}");
        // the more shares, the higher the price
        for (x, p) in q.iter().zip(&prices) {
            for (y, r) in q.iter().zip(&prices) {
                prop_assert!(x <= y || p + 8 >= *r);
            }
        }
    }

    #[test]
    fn margin_and_debt_make_the_notional(notional in lengths(64), leverage in 100_u16..=5_000) {
        let margin = risk::margin(Collateral6::new(notional), LeverageX100::new(leverage)).unwrap();
        let debt = Collateral6::new(notional).checked_sub(margin).unwrap();
        prop_assert!(margin.raw() as u128 * leverage as u128 >= notional as u128 * 100);
        prop_assert!(leverage > 100 || debt == Collateral6::ZERO);
    }

    #[test]
    fn debt_at_risk_is_the_worst_outcome(debts in prop::collection::vec(lengths(58), 1..=16)) {
        let worst = (0..debts.len()).map(|won| {
            debts.iter().enumerate().filter(|(i, _)| *i != won).map(|(_, d)| *d).sum::<u64>()
        });
        prop_assert_eq!(risk::debt_at_risk(&debts).unwrap().raw(), worst.max().unwrap());
    }

    #[test]
    fn the_most_debt_is_covered(free in lengths(60), least in lengths(40)) {
        if let Ok(debt) = risk::max_debt(Collateral6::new(free), CoverageQ32::new(least)) {
            prop_assert!(free == 0 || risk::coverage(Collateral6::new(free), debt) >= CoverageQ32::new(least));
        }
    }

    #[test]
    fn coverage_checks_are_those_of_128_bits(free in lengths(64), debt in lengths(64), least in lengths(64)) {
        let (f, d, c) = (Collateral6::new(free), Collateral6::new(debt), CoverageQ32::new(least));
        let needed = debt as u128 * least as u128;
        prop_assert_eq!(risk::is_covered(f, d, c), needed <= (free as u128) << 32);
        let cash = u64::try_from(needed.div_ceil(1 << 32)).map_err(|_| MathError::Overflow);
        prop_assert_eq!(risk::cash_for(d, c).map(Collateral6::raw), cash);
        if let Ok(cash) = risk::cash_for(d, c) {
            prop_assert!(risk::is_covered(cash, d, c));
            prop_assert!(cash.raw() == 0 || !risk::is_covered(Collateral6::new(cash.raw() - 1), d, c));
        }
    }

    #[test]
    fn leverage_grows_with_coverage_and_shrinks_with_outcomes(n in 2_usize..16, c in lengths(40), more in lengths(40)) {
        let cap = |n, c| risk::leverage_cap(n, CoverageQ32::new(c)).unwrap();
        prop_assert!(cap(n, c) >= LeverageX100::ONE && cap(n, c) <= risk::tier_cap(n).unwrap());
        prop_assert!(cap(n, c + more) >= cap(n, c));
        prop_assert!(cap(n + 1, c) <= cap(n, c));
    }

    #[test]
    fn fees_shrink_with_coverage(c in lengths(38), more in lengths(38)) {
        let rate = |c| fees::fee_rate(fees::BASE, fees::SLOPE, CoverageQ32::new(c)).unwrap();
        prop_assert!(rate(c + more) <= rate(c));
        prop_assert!(rate(c) >= fees::BASE && rate(c).raw() <= 2_800);
    }

    #[test]
    fn a_deposit_withdrawn_at_once_never_profits(amount in lengths(60), supply in lengths(60), nav in lengths(60)) {
        let (a, s, n) = (Collateral6::new(amount), LpShares6::new(supply), Collateral6::new(nav));
        if let Ok(shares) = vault::shares_for_deposit(a, s, n) {
            if let Ok(supply) = s.checked_add(shares) {
                let value = vault::value_of_shares(shares, supply, n.checked_add(a).unwrap()).unwrap();
                prop_assert!(value <= a);
            }
        }
    }

    #[test]
    fn withdrawals_never_exceed_the_vault(supply in lengths(60), nav in lengths(60), part in lengths(60)) {
        let shares = LpShares6::new(part.min(supply));
        let value = vault::value_of_shares(shares, LpShares6::new(supply), Collateral6::new(nav)).unwrap();
        prop_assert!(value.raw() <= nav);
    }
}

proptest! {
    #[test]
    fn a_price_floor_is_below_the_price_and_close_to_it(
        b in 1_000_u64..=1 << 50,
        q in prop::collection::vec(0_u64..1 << 40, 2..=16),
        pick in 0_usize..16,
    ) {
        let outcome = pick % q.len();
        let market = Liquidity::new(Collateral6::new(b)).unwrap();
        // both in units of 2^-48; the price itself is rounded down and exact to 2^-47
        let floor = (market.price_floor(&q, outcome).unwrap().raw() as i64) << 20;
        let price = market.price(&q, outcome).unwrap().raw();
        prop_assert!(floor <= price + 2, "{floor} {price}");
        prop_assert!(floor >= price - price / 400 - (1 << 26), "{floor} {price}");
    }

    #[test]
    fn a_reference_goes_towards_the_quantity_and_never_past_it(
        reference in 0_u64..1 << 62, quantity in 0_u64..1 << 62, a in 0_u64..80, b in 0_u64..80,
    ) {
        let at = risk::follow(reference, quantity, a);
        prop_assert!(at >= reference.min(quantity) && at <= reference.max(quantity));
        let twice = risk::follow(at, quantity, b);
        let once = risk::follow(reference, quantity, a + b);
        prop_assert!(quantity.abs_diff(twice) + 64 * 64 >= quantity.abs_diff(once), "two steps go no further than one");
        prop_assert_eq!(risk::follow(reference, quantity, risk::REFERENCE_S), quantity);
        prop_assert_eq!(risk::follow(reference, quantity, 0), reference);
    }

    #[test]
    fn a_premium_is_the_expected_loss_rounded_up(debt in 0_u64..1 << 60, price in 0_u32..=1 << 28) {
        let premium = risk::premium(Collateral6::new(debt), PriceQ28::new(price)).unwrap().raw() as u128;
        let exact = debt as u128 * ((1 << 28) - price) as u128;
        prop_assert!(premium << 28 >= exact && (premium << 28) < exact + (1 << 28));
    }

    #[test]
    fn a_fill_price_is_the_average_rounded_down(notional in 0_u64..1 << 60, shares in 1_u64..1 << 60) {
        let price = risk::fill_price(Collateral6::new(notional), Shares6::new(shares)).unwrap().raw() as u128;
        let exact = (((notional as u128) << 28) / shares as u128).min(1 << 28);
        prop_assert!(price <= exact && exact - price <= (exact >> 26) + 2, "{price} for {exact}");
        if notional < 1 << 36 {
            prop_assert_eq!(price, exact);
        }
    }

    #[test]
    fn debt_at_risk_is_the_same_from_a_known_sum(debts in prop::collection::vec(0_u64..1 << 58, 2..=16)) {
        let total = Collateral6::new(debts.iter().sum());
        prop_assert_eq!(risk::debt_at_risk_of(total, &debts), risk::debt_at_risk(&debts));
    }
}
