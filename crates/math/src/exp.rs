//! Powers of two and of e.
//!
//! `2^-y` splits `y` into whole bits, 10 bits of a table and a remainder `g < 2^-10`:
//! `2^-y = 2^-n * T[i] * (1 - d(g))` with `d(g) = g (E1 - g (E2 - g E3))`, the interpolation of `1 - 2^-g` in Chebyshev's
//! points. Its error is below 2^-51.6 of the result; all roundings together stay below another 2^-51.

use crate::error::{MathError, Result};
use crate::fixed::{halves, mul_hi_near};
use crate::tables::{E1_Q64, E2_Q32, E3_Q32, EXP2, EXP_LIMIT_Q48, LOG2E_Q63};
use crate::units::Q48;

/// Fractional bits of the exponent that [`exp2_neg`] takes.
pub(crate) const EXPONENT_BITS: u32 = 57;
/// The bits behind the point of an exponent.
const FRACTION: u64 = (1 << EXPONENT_BITS) - 1;
/// e^x is less than half a unit of [`Q48`] from here down: -34 < -49 ln 2.
const UNDERFLOW: i64 = -(34 << 48);

/// `2^-frac(y)` as a mantissa in (2^62, 2^63], where y has [`EXPONENT_BITS`] fractional bits. The caller shifts by the
/// whole part, `y >> EXPONENT_BITS`. Relative error below 2^-50.
#[inline(always)]
pub(crate) fn exp2_neg(y: u64) -> u64 {
    let [t0, t1] = EXP2[((y >> 47) & 1023) as usize];
    let t = (t1 as u64, t0 as u64);
    // the remainder of 47 bits as Q74
    let g = y << 17;
    let (g1, g0) = halves(g);
    // g1 < 2^32 is Q42; E2, E3 < 2^30 are Q32: no product exceeds 64 bits, and each subtrahend is small
    let e2 = E2_Q32.wrapping_sub(g1.wrapping_mul(E3_Q32) >> 42);
    let e1 = E1_Q64.wrapping_sub(g1.wrapping_mul(e2) >> 10);
    let d = mul_hi_near((g1, g0), halves(e1)); // Q74
    let td = mul_hi_near(t, halves(d)) >> 10; // Q63 * Q74 / 2^64 = Q73, then Q63
    ((t.0 << 32) | t.1).wrapping_sub(td)
}

/// `2^-frac(y)` in Q31 from the table alone: too large by a factor of at most 2^(1/1024), and by one unit.
#[inline(always)]
pub(crate) fn exp2_neg_coarse(y: u64) -> u64 {
    EXP2[((y >> 47) & 1023) as usize][1] as u64
}

impl Q48 {
    /// e^x, absolute error below 2^-48.9 plus 2^-49 of the result. Results below half a unit are zero.
    /// Errors: `Overflow` from 15 ln 2 = 10.397 on.
    #[inline]
    pub fn exp(self) -> Result<Self> {
        let x = self.raw();
        if x >= EXP_LIMIT_Q48 {
            return Err(MathError::Overflow);
        }
        if x <= UNDERFLOW {
            return Ok(Self::ZERO);
        }
        // |x| < 2^6, so |x| << 10 fits; Q58 * Q63 / 2^64 = Q57
        let y = mul_hi_near(halves(x.unsigned_abs() << 10), halves(LOG2E_Q63));
        if x < 0 {
            // y < 34 * 1.4427 < 50: the shift is at most 64, and that is zero
            let shift = (y >> EXPONENT_BITS).wrapping_add(15) as u32;
            return Ok(Self::new(if shift > 63 {
                0
            } else {
                round_shift(exp2_neg(y), shift)
            }));
        }
        // 2^y = 2^n 2^-(n - y) with n = ceil(y) <= 15: y is never too large
        let n = y.wrapping_add(FRACTION) >> EXPONENT_BITS;
        let mantissa = exp2_neg((n << EXPONENT_BITS).wrapping_sub(y));
        let shift = 15_u64.wrapping_sub(n) as u32;
        if shift == 0 {
            // n - y > 0 here, so the mantissa is below 2^63
            return Ok(Self::new(mantissa as i64));
        }
        Ok(Self::new(round_shift(mantissa, shift)))
    }
}

/// `mantissa / 2^shift` to the nearest, for 1 <= shift <= 63 and a mantissa of at most 2^63.
#[inline(always)]
fn round_shift(mantissa: u64, shift: u32) -> i64 {
    let half = mantissa.wrapping_shr(shift.wrapping_sub(1));
    (half.wrapping_add(1) >> 1) as i64
}
