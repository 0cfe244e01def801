//! The rounding core against 128-bit integers, exhaustively: not a sample, but every case of a bounded domain.
//!
//! A bug of such code sits where a half, a carry or a rest is at its edge. So the domains are all words of one byte at every
//! place, all neighbours of powers of two, and all pairs of halves at their edges, in every combination and with every
//! rounding: 150 million cases. Debug assertions are on, so nothing overflows unseen either.
#![allow(clippy::arithmetic_side_effects)] // tests

use breakwater_math::fixed::{div_wide, full_mul, isqrt, mul_div, mul_hi};
use breakwater_math::*;

const DOWN: Rounding = Rounding::Down;
const UP: Rounding = Rounding::Up;

/// Every value of a byte at every place.
fn bytes() -> Vec<u64> {
    let placed = (0..64)
        .step_by(8)
        .flat_map(|place| (0..=255_u64).map(move |byte| byte << place));
    sorted(placed.collect())
}

/// Every power of two and its neighbours up to two away.
fn powers() -> Vec<u64> {
    let near =
        (0..64).flat_map(|bit| (0..5_u64).map(move |d| (1_u64 << bit).wrapping_add(d).wrapping_sub(2)));
    sorted(near.collect())
}

/// Halves that carry, or just do not, in every pair.
fn carries() -> Vec<u64> {
    let halves = [
        0,
        1,
        2,
        0x7fff_ffff,
        0x8000_0000,
        0x8000_0001,
        0xffff_fffe,
        0xffff_ffff,
    ];
    let pairs = halves
        .iter()
        .flat_map(|&high| halves.iter().map(move |&low| (high << 32) | low));
    sorted(pairs.collect())
}

/// [`powers`] and [`carries`].
fn edges() -> Vec<u64> {
    sorted([powers(), carries()].concat())
}

/// A few dozen of the edges.
fn few() -> Vec<u64> {
    let near = (0..64)
        .step_by(4)
        .flat_map(|bit| (0..3_u64).map(move |d| (1_u64 << bit).wrapping_add(d).wrapping_sub(1)));
    sorted(near.chain([3, 10, 1_000_000, u64::MAX]).collect())
}

fn sorted(mut words: Vec<u64>) -> Vec<u64> {
    words.sort_unstable();
    words.dedup();
    words
}

fn narrow(x: u128) -> Result<u64> {
    u64::try_from(x).map_err(|_| MathError::Overflow)
}

/// Every pair of two lists.
fn pairs(a: &[u64], b: &[u64], mut check: impl FnMut(u64, u64)) {
    for &x in a {
        for &y in b {
            check(x, y);
        }
    }
}

fn is_quotient(a: u64, b: u64, c: u64) {
    let product = a as u128 * b as u128;
    let (down, up) = if c == 0 {
        (Err(MathError::DivisionByZero), Err(MathError::DivisionByZero))
    } else {
        let quotient = product / c as u128;
        let exact = quotient * c as u128 == product;
        (narrow(quotient), narrow(quotient + !exact as u128))
    };
    assert_eq!(mul_div(a, b, c, DOWN), down, "{a} * {b} / {c}, down");
    assert_eq!(mul_div(a, b, c, UP), up, "{a} * {b} / {c}, up");
}

#[test]
fn products_are_those_of_128_bits_for_all_bytes_and_edges() {
    let words = sorted([bytes(), edges()].concat());
    pairs(&words, &words, |a, b| {
        let product = a as u128 * b as u128;
        assert_eq!(
            full_mul(a, b),
            ((product >> 64) as u64, product as u64),
            "{a} * {b}"
        );
        assert_eq!(mul_hi(a, b), (product >> 64) as u64);
    });
}

#[test]
fn divisions_undo_products_with_every_kind_of_rest() {
    let (divisors, quotients) = (sorted([bytes(), edges()].concat()), edges());
    pairs(&divisors, &quotients, |d, q| {
        // n = d q + rest is below d 2^64, which is all that is asked of it
        for rest in [0, 1, d / 2, d.wrapping_sub(1)] {
            if rest < d {
                let n = d as u128 * q as u128 + rest as u128;
                assert_eq!(div_wide((n >> 64) as u64, n as u64, d), (q, rest), "{n} / {d}");
            }
        }
    });
}

#[test]
fn mul_div_rounds_right_for_all_triples_of_bytes() {
    // with no place, at the top of the word, and so that the product has two words and the quotient one
    for (x, y, z) in [(0, 0, 0), (56, 56, 56), (32, 40, 24)] {
        for a in 0..=255_u64 {
            for b in a..=255_u64 {
                for c in 0..=255_u64 {
                    is_quotient(a << x, b << y, c << z);
                }
            }
        }
    }
}

#[test]
fn mul_div_rounds_right_for_all_triples_of_edges() {
    let (words, divisors) = (edges(), sorted([few(), carries()].concat()));
    for &c in &divisors {
        pairs(&words, &words, |a, b| {
            if a <= b {
                is_quotient(a, b, c);
            }
        });
    }
}

