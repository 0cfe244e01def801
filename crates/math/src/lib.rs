//! All arithmetic of the exchange: no floats, no dependencies, no 128-bit integers, nothing that wraps.
//!
//! * [`units`] names the quantities, [`error`] what can go wrong.
//! * [`fixed`] holds the integer kernels and the fixed-point number [`Q48`]; [`mod@exp`] and [`mod@ln`] are its
//!   transcendental functions over [`tables`], which `scripts/generate_math.py` writes.
//! * [`lmsr`] and [`pm_amm`] price markets, [`risk`] bounds leverage, [`liquidation`] calls loans, [`breaker`] halts,
//!   [`fees`] charges, [`vault`] counts the lenders' shares.
//! * [`rewards`] shares MMT out, [`duties`] deals tasks to keepers, [`ratio`] exchanges at a fixed ratio.
//!
//! Everything is built from 64-bit operations because those are what the chain's virtual machine has: it charges one
//! compute unit for each, a multiplication or division included, and dozens for every 128-bit library call.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(target_arch = "bpf", feature(asm_experimental_arch))]

pub mod bootstrap;
pub mod breaker;
pub mod duties;
pub mod error;
pub mod exp;
pub mod fees;
pub mod fixed;
pub mod liquidation;
pub mod lmsr;
pub mod ln;
pub mod normal;
#[rustfmt::skip] // its layout is its script's
mod normal_tables;
pub mod pm_amm;
pub mod ratio;
pub mod rewards;
pub mod risk;
#[rustfmt::skip] // its layout is its script's
mod tables;
pub mod units;
pub mod vault;

pub use error::{MathError, Result};
pub use fixed::mul_div;
pub use units::{
    Collateral6, CoverageQ32, LeverageX100, LpShares6, Mmt9, Ppm, PriceQ28, Rounding, Shares6, Q48,
};
