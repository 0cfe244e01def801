//! What a launch pays for trades and locked liquidity.

use anchor_lang::prelude::*;

/// The launch begins to pay; `budget` is in the reward vault, billionths of an MMT.
#[event(bytemuck)]
pub struct BootstrapOpened {
    pub start_slot: u64,
    pub end_slot: u64,
    pub budget: u64,
}

/// Shares of the vault were locked or unlocked; `shares` are locked now, `early` of them weigh twice.
#[event(bytemuck)]
pub struct LiquidityLocked {
    pub maker: Address,
    pub locked: u64,
    pub unlocked: u64,
    pub shares: u64,
    pub early: u64,
}

/// A trader or a maker was paid out of the launch's budget.
#[event(bytemuck)]
pub struct BootstrapPaid {
    pub payee: Address,
    pub amount: u64,
}

#[event(bytemuck)]
pub struct MakerOpened {
    pub maker: Address,
    pub trader: Address,
}

#[event(bytemuck)]
pub struct MakerClosed {
    pub maker: Address,
    pub trader: Address,
}
