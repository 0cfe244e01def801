//! The pm-AMM against the golden vectors of `scripts/generate_normal.py`, what holds for every input, and its edges.
#![allow(clippy::arithmetic_side_effects)] // tests

mod pools;

use breakwater_math::pm_amm::*;
use breakwater_math::*;
use pools::*;
use proptest::prelude::*;

/// The whole part of a decimal, and whether something follows it.
fn split(decimal: &str) -> (u64, bool) {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, "0"));
    (
        whole.parse().unwrap(),
        fraction.bytes().any(|digit| digit != b'0'),
    )
}
#[test]
fn trades_cost_at_least_the_true_cost_and_at_most_two_roundings_more() {
    let mut worst = 0_f64;
    for row in rows("pm_amm_trade") {
        let (l, delta, shares) = (
            row[0].as_u64().unwrap(),
            row[1].as_i64().unwrap(),
            row[2].as_u64().unwrap(),
        );
        let p = Pool::new(Collateral6::new(l));
        let (cost, price) = (row[3].as_str().unwrap(), row[4].as_str().unwrap());
        if cost == "Domain" {
            assert_eq!(p, Err(MathError::Domain));
            continue;
        }
        let p = p.unwrap();
        let got = p.price(delta, 0).unwrap().raw() as f64 / ONE;
        let want: f64 = price.parse().unwrap();
        worst = worst.max((got - want).abs() / want.max(0.01));
        let after = delta + shares as i64;
        if after > MAX_QUANTITY as i64 {
            assert_eq!(p.reserves(after), Err(MathError::Overflow));
            continue;
        }
        let (old, new) = (
            Collateral6::new(reserve(&p, delta)),
            Collateral6::new(reserve(&p, after)),
        );
        let (whole, more) = split(cost);
        let paid = buy_cost(old, new).unwrap().raw();
        assert!(paid >= whole + more as u64, "{row:?}: {paid}");
        assert!(paid <= whole + 2 * ROUNDING.raw(), "{row:?}: {paid}");
        // and back: never more than what it is worth
        assert!(sell_proceeds(new, old).raw() <= whole, "{row:?}");
    }
    println!("price: largest scaled error {worst:.2e}");
    assert!(worst <= 2.7e-13, "{worst:e}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8_192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_invariant_is_kept((p, delta) in pools(50, 9.0)) {
        let [x, y] = p.reserves(delta).unwrap().map(|r| r.raw() as i64);
        prop_assert_eq!(y - x, delta);
        prop_assert!(x > 0 && y > 0);
        let z = Q48::from_ratio(delta, p.l, Rounding::Down).unwrap();
        let (phi, density) = (z.normal_cdf().raw() as f64 / ONE, z.normal_pdf().raw() as f64 / ONE);
        let rest = delta as f64 * phi + p.l as f64 * density - y as f64;
        // rounded up by less than two; and what Q48 and the floats leave out
        let error = p.l as f64 * 2_f64.powi(-44);
        prop_assert!(rest <= error && rest >= -2.0 - error, "{rest}");
    }

    #[test]
    fn prices_are_probabilities_and_rise((p, delta) in pools(50, 9.0), by in lengths(50)) {
        let price = |delta, outcome| p.price(delta, outcome).unwrap().raw();
        let (first, second) = (price(delta, 0), price(delta, 1));
        prop_assert!((0..=Q48::ONE.raw()).contains(&first));
        prop_assert_eq!(first + second, Q48::ONE.raw());
        prop_assert_eq!(first, price(-delta, 1) - (2 * price(0, 0) - Q48::ONE.raw()));
        prop_assert!(price(delta + by as i64, 0) + 1 >= first);
        // whichever outcome is ahead is the dearer one
        prop_assert!((delta >= 0) == (first >= Q48::ONE.raw() / 2) || delta.unsigned_abs() < (p.l >> 44).max(1));
    }

    #[test]
    fn escrow_covers_traders_and_pool((p, delta) in pools(50, 9.0), q in [lengths(61), lengths(61)]) {
        let escrow = p.escrow(q, delta).unwrap().raw();
        let pooled = p.reserves(delta).unwrap();
        for (held, pooled) in q.iter().zip(pooled) {
            prop_assert!(escrow >= held + pooled.raw());
        }
        // nothing is held that nobody may claim
        prop_assert!((0..2).any(|i| escrow == q[i] + pooled[i].raw()));
        let swapped = p.escrow([q[1], q[0]], -delta).unwrap().raw();
        prop_assert_eq!(escrow, swapped);
    }

    #[test]
    fn a_static_pool_needs_no_delta((p, _) in pools(50, 1.0), q in [lengths(61), lengths(61)]) {
        prop_assert_eq!(p.cost(q), p.escrow(q, q[0] as i64 - q[1] as i64));
    }

    #[test]
    fn no_cycle_of_trades_profits(
        (p, opening) in pools(50, 4.0),
        trades in prop::collection::vec((0_usize..2, lengths(52)), 1..8),
        held in [lengths(55), lengths(55)],
    ) {
        let (mut q, mut path) = (held, vec![]);
        for (outcome, by) in trades {
            q[outcome] += by;
            path.push(q);
        }
        path.push([held[0], q[1]]);
        path.push(held);
        let delta = |q: [u64; 2]| opening + (q[0] as i64 - held[0] as i64) - (q[1] as i64 - held[1] as i64);
        let start = p.escrow(held, delta(held)).unwrap();
        let (mut escrow, mut paid, mut earned) = (start, 0_u128, 0_u128);
        for q in path {
            let next = p.escrow(q, delta(q)).unwrap();
            prop_assert!(next.raw() >= q[0].max(q[1]));
            if next >= escrow {
                paid += buy_cost(escrow, next).unwrap().raw() as u128;
            } else {
                earned += sell_proceeds(escrow, next).raw() as u128;
            }
            escrow = next;
        }
        prop_assert_eq!(escrow, start);
        prop_assert!(earned < paid);
    }

    #[test]
    fn a_trade_through_the_escrow_is_one_through_the_reserve(
        (p, delta) in pools(50, 4.0), q in [lengths(60), lengths(60)], outcome in 0_usize..2, by in lengths(52)
    ) {
        let mut more = q;
        more[outcome] += by;
        let after = delta + oriented(by as i64, outcome).unwrap();
        let (old, new) = (p.escrow(q, delta).unwrap(), p.escrow(more, after).unwrap());
        prop_assert_eq!(buy_cost(old, new).unwrap().raw(), cost(&p, delta, outcome, by));
        prop_assert_eq!(sell_proceeds(new, old).raw(), proceeds(&p, after, outcome, by));
    }

    #[test]
    fn decay_keeps_price_and_solvency_and_only_releases(
        (p, delta) in pools(50, 5.0), q in [lengths(58), lengths(58)], left in 0.0..1.0_f64
    ) {
        let l = ((p.l as f64 * left) as u64).clamp(1, p.l);
        let later = pool(l);
        let after = decayed(delta, collateral(p.l), collateral(l)).unwrap();
        let (old, new) = (p.escrow(q, delta).unwrap().raw(), later.escrow(q, after).unwrap().raw());
        prop_assert!(new <= old + ROUNDING.raw(), "{old} {new}");
        prop_assert!(new >= q[0].max(q[1]));
        let moved = later.price(after, 0).unwrap().raw() - p.price(delta, 0).unwrap().raw();
        // at most one micro-share of delta
        prop_assert!(moved.unsigned_abs() <= 2 + (1 << 47) / l, "{moved}");
    }

    #[test]
    fn a_decaying_market_is_solvent_all_its_life(
        (p, opening) in pools(44, 3.0),
        steps in prop::collection::vec((0.0..1.0_f64, 0_usize..2, lengths(44), any::<bool>()), 1..24),
    ) {
        let (mut p, mut delta, mut q) = (p, opening, [0_u64; 2]);
        let subsidy = p.subsidy(delta).unwrap();
        let (mut escrow, mut released, mut fees) = (subsidy, 0_u64, 0_u64);
        let (mut paid, mut earned) = (subsidy.raw(), 0_u64);
        for (left, outcome, shares, is_buy) in steps {
            let l = ((p.l as f64 * left.sqrt()) as u64).max(1);
            if let Some(now) = p.decay(q, delta, escrow, collateral(l)).unwrap() {
                released += escrow.raw() - now.escrow.raw();
                (p, delta, escrow) = (now.pool, now.delta, now.escrow);
            }
            let sign = 1 - 2 * outcome as i64;
            if is_buy {
                q[outcome] += shares;
                delta += sign * shares as i64;
                let new = p.escrow(q, delta).unwrap();
                let cost = buy_cost(escrow, new).unwrap().raw();
                prop_assert!(cost <= shares + 2 * ROUNDING.raw());
                paid += cost;
                fees += escrow.raw() + cost - new.raw();
                escrow = new;
            } else {
                let shares = shares.min(q[outcome]);
                q[outcome] -= shares;
                delta -= sign * shares as i64;
                let new = p.escrow(q, delta).unwrap();
                let proceeds = sell_proceeds(escrow, new).raw();
                // a reserve that grew by its rounding is paid out of nothing: out of what the roundings before brought
                prop_assert!(escrow.raw() + ROUNDING.raw() >= new.raw() + proceeds);
                earned += proceeds;
                fees = (fees + escrow.raw()).checked_sub(new.raw() + proceeds).expect("covered");
                escrow = new;
            }
            prop_assert!(escrow.raw() >= q[0].max(q[1]));
            prop_assert_eq!(paid, earned + released + fees + escrow.raw());
        }
        // whatever happens, the vault loses no more than the subsidy
        prop_assert!(released + fees + escrow.raw() >= q[0].max(q[1]));
    }

    #[test]
    fn liquidity_falls_with_the_root_of_time(l in lengths(50), open in lengths(41), all in lengths(40), part in 0.0..1.0_f64) {
        let all = all.max(1);
        let left = ((all as f64 * part) as u64).clamp(1, all);
        let at = |left| liquidity_at(collateral(l), open, open + all, open + all - left).unwrap().raw();
        let got = at(left) as u128;
        // never above the true root, and at most a unit and 2^-40 of it below
        let (top, slack) = ((l as u128).pow(2), 1 + (got >> 40));
        prop_assert!(got * got / left as u128 <= top / all as u128 + 1 + ((top / all as u128) >> 40));
        prop_assert!((got + slack).pow(2) / left as u128 + 1 >= top / all as u128);
        prop_assert!(left == all || at(left + 1) as u128 >= got);
    }
}

