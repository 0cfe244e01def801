//! Accounts, one noun a file. All amounts are micro-units of collateral unless the name says otherwise.

mod config;
mod curve;
mod market;
mod position;
pub mod program_data;
mod shard;
mod trader;
mod vault;

pub use {config::*, curve::*, market::*, position::*, shard::*, trader::*, vault::*};
