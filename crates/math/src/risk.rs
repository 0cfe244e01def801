//! How much leverage the vault allows, and what it has at risk.

use crate::error::{MathError, Result};
use crate::fixed::{full_mul, mul_div};
use crate::lmsr::{MAX_OUTCOMES, MIN_OUTCOMES};
use crate::tables::{TIER_CAP, X100_OVER_ROOT_Q18};
use crate::units::{Collateral6, CoverageQ32, LeverageX100, PriceQ28, Rounding, Shares6};

/// Above a coverage of sqrt(2) / 2 = 0.71 the cap by outcomes binds, whatever their number.
const ALWAYS_ENOUGH: u64 = 1 << 32;

/// Position in the tables of a market with this many outcomes.
#[inline(always)]
fn row<T: Copy>(table: &[T; MAX_OUTCOMES - MIN_OUTCOMES + 1], outcomes: usize) -> Result<T> {
    table
        .get(outcomes.wrapping_sub(MIN_OUTCOMES))
        .copied()
        .ok_or(MathError::Domain)
}

/// Highest leverage for a number of outcomes: `floor(50 sqrt(2 / N))`, in hundredths. Errors: `Domain` outside 2 to 16.
#[inline]
pub fn tier_cap(outcomes: usize) -> Result<LeverageX100> {
    row(&TIER_CAP, outcomes).map(LeverageX100::new)
}

/// `free / debt_at_risk`, rounded down; zero without free funds, [`CoverageQ32::MAX`] with some and no debt.
#[inline]
pub fn coverage(free: Collateral6, debt_at_risk: Collateral6) -> CoverageQ32 {
    if free.raw() == 0 {
        return CoverageQ32::ZERO;
    }
    // no debt and an overflow mean the same
    match mul_div(free.raw(), 1 << 32, debt_at_risk.raw(), Rounding::Down) {
        Ok(ratio) => CoverageQ32::new(ratio),
        Err(_) => CoverageQ32::MAX,
    }
}

/// Highest leverage now: the lesser of [`tier_cap`] and `100 coverage / sqrt N`, rounded down, but at least 1x.
/// Errors: `Domain` outside 2 to 16 outcomes.
#[inline]
pub fn leverage_cap(outcomes: usize, coverage: CoverageQ32) -> Result<LeverageX100> {
    let tier = row(&TIER_CAP, outcomes)?;
    if coverage.raw() >= ALWAYS_ENOUGH {
        return Ok(LeverageX100::new(tier));
    }
    let per_unit = row(&X100_OVER_ROOT_Q18, outcomes)? as u64;
    // below 2^32 * 7072 * 2^18 < 2^63; Q50
    let covered = coverage.raw().wrapping_mul(per_unit) >> 50;
    let floor = LeverageX100::ONE.raw() as u64;
    let capped = if covered > tier as u64 {
        tier as u64
    } else {
        covered
    };
    Ok(LeverageX100::new(if capped < floor {
        floor as u16
    } else {
        capped as u16
    }))
}

/// What the trader posts for a notional at a leverage: `notional / leverage`, rounded up. The vault lends the rest.
/// Errors: `Domain` below 1x.
#[inline]
#[allow(clippy::arithmetic_side_effects)] // the bare operations divide by a leverage of at least 100
pub fn margin(notional: Collateral6, leverage: LeverageX100) -> Result<Collateral6> {
    let leverage = leverage.raw() as u64;
    if leverage < 100 {
        return Err(MathError::Domain);
    }
    // notional = leverage k + rest, so the margin is 100 k + ceil(100 rest / leverage): at most the notional
    let (whole, rest) = (notional.raw() / leverage, notional.raw() % leverage);
    let part = rest.wrapping_mul(100).wrapping_add(leverage.wrapping_sub(1)) / leverage;
    Ok(Collateral6::new(whole.wrapping_mul(100).wrapping_add(part)))
}

/// The largest debt that stays unrepaid, over the outcomes that can happen: all debts but the smallest. A debt is booked
/// under the outcome whose holders owe it, and is repaid when that outcome happens.
/// Errors: `Domain` for no outcomes, `Overflow`.
#[inline]
pub fn debt_at_risk(debt_by_outcome: &[u64]) -> Result<Collateral6> {
    let (&first, rest) = debt_by_outcome.split_first().ok_or(MathError::Domain)?;
    let (mut sum, mut least) = (first, first);
    for &debt in rest {
        sum = sum.checked_add(debt).ok_or(MathError::Overflow)?;
        if debt < least {
            least = debt;
        }
    }
    Ok(Collateral6::new(sum.wrapping_sub(least)))
}

