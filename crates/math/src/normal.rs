//! The normal distribution: `Phi`, its density `phi`, its inverse, and its loss function.
//!
//! With the tail `Q(z) = Phi(-z)`, the loss `K(z) = phi(z) - z Q(z)` is the integral of the tail from z on. Over each
//! sixteenth from 0 to 8 the tail is a polynomial of degree 6 (through Chebyshev's points) in the signed distance h from the
//! middle, and the loss the integral of the same polynomial: one table serves both, and one is the other's exact slope.
//! `phi` is a power of two. The inverse is a table over `-ln p`, where it is smooth up to the smallest p.
//! Absolute errors: tail below 2^-49.6, loss below 2^-56 (and below 2^-53 where it counts as nothing, from 8 on).

use crate::error::{MathError, Result};
use crate::exp::{exp2_neg, EXPONENT_BITS};
use crate::fixed::{halves, leading_zeros, mul_hi_near};
use crate::ln::ln_mantissa;
use crate::normal_tables::{DENSITY_0_Q64, FIRST_TAIL, HALF_LOG2E_Q64, NORMAL, QUANTILE};
use crate::tables::LN2_Q57;
use crate::units::Q48;

const LOW: i64 = u32::MAX as i64;
const TOP: u64 = 1 << 63;
/// Fractional bits of the z that [`loss`] and [`tail`] take; it is below 8 = 2^63.
pub(crate) const Z_BITS: u32 = 60;
/// From 8 on the tail is below half a unit of Q48, and the loss below 2^-53.
pub(crate) const Z_LIMIT: u64 = 8 << Z_BITS;
/// From 131 / 16 on the density is below half a unit of Q48.
const DENSITY_LIMIT_Q48: u64 = 131 << 44;
const LIMIT_Q48: u64 = 8 << 48;
const HALF: i64 = 1 << 47;

/// A signed word as its high half with the sign, and its low half without.
#[inline(always)]
pub(crate) const fn signed_halves(h: i64) -> (i64, i64) {
    (h >> 32, h & LOW)
}

/// High word of a signed product, up to 3 too small.
#[inline(always)]
const fn mul_hi_signed(h: (i64, i64), b: i64) -> i64 {
    // |h.0| <= 2^31 and the low halves are below 2^32: no product exceeds 63 bits
    let (b1, b0) = signed_halves(b);
    let cross = (h.0.wrapping_mul(b0) >> 32).wrapping_add(h.1.wrapping_mul(b1) >> 32);
    h.0.wrapping_mul(b1).wrapping_add(cross)
}

/// `h r` for a short coefficient r, where h has 36 fractional bits.
#[inline(always)]
const fn short(h1: i64, r: i64) -> i64 {
    h1.wrapping_mul(r) >> 36
}

/// The cell of z, and the distance from its middle in Q68 by halves, of which the high one is Q36.
#[inline(always)]
fn cell(z: u64) -> (&'static [i64; 8], (i64, i64)) {
    let h = ((z << 8) ^ TOP) as i64;
    (&NORMAL[((z >> 56) & 127) as usize], signed_halves(h))
}

/// K(z) in Q64 for z in Q60 below [`Z_LIMIT`].
#[inline(always)]
pub(crate) fn loss(z: u64) -> u64 {
    let (c, h) = cell(z);
    loss_in(c, h)
}

/// Q(z) in Q64, likewise.
#[inline(always)]
pub(crate) fn tail(z: u64) -> u64 {
    let (c, h) = cell(z);
    tail_in(c, h)
}

/// Both.
#[inline(always)]
pub(crate) fn loss_and_tail(z: u64) -> (u64, u64) {
    let (c, h) = cell(z);
    (loss_in(c, h), tail_in(c, h))
}

#[inline(always)]
fn loss_in(&[k, b0, b1, b2, b3, b4, b5, b6]: &[i64; 8], h: (i64, i64)) -> u64 {
    // Q37, below 2^31.1
    let r = b5.wrapping_add(short(h.0, b6));
    let r = b3.wrapping_add(short(h.0, b4.wrapping_add(short(h.0, r))));
    // Q36 * Q37 = Q73, then Q64; Q68 * Q64 / 2^64 = Q68, then Q64
    let r = b2.wrapping_add(h.0.wrapping_mul(r) >> 9);
    let r = b1.wrapping_add(mul_hi_signed(h, r) >> 4);
    let r = b0.wrapping_add(mul_hi_signed(h, r) >> 4);
    k.wrapping_sub(mul_hi_signed(h, r) >> 4) as u64
}

