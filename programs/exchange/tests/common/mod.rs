//! What the specifications of both programs share: a [`World`] around LiteSVM, an instruction builder for every verb,
//! the layouts of accounts and events, and the attacks that apply to any instruction.
#![allow(clippy::arithmetic_side_effects)] // an overflow in a test is a failing test

pub mod address;
pub mod archive;
pub mod attacks;
pub mod audit;
pub mod error;
pub mod ix;
pub mod ix_archive;
pub mod ix_bootstrap;
pub mod ix_keepers;
pub mod ix_legs;
pub mod ix_pools;
pub mod keepers;
pub mod layout;
pub mod model;
pub mod model_chain;
pub mod pools;
pub mod random;
pub mod tail_attacks;
pub mod transaction;
pub mod world;

pub use {
    breakwater_math as math,
    bytemuck::Zeroable,
    error::{ExchangeError, OracleError, PoolsError},
    layout::*,
    solana_account::Account,
    solana_address::Address,
    solana_instruction::{error::InstructionError, AccountMeta, Instruction},
    transaction::{refusal, Clearly},
    world::{Party, World, HOUR_MS, START_S, UNIT},
};
