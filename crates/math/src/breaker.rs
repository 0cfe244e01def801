//! Comparisons of a circuit breaker: how far a price moved, and how large a part something is of a whole.

use crate::error::{MathError, Result};
use crate::fixed::{full_mul, mul_div};
use crate::units::{Collateral6, Ppm, PriceQ28, Rounding};

const WHOLE: u64 = 1_000_000;

/// A part per million of the price range as a price, rounded down. Errors: `Domain` above the whole.
#[inline]
pub fn price_of_ppm(part: Ppm) -> Result<PriceQ28> {
    if part.raw() as u64 > WHOLE {
        return Err(MathError::Domain);
    }
    let price = mul_div(
        part.raw() as u64,
        PriceQ28::ONE.raw() as u64,
        WHOLE,
        Rounding::Down,
    )?;
    Ok(PriceQ28::new(price as u32))
}

/// Whether `part / whole > limit`, exactly; nothing exceeds a limit of a whole of nothing.
#[inline]
pub fn exceeds(part: Collateral6, whole: Collateral6, limit: Ppm) -> bool {
    full_mul(part.raw(), WHOLE) > full_mul(whole.raw(), limit.raw() as u64)
}

/// The probability that a feed's price stands for, where `one` of its units are a probability of one; rounded down, at
/// most one. Errors: `DivisionByZero`.
#[inline]
pub fn probability(price: u64, one: u64) -> Result<PriceQ28> {
    if price >= one {
        return if one == 0 {
            Err(MathError::DivisionByZero)
        } else {
            Ok(PriceQ28::ONE)
        };
    }
    let probability = mul_div(price, PriceQ28::ONE.raw() as u64, one, Rounding::Down)?;
    Ok(PriceQ28::new(probability as u32))
}

/// Whether a price's interval `price ± confidence` is narrower than a tenth of the price, exactly.
#[inline(always)]
pub fn is_narrow(price: u64, confidence: u64) -> bool {
    // 2 confidence < price / 10; what overflows is not narrow
    match confidence.checked_mul(20) {
        Some(spread) => spread < price,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_exceeds_its_limit_from_one_unit_more_on() {
        let exceeds =
            |part, whole, ppm| super::exceeds(Collateral6::new(part), Collateral6::new(whole), Ppm::new(ppm));
        assert!(!exceeds(300, 1_000, 300_000));
        assert!(exceeds(301, 1_000, 300_000));
        assert!(!exceeds(0, 0, 0));
        assert!(exceeds(1, 0, 1_000_000));
        assert!(!exceeds(u64::MAX, u64::MAX, 1_000_000));
        assert!(exceeds(u64::MAX, u64::MAX, 999_999));
    }

    #[test]
    fn a_feeds_price_is_a_probability_of_at_most_one() {
        assert_eq!(probability(5, 10), Ok(PriceQ28::new(1 << 27)));
        assert_eq!(probability(11, 10), Ok(PriceQ28::ONE));
        assert_eq!(
            probability(u64::MAX - 1, u64::MAX),
            Ok(PriceQ28::new((1 << 28) - 1))
        );
        assert_eq!(probability(0, 0), Err(MathError::DivisionByZero));
    }

    #[test]
    fn a_spread_is_narrow_below_a_tenth_of_the_price() {
        assert!(is_narrow(2_001, 100));
        assert!(!is_narrow(2_000, 100));
        assert!(is_narrow(1, 0));
        assert!(!is_narrow(0, 0));
        assert!(!is_narrow(u64::MAX, u64::MAX));
    }

    #[test]
    fn a_part_per_million_becomes_a_price_rounded_down() {
        assert_eq!(price_of_ppm(Ppm::new(1_000_000)), Ok(PriceQ28::ONE));
        assert_eq!(price_of_ppm(Ppm::new(1)), Ok(PriceQ28::new(268)));
        assert_eq!(price_of_ppm(Ppm::new(1_000_001)), Err(MathError::Domain));
    }
}
