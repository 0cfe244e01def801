//! Pools, specified by what they do inside the chain's virtual machine. One file a verb.
#![allow(clippy::arithmetic_side_effects)] // an overflow in a test is a failing test

mod close_pool;
mod collect_fees;
mod conservation;
mod create_pool;
mod cu;
mod deposit;
mod set_paused;
mod swap;
mod withdraw;

use harness::{error, PoolsError};

#[test]
fn the_error_codes_are_those_that_the_source_declares() {
    assert_eq!(
        error::declared(include_str!("../src/error.rs")),
        PoolsError::NAMES
    );
}
