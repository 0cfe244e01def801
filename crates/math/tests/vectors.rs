//! Every function against the golden vectors, which `scripts/generate_math.py` computed with 80 digits.
#![allow(clippy::arithmetic_side_effects)] // tests

use breakwater_math::lmsr::Liquidity;
use breakwater_math::{
    fees, fixed, ratio, risk, vault, Collateral6, CoverageQ32, LeverageX100, LpShares6, MathError, Ppm,
    Result, Rounding, Q48,
};
use serde_json::Value;

/// The largest scaled error: two hundred times less than the contract of 5e-11, and about half a unit of Q48 at 0.01.
const KEPT: f64 = 2.5e-13;

fn rows(name: &str) -> Vec<Vec<Value>> {
    let path = format!("{}/../../tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let file: Value = serde_json::from_str(&std::fs::read_to_string(&path).expect(&path)).expect(&path);
    let rows = file["rows"].as_array().expect("rows");
    rows.iter()
        .map(|row| row.as_array().expect("a row").clone())
        .collect()
}

fn natural(v: &Value) -> u64 {
    v.as_u64().expect("a natural number")
}

fn collateral(v: &Value) -> Collateral6 {
    Collateral6::new(natural(v))
}

fn quantities(v: &Value) -> Vec<u64> {
    v.as_array().expect("quantities").iter().map(natural).collect()
}

fn expected(v: &Value) -> std::result::Result<&str, MathError> {
    match v.as_str().expect("an expectation") {
        "Overflow" => Err(MathError::Overflow),
        "Domain" => Err(MathError::Domain),
        "DivisionByZero" => Err(MathError::DivisionByZero),
        decimal => Ok(decimal),
    }
}

/// |v - t| / max(|t|, 0.01), or a panic when one of them is an error and the other isn't the same.
fn scaled_error(row: &[Value], got: Result<Q48>, want: &Value) -> f64 {
    match (got, expected(want)) {
        (Ok(v), Ok(t)) => {
            let (v, t) = (
                v.raw() as f64 / (1_u64 << 48) as f64,
                t.parse::<f64>().expect("a decimal"),
            );
            (v - t).abs() / t.abs().max(0.01)
        }
        (got, want) => {
            assert_eq!(got.err(), want.err(), "{row:?}");
            0.0
        }
    }
}

fn is_accurate(name: &str, worst: f64) {
    println!("{name}: largest scaled error {worst:.2e}");
    assert!(worst <= KEPT, "{name}: {worst:e}");
}

/// Whole results, exactly.
fn is_exact(row: &[Value], got: Result<u64>) {
    let want = expected(row.last().expect("columns")).map(|t| t.parse::<u64>().expect("a whole number"));
    assert_eq!(got, want, "{row:?}");
}

/// The whole part of a decimal, and whether something follows it.
fn split(decimal: &str) -> (u64, bool) {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, "0"));
    (
        whole.parse().expect("a whole part"),
        fraction.bytes().any(|digit| digit != b'0'),
    )
}

#[test]
fn exp() {
    let errors = rows("exp").into_iter().map(|row| {
        let x = Q48::new(row[0].as_i64().expect("x"));
        scaled_error(&row, x.exp(), &row[1])
    });
    is_accurate("exp", errors.fold(0.0, f64::max));
}

#[test]
fn ln() {
    let errors = rows("ln").into_iter().map(|row| {
        let x = Q48::new(row[0].as_i64().expect("x"));
        scaled_error(&row, x.ln(), &row[1])
    });
    is_accurate("ln", errors.fold(0.0, f64::max));
}

#[test]
fn lmsr_cost_is_never_below_the_true_cost_and_never_a_rounding_above() {
    for row in rows("lmsr_cost") {
        let q = quantities(&row[1]);
        let cost = Liquidity::new(collateral(&row[0])).and_then(|l| Ok((l.cost(&q)?, l.rounding())));
        match (cost, expected(&row[2])) {
            (Ok((cost, rounding)), Ok(exact)) => {
                let (whole, more) = split(exact);
                let up = whole + more as u64;
                assert!(cost.raw() >= up, "{row:?}: {cost:?}");
                assert!(cost.raw() <= whole + rounding.raw(), "{row:?}: {cost:?}");
                assert!(cost.raw() >= *q.iter().max().expect("quantities"));
            }
            (got, want) => assert_eq!(got.err(), want.err(), "{row:?}"),
        }
    }
}

#[test]
fn lmsr_normalised_cost() {
    let errors = rows("lmsr_cost").into_iter().map(|row| {
        let q = quantities(&row[1]);
        let cost = Liquidity::new(collateral(&row[0])).and_then(|l| l.normalised_cost(&q));
        scaled_error(&row, cost, &row[3])
    });
    is_accurate("normalised cost", errors.fold(0.0, f64::max));
}

