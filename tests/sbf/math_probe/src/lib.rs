//! A program that is never deployed: it runs the functions of `breakwater-math` inside the chain's virtual machine.
//!
//! Instruction data is a row of little-endian words, the first of which is the [`Mode`]; the answer is return data. The same code runs
//! on the host, so that `tests/agreement.rs` can compare bit for bit.
//!
//! No 128-bit builtins are linked, deliberately: should the compiler ever make one out of 64-bit code, the probe crashes.
#![cfg_attr(target_os = "solana", no_std)]

pub mod functions;
pub mod random;

#[cfg(target_os = "solana")]
mod program;

/// What the first word asks for.
pub mod mode {
    /// `[EVALUATE, function, operands...]` answers `[status, value]`.
    pub const EVALUATE: u64 = 0;
    /// `[SWEEP, function, seed, count]` answers the hash of as many random evaluations.
    pub const SWEEP: u64 = 1;
    /// `[METER, function, operands...]` answers the compute units between two readings of the meter.
    pub const METER: u64 = 2;
}

/// The words of an instruction, behind the mode.
pub const MAX_OPERANDS: usize = 20;
