//! One event for every change. All are fixed-size and copied as they lie in memory; amounts are micro-units.

use anchor_lang::{bytemuck, prelude::*, Event};

mod archive;
mod bootstrap;
mod called;
mod keepers;

pub use {archive::*, bootstrap::*, called::*, keepers::*};

/// Log an event. Does what `emit!` does, with the discriminator and the body side by side on the stack instead of
/// copied into a vector.
#[inline(always)]
pub fn log<E: Event + bytemuck::Pod>(event: E) {
    #[repr(C)]
    struct Framed<E> {
        discriminator: [u8; 8],
        body: E,
    }
    let mut discriminator = [0; 8];
    discriminator.copy_from_slice(E::DISCRIMINATOR);
    let framed = Framed {
        discriminator,
        body: event,
    };
    // SAFETY: the body is `Pod` and aligned to at most eight bytes behind eight bytes, so there is no padding.
    let bytes = unsafe {
        core::slice::from_raw_parts(
            (&raw const framed).cast::<u8>(),
            core::mem::size_of::<Framed<E>>(),
        )
    };
    sol_log_data(&[bytes]);
}

pub const BUY: u8 = 0;
pub const SELL: u8 = 1;
pub const OPEN: u8 = 2;
pub const CLOSE: u8 = 3;

/// A fill: buy, sell, open or close.
#[event(bytemuck)]
pub struct Traded {
    pub trader: Address,
    pub market: Address,
    pub shares: u64,
    /// Cost of the shares before the fee, or proceeds before the fee.
    pub notional: u64,
    pub fee: u64,
    /// What left the trader's balance (buy, open) or reached it (sell, close).
    pub amount: u64,
    /// What an open paid for its loan; part of `amount`.
    pub premium: u64,
    /// What a close took from the balance because the proceeds did not repay the loan.
    pub shortfall: u64,
    /// The position's loan afterwards.
    pub debt: u64,
    /// The market's escrow afterwards.
    pub escrow: u64,
    /// Fee, premium and rounding that the vault earned.
    pub income: u64,
    pub outcome: u8,
    /// 0 buy, 1 sell, 2 open, 3 close.
    pub side: u8,
    pub leverage_x100: u16,
    pub reserved: u32,
}

#[event(bytemuck)]
pub struct Initialized {
    pub admin: Address,
    pub operator: Address,
    pub mint: Address,
}

#[event(bytemuck)]
pub struct OperatorSet {
    pub old: Address,
    pub new: Address,
}

#[event(bytemuck)]
pub struct AdminRenounced {
    pub admin: Address,
}

#[event(bytemuck)]
pub struct TraderOpened {
    pub trader: Address,
    pub owner: Address,
}

#[event(bytemuck)]
pub struct TraderClosed {
    pub trader: Address,
    pub owner: Address,
}

/// Tokens came in or went out.
#[event(bytemuck)]
pub struct BalanceMoved {
    pub trader: Address,
    pub deposited: u64,
    pub withdrawn: u64,
    pub balance: u64,
}

/// Liquidity came in or went out.
#[event(bytemuck)]
pub struct LiquidityMoved {
    pub trader: Address,
    pub deposited: u64,
    pub withdrawn: u64,
    pub lp_shares: u64,
    pub lp_supply: u64,
    pub cash: u64,
}

/// The shard ledgers were folded.
#[event(bytemuck)]
pub struct Folded {
    pub cash: u64,
    pub coverage_q32: u64,
    pub fee_ppm: u64,
}

#[event(bytemuck)]
pub struct MarketCreated {
    pub market: Address,
    pub feed: Address,
    pub id: u64,
    pub close_ms: u64,
    pub liquidity: u64,
    pub subsidy: u64,
    pub first_strike: u64,
    pub outcomes: u32,
    pub shard: u32,
}

/// A market was resolved (`voided` 0) or voided (1).
#[event(bytemuck)]
pub struct MarketSettled {
    pub market: Address,
    pub price: u64,
    /// What stays in escrow for the holders of shares.
    pub payable: u64,
    /// What went back to the vault.
    pub residue: u64,
    /// Loans that are lost: those of losing shares, and what shares and insurance fund do not pay of those taken over.
    pub bad_debt: u64,
    /// What the shares that the vault took over pay, and what the insurance fund paid of their loans.
    pub taken: u64,
    pub drawn: u64,
    pub winner: u32,
    pub voided: u32,
}

#[event(bytemuck)]
pub struct MarketRemoved {
    pub market: Address,
    pub swept: u64,
}

#[event(bytemuck)]
pub struct PositionOpened {
    pub position: Address,
    pub trader: Address,
    pub market: Address,
    pub outcome: u32,
    pub kind: u32,
}

#[event(bytemuck)]
pub struct PositionClosed {
    pub position: Address,
}

#[event(bytemuck)]
pub struct Redeemed {
    pub position: Address,
    pub trader: Address,
    pub market: Address,
    pub shares: u64,
    pub payout: u64,
    pub repaid: u64,
}

/// A circuit breaker tripped: the market, and its group if it has one, halts.
#[event(bytemuck)]
pub struct MarketHalted {
    pub market: Address,
    pub until_slot: u64,
    pub volume: u64,
    pub liquidated: u64,
    pub fill_q28: u32,
    /// 1 price move, 2 volume, 3 liquidations.
    pub reason: u32,
    pub group: u64,
}

/// A group's halt reached every shard.
#[event(bytemuck)]
pub struct GroupHalted {
    pub group: u64,
    pub until_slot: u64,
}

/// A decaying pool gave collateral back to the vault.
#[event(bytemuck)]
pub struct LiquidityReleased {
    pub market: Address,
    pub liquidity: u64,
    pub released: u64,
    pub escrow: u64,
}

#[event(bytemuck)]
pub struct ShardCreated {
    pub shard: Address,
    pub index: u64,
}

#[event(bytemuck)]
pub struct ChainCreated {
    pub chain: Address,
    pub trader: Address,
    pub id: u64,
}

#[event(bytemuck)]
pub struct ChainClosed {
    pub chain: Address,
}

/// A chain was opened; its legs' fills come before this.
#[event(bytemuck)]
pub struct ChainOpened {
    pub chain: Address,
    pub trader: Address,
    pub legs: u64,
    /// Cost of all legs, without fees and premiums.
    pub notional: u64,
    /// What the trader paid: the first leg's margin, all fees and premiums.
    pub payment: u64,
    pub debt: u64,
}

/// A chain was unwound; its legs' fills come before this.
#[event(bytemuck)]
pub struct ChainUnwound {
    pub chain: Address,
    pub trader: Address,
    pub legs: u64,
    /// What all legs brought, after fees.
    pub proceeds: u64,
    pub repaid: u64,
    /// What reached the trader, or what was taken from the trader's balance.
    pub amount: u64,
    pub shortfall: u64,
}