#[inline(always)]
fn tail_in(&[_, b0, b1, b2, b3, b4, b5, b6]: &[i64; 8], h: (i64, i64)) -> u64 {
    // Q37, below 2^32
    let r = b5.wrapping_mul(6).wrapping_add(short(h.0, b6.wrapping_mul(7)));
    let r = b4.wrapping_mul(5).wrapping_add(short(h.0, r));
    // 4 b3 in Q35 is b3 in Q37; Q36 * Q35 = Q71, then Q64
    let r = b3.wrapping_add(h.0.wrapping_mul(r).wrapping_add(1 << 37) >> 38);
    let r = h.0.wrapping_mul(r).wrapping_add(h.1.wrapping_mul(r) >> 32) >> 7;
    let r = b2.wrapping_mul(3).wrapping_add(r);
    let r = b1.wrapping_mul(2).wrapping_add(mul_hi_signed(h, r) >> 4);
    b0.wrapping_add(mul_hi_signed(h, r) >> 4) as u64
}

/// `-ln(m 2^-n)` in Q57 for m = `mantissa` / 2^63 in [1, 2) and 0 <= n <= 90.
#[inline(always)]
pub(crate) fn neg_ln(mantissa: u64, n: i64) -> u64 {
    n.wrapping_mul(LN2_Q57)
        .wrapping_sub(ln_mantissa(mantissa >> 4) >> 5) as u64
}

/// Of the sixteen cells an octave from t = 1/2 on, the one of t in Q57 below 64, and the distance from its middle over its
/// width in Q64 by halves.
#[inline(always)]
pub(crate) fn octave(t: u64) -> (u64, (i64, i64)) {
    let zeros = leading_zeros(t);
    let m = t.wrapping_shl(zeros);
    let octaves = 7_u64.wrapping_sub(zeros as u64);
    let h = ((m << 5) ^ TOP) as i64;
    ((octaves << 4) | ((m >> 59) & 15), signed_halves(h))
}

/// A polynomial in h of Q64; coefficients and result have the same number of fractional bits.
#[inline(always)]
pub(crate) fn polynomial<const N: usize>(c: &[i64; N], h: (i64, i64)) -> i64 {
    c.iter()
        .rev()
        .fold(0, |r, &c| c.wrapping_add(mul_hi_signed(h, r)))
}

impl Q48 {
    /// `Phi(x)`, rounded to the nearest: absolute error below 2^-49 plus 2^-49.6. Every number has one, 0 or 1 from 8 on.
    #[inline]
    pub fn normal_cdf(self) -> Self {
        let magnitude = self.raw().unsigned_abs();
        let below = if magnitude >= LIMIT_Q48 {
            0
        } else {
            (tail(magnitude << 12).wrapping_add(1 << 15) >> 16) as i64
        };
        Self::new(if self.raw() < 0 {
            below
        } else {
            Self::ONE.raw().wrapping_sub(below)
        })
    }

    /// `phi(x)`, rounded to the nearest: absolute error below 2^-49 plus 2^-51. Every number has one.
    #[inline]
    pub fn normal_pdf(self) -> Self {
        let magnitude = self.raw().unsigned_abs();
        if magnitude >= DENSITY_LIMIT_Q48 {
            return Self::ZERO;
        }
        // x < 8.2 in Q60 squared is Q56, times Q64 over 2^64 is Q56, then Q57: below 48.4
        let z = halves(magnitude << 12);
        let y = mul_hi_near(halves(mul_hi_near(z, z)), halves(HALF_LOG2E_Q64)) << 1;
        let density = mul_hi_near(halves(exp2_neg(y)), halves(DENSITY_0_Q64)); // Q63
                                                                               // to the nearest: the shift is 15 to 63
        let half = density.wrapping_shr((y >> EXPONENT_BITS).wrapping_add(14) as u32);
        Self::new((half.wrapping_add(1) >> 1) as i64)
    }

    /// The x with `Phi(x)` = self; absolute error below 2^-47. Errors: `Domain` unless 0 < self < 1.
    #[inline]
    pub fn normal_inverse(self) -> Result<Self> {
        let p = self.raw();
        if p <= 0 || p >= Self::ONE.raw() {
            return Err(MathError::Domain);
        }
        if p == HALF {
            return Ok(Self::ZERO);
        }
        let small = if p < HALF {
            p
        } else {
            Self::ONE.raw().wrapping_sub(p)
        } as u64;
        let zeros = leading_zeros(small);
        // small = m 2^(63 - zeros - 48)
        let t = neg_ln(small.wrapping_shl(zeros), (zeros as i64).wrapping_sub(15));
        // ln 2 <= t <= 48 ln 2
        let (cell, h) = octave(t);
        let c = QUANTILE
            .get(cell.wrapping_sub(FIRST_TAIL) as usize)
            .ok_or(MathError::Domain)?;
        let z = polynomial(c, h).wrapping_add(1 << 11) >> 12;
        Ok(Self::new(if p < HALF { z.wrapping_neg() } else { z }))
    }
}
