//! Pools: two tokens that exchange at a fixed ratio, against reserves that anybody may provide.
//!
//! Start with [`state::Pool`] (what is kept), then [`instructions`] (what can happen, one verb a file). This file only
//! dispatches. The arithmetic is `breakwater_math::ratio`.
#![cfg_attr(target_os = "solana", no_std)]

extern crate alloc;

use anchor_lang::prelude::*;

pub mod constants;
pub mod error;
pub mod events;
pub mod instructions;
pub mod state;

use instructions::*;

declare_id!("GPPw5QpFBXaPSeZ9crh1jELNnQyZ6onGd35psjAceqrh");

#[cfg(target_os = "solana")]
breakwater_sbf_rt::entrypoint!();

#[program]
pub mod pools {
    use super::*;

    /// Swap exactly `amount` of one token for at least `least` of the other; the vaults say which for which.
    pub fn swap(ctx: &mut Context<Swap>, amount: u64, least: u64) -> Result<()> {
        ctx.accounts.swap(amount, least)
    }

    /// Deposit one token for as many LP tokens of its side; the vault says which.
    pub fn deposit(ctx: &mut Context<Deposit>, amount: u64) -> Result<()> {
        ctx.accounts.deposit(amount)
    }

    /// Burn LP tokens for as many units of their side, or for at least `least` of the other one; the vault says which.
    pub fn withdraw(ctx: &mut Context<Withdraw>, shares: u64, least: u64) -> Result<()> {
        ctx.accounts.withdraw(shares, least)
    }

    /// Open a pool of two mints at a fixed ratio. The signer becomes its owner. A number is good once.
    pub fn create_pool(ctx: &mut Context<CreatePool>, number: u64, terms: PoolTerms) -> Result<()> {
        let bumps = [
            [ctx.bumps.vault_a, ctx.bumps.vault_b],
            [ctx.bumps.lp_mint_a, ctx.bumps.lp_mint_b],
        ];
        let bump = ctx.bumps.pool;
        ctx.accounts.create_pool(number, &terms, bump, bumps)
    }

    /// Stop deposits and swaps, or let them in again. Signer: the pool's owner.
    pub fn set_paused(ctx: &mut Context<SetPaused>, paused: bool) -> Result<()> {
        ctx.accounts.set_paused(paused)
    }

    /// Pay out what the pool's owner has earned. Signer: the owner.
    pub fn collect_fees(ctx: &mut Context<CollectFees>) -> Result<()> {
        ctx.accounts.collect_fees()
    }

    /// Close a pool whose LP tokens are all redeemed; what is left, and the rent, goes to its owner, who signs.
    pub fn close_pool(ctx: &mut Context<ClosePool>) -> Result<()> {
        ctx.accounts.close_pool()
    }
}
