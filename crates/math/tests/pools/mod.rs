//! Pools, and what their trades cost, for the tests of the pm-AMM and of its solver.

use breakwater_math::pm_amm::*;
use breakwater_math::*;
use proptest::prelude::*;
use serde_json::Value;

pub const ONE: f64 = (1_u64 << 48) as f64;

pub fn rows(name: &str) -> Vec<Vec<Value>> {
    let path = format!("{}/../../tests/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let file: Value = serde_json::from_str(&std::fs::read_to_string(&path).expect(&path)).expect(&path);
    let rows = file["rows"].as_array().expect("rows").iter();
    rows.map(|row| row.as_array().expect("a row").clone()).collect()
}

pub fn pool(l: u64) -> Pool {
    Pool::new(Collateral6::new(l)).expect("in the domain")
}

/// The reserve that grows when the first outcome is bought.
pub fn reserve(p: &Pool, delta: i64) -> u64 {
    p.reserves(delta).unwrap()[1].raw()
}

/// A natural number whose length, too, is random.
pub fn lengths(bits: u32) -> impl Strategy<Value = u64> {
    (any::<u64>(), 64 - bits..64).prop_map(|(x, shift)| x >> shift)
}

/// A pool, and a delta up to `reach` times its liquidity.
pub fn pools(bits: u32, reach: f64) -> impl Strategy<Value = (Pool, i64)> {
    (lengths(bits), -reach..reach, 0_u32..8).prop_map(|(l, z, near)| {
        let l = l.max(1);
        (pool(l), (l as f64 * z / (1 << near) as f64) as i64)
    })
}

pub fn collateral(raw: u64) -> Collateral6 {
    Collateral6::new(raw)
}

/// What some shares of an outcome cost.
pub fn cost(p: &Pool, delta: i64, outcome: usize, shares: u64) -> u64 {
    let delta = oriented(delta, outcome).unwrap();
    let (old, new) = (reserve(p, delta), reserve(p, delta + shares as i64));
    buy_cost(collateral(old), collateral(new)).unwrap().raw()
}

/// What some shares of an outcome bring.
pub fn proceeds(p: &Pool, delta: i64, outcome: usize, shares: u64) -> u64 {
    let delta = oriented(delta, outcome).unwrap();
    let (old, new) = (reserve(p, delta), reserve(p, delta - shares as i64));
    sell_proceeds(collateral(old), collateral(new)).raw()
}
