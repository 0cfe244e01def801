//! What every Breakwater program needs from its platform, once for all of them.
//!
//! * [`entry`] finds the instruction data on every runtime generation and hands over to Anchor's dispatcher.
//! * [`wide`] supplies the 128-bit multiplication and division that LLVM calls but no SBF library defines with
//!   the calling convention LLVM 23 uses.
//!
//! A program writes `breakwater_sbf_rt::entrypoint!();` at its crate root and builds Anchor with `no-entrypoint`.
#![cfg_attr(target_os = "solana", no_std)]
#![cfg_attr(target_arch = "bpf", feature(abi_unadjusted))]
#![cfg_attr(target_arch = "bpf", allow(internal_features))]

pub mod entry;
pub mod wide;

#[cfg(target_os = "solana")]
use solana_compiler_builtins as _;
