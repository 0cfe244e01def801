//! Accounts, one noun a file. All amounts are units of their token.

mod pool;

pub use pool::*;