#[test]
fn pools_say_what_they_refuse() {
    let far = MAX_QUANTITY as i64;
    assert_eq!(Pool::new(Collateral6::ZERO), Err(MathError::Domain));
    assert_eq!(Pool::new(collateral(MAX_L + 1)), Err(MathError::Domain));
    for l in [1, 2, 3, 1_000_000, MAX_L] {
        let p = pool(l);
        assert!(p.per_l >= 1 << 63 && (11..=61).contains(&p.shift), "{p:?}");
        assert!(p.reserves(far).is_ok() && p.reserves(-far).is_ok());
        for delta in [far + 1, -far - 1, i64::MAX, i64::MIN] {
            assert_eq!(p.reserves(delta), Err(MathError::Overflow));
            assert_eq!(p.escrow([0, 0], delta), Err(MathError::Overflow));
            assert_eq!(
                p.shares_for_collateral(delta, 0, collateral(9), None),
                Err(MathError::Overflow)
            );
            assert_eq!(
                p.shares_for_proceeds(delta, 0, collateral(9), None),
                Err(MathError::Overflow)
            );
            // a price has every pool
            assert_eq!(
                p.price(delta, 0).unwrap().raw(),
                if delta > 0 { 1 << 48 } else { 0 }
            );
        }
        for q in [[MAX_QUANTITY + 1, 0], [0, u64::MAX]] {
            assert_eq!(p.escrow(q, 0), Err(MathError::Overflow));
            assert_eq!(p.cost(q), Err(MathError::Overflow));
        }
        assert_eq!(p.price(0, 2), Err(MathError::Domain));
        assert_eq!(
            p.shares_for_collateral(0, 2, collateral(9), None),
            Err(MathError::Domain)
        );
        assert_eq!(
            p.shares_for_collateral(0, 0, collateral(1), None),
            Err(MathError::Domain)
        );
        assert_eq!(
            p.shares_for_collateral(0, 0, collateral(u64::MAX), None),
            Err(MathError::Overflow)
        );
        assert_eq!(
            p.shares_for_proceeds(0, 1, collateral(l), None),
            Err(MathError::Domain)
        );
        assert_eq!(
            p.shares_for_proceeds(0, 1, collateral(u64::MAX), None),
            Err(MathError::Overflow)
        );
        for (price, delta) in [(0, None), (1 << 48, None), (-1, None), (1 << 47, Some(0))] {
            assert_eq!(p.delta_at(Q48::new(price)).ok(), delta);
        }
    }
    let l = collateral(1_000);
    for (open, close, now) in [(5, 5, 4), (6, 5, 4), (0, 5, 5), (0, 5, 6)] {
        assert_eq!(liquidity_at(l, open, close, now), Err(MathError::Domain));
    }
    assert_eq!(liquidity_at(l, 10, 20, 3), Ok(l));
    assert_eq!(liquidity_at(l, 10, 20, 10), Ok(l));
    assert_eq!(liquidity_at(l, 0, 400, 300), Ok(collateral(500)));
    assert_eq!(liquidity_at(l, 0, 1 << 62, (1 << 62) - 1), Ok(Collateral6::ZERO));
    assert_eq!(decayed(1, Collateral6::ZERO, l), Err(MathError::DivisionByZero));
    assert_eq!(decayed(-7, collateral(2), collateral(1)), Ok(-3));
}

#[test]
fn opening_at_a_price_gives_that_price_for_its_subsidy() {
    for l in [1_000_000_u64, 5_000_000_000, MAX_L] {
        let p = pool(l);
        for percent in 1..100 {
            let price = Q48::from_ratio(percent, 100, Rounding::Down).unwrap();
            let delta = p.delta_at(price).unwrap();
            let opened = p.price(delta, 0).unwrap().raw();
            assert!(
                (opened - price.raw()).unsigned_abs() <= 8 + (1 << 47) / l,
                "{l} {percent}"
            );
            // the most that can be lost: whatever is bought, its holders bring all but the subsidy
            let subsidy = p.subsidy(delta).unwrap().raw();
            for q in [[16 * l, 0], [0, 16 * l]] {
                let end = p.escrow(q, delta + q[0] as i64 - q[1] as i64).unwrap().raw();
                let brought = end - subsidy;
                assert!(16 * l - brought <= subsidy);
            }
        }
    }
    // the paper's L / sqrt(2 pi) at even prices
    assert_eq!(pool(1_000_000).subsidy(0), Ok(collateral(398_943)));
}