#[test]
fn lmsr_price() {
    let errors = rows("lmsr_price").into_iter().map(|row| {
        let q = quantities(&row[1]);
        let outcome = natural(&row[2]) as usize;
        let price = Liquidity::new(collateral(&row[0])).and_then(|l| l.price(&q, outcome));
        if let Ok(price) = price {
            assert!(price >= Q48::ZERO && price <= Q48::ONE, "{row:?}: {price:?}");
        }
        scaled_error(&row, price, &row[3])
    });
    // a price is rounded down, so a tiny one is off by up to a unit of Q48
    let worst = errors.fold(0.0, f64::max);
    println!("price: largest scaled error {worst:.2e}");
    assert!(worst <= 5e-13, "{worst:e}");
}

#[test]
fn fee_rate_is_the_true_one_rounded_up() {
    for row in rows("fee_rate") {
        let (base, slope) = (
            Ppm::new(natural(&row[0]) as u32),
            Ppm::new(natural(&row[1]) as u32),
        );
        let rate = fees::fee_rate(base, slope, CoverageQ32::new(natural(&row[2]))).map(Ppm::raw);
        match (rate, expected(&row[3])) {
            (Ok(rate), Ok(exact)) => {
                let (whole, more) = split(exact);
                let up = whole + more as u64;
                // never below; above only where 31 bits of the slope can't tell
                assert!(rate as u64 >= up && rate as u64 <= up + 1, "{row:?}: {rate}");
                assert!(rate as u64 == up || slope.raw() > 10_000, "{row:?}: {rate}");
            }
            (got, want) => assert_eq!(got.err(), want.err(), "{row:?}"),
        }
    }
}

#[test]
fn leverage_cap_is_the_true_one_rounded_down() {
    for row in rows("leverage_cap") {
        let cap = risk::leverage_cap(natural(&row[0]) as usize, CoverageQ32::new(natural(&row[1])));
        match (cap.map(LeverageX100::raw), expected(&row[2])) {
            (Ok(cap), Ok(exact)) => {
                let exact: f64 = exact.parse().expect("a decimal");
                // a thousandth of a hundredth below a whole number may round it down
                assert!(
                    cap as f64 <= exact && cap as f64 > exact - 1.001,
                    "{row:?}: {cap}"
                );
            }
            (got, want) => assert_eq!(got.err(), want.err(), "{row:?}"),
        }
    }
}

#[test]
fn whole_results() {
    for row in rows("mul_div") {
        let rounding = if row[3] == "Up" {
            Rounding::Up
        } else {
            Rounding::Down
        };
        is_exact(
            &row,
            fixed::mul_div(natural(&row[0]), natural(&row[1]), natural(&row[2]), rounding),
        );
    }
    for row in rows("fee") {
        let fee = fees::fee(collateral(&row[0]), Ppm::new(natural(&row[1]) as u32));
        is_exact(&row, fee.map(Collateral6::raw));
    }
    for row in rows("margin") {
        let margin = risk::margin(collateral(&row[0]), LeverageX100::new(natural(&row[1]) as u16));
        is_exact(&row, margin.map(Collateral6::raw));
    }
    for row in rows("coverage") {
        is_exact(
            &row,
            Ok(risk::coverage(collateral(&row[0]), collateral(&row[1])).raw()),
        );
    }
    for row in rows("max_debt") {
        let debt = risk::max_debt(collateral(&row[0]), CoverageQ32::new(natural(&row[1])));
        is_exact(&row, debt.map(Collateral6::raw));
    }
    for row in rows("isqrt") {
        is_exact(&row, Ok(fixed::isqrt(natural(&row[0]))));
    }
    for row in rows("tier_cap") {
        let cap = risk::tier_cap(natural(&row[0]) as usize);
        is_exact(&row, cap.map(|cap| cap.raw() as u64));
    }
}

#[test]
fn vault_shares() {
    for row in rows("shares_for_deposit") {
        let supply = LpShares6::new(natural(&row[1]));
        let shares = vault::shares_for_deposit(collateral(&row[0]), supply, collateral(&row[2]));
        is_exact(&row, shares.map(LpShares6::raw));
    }
    for row in rows("value_of_shares") {
        let (shares, supply) = (LpShares6::new(natural(&row[0])), LpShares6::new(natural(&row[1])));
        let value = vault::value_of_shares(shares, supply, collateral(&row[2]));
        is_exact(&row, value.map(Collateral6::raw));
    }
}

#[test]
fn exchanges_at_a_fixed_ratio() {
    for row in rows("ratio_exchange") {
        let rate = Ppm::new(natural(&row[3]) as u32);
        let got = ratio::exchange(natural(&row[0]), natural(&row[1]), natural(&row[2]), rate);
        is_exact(&row[..5], got.map(|exchanged| exchanged.gross));
        is_exact(&row, got.map(|exchanged| exchanged.out));
        if let Ok(exchanged) = got {
            assert_eq!(exchanged.gross, exchanged.fee + exchanged.out, "{row:?}");
        }
    }
}