#[test]
fn isqrt_is_the_floor_of_every_root_up_to_2_to_the_24() {
    let mut root = 0_u64;
    for x in 0..=1_u64 << 24 {
        root += ((root + 1) * (root + 1) == x) as u64;
        assert_eq!(isqrt(x), root, "{x}");
    }
}

#[test]
fn isqrt_turns_at_every_square() {
    let top = 1_u64 << 32;
    let near_powers = (16..32).flat_map(|bit| (1_u64 << bit) - 4_096..(1_u64 << bit) + 4_096);
    for root in (1..1 << 20).chain(near_powers).chain(top - (1 << 20)..top) {
        let square = root * root;
        assert_eq!((isqrt(square - 1), isqrt(square)), (root - 1, root), "{root}");
        assert_eq!(isqrt(square + 1), root, "{root}");
    }
    assert_eq!(isqrt(u64::MAX), top - 1);
}

#[test]
fn ratios_are_rounded_towards_the_infinities_for_either_sign() {
    let (words, divisors) = (sorted([bytes(), edges()].concat()), edges());
    // the most negative number has no magnitude of the type, and counts as overflow
    let narrow = |x: i128| {
        i64::try_from(x)
            .ok()
            .filter(|x| *x != i64::MIN)
            .ok_or(MathError::Overflow)
    };
    pairs(&words, &divisors, |n, d| {
        if d == 0 {
            assert_eq!(Q48::from_ratio(n as i64, d, DOWN), Err(MathError::DivisionByZero));
            return;
        }
        for n in [n as i64, (n as i64).wrapping_neg()] {
            let (wide, divisor) = ((n as i128) << 48, d as i128);
            let (down, up) = (wide.div_euclid(divisor), -(-wide).div_euclid(divisor));
            assert_eq!(
                Q48::from_ratio(n, d, DOWN).map(Q48::raw),
                narrow(down),
                "{n} / {d}"
            );
            assert_eq!(Q48::from_ratio(n, d, UP).map(Q48::raw), narrow(up), "{n} / {d}");
        }
    });
}

#[test]
fn signed_products_and_quotients_are_rounded_towards_zero() {
    let narrow = |x: i128| {
        i64::try_from(x)
            .ok()
            .filter(|x| *x != i64::MIN)
            .ok_or(MathError::Overflow)
    };
    let words = edges();
    pairs(&words, &words, |a, b| {
        for (a, b) in [(a as i64, b as i64), ((a as i64).wrapping_neg(), b as i64)] {
            let (x, y) = (Q48::new(a), Q48::new(b));
            let product = a as i128 * b as i128 / (1 << 48);
            assert_eq!(x.mul(y).map(Q48::raw), narrow(product), "{a} * {b}");
            let quotient = ((a as i128) << 48).checked_div(b as i128);
            let want = quotient.map_or(Err(MathError::DivisionByZero), narrow);
            assert_eq!(x.div(y).map(Q48::raw), want, "{a} / {b}");
        }
    });
}

#[test]
fn margins_are_rounded_up_at_every_leverage() {
    let check = |notional: u64, leverage: u64| {
        let want = (notional as u128 * 100).div_ceil(leverage as u128) as u64;
        let margin = risk::margin(Collateral6::new(notional), LeverageX100::new(leverage as u16));
        assert_eq!(margin, Ok(Collateral6::new(want)), "{notional} at {leverage}");
        assert!(want <= notional);
    };
    let leverages: Vec<u64> = (100..=5_000).collect();
    pairs(&edges(), &leverages, check);
    pairs(&(0..1_000).collect::<Vec<_>>(), &leverages, check);
    pairs(&few(), &(100..=u16::MAX as u64).collect::<Vec<_>>(), check);
}

#[test]
fn fees_are_rounded_up_at_every_rate() {
    let check = |notional: u64, rate: u64| {
        let want = narrow((notional as u128 * rate as u128).div_ceil(1_000_000));
        let fee = fees::fee(Collateral6::new(notional), Ppm::new(rate as u32));
        assert_eq!(fee.map(Collateral6::raw), want, "{notional} at {rate}");
    };
    // from the base to base and slope, which is what is ever charged
    let rates: Vec<u64> = (0..=2_800).collect();
    pairs(&edges(), &rates, check);
    pairs(&(0..2_000).collect::<Vec<_>>(), &rates, check);
    pairs(
        &edges(),
        &edges()
            .into_iter()
            .filter(|r| *r <= u32::MAX as u64)
            .collect::<Vec<_>>(),
        check,
    );
}

