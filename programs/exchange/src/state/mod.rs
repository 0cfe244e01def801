//! Accounts, one noun a file. All amounts are micro-units of collateral unless the name says otherwise.

mod config;
mod curve;
mod market;
mod position;
mod shard;
mod trader;
mod vault;

pub use {config::*, curve::*, market::*, position::*, shard::*, trader::*, vault::*};

mod keeper;
mod need;
mod registry;
mod season;
mod stake;
mod task;

pub use {keeper::*, need::*, registry::*, season::*, stake::*, task::*};
