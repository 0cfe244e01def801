//! The normal distribution against the golden vectors of `scripts/generate_normal.py`, and its edges.
#![allow(clippy::arithmetic_side_effects)] // tests

use breakwater_math::{MathError, Q48};
use serde_json::Value;

const ONE: f64 = (1_u64 << 48) as f64;

fn rows(name: &str) -> Vec<(Q48, Option<f64>)> {
    let path = format!("{}/../../tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let file: Value = serde_json::from_str(&std::fs::read_to_string(&path).expect(&path)).expect(&path);
    let rows = file["rows"].as_array().expect("rows").iter();
    rows.map(|row| {
        let want = row[1].as_str().expect("an expectation");
        let x = Q48::new(row[0].as_i64().expect("x"));
        (x, (want != "Domain").then(|| want.parse().expect("a decimal")))
    })
    .collect()
}

fn scaled_error(got: Q48, want: f64) -> f64 {
    (got.raw() as f64 / ONE - want).abs() / want.abs().max(0.01)
}

fn worst(name: &str, f: impl Fn(Q48) -> Result<Q48, MathError>) -> f64 {
    let mut worst = 0_f64;
    for (x, want) in rows(name) {
        match (f(x), want) {
            (Ok(got), Some(want)) => worst = worst.max(scaled_error(got, want)),
            (got, want) => assert_eq!((got, want), (Err(MathError::Domain), None), "{x:?}"),
        }
    }
    println!("{name}: largest scaled error {worst:.2e}");
    worst
}

#[test]
fn the_distribution_is_accurate() {
    assert!(worst("phi_cdf", |x| Ok(x.normal_cdf())) <= 2.7e-13);
}

#[test]
fn the_density_is_accurate() {
    assert!(worst("phi_pdf", |x| Ok(x.normal_pdf())) <= 2.5e-13);
}

#[test]
fn the_inverse_is_accurate_to_the_smallest_probability() {
    assert!(worst("phi_inverse", Q48::normal_inverse) <= 5e-13);
}
