//! Edges: small domains exhaustively, and the exact error outside each domain.
#![allow(clippy::arithmetic_side_effects)] // tests

use breakwater_math::lmsr::{self, Liquidity};
use breakwater_math::*;

fn liquidity(b: u64) -> Liquidity {
    Liquidity::new(Collateral6::new(b)).expect("in the domain")
}

#[test]
fn mul_div_rounds_right_everywhere_in_a_small_domain() {
    for a in 0..64_u64 {
        for b in 0..64 {
            for c in 1..64 {
                assert_eq!(fixed::mul_div(a, b, c, Rounding::Down), Ok(a * b / c));
                assert_eq!(fixed::mul_div(a, b, c, Rounding::Up), Ok((a * b).div_ceil(c)));
            }
        }
    }
}

#[test]
fn mul_div_agrees_with_128_bits_at_every_edge_of_the_words() {
    let near = |x: u64| {
        [
            x.wrapping_sub(2),
            x.wrapping_sub(1),
            x,
            x.wrapping_add(1),
            x.wrapping_add(2),
        ]
    };
    let edges: Vec<u64> = (0..64)
        .step_by(8)
        .chain([31, 33, 63])
        .flat_map(|bit| near(1 << bit))
        .chain([u64::MAX])
        .collect();
    for &a in &edges {
        for &b in &edges {
            for &c in &edges {
                let want = (a as u128 * b as u128)
                    .checked_div(c as u128)
                    .map_or(Err(MathError::DivisionByZero), |q| {
                        u64::try_from(q).map_err(|_| MathError::Overflow)
                    });
                assert_eq!(fixed::mul_div(a, b, c, Rounding::Down), want, "{a} * {b} / {c}");
            }
        }
    }
    assert_eq!(
        fixed::mul_div(u64::MAX, u64::MAX, u64::MAX - 1, Rounding::Down),
        Err(MathError::Overflow)
    );
    // the quotient just fits, and rounded up it does not
    let (a, b, c) = (u64::MAX, 3, 3);
    assert_eq!(fixed::mul_div(a, b, c, Rounding::Up), Ok(u64::MAX));
    assert_eq!(
        fixed::mul_div(1 << 63, (1 << 63) - 1, (1 << 62) - 1, Rounding::Down),
        Err(MathError::Overflow)
    );
}

#[test]
fn isqrt_is_exact_at_every_square_of_a_small_root_and_at_the_top() {
    for root in 1..70_000_u64 {
        assert_eq!(fixed::isqrt(root * root), root);
        assert_eq!(fixed::isqrt(root * root - 1), root - 1);
    }
    assert_eq!(fixed::isqrt(u64::MAX), u32::MAX as u64);
}

#[test]
fn exp_and_ln_say_where_they_end() {
    assert_eq!(Q48::ZERO.exp(), Ok(Q48::ONE));
    assert_eq!(Q48::ONE.ln(), Ok(Q48::ZERO));
    assert_eq!(Q48::ZERO.ln(), Err(MathError::Domain));
    assert_eq!(Q48::new(-1).ln(), Err(MathError::Domain));
    assert_eq!(Q48::new(i64::MIN).ln(), Err(MathError::Domain));
    assert_eq!(Q48::new(i64::MAX).exp(), Err(MathError::Overflow));
    assert_eq!(Q48::new(i64::MIN).exp(), Ok(Q48::ZERO));
    // e^x fits up to 15 ln 2 and no further
    let limit = (1_i64..)
        .map(|i| i << 30)
        .find(|&x| Q48::new(x).exp().is_err())
        .unwrap();
    let (mut fits, mut exceeds) = (limit - (1 << 30), limit);
    while exceeds - fits > 1 {
        let middle = fits + (exceeds - fits) / 2;
        *(if Q48::new(middle).exp().is_ok() {
            &mut fits
        } else {
            &mut exceeds
        }) = middle;
    }
    let last = Q48::new(fits).exp().unwrap();
    assert!(last.raw() > i64::MAX - (1 << 17), "{last:?}");
}

