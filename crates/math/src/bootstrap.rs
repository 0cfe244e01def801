//! What a launch pays: traders by the fees they paid, makers by the liquidity they lock.

use crate::error::{MathError, Result};
use crate::fixed::mul_div;
use crate::units::{Collateral6, Mmt9, Rounding};

/// How often the fee of an early trade is credited, and an early maker's shares count.
pub const EARLY: u64 = 2;
const UNIT: u64 = 1_000_000;

/// The part of a trade's fee that counts, and the credit for it, in millionths: `times` the counted part, which is at most
/// `most` and brings at most the credit that is `left`. So a credit is never more than `times` what was paid for it.
#[inline]
pub const fn credited(fee: Collateral6, most: Collateral6, left: u64, times: u64) -> (Collateral6, u64) {
    let room = match left.checked_div(times) {
        Some(room) => Collateral6::new(room),
        None => Collateral6::ZERO,
    };
    let mut counted = fee;
    if most.raw() < counted.raw() {
        counted = most;
    }
    if room.raw() < counted.raw() {
        counted = room;
    }
    // at most `left`, so it fits
    (counted, counted.raw().saturating_mul(times))
}

/// What a credit is worth at `rate` billionths of an MMT for a unit, rounded down. Errors: `Overflow`.
#[inline]
pub fn reward(credit: u64, rate: u64) -> Result<Mmt9> {
    mul_div(credit, rate, UNIT, Rounding::Down).map(Mmt9::new)
}

/// All that the launch can pay: every credit, rounded up, and every slot. Errors: `Overflow`.
pub fn budget(credits: u64, credit_rate: u64, slots: u64, slot_rate: u64) -> Result<Mmt9> {
    let trades = Mmt9::new(mul_div(credits, credit_rate, UNIT, Rounding::Up)?);
    let makers = slots.checked_mul(slot_rate).ok_or(MathError::Overflow)?;
    trades.checked_add(Mmt9::new(makers))
}

/// How locked shares count: the early ones twice. Errors: `Overflow`; `Domain` for more early ones than there are.
#[inline]
pub fn weight(shares: u64, early: u64) -> Result<u64> {
    if early > shares {
        return Err(MathError::Domain);
    }
    shares.checked_add(early).ok_or(MathError::Overflow)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // an overflow in a test is a failing test
mod tests {
    use super::*;

    fn counted(fee: u64, most: u64, left: u64, times: u64) -> (u64, u64) {
        let (counted, credit) = credited(Collateral6::new(fee), Collateral6::new(most), left, times);
        (counted.raw(), credit)
    }

    #[test]
    fn a_fee_counts_up_to_the_most_and_what_is_left() {
        assert_eq!(counted(100, 1_000, 1_000, 2), (100, 200));
        assert_eq!(counted(100, 1_000, 1_000, 1), (100, 100));
        assert_eq!(counted(100, 60, 1_000, 2), (60, 120));
        assert_eq!(counted(100, 1_000, 31, 2), (15, 30));
        assert_eq!(counted(100, 1_000, 1, 2), (0, 0));
        assert_eq!(
            counted(u64::MAX, u64::MAX, u64::MAX, 2),
            (u64::MAX / 2, u64::MAX - 1)
        );
        assert_eq!(counted(1, 1, 1, 0), (0, 0));
    }

    #[test]
    fn rewards_of_parts_are_within_the_budget_of_the_whole() {
        for rate in [0, 1, 999_999, 1_000_001, 7_000_000_000] {
            let parts = [1, 2, 3, 333_333, 666_661];
            let paid: u64 = parts.iter().map(|&part| reward(part, rate).unwrap().raw()).sum();
            assert!(paid <= budget(1_000_000, rate, 0, 0).unwrap().raw());
        }
        assert_eq!(budget(3, 500_000, 10, 7), Ok(Mmt9::new(72)));
        assert_eq!(budget(0, 0, 2, u64::MAX), Err(MathError::Overflow));
        assert_eq!(reward(u64::MAX, u64::MAX), Err(MathError::Overflow));
    }

    #[test]
    fn early_shares_weigh_twice() {
        assert_eq!(weight(10, 0), Ok(10));
        assert_eq!(weight(10, 10), Ok(10 * EARLY));
        assert_eq!(weight(10, 11), Err(MathError::Domain));
        assert_eq!(weight(u64::MAX, 1), Err(MathError::Overflow));
    }
}
