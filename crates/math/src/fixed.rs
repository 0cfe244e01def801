//! Integer kernels in 64-bit registers, and the arithmetic of [`Q48`].

use crate::error::{MathError, Result};
use crate::units::{Rounding, Q48};

const LOW: u64 = u32::MAX as u64;
/// Fractional bits of [`Q48`].
pub const FRACTION_BITS: u32 = 48;

/// The same word, about which the optimiser knows nothing any more. Costs nothing.
#[inline(always)]
fn opaque(x: u64) -> u64 {
    #[cfg(target_arch = "bpf")]
    {
        let mut y = x;
        // SAFETY: no instruction at all, only a register that is said to change
        unsafe { core::arch::asm!("/* {0} */", inout(reg) y, options(pure, nomem, nostack)) };
        y
    }
    #[cfg(not(target_arch = "bpf"))]
    x
}

/// The full product of two words as `(high, low)`: schoolbook multiplication in base 2^32.
///
/// One half is opaque because LLVM recognises the whole (foldMulHigh, seen in 23) and turns it into a 128-bit
/// multiplication, which on the chain is a library call.
#[inline(always)]
pub fn full_mul(a: u64, b: u64) -> (u64, u64) {
    let (a1, a0, b1, b0) = (a >> 32, opaque(a & LOW), b >> 32, b & LOW);
    // Each sum below is at most (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1: nothing wraps.
    let low = a0.wrapping_mul(b0);
    let middle = a1.wrapping_mul(b0).wrapping_add(low >> 32);
    let other = a0.wrapping_mul(b1).wrapping_add(middle & LOW);
    let high = a1
        .wrapping_mul(b1)
        .wrapping_add(middle >> 32)
        .wrapping_add(other >> 32);
    (high, (other << 32) | (low & LOW))
}

/// High word of the product, exactly.
#[inline(always)]
pub fn mul_hi(a: u64, b: u64) -> u64 {
    full_mul(a, b).0
}

/// High word of the product of two words given as `(high, low)` halves, up to 3 too small: the product of the low halves
/// and the carries out of the discarded half are left out.
#[inline(always)]
pub(crate) const fn mul_hi_near(a: (u64, u64), b: (u64, u64)) -> u64 {
    // at most the true high word, so nothing wraps
    let cross = (a.0.wrapping_mul(b.1) >> 32).wrapping_add(a.1.wrapping_mul(b.0) >> 32);
    a.0.wrapping_mul(b.0).wrapping_add(cross)
}

/// The halves of a word as `(high, low)`.
#[inline(always)]
pub(crate) const fn halves(a: u64) -> (u64, u64) {
    (a >> 32, a & LOW)
}

/// Leading zeros of a word that is not zero, by bisection: the virtual machine has no instruction for it.
#[inline(always)]
pub(crate) const fn leading_zeros(mut x: u64) -> u32 {
    let mut zeros = 0_u32;
    let mut step = 32_u32;
    while step > 0 {
        if x.wrapping_shr(64_u32.wrapping_sub(step)) == 0 {
            zeros |= step;
            x = x.wrapping_shl(step);
        }
        step >>= 1;
    }
    zeros
}

/// Quotient and remainder of `(high : low) / d` for `high < d` (Knuth, TAOCP volume 2, 4.3.1, algorithm D, base 2^32).
#[inline]
pub const fn div_wide(high: u64, low: u64, d: u64) -> (u64, u64) {
    let shift = leading_zeros(d);
    let d = d.wrapping_shl(shift);
    // `low >> 1 >> (63 - shift)` is `low >> (64 - shift)`, defined for a shift of zero too
    let high = high.wrapping_shl(shift) | (low >> 1).wrapping_shr(63_u32.wrapping_sub(shift));
    let low = low.wrapping_shl(shift);
    let (q1, rest) = div_digit(high, low >> 32, d);
    let (q0, rest) = div_digit(rest, low & LOW, d);
    ((q1 << 32) | q0, rest.wrapping_shr(shift))
}

/// One digit of base 2^32 of `(rest : next) / d` and the new rest, for `rest < d` and the top bit of `d` set.
#[inline(always)]
#[allow(clippy::arithmetic_side_effects)] // the one division is by d1 >= 2^31
const fn div_digit(rest: u64, next: u64, d: u64) -> (u64, u64) {
    let (d1, d0) = halves(d);
    // d1 >= 2^31, so the estimate is the digit or one or two more
    let mut q = rest / d1;
    let product = q.wrapping_mul(d0);
    // q <= 2^32 + 1 and d0 < 2^32: the product may only just exceed 64 bits when q does not fit a digit
    let mut r = rest.wrapping_sub(q.wrapping_mul(d1));
    if q > LOW {
        // an estimate over 2^32 - 1 starts from 2^32 - 1
        r = r.wrapping_add(q.wrapping_sub(LOW).wrapping_mul(d1));
        q = LOW;
        if r <= LOW && q.wrapping_mul(d0) > ((r << 32) | next) {
            q = q.wrapping_sub(1);
            r = r.wrapping_add(d1);
            if r <= LOW && q.wrapping_mul(d0) > ((r << 32) | next) {
                q = q.wrapping_sub(1);
            }
        }
    } else if product > ((r << 32) | next) {
        q = q.wrapping_sub(1);
        r = r.wrapping_add(d1);
        if r <= LOW && q.wrapping_mul(d0) > ((r << 32) | next) {
            q = q.wrapping_sub(1);
        }
    }
    // the true rest is below d, so it survives the wrapped subtraction
    (q, ((rest << 32) | next).wrapping_sub(q.wrapping_mul(d)))
}

