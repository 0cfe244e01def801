//! Loans that were called, and standing orders.

use anchor_lang::prelude::*;

/// A loan was called: shares were sold and the proceeds dealt out.
#[event(bytemuck)]
pub struct Liquidated {
    /// The position, or the chain whose leg this is.
    pub source: Address,
    pub trader: Address,
    pub market: Address,
    /// Trader account of the keeper.
    pub keeper: Address,
    pub shares: u64,
    pub notional: u64,
    pub fee: u64,
    /// The keeper's reward, the insurance fund's part, what went against the loan, and what the owner got.
    pub reward: u64,
    pub insured: u64,
    pub repaid: u64,
    pub amount: u64,
    /// The loan and the shares that are left.
    pub debt: u64,
    pub left: u64,
    /// The market's escrow afterwards.
    pub escrow: u64,
    pub income: u64,
    /// Price that decided.
    pub mark_q28: u32,
    pub outcome: u8,
    /// 0 partial, 1 full, 2 emergency.
    pub severity: u8,
    pub reserved: u16,
}

/// A loan under water: the vault took its shares over, but for those that were sold for the keeper's reward.
#[event(bytemuck)]
pub struct TakenOver {
    /// The position, or the chain whose leg this is.
    pub source: Address,
    pub trader: Address,
    pub market: Address,
    /// Trader account of the keeper.
    pub keeper: Address,
    /// The shares taken over, and the loan that they secure.
    pub shares: u64,
    pub debt: u64,
    /// The shares sold, their price before the fee, the fee, and what the keeper got.
    pub sold: u64,
    pub notional: u64,
    pub fee: u64,
    pub reward: u64,
    /// The market's escrow afterwards.
    pub escrow: u64,
    pub income: u64,
    /// Price that decided.
    pub mark_q28: u32,
    pub outcome: u32,
}

/// A chain's loans were taken over; its legs come before this.
#[event(bytemuck)]
pub struct ChainTakenOver {
    pub chain: Address,
    pub trader: Address,
    pub keeper: Address,
    pub legs: u64,
    /// What all legs were worth at the prices that decided, and their loans.
    pub value: u64,
    pub debt: u64,
    pub reward: u64,
}

/// A chain's loans were called; its legs' liquidations come before this and name neither reward nor owner's part.
#[event(bytemuck)]
pub struct ChainLiquidated {
    pub chain: Address,
    pub trader: Address,
    pub keeper: Address,
    pub legs: u64,
    pub notional: u64,
    pub reward: u64,
    pub insured: u64,
    pub repaid: u64,
    pub amount: u64,
    pub severity: u64,
}

#[event(bytemuck)]
pub struct StopPlaced {
    pub position: Address,
    pub shares: u64,
    pub tip: u64,
    pub trigger_q28: u32,
    pub limit_q28: u32,
    /// 0 stop loss, 1 take profit.
    pub side: u64,
}

#[event(bytemuck)]
pub struct StopCancelled {
    pub position: Address,
    pub side: u64,
}

/// A standing order was executed; its fill comes before this.
#[event(bytemuck)]
pub struct StopExecuted {
    pub position: Address,
    pub keeper: Address,
    pub shares: u64,
    pub tip: u64,
    pub fill_q28: u32,
    pub side: u32,
}
