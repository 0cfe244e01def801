//! The pm-AMM against the golden vectors of `scripts/generate_normal.py`, what holds for every input, and its edges.
#![allow(clippy::arithmetic_side_effects)] // tests

use breakwater_math::pm_amm::*;
use breakwater_math::*;
use proptest::prelude::*;
use serde_json::Value;

const ONE: f64 = (1_u64 << 48) as f64;

fn rows(name: &str) -> Vec<Vec<Value>> {
    let path = format!("{}/../../tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let file: Value = serde_json::from_str(&std::fs::read_to_string(&path).expect(&path)).expect(&path);
    let rows = file["rows"].as_array().expect("rows").iter();
    rows.map(|row| row.as_array().expect("a row").clone()).collect()
}

fn pool(l: u64) -> Pool {
    Pool::new(Collateral6::new(l)).expect("in the domain")
}

/// The reserve that grows when the first outcome is bought.
fn reserve(p: &Pool, delta: i64) -> u64 {
    p.reserves(delta).unwrap()[1].raw()
}

/// The whole part of a decimal, and whether something follows it.
fn split(decimal: &str) -> (u64, bool) {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, "0"));
    (whole.parse().unwrap(), fraction.bytes().any(|digit| digit != b'0'))
}

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
    let (n, sum) = (0..).zip(histogram).fold((0, 0), |(n, sum), (i, k)| (n + k, sum + i * k));
    assert!(sum < 2 * n, "{sum} iterations for {n}");
}

#[test]
fn trades_cost_at_least_the_true_cost_and_at_most_two_roundings_more() {
    let mut worst = 0_f64;
    for row in rows("pm_amm_trade") {
        let (l, delta, shares) = (row[0].as_u64().unwrap(), row[1].as_i64().unwrap(), row[2].as_u64().unwrap());
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
        let (old, new) = (Collateral6::new(reserve(&p, delta)), Collateral6::new(reserve(&p, after)));
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