/// `a * b / c` over the full product. Errors: `DivisionByZero`; `Overflow` when the result exceeds 64 bits.
#[inline]
#[allow(clippy::arithmetic_side_effects)] // the one bare operation divides by c, which is not zero there
pub fn mul_div(a: u64, b: u64, c: u64, rounding: Rounding) -> Result<u64> {
    if c == 0 {
        return Err(MathError::DivisionByZero);
    }
    let (high, low) = full_mul(a, b);
    if high >= c {
        return Err(MathError::Overflow);
    }
    let (quotient, rest) = if high == 0 {
        (low / c, low % c)
    } else {
        div_wide(high, low, c)
    };
    match rounding {
        Rounding::Up if rest != 0 => match quotient.checked_add(1) {
            Some(up) => Ok(up),
            None => Err(MathError::Overflow),
        },
        _ => Ok(quotient),
    }
}

/// Largest integer whose square is not above `x` (Newton's iteration from above; a division costs one compute unit).
#[allow(clippy::arithmetic_side_effects)] // the one bare operation divides by the root, which is at least one
pub const fn isqrt(x: u64) -> u64 {
    if x < 2 {
        return x;
    }
    // a power of two not below the root: 2^ceil(bits / 2)
    let bits = 64_u32.wrapping_sub(leading_zeros(x));
    let mut root = 1_u64.wrapping_shl(bits.wrapping_add(1) >> 1);
    loop {
        // root <= 2^32 and x / root < 2^64 / 2: the sum fits
        let next = root.wrapping_add(x / root) >> 1;
        if next >= root {
            return root;
        }
        root = next;
    }
}

#[allow(clippy::should_implement_trait)] // `mul` and `div` can fail, the operators can't
impl Q48 {
    /// 1.0
    pub const ONE: Self = Self::new(1 << FRACTION_BITS);

    /// `numerator / denominator`. Errors: `DivisionByZero`; `Overflow` outside the type's range.
    #[inline]
    pub fn from_ratio(numerator: i64, denominator: u64, rounding: Rounding) -> Result<Self> {
        let negative = numerator < 0;
        // rounding down a negative ratio rounds its magnitude up
        let rounding = match (negative, rounding) {
            (false, r) => r,
            (true, Rounding::Down) => Rounding::Up,
            (true, Rounding::Up) => Rounding::Down,
        };
        match mul_div(
            numerator.unsigned_abs(),
            1 << FRACTION_BITS,
            denominator,
            rounding,
        ) {
            Ok(magnitude) => Self::from_magnitude(magnitude, negative),
            Err(e) => Err(e),
        }
    }

    /// Product, rounded towards zero. Errors: `Overflow`.
    #[inline]
    pub fn mul(self, other: Self) -> Result<Self> {
        let (high, low) = full_mul(self.raw().unsigned_abs(), other.raw().unsigned_abs());
        if high >> FRACTION_BITS != 0 {
            return Err(MathError::Overflow);
        }
        Self::from_magnitude(
            (high << 16) | (low >> FRACTION_BITS),
            (self.raw() ^ other.raw()) < 0,
        )
    }

    /// Quotient, rounded towards zero. Errors: `DivisionByZero`, `Overflow`.
    #[inline]
    pub fn div(self, other: Self) -> Result<Self> {
        let (n, d) = (self.raw().unsigned_abs(), other.raw().unsigned_abs());
        match mul_div(n, 1 << FRACTION_BITS, d, Rounding::Down) {
            Ok(magnitude) => Self::from_magnitude(magnitude, (self.raw() ^ other.raw()) < 0),
            Err(e) => Err(e),
        }
    }

    /// Sum. Errors: `Overflow`.
    #[inline(always)]
    pub const fn checked_add(self, other: Self) -> Result<Self> {
        match self.raw().checked_add(other.raw()) {
            Some(sum) => Ok(Self::new(sum)),
            None => Err(MathError::Overflow),
        }
    }

    /// Difference. Errors: `Overflow`.
    #[inline(always)]
    pub const fn checked_sub(self, other: Self) -> Result<Self> {
        match self.raw().checked_sub(other.raw()) {
            Some(difference) => Ok(Self::new(difference)),
            None => Err(MathError::Overflow),
        }
    }

    /// A number from its magnitude and sign; the one magnitude 2^63 that only a negative number has counts as overflow.
    #[inline(always)]
    const fn from_magnitude(magnitude: u64, negative: bool) -> Result<Self> {
        if magnitude > i64::MAX as u64 {
            return Err(MathError::Overflow);
        }
        let raw = magnitude as i64;
        Ok(Self::new(if negative { raw.wrapping_neg() } else { raw }))
    }
}