#[test]
fn exp_and_ln_never_fall_as_their_argument_grows_beyond_their_error() {
    let mut state = 1_u64;
    for _ in 0..200_000 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let x = (state as i64) >> 11; // within 16
        if let (Ok(a), Ok(b)) = (Q48::new(x).exp(), Q48::new(x + 4).exp()) {
            assert!(b.raw() + 1 + (b.raw() >> 49) >= a.raw(), "{x}");
        }
        let x = ((state >> 1) >> (state & 31)) as i64;
        if let (Ok(a), Ok(b)) = (Q48::new(x).ln(), Q48::new(x.saturating_add(1)).ln()) {
            assert!(b.raw() + 1 >= a.raw(), "{x}");
        }
    }
}

#[test]
fn fixed_point_numbers_overflow_loudly() {
    let large = Q48::new(i64::MAX);
    assert_eq!(large.checked_add(Q48::new(1)), Err(MathError::Overflow));
    assert_eq!(
        Q48::new(i64::MIN).checked_sub(Q48::new(1)),
        Err(MathError::Overflow)
    );
    assert_eq!(large.mul(large), Err(MathError::Overflow));
    assert_eq!(large.mul(Q48::ONE), Ok(large));
    assert_eq!(large.div(Q48::ZERO), Err(MathError::DivisionByZero));
    assert_eq!(large.div(Q48::new(1)), Err(MathError::Overflow));
    assert_eq!(
        Q48::from_ratio(-1, 3, Rounding::Down).unwrap().raw(),
        -((1 << 48) / 3) - 1
    );
    assert_eq!(
        Q48::from_ratio(-1, 3, Rounding::Up).unwrap().raw(),
        -((1 << 48) / 3)
    );
    assert_eq!(
        Q48::from_ratio(32_768, 1, Rounding::Down),
        Err(MathError::Overflow)
    );
}

#[test]
fn units_add_and_subtract_inside_their_range_only() {
    let (one, most) = (Collateral6::new(1), Collateral6::new(u64::MAX));
    assert_eq!(most.checked_add(one), Err(MathError::Overflow));
    assert_eq!(Collateral6::ZERO.checked_sub(one), Err(MathError::Overflow));
    assert_eq!(one.checked_add(one), Ok(Collateral6::new(2)));
    assert_eq!(Shares6::new(5).payout(), Collateral6::new(5));
    assert_eq!(one.max(most), most);
}

#[test]
fn markets_say_what_they_refuse() {
    assert_eq!(Liquidity::new(Collateral6::ZERO), Err(MathError::Domain));
    assert_eq!(
        Liquidity::new(Collateral6::new(lmsr::MAX_B + 1)),
        Err(MathError::Domain)
    );
    let l = liquidity(1_000_000);
    for q in [&[][..], &[0], &[0; 17], &[u64::MAX; 17]] {
        assert_eq!(l.cost(q), Err(MathError::Domain), "{q:?}");
        assert_eq!(l.normalised_cost(q), Err(MathError::Domain), "{q:?}");
        assert_eq!(l.price(q, 0), Err(MathError::Domain), "{q:?}");
    }
    for q in [
        &[lmsr::MAX_QUANTITY + 1, 0][..],
        &[0, u64::MAX],
        &[0, 1, u64::MAX],
    ] {
        assert_eq!(l.cost(q), Err(MathError::Overflow), "{q:?}");
        assert_eq!(l.price(q, 1), Err(MathError::Overflow), "{q:?}");
    }
    assert_eq!(l.price(&[0, 0], 2), Err(MathError::Domain));
    assert_eq!(l.price_floor(&[0, 0], 2), Err(MathError::Domain));
    assert_eq!(l.price_floor(&[0], 0), Err(MathError::Domain));
    assert_eq!(l.price_floor(&[0; 17], 0), Err(MathError::Domain));
    assert_eq!(l.price_floor(&[u64::MAX, 0], 1), Err(MathError::Overflow));
    assert_eq!(l.subsidy(1), Err(MathError::Domain));
    assert_eq!(l.subsidy(17), Err(MathError::Domain));
    assert_eq!(l.subsidy(usize::MAX), Err(MathError::Domain));
    assert_eq!(l.normalised_cost(&[32_768_000_000, 0]), Err(MathError::Overflow));
    let (more, less) = (Collateral6::new(10), Collateral6::new(9));
    assert_eq!(lmsr::buy_cost(more, less, &l), Err(MathError::Overflow));
    assert_eq!(lmsr::sell_proceeds(less, more, &l), Err(MathError::Overflow));
    assert_eq!(lmsr::sell_proceeds(more, less, &l), Ok(Collateral6::ZERO));
}