#[test]
fn premiums_are_rounded_up_for_every_byte_of_debt_and_price() {
    let one = 1_u64 << 28;
    let check = |debt: u64, price: u64| {
        let premium = risk::premium(Collateral6::new(debt), PriceQ28::new(price as u32));
        if price > one {
            assert_eq!(premium, Err(MathError::Domain));
        } else {
            let want = (debt as u128 * (one - price) as u128).div_ceil(one as u128) as u64;
            assert_eq!(premium, Ok(Collateral6::new(want)), "{debt} at {price}");
        }
    };
    let words = sorted([bytes(), edges()].concat());
    let prices: Vec<u64> = words
        .iter()
        .flat_map(|&x| [x, one.wrapping_sub(x)])
        .filter(|p| *p <= one + 2)
        .collect();
    pairs(&words, &sorted(prices), check);
    let grid: Vec<u64> = (0..=1 << 16).map(|i| i << 12).collect();
    pairs(&(0..64).collect::<Vec<_>>(), &grid, check);
}

#[test]
fn fill_prices_are_rounded_down_and_are_exact_below_2_to_the_36() {
    let check = |notional: u64, shares: u64| {
        let price =
            risk::fill_price(Collateral6::new(notional), Shares6::new(shares)).map(|p| p.raw() as u128);
        let Some(exact) = ((notional as u128) << 28).checked_div(shares as u128) else {
            assert_eq!(price, Err(MathError::DivisionByZero));
            return;
        };
        let (price, exact) = (price.unwrap(), exact.min(1 << 28));
        assert!(price <= exact, "{notional} / {shares}");
        let below = if notional < 1 << 36 || notional >= shares {
            0
        } else {
            1 + (exact >> 26)
        };
        assert!(
            price + below >= exact,
            "{notional} / {shares}: {price}, not {exact}"
        );
    };
    let words = sorted([bytes(), edges()].concat());
    pairs(&words, &words, check);
    pairs(
        &(0..2_048).collect::<Vec<_>>(),
        &(0..2_048).collect::<Vec<_>>(),
        check,
    );
}

#[test]
fn funds_cover_a_debt_from_the_least_cash_for_it_on() {
    let words = sorted([bytes(), edges()].concat());
    pairs(&words, &edges(), |debt, least| {
        let (amount, ratio) = (Collateral6::new(debt), CoverageQ32::new(least));
        let needed = narrow((debt as u128 * least as u128).div_ceil(1 << 32));
        let cash = risk::cash_for(amount, ratio);
        assert_eq!(cash.map(Collateral6::raw), needed, "{debt} * {least}");
        match cash {
            Ok(cash) => {
                assert!(risk::is_covered(cash, amount, ratio));
                let short = cash.checked_sub(Collateral6::new(1));
                assert!(
                    !short.is_ok_and(|short| risk::is_covered(short, amount, ratio)),
                    "{debt} * {least}"
                );
            }
            Err(_) => assert!(!risk::is_covered(Collateral6::new(u64::MAX), amount, ratio)),
        }
    });
    for &free in &few() {
        pairs(&edges(), &edges(), |debt, least| {
            let want = debt as u128 * least as u128 <= (free as u128) << 32;
            let covered = risk::is_covered(
                Collateral6::new(free),
                Collateral6::new(debt),
                CoverageQ32::new(least),
            );
            assert_eq!(covered, want, "{free} for {debt} * {least}");
        });
    }
}

#[test]
fn coverage_and_the_most_debt_are_rounded_down() {
    let words = sorted([bytes(), edges()].concat());
    pairs(&words, &words, |free, by| {
        let quotient = ((free as u128) << 32).checked_div(by as u128);
        let most = risk::max_debt(Collateral6::new(free), CoverageQ32::new(by)).map(Collateral6::raw);
        assert_eq!(
            most,
            quotient.map_or(Err(MathError::DivisionByZero), narrow),
            "{free} / {by}"
        );
        let coverage = risk::coverage(Collateral6::new(free), Collateral6::new(by)).raw();
        let saturated = quotient.and_then(|q| u64::try_from(q).ok()).unwrap_or(u64::MAX);
        assert_eq!(coverage, if free == 0 { 0 } else { saturated }, "{free} / {by}");
    });
}

#[test]
fn vault_shares_are_rounded_down_in_both_directions() {
    let more = vault::VIRTUAL as u128;
    let small = sorted(
        few()
            .into_iter()
            .chain((0..64).step_by(2).map(|bit| 3 << bit >> 1))
            .collect(),
    );
    for &amount in &small {
        pairs(&small, &small, |supply, nav| {
            let (shares, assets) = (supply as u128 + more, nav as u128 + more);
            let fits = shares.max(assets) <= u64::MAX as u128;
            let want = if fits {
                narrow(amount as u128 * shares / assets)
            } else {
                Err(MathError::Overflow)
            };
            let (lp, held) = (LpShares6::new(supply), Collateral6::new(nav));
            let issued = vault::shares_for_deposit(Collateral6::new(amount), lp, held);
            assert_eq!(issued.map(LpShares6::raw), want, "{amount} {supply} {nav}");
            let value = vault::value_of_shares(LpShares6::new(amount), lp, held).map(Collateral6::raw);
            let want = if amount > supply {
                Err(MathError::Domain)
            } else if fits {
                narrow(amount as u128 * assets / shares).map(|value| value.min(nav))
            } else {
                Err(MathError::Overflow)
            };
            assert_eq!(value, want, "{amount} of {supply}, {nav}");
        });
    }
}
