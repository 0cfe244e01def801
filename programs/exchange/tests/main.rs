//! The exchange, specified by what it does inside the chain's virtual machine. One file a verb.
#![allow(clippy::arithmetic_side_effects)] // an overflow in a test is a failing test

mod buy;
mod collusion;
mod cu;
mod invariants;
