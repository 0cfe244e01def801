//! Natural logarithm.
//!
//! `ln(2^n m)` for m in [1, 2) is `n ln 2 - ln c + ln(1 + z)` with `z = m c - 1`, where c is 1/m to 12 bits from a table of
//! 512 and `|z| < 2^-9.8`. z is exact in one wrapping multiplication: its top bits are known to cancel.
//! `ln(1 + z) = z - z^2 (L0 - z (L1 - z L2))`, interpolated in Chebyshev's points; the error is below 2^-53.

use crate::error::{MathError, Result};
use crate::fixed::leading_zeros;
use crate::tables::{L0_Q32, L1_Q32, L2_Q32, LN, LN2_Q57};
use crate::units::Q48;

/// Fractional bits of the mantissa that [`ln_mantissa`] takes.
pub(crate) const MANTISSA_BITS: u32 = 59;
/// Fractional bits of the logarithm that it returns.
pub(crate) const LN_BITS: u32 = 62;

/// ln m in Q62 for a mantissa m in [1, 2) in Q59. Absolute error below 2^-50; it may be slightly negative near one.
#[inline(always)]
pub(crate) fn ln_mantissa(m: u64) -> i64 {
    // an entry is -ln c in Q64, whose 12 lowest bits are c in Q12 and belong to the rounding
    let entry = LN[((m >> 50) & 511) as usize];
    // Q59 * Q12 = Q71; 1.0 is a multiple of 2^64 there, and |z| < 2^-9.8 leaves z the low word
    let z = m.wrapping_mul(entry & 0xfff) as i64;
    // Q41, |z| < 2^31.2: every product below stays within 63 bits
    let short = z.wrapping_add(1 << 29) >> 30;
    let l1 = L1_Q32.wrapping_sub(short.wrapping_mul(L2_Q32) >> 41);
    let l0 = L0_Q32.wrapping_sub(short.wrapping_mul(l1) >> 41);
    let square = short.wrapping_mul(short) >> 31; // Q51
    let tail = square.wrapping_mul(l0) >> 21; // Q83, then Q62
    ((entry >> 2) as i64).wrapping_add(z >> 9).wrapping_sub(tail)
}

impl Q48 {
    /// Natural logarithm, absolute error below 2^-48.8. Errors: `Domain` for zero and below.
    #[inline]
    pub fn ln(self) -> Result<Self> {
        let x = self.raw();
        if x <= 0 {
            return Err(MathError::Domain);
        }
        let x = x as u64;
        let zeros = leading_zeros(x);
        let mantissa = x.wrapping_shl(zeros) >> 4; // leading bit at 59
                                                   // x = m 2^(63 - zeros - 48)
        let exponent = 15_i64.wrapping_sub(zeros as i64);
        let sum = (ln_mantissa(mantissa) >> 5).wrapping_add(exponent.wrapping_mul(LN2_Q57));
        Ok(Self::new(sum.wrapping_add(1 << 8) >> 9))
    }
}
