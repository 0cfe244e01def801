//! Accounts, one noun a file. All amounts are micro-units of collateral unless the name says otherwise.

mod breaker;
mod chain;
mod config;
mod curve;
mod holding;
mod liquidation;
mod market;
mod position;
pub mod program_data;
mod shard;
mod stop;
mod trader;
mod vault;

pub use {
    breaker::*, chain::*, config::*, curve::*, holding::*, liquidation::*, market::*, position::*, shard::*,
    stop::*, trader::*, vault::*,
};

mod archive;
mod bootstrap;
mod keeper;
mod need;
mod registry;
mod season;
mod stake;
mod task;

pub use {archive::*, bootstrap::*, keeper::*, need::*, registry::*, season::*, stake::*, task::*};
