//! The oracle, specified by what it does inside the chain's virtual machine. One file a verb.
#![allow(clippy::arithmetic_side_effects)] // an overflow in a test is a failing test

mod create_feed;
mod cu;
mod publish;
mod read;
mod rotate_publisher;

use harness::*;

/// A feed that has not published.
fn with_feed() -> World {
    let mut world = World::new();
    world.create_feed();
    world
}

#[test]
fn the_error_codes_are_those_that_the_source_declares() {
    assert_eq!(
        error::declared(include_str!("../src/error.rs")),
        OracleError::NAMES
    );
}