#[test]
fn every_liquidity_has_a_full_mantissa_that_never_exceeds_the_true_one() {
    let powers = (0..=56).flat_map(|bit: u32| [(1_u64 << bit).saturating_sub(1), 1 << bit, (1 << bit) + 1]);
    let thirds = (2..55).flat_map(|bit: u32| {
        [
            (1_u64 << bit) / 3 * 4,
            (1 << bit) / 44,
            (1 << bit) / 44 + 1,
            (1 << bit) / 88,
        ]
    });
    for b in powers.chain(thirds).filter(|b| (1..=lmsr::MAX_B).contains(b)) {
        let l = liquidity(b);
        assert!(l.log2e_over_b >= 1 << 62, "{l:?}");
        assert!((2..=58).contains(&l.shift), "{l:?}");
        // what the shift must not lose
        assert!((40 * b) >> (64 - l.shift) == 0, "{l:?}");
        let true_value = core::f64::consts::LOG2_E / b as f64 * 2_f64.powi(121 - l.shift as i32);
        assert!((l.log2e_over_b as f64 / true_value - 1.0).abs() < 1e-15, "{l:?}");
    }
}

#[test]
fn a_market_of_two_agrees_with_the_general_formula() {
    // a third outcome so far behind that it counts as zero leaves the cost as it was
    for b in [1_000, 12_345_678_901, 1 << 50] {
        let l = liquidity(b);
        for k in 0..400_u64 {
            let (x, y) = (50 * b, 50 * b + b / 13 * k % (40 * b));
            assert_eq!(l.cost(&[x, y]), l.cost(&[x, y, 0]));
            assert_eq!(l.cost(&[y, x]), l.cost(&[0, y, x]));
            assert_eq!(l.price(&[x, y], 1), l.price(&[x, 0, y], 2));
        }
    }
}

#[test]
fn the_subsidy_is_the_cost_of_nothing() {
    for outcomes in 2..=16 {
        let l = liquidity(1_000_000_000);
        let subsidy = l.subsidy(outcomes).unwrap();
        assert_eq!(Ok(subsidy), l.cost(&vec![0; outcomes]));
        let exact = 1e9 * (outcomes as f64).ln();
        assert!(subsidy.raw() as f64 >= exact && subsidy.raw() as f64 <= exact + 2.0);
    }
}

#[test]
fn leverage_is_one_without_a_vault_and_fifty_at_most() {
    let nothing = risk::coverage(Collateral6::ZERO, Collateral6::ZERO);
    assert_eq!(nothing, CoverageQ32::ZERO);
    for n in 2..=16 {
        assert_eq!(risk::leverage_cap(n, nothing), Ok(LeverageX100::ONE));
        assert_eq!(risk::leverage_cap(n, CoverageQ32::MAX), risk::tier_cap(n));
    }
    assert_eq!(risk::tier_cap(2), Ok(LeverageX100::new(5_000)));
    assert_eq!(risk::tier_cap(1), Err(MathError::Domain));
    assert_eq!(risk::leverage_cap(17, CoverageQ32::MAX), Err(MathError::Domain));
    assert_eq!(
        risk::coverage(Collateral6::new(1), Collateral6::ZERO),
        CoverageQ32::MAX
    );
    assert_eq!(
        risk::margin(Collateral6::new(1), LeverageX100::new(99)),
        Err(MathError::Domain)
    );
    assert_eq!(
        risk::max_debt(Collateral6::new(1), CoverageQ32::ZERO),
        Err(MathError::DivisionByZero)
    );
    assert_eq!(risk::debt_at_risk(&[]), Err(MathError::Domain));
    assert_eq!(risk::debt_at_risk(&[u64::MAX, 1]), Err(MathError::Overflow));
}