/// [`debt_at_risk`] where the sum is known already: all debts but the smallest. Errors: `Overflow` when the sum is not
/// even the smallest.
#[inline(always)]
pub fn debt_at_risk_of(total: Collateral6, debt_by_outcome: &[u64]) -> Result<Collateral6> {
    let least = debt_by_outcome
        .iter()
        .fold(u64::MAX, |least, &debt| if debt < least { debt } else { least });
    total.checked_sub(Collateral6::new(least))
}

/// The most debt that free funds may stand against: `free / min_coverage`, rounded down.
/// Errors: `DivisionByZero`; `Overflow` when the answer exceeds 64 bits.
#[inline]
pub fn max_debt(free: Collateral6, min_coverage: CoverageQ32) -> Result<Collateral6> {
    mul_div(free.raw(), 1 << 32, min_coverage.raw(), Rounding::Down).map(Collateral6::new)
}

/// Whether free funds cover a debt `min_coverage` times: `debt * min_coverage <= free`, exactly.
#[inline(always)]
pub fn is_covered(free: Collateral6, debt: Collateral6, min_coverage: CoverageQ32) -> bool {
    let (high, low) = full_mul(debt.raw(), min_coverage.raw());
    // free in Q32 over two words
    let (free_high, free_low) = (free.raw() >> 32, free.raw() << 32);
    high < free_high || (high == free_high && low <= free_low)
}

/// The least funds that cover a debt `min_coverage` times, rounded up. Errors: `Overflow`.
#[inline]
pub fn cash_for(debt: Collateral6, min_coverage: CoverageQ32) -> Result<Collateral6> {
    match mul_div(debt.raw(), min_coverage.raw(), 1 << 32, Rounding::Up) {
        Ok(cash) => Ok(Collateral6::new(cash)),
        Err(error) => Err(error),
    }
}

/// What a loan costs: the expected loss of a loan whose security is worthless unless its outcome happens, at the
/// probability `price`; `debt (1 - price)`, rounded up. Errors: `Domain` for a price above one.
#[inline]
pub fn premium(debt: Collateral6, price: PriceQ28) -> Result<Collateral6> {
    let loss = PriceQ28::ONE
        .raw()
        .checked_sub(price.raw())
        .ok_or(MathError::Domain)?;
    // loss <= 2^28, so the product's high word is below 2^28 and the result at most the debt
    let (high, low) = full_mul(debt.raw(), loss as u64);
    let rest = (low << 36 != 0) as u64;
    Ok(Collateral6::new(((high << 36) | (low >> 28)).wrapping_add(rest)))
}

/// The average price of a fill, rounded down, at most one; exact for a notional below 2^36, else at most 2^-26 of itself
/// too low. Errors: `DivisionByZero` for no shares.
#[inline]
pub fn fill_price(notional: Collateral6, shares: Shares6) -> Result<PriceQ28> {
    let (mut notional, mut shares) = (notional.raw(), shares.raw());
    if notional >= shares {
        return if shares == 0 {
            Err(MathError::DivisionByZero)
        } else {
            Ok(PriceQ28::ONE)
        };
    }
    // both shorter, the divisor rounded up, until the shifted notional fits a word
    while notional >= 1 << 36 {
        notional >>= 8;
        shares = (shares >> 8).wrapping_add(1);
    }
    let price = (notional << 28)
        .checked_div(shares)
        .ok_or(MathError::DivisionByZero)?;
    Ok(PriceQ28::new(price as u32))
}

/// Seconds over which a reference follows what it refers to. A power of two: the step is a shift.
pub const REFERENCE_S: u64 = 1 << REFERENCE_BITS;
const REFERENCE_BITS: u32 = 6;

/// Move a reference towards the quantity that has stood for `elapsed_s` seconds: all the way after [`REFERENCE_S`], in
/// proportion before. Many small steps never go further than one long one, so nothing is gained by taking them.
#[inline(always)]
pub fn follow(reference: u64, quantity: u64, elapsed_s: u64) -> u64 {
    if elapsed_s >= REFERENCE_S {
        return quantity;
    }
    // a distance below 2^62 (lmsr::MAX_QUANTITY) in 64ths, times at most 63: nothing wraps
    if quantity >= reference {
        let step = (quantity.wrapping_sub(reference) >> REFERENCE_BITS).wrapping_mul(elapsed_s);
        reference.wrapping_add(step)
    } else {
        let step = (reference.wrapping_sub(quantity) >> REFERENCE_BITS).wrapping_mul(elapsed_s);
        reference.wrapping_sub(step)
    }
}
