//! A program that is never deployed: it runs the functions of `breakwater-math` inside the chain's virtual machine.
//!
//! Instruction data is a row of little-endian words, the first of which is the [`mode`]; the answer is return data. The same code runs
//! on the host, so that `tests/agreement.rs` can compare bit for bit. It ships with the Python package, whose `bench math` runs it.
//!
//! No 128-bit builtins are linked, deliberately: should the compiler ever make one out of 64-bit code, the probe crashes.
#![cfg_attr(target_os = "solana", no_std)]

pub mod functions;
pub mod random;

pub use probe_rt::{mode, MAX_OPERANDS};

#[cfg(target_os = "solana")]
mod program;
