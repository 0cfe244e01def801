//! The fee schedule: 3 basis points, and up to 25 more while the vault covers little of its risk.

use crate::error::{MathError, Result};
use crate::exp::{exp2_neg, EXPONENT_BITS};
use crate::fixed::{halves, mul_div, mul_hi_near};
use crate::tables::LOG2E_Q63;
use crate::units::{Collateral6, CoverageQ32, Ppm, Rounding};

/// The rate at infinite coverage: 3 basis points.
pub const BASE: Ppm = Ppm::new(300);
/// What is added at no coverage: 25 basis points.
pub const SLOPE: Ppm = Ppm::new(2_500);
/// What is added for selling in the slot of the purchase: 200 basis points.
pub const FLASH: Ppm = Ppm::new(20_000);
/// From a coverage of 16 on, e^-48 is nothing.
const NEGLIGIBLE: u64 = 16 << 32;
const WHOLE: u64 = 1_000_000;

/// `base + slope * exp(-3 coverage)` in parts per million, rounded up; `base` itself from a coverage of 16 on.
/// Errors: `Overflow` when the sum exceeds 32 bits.
#[inline]
pub fn fee_rate(base: Ppm, slope: Ppm, coverage: CoverageQ32) -> Result<Ppm> {
    let extra = decayed(slope.raw() as u64, coverage.raw());
    // at most `slope`, because it is rounded up from at most that
    base.raw()
        .checked_add(extra as u32)
        .map(Ppm::new)
        .ok_or(MathError::Overflow)
}

/// `ceil(slope * exp(-3 coverage))`, for a slope of 32 bits.
#[inline(always)]
fn decayed(slope: u64, coverage: u64) -> u64 {
    if coverage == 0 || slope == 0 {
        return slope;
    }
    if coverage >= NEGLIGIBLE {
        return 0;
    }
    // 3 coverage < 2^37.6 in Q32, so in Q58 it fits; Q58 * Q63 / 2^64 = Q57
    let y = mul_hi_near(halves(coverage.wrapping_mul(3) << 26), halves(LOG2E_Q63));
    // the upper half of the mantissa, Q31, raised beyond its error
    let mantissa = (exp2_neg(y) >> 32).wrapping_add(1);
    let product = slope.wrapping_mul(mantissa); // below 2^32 (2^31 + 1)
    let shift = (y >> EXPONENT_BITS).wrapping_add(31) as u32;
    if shift > 63 {
        return 1;
    }
    let (whole, rest) = (
        product.wrapping_shr(shift),
        product & 1_u64.wrapping_shl(shift).wrapping_sub(1),
    );
    let up = whole.wrapping_add((rest != 0) as u64);
    if up > slope {
        slope
    } else {
        up
    }
}

/// `notional * rate`, rounded up to the next micro-unit. Errors: `Overflow`, possible only for rates above one.
#[inline]
pub fn fee(notional: Collateral6, rate: Ppm) -> Result<Collateral6> {
    mul_div(notional.raw(), rate.raw() as u64, WHOLE, Rounding::Up).map(Collateral6::new)
}
