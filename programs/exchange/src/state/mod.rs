//! Accounts, one noun a file. All amounts are micro-units of collateral unless the name says otherwise.

mod breaker;
mod chain;
mod config;
mod curve;
mod holding;
mod market;
mod position;
mod shard;
mod trader;
mod vault;

pub use {
    breaker::*, chain::*, config::*, curve::*, holding::*, market::*, position::*, shard::*, trader::*,
    vault::*,
};
