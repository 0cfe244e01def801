//! One file a verb. A handler checks, computes an update with `breakwater-math`, moves tokens, books the update and logs it.
//!
//! The token program is the one of the first generation, whose accounts have no extensions: what is transferred arrives.

mod close_pool;
mod collect_fees;
mod create_pool;
mod deposit;
mod set_paused;
mod swap;
mod withdraw;

pub use {close_pool::*, collect_fees::*, create_pool::*, deposit::*, set_paused::*, swap::*, withdraw::*};
