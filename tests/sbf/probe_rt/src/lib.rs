//! What the probes have in common: instruction data as words, answers as return data, and the meter.
//!
//! A probe is a program that is never deployed; it runs one function a transaction inside the chain's virtual machine.
#![cfg_attr(target_os = "solana", no_std)]

#[cfg(target_os = "solana")]
mod chain;

#[cfg(target_os = "solana")]
pub use chain::{answer, request, Units};

/// What the first word of an instruction asks for.
pub mod mode {
    /// `[EVALUATE, function, operands...]` answers `[status, value]`.
    pub const EVALUATE: u64 = 0;
    /// `[SWEEP, function, seed, count]` answers the hash of as many random evaluations.
    pub const SWEEP: u64 = 1;
    /// `[METER, function, operands...]` answers the compute units between two readings of the meter.
    pub const METER: u64 = 2;
    /// `[MEASURE, function, operands...]` answers `[status, value, compute units]` of one and the same call.
    pub const MEASURE: u64 = 3;
}

/// The words of an instruction, behind the mode and the function.
pub const MAX_OPERANDS: usize = 20;

/// Stands around the call that is measured.
pub trait Meter {
    fn around<T>(&mut self, call: impl FnOnce() -> T) -> T;
}

/// Measures nothing.
pub struct NoMeter;

impl Meter for NoMeter {
    #[inline(always)]
    fn around<T>(&mut self, call: impl FnOnce() -> T) -> T {
        call()
    }
}
