//! The solver of the pm-AMM: to the unit, in few iterations, against the golden vectors of `scripts/generate_normal.py`.
#![allow(clippy::arithmetic_side_effects)] // tests

mod pools;

use breakwater_math::pm_amm::*;
use breakwater_math::*;
use pools::*;
use proptest::prelude::*;

#[test]
fn positions_are_accurate_and_soon_found() {
    let (mut worst, mut histogram) = (0_f64, [0_u32; MAX_ITERATIONS as usize + 1]);
    for row in rows("pm_amm_solve") {
        let w = Q48::new(row[0].as_i64().unwrap());
        match (position(w), row[1].as_str().unwrap()) {
            (Ok((z, iterations)), want) => {
                let want: f64 = want.parse().unwrap_or_else(|_| panic!("{row:?}"));
                worst = worst.max((z.raw() as f64 / ONE - want).abs() / want.abs().max(0.01));
                histogram[iterations as usize] += 1;
            }
            (got, want) => assert_eq!((got, want), (Err(MathError::Domain), "Domain"), "{row:?}"),
        }
    }
    println!("solve: largest scaled error {worst:.2e}, by iterations {histogram:?}");
    assert!(worst <= 5e-11, "{worst:e}");
    let (n, sum) = (0..)
        .zip(histogram)
        .fold((0, 0), |(n, sum), (i, k)| (n + k, sum + i * k));
    assert!(sum < 2 * n, "{sum} iterations for {n}");
}
proptest! {
    #![proptest_config(ProptestConfig { cases: 8_192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn collateral_buys_the_most_shares_to_the_unit(
        (p, delta) in pools(44, 3.5), outcome in 0_usize..2, paid in lengths(46), warm in any::<bool>()
    ) {
        let c = paid + ROUNDING.raw();
        let start = warm.then_some(oriented(delta, outcome).unwrap());
        let s = p.shares_for_collateral(delta, outcome, collateral(c), start).unwrap();
        let shares = s.shares.raw();
        prop_assert!(s.iterations <= MAX_ITERATIONS);
        prop_assert!(cost(&p, delta, outcome, shares) <= c, "{s:?}");
        prop_assert!(cost(&p, delta, outcome, shares + 1) > c, "{s:?}");
    }

    #[test]
    fn proceeds_take_the_fewest_shares_to_the_unit(
        (p, delta) in pools(44, 3.5), outcome in 0_usize..2, part in 0.0..1.0_f64
    ) {
        let reserve = reserve(&p, oriented(delta, outcome).unwrap());
        let c = ((reserve as f64 * part) as u64).max(1);
        // beyond 3.5 standard deviations, a unit of shares is worth too little to be told apart
        if let Ok(s) = p.shares_for_proceeds(delta, outcome, collateral(c), None) {
            let shares = s.shares.raw();
            prop_assert!(s.iterations <= MAX_ITERATIONS);
            prop_assert!(proceeds(&p, delta, outcome, shares) >= c, "{s:?}");
            let after = oriented(delta, outcome).unwrap() - shares as i64;
            if shares > 0 && after > -3 * p.l as i64 {
                prop_assert!(proceeds(&p, delta, outcome, shares - 1) < c, "{s:?}");
            }
        } else {
            prop_assert!(c + ROUNDING.raw() >= reserve);
        }
    }

    #[test]
    fn no_purchase_costs_more_than_was_offered((p, delta) in pools(50, 12.0), outcome in 0_usize..2, c in lengths(60)) {
        match p.shares_for_collateral(delta, outcome, collateral(c), Some(delta / 3)) {
            Ok(s) => prop_assert!(s.iterations <= MAX_ITERATIONS && cost(&p, delta, outcome, s.shares.raw()) <= c),
            Err(e) => prop_assert!(e == MathError::Domain && c < ROUNDING.raw()),
        }
    }
}

#[test]
fn iterations_are_few() {
    let (mut newton, mut proofs) = ([[0_u32; 6]; 2], [[0_u32; 32]; 2]);
    let mut state = 7_u64;
    let mut draw = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    for _ in 0..50_000 {
        let l = 2_f64.powf(20.0 + 24.0 * draw()) as u64;
        let delta = (l as f64 * (draw() * 6.0 - 3.0)) as i64;
        let c = (l as f64 * 10_f64.powf(-5.0 + 5.0 * draw())) as u64 + 10;
        for (warm, start) in [None, Some(delta)].into_iter().enumerate() {
            let s = pool(l)
                .shares_for_collateral(delta, 0, collateral(c), start)
                .unwrap();
            newton[warm][s.iterations as usize] += 1;
            proofs[warm][(s.evaluations as usize).min(31)] += 1;
        }
    }
    for (name, newton, proofs) in [
        ("guess", newton[0], proofs[0]),
        ("warm start", newton[1], proofs[1]),
    ] {
        let mean = |counts: &[u32]| {
            let sum: u64 = counts.iter().zip(0..).map(|(n, i)| *n as u64 * i).sum();
            sum as f64 / 50_000.0
        };
        println!(
            "{name}: iterations {newton:?}, mean {:.3}; evaluations {proofs:?}, mean {:.3}",
            mean(&newton),
            mean(&proofs)
        );
        assert!(mean(&newton) < 3.0);
    }
}

#[test]
fn small_pools_are_right_at_every_point() {
    for l in 1..=40_u64 {
        let p = pool(l);
        let reach = 10 * l as i64;
        let reserves: Vec<u64> = (-reach..=reach).map(|delta| reserve(&p, delta)).collect();
        // shares cost between nothing and one
        for pair in reserves.windows(2) {
            assert!(pair[0] <= pair[1] && pair[1] <= pair[0] + 1, "{l}: {pair:?}");
        }
        for delta in -reach..=reach {
            for paid in 0..3 * l {
                let s = p
                    .shares_for_collateral(delta, 0, collateral(paid + 2), None)
                    .unwrap();
                let shares = s.shares.raw();
                assert!(s.iterations <= MAX_ITERATIONS);
                assert!(cost(&p, delta, 0, shares) <= paid + 2, "{l} {delta} {paid} {s:?}");
                assert!(
                    cost(&p, delta, 0, shares + 1) > paid + 2,
                    "{l} {delta} {paid} {s:?}"
                );
            }
        }
    }
}
