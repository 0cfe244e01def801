//! MMT: what its schedule emits, what a stake earns of it, tiers and penalties.
//!
//! Rewards are counted by the usual accumulator: `per weight` grows by `emission / total weight`, in units of 2^-40, and
//! a stake earns its weight times the growth since it was last settled. The division's rest is carried over to the next
//! one, so nothing is lost there; what a stake earns is rounded down. So all stakes together never earn more than was
//! emitted, whatever the order of events.

use crate::error::{MathError, Result};
use crate::fixed::{div_wide, full_mul, mul_div};
use crate::units::{Mmt9, Rounding};

/// Seasons that the schedule knows; after the last one nothing is emitted.
pub const SEASONS: usize = 8;
/// Fractional bits of the accumulator.
pub const PER_WEIGHT_BITS: u32 = 40;
/// What a tier multiplies by, in tenths.
pub const TIER_TENTHS: [u64; TIERS] = [10, 11, 12, 13];
pub const TIERS: usize = 4;
/// A failed duty costs one part in so many of the bond.
pub const PENALTY_PARTS: u64 = 20;

/// What the schedule emits in the slots `from..to`, counted from its start; `rates` are units per slot by season.
/// Errors: `Overflow`.
#[inline]
pub fn emission(rates: &[u64; SEASONS], season_slots: u64, from: u64, to: u64) -> Result<Mmt9> {
    let (mut sum, mut start) = (Mmt9::ZERO, 0_u64);
    for &rate in rates {
        let end = start.saturating_add(season_slots);
        let slots = to.min(end).saturating_sub(from.max(start));
        let part = rate.checked_mul(slots).ok_or(MathError::Overflow)?;
        sum = sum.checked_add(Mmt9::new(part))?;
        start = end;
    }
    Ok(sum)
}

/// How much the accumulator grows when `amount` is shared by `weight`, and the rest to carry over.
/// Errors: `DivisionByZero` without weight; `Overflow`.
#[inline]
#[allow(clippy::arithmetic_side_effects)] // the bare operations divide by a weight that is not zero there
pub fn accrue(amount: Mmt9, carry: u64, weight: u64) -> Result<(u64, u64)> {
    if weight == 0 {
        return Err(MathError::DivisionByZero);
    }
    let (low, carried) = (amount.raw() << PER_WEIGHT_BITS).overflowing_add(carry);
    let high = (amount.raw() >> 24) + u64::from(carried); // 40 bits and one
    if high >= weight {
        return Err(MathError::Overflow);
    }
    if high == 0 {
        return Ok((low / weight, low % weight));
    }
    Ok(div_wide(high, low, weight))
}

/// What `weight` earned while the accumulator grew by so much, rounded down. Errors: `Overflow`.
#[inline]
pub fn earned(weight: u64, growth: u64) -> Result<Mmt9> {
    let (high, low) = full_mul(weight, growth);
    if high >> PER_WEIGHT_BITS != 0 {
        return Err(MathError::Overflow);
    }
    Ok(Mmt9::new((high << 24) | (low >> PER_WEIGHT_BITS)))
}

/// The tier of an amount: how many of the ascending thresholds it reaches.
#[inline(always)]
pub fn tier(amount: Mmt9, thresholds: &[u64; TIERS - 1]) -> usize {
    thresholds.iter().filter(|&&least| amount.raw() >= least).count()
}

/// An amount times the tier's multiplier, rounded down. Errors: `Domain` for a tier that does not exist; `Overflow`.
#[inline]
pub fn multiplied(amount: Mmt9, tier: usize) -> Result<Mmt9> {
    let tenths = *TIER_TENTHS.get(tier).ok_or(MathError::Domain)?;
    Ok(Mmt9::new(mul_div(amount.raw(), tenths, 10, Rounding::Down)?))
}

/// What a failed duty takes from a bond: 5 %, rounded up.
#[inline(always)]
pub const fn penalty(bond: Mmt9) -> Mmt9 {
    Mmt9::new(bond.raw().div_ceil(PENALTY_PARTS))
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // an overflow in a test is a failing test
mod tests {
    use super::*;

    const RATES: [u64; SEASONS] = [100, 50, 25, 0, 7, 0, 0, 1];

    #[test]
    fn a_span_over_several_seasons_takes_each_seasons_rate() {
        let emitted = |from, to| emission(&RATES, 10, from, to).unwrap().raw();
        assert_eq!(emitted(0, 10), 1_000);
        assert_eq!(emitted(9, 11), 150);
        assert_eq!(emitted(0, 80), 1_830);
        assert_eq!(emitted(79, 1_000), 1, "after the last season nothing is emitted");
        assert_eq!(emitted(80, u64::MAX), 0);
        assert_eq!(emitted(5, 5), 0);
        assert_eq!(emitted(6, 5), 0, "time does not run backwards");
    }

    #[test]
    fn the_whole_supply_on_one_token_fits_the_accumulator() {
        let (ten_million, one) = (Mmt9::new(10_000_000_000_000_000), 1_000_000_000);
        let (growth, carry) = accrue(ten_million, 0, one).unwrap();
        assert_eq!(carry, 0);
        assert_eq!(earned(one, growth), Ok(ten_million));
    }

    #[test]
    fn no_weight_and_too_little_weight_are_errors() {
        assert_eq!(accrue(Mmt9::new(1), 0, 0), Err(MathError::DivisionByZero));
        assert_eq!(accrue(Mmt9::new(1 << 60), 0, 1), Err(MathError::Overflow));
        assert_eq!(earned(u64::MAX, u64::MAX), Err(MathError::Overflow));
    }

    #[test]
    fn tiers_begin_at_their_thresholds() {
        let tier_of = |amount| tier(Mmt9::new(amount), &[10, 20, 30]);
        assert_eq!(
            [9, 10, 19, 20, 29, 30, u64::MAX].map(tier_of),
            [0, 1, 1, 2, 2, 3, 3]
        );
        assert_eq!(multiplied(Mmt9::new(7), 3), Ok(Mmt9::new(9)));
        assert_eq!(multiplied(Mmt9::new(7), 4), Err(MathError::Domain));
        assert_eq!(multiplied(Mmt9::new(u64::MAX), 1), Err(MathError::Overflow));
    }

    #[test]
    fn a_penalty_is_a_twentieth_and_never_nothing() {
        assert_eq!(
            [0, 1, 20, 21, 1_000].map(|bond| penalty(Mmt9::new(bond)).raw()),
            [0, 1, 1, 2, 50]
        );
    }
}