#[test]
fn fees_run_from_28_basis_points_to_3() {
    let rate = |c| fees::fee_rate(fees::BASE, fees::SLOPE, CoverageQ32::new(c)).map(Ppm::raw);
    assert_eq!(rate(0), Ok(2_800));
    for coverage in [1, 2, 1_000] {
        assert_eq!(rate(coverage), Ok(2_800)); // rounded up, and never above the whole slope
    }
    assert_eq!(rate(1 << 32), Ok(425)); // 300 + 2500 e^-3 = 424.47
    assert_eq!(rate((16 << 32) - 1), Ok(301));
    assert_eq!(rate(16 << 32), Ok(300));
    assert_eq!(rate(u64::MAX), Ok(300));
    // nothing to decay is nothing, however little is left of it
    for coverage in [0, 1, 1 << 32, 8 << 32, 15 << 32, u64::MAX] {
        assert_eq!(
            fees::fee_rate(fees::BASE, Ppm::new(0), CoverageQ32::new(coverage)),
            Ok(fees::BASE)
        );
    }
    assert_eq!(
        fees::fee_rate(Ppm::new(u32::MAX), Ppm::new(1), CoverageQ32::ZERO),
        Err(MathError::Overflow)
    );
    assert_eq!(
        fees::fee(Collateral6::new(1), Ppm::new(1)),
        Ok(Collateral6::new(1))
    );
    assert_eq!(
        fees::fee(Collateral6::ZERO, Ppm::new(2_800)),
        Ok(Collateral6::ZERO)
    );
}

#[test]
fn the_first_depositor_cannot_price_the_second_out() {
    // 1 micro-unit in, then a donation of a million units; the victim deposits as much
    let first = vault::shares_for_deposit(Collateral6::new(1), LpShares6::ZERO, Collateral6::ZERO).unwrap();
    let nav = Collateral6::new(1_000_000_000_001);
    let deposit = Collateral6::new(1_000_000_000_000);
    let shares = vault::shares_for_deposit(deposit, first, nav).unwrap();
    let supply = first.checked_add(shares).unwrap();
    let nav = nav.checked_add(deposit).unwrap();
    let victim = vault::value_of_shares(shares, supply, nav).unwrap();
    let attacker = vault::value_of_shares(first, supply, nav).unwrap();
    // the victim loses less than a millionth, the attacker nearly everything
    assert!(victim.raw() > deposit.raw() / 1_000_000 * 999_999, "{victim:?}");
    assert!(attacker.raw() < 2_000_000, "{attacker:?}");
}

#[test]
fn a_premium_needs_a_probability_and_a_fill_needs_shares() {
    let debt = Collateral6::new(1_000);
    assert_eq!(
        risk::premium(debt, PriceQ28::new((1 << 28) + 1)),
        Err(MathError::Domain)
    );
    assert_eq!(risk::premium(debt, PriceQ28::ONE), Ok(Collateral6::ZERO));
    assert_eq!(risk::premium(debt, PriceQ28::ZERO), Ok(debt));
    assert_eq!(
        risk::fill_price(debt, Shares6::ZERO),
        Err(MathError::DivisionByZero)
    );
    assert_eq!(risk::fill_price(debt, Shares6::new(1_000)), Ok(PriceQ28::ONE));
}

#[test]
fn half_the_leverage_is_rounded_down_and_never_below_none() {
    for (whole, half) in [
        (0, 100),
        (100, 100),
        (199, 100),
        (200, 100),
        (203, 101),
        (5_000, 2_500),
    ] {
        let halved = LeverageX100::new(whole).halved();
        assert_eq!(halved, LeverageX100::new(half), "{whole}");
    }
}
