//! What the lenders' shares of the vault are worth.
//!
//! Shares and assets are counted with a million virtual ones on top, which nobody owns: the first depositor can't raise
//! the price of a share out of the next one's reach, because a donation mostly goes to the virtual shares (the defence
//! of OpenZeppelin's ERC-4626).

use crate::error::{MathError, Result};
use crate::fixed::mul_div;
use crate::units::{Collateral6, LpShares6, Rounding};

/// Micro-shares and micro-units that exist besides the real ones.
pub const VIRTUAL: u64 = 1_000_000;

#[inline(always)]
fn with_virtual(real: u64) -> Result<u64> {
    real.checked_add(VIRTUAL).ok_or(MathError::Overflow)
}

/// Shares for a deposit, rounded down. `nav_high` values the vault at its highest defensible mark, so that a newcomer
/// takes nothing from those who are in. Errors: `Overflow`.
#[inline]
pub fn shares_for_deposit(
    amount: Collateral6,
    supply: LpShares6,
    nav_high: Collateral6,
) -> Result<LpShares6> {
    let (shares, assets) = (with_virtual(supply.raw())?, with_virtual(nav_high.raw())?);
    mul_div(amount.raw(), shares, assets, Rounding::Down).map(LpShares6::new)
}

/// What shares are worth, rounded down. `nav_low` values the vault at its lowest defensible mark, so that who leaves takes
/// nothing from those who stay; never more than `nav_low`. Errors: `Domain` for more shares than exist; `Overflow`.
#[inline]
pub fn value_of_shares(shares: LpShares6, supply: LpShares6, nav_low: Collateral6) -> Result<Collateral6> {
    if shares > supply {
        return Err(MathError::Domain);
    }
    let value = mul_div(
        shares.raw(),
        with_virtual(nav_low.raw())?,
        with_virtual(supply.raw())?,
        Rounding::Down,
    )?;
    // the virtual assets are no money: after a loss they would be paid out too
    Ok(Collateral6::new(if value < nav_low.raw() {
        value
    } else {
        nav_low.raw()
    }))
}
