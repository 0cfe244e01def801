//! Hanson's logarithmic market scoring rule: `C(q) = b ln sum exp(q_i / b)`, price `exp(q_i / b) / sum exp(q_j / b)`.
//!
//! Computed as `max q + b ln S` with `S = sum exp(-(max q - q_i) / b)` in [1, 16]: no exponential exceeds one, and the
//! escrow is never below the largest payout. The logarithm is raised by [`LN_ERROR`], which bounds its error, and the
//! product is rounded up, so an escrow is between the true cost and [`Liquidity::rounding`] above it.

use crate::error::{MathError, Result};
use crate::exp::{exp2_neg, exp2_neg_coarse, EXPONENT_BITS};
use crate::fixed::{div_wide, halves, leading_zeros, mul_div, mul_hi, mul_hi_near};
use crate::ln::{ln_mantissa, LN_BITS, MANTISSA_BITS};
use crate::tables::{LN2_Q62, LOG2E_Q127};
use crate::units::{Collateral6, PriceQ28, Rounding, Q48};

/// Fewest outcomes of a market.
pub const MIN_OUTCOMES: usize = 2;
/// Most outcomes of a market.
pub const MAX_OUTCOMES: usize = 16;
/// Largest liquidity, in micro-units (72 billion units).
pub const MAX_B: u64 = 1 << 56;
/// Largest quantity of one outcome, in micro-shares.
pub const MAX_QUANTITY: u64 = 1 << 62;

/// Bound of the error of ln S, 2^-49, in Q62.
const LN_ERROR: u64 = 1 << 13;
/// 1.0 as a term of S.
const ONE: u64 = 1 << MANTISSA_BITS;
/// exp(-40) = 2^-57.7 and less counts as zero.
const NEGLIGIBLE: u64 = 40;

/// A market's liquidity with what its trades would otherwise divide by it. Stored in the market as plain words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Liquidity {
    /// Liquidity parameter, micro-units of collateral, 1 to [`MAX_B`].
    pub b: u64,
    /// log2(e) / b with `121 - shift` fractional bits, rounded down; between 2^62 and 2^64.
    pub log2e_over_b: u64,
    /// By how much a difference of quantities is shifted left before the multiplication, 2 to 58.
    pub shift: u8,
}

impl Liquidity {
    /// Prepare a market's liquidity (the only division there is). Errors: `Domain` unless 1 <= b <= [`MAX_B`].
    pub fn new(b: Collateral6) -> Result<Self> {
        let b = b.raw();
        if b == 0 || b > MAX_B {
            return Err(MathError::Domain);
        }
        // 2^(64 - shift) becomes the smallest power of two from 44 b on. It is below 88 b, so log2(e) times it over b is
        // below 128 and the quotient below fits a word; every difference below 40 b survives the shift.
        let shift = leading_zeros(b.wrapping_mul(44).wrapping_sub(1));
        // log2 e in Q(121 - shift) over two words, divided by b
        let (high, low) = LOG2E_Q127;
        let down = shift.wrapping_add(6);
        let (high, low) = if down >= 64 {
            (0, high.wrapping_shr(down.wrapping_sub(64)))
        } else {
            (
                high.wrapping_shr(down),
                high.wrapping_shl(64_u32.wrapping_sub(down)) | low.wrapping_shr(down),
            )
        };
        if high >= b {
            return Err(MathError::Overflow);
        }
        let (log2e_over_b, _) = div_wide(high, low, b);
        Ok(Self {
            b,
            log2e_over_b,
            shift: shift as u8,
        })
    }

    /// Escrow of a market with quantities `q` in micro-shares: a function of `q` alone, never below the true cost, never
    /// below the largest quantity, and less than [`Self::rounding`] above the true cost.
    /// Errors: `Domain` unless there are 2 to 16 outcomes; `Overflow` for a quantity above [`MAX_QUANTITY`].
    #[inline]
    pub fn cost(&self, q: &[u64]) -> Result<Collateral6> {
        self.cost_and_top(q).map(|(cost, _)| cost)
    }

    /// [`Self::cost`] and the largest quantity, which it finds on its way: what a market must hold, and the most that any
    /// outcome pays.
    #[inline]
    pub fn cost_and_top(&self, q: &[u64]) -> Result<(Collateral6, Collateral6)> {
        let (top, sum) = self.sum(q)?;
        // b < 2^57, so b << 2 is b in units whose product with Q62 has its point at the word's edge;
        // top <= 2^62 and b ln 16 < 2^58: nothing wraps
        let above = mul_hi(self.b << 2, ln_above(sum)).wrapping_add(1);
        Ok((Collateral6::new(top.wrapping_add(above)), Collateral6::new(top)))
    }

    /// What a trade pays besides the difference of two escrows so that it never pays less than the exact difference:
    /// 2 micro-units, and one more for every 2^48 of liquidity.
    #[inline(always)]
    pub const fn rounding(&self) -> Collateral6 {
        Collateral6::new((self.b >> 48).wrapping_add(2))
    }

    /// What opens a market: the escrow of no shares at all, `b ln N` rounded up. Errors: `Domain` as for [`Self::cost`].
    #[inline]
    pub fn subsidy(&self, outcomes: usize) -> Result<Collateral6> {
        self.cost([0; MAX_OUTCOMES].get(..outcomes).ok_or(MathError::Domain)?)
    }

    /// Marginal price of an outcome, in [0, 1], rounded down. Absolute error below 2^-47.
    /// Errors: as for [`Self::cost`], and `Domain` for an outcome there is not.
    #[inline]
    pub fn price(&self, q: &[u64], outcome: usize) -> Result<Q48> {
        let quantity = *q.get(outcome).ok_or(MathError::Domain)?;
        let (top, sum) = self.sum(q)?;
        let term = self.term(top.wrapping_sub(quantity));
        // term <= sum < 2^64, and term 2^48 over two words has a high word below 2^48 < sum
        let (price, _) = div_wide(term >> 16, term << 48, sum);
        Ok(Q48::new(price as i64))
    }

    /// A lower bound of the marginal price of an outcome, at most 0.2 % of it and 2^-24 below: enough to secure a loan
    /// with, and a fifth of the cost of [`Self::price`] for many outcomes.
    /// Errors: as for [`Self::price`].
    pub fn price_floor(&self, q: &[u64], outcome: usize) -> Result<PriceQ28> {
        let quantity = *q.get(outcome).ok_or(MathError::Domain)?;
        if q.len() < MIN_OUTCOMES || q.len() > MAX_OUTCOMES {
            return Err(MathError::Domain);
        }
        let top = q.iter().fold(0, |top, &x| if x > top { x } else { top });
        if top > MAX_QUANTITY {
            return Err(MathError::Overflow);
        }
        // every term is too large by at most 2^-10.5 of itself and one unit; the outcome's own is brought below the truth
        let own = self.coarse_term(top.wrapping_sub(quantity));
        let low = own.wrapping_sub(own >> 10).saturating_sub(2);
        let sum = q.iter().fold(0_u64, |sum, &x| {
            sum.wrapping_add(self.coarse_term(top.wrapping_sub(x)))
        });
        // sum < 16 (2^31 + 1) < 2^36, low <= sum: the quotient is at most 2^28; sum is at least own, and that at least one
        let price = low
            .wrapping_shl(28)
            .checked_div(sum)
            .ok_or(MathError::DivisionByZero)?;
        Ok(PriceQ28::new(price as u32))
    }

    /// `exp(-d / b)` in Q31, too large by at most 2^-10.5 of itself and one unit: one multiplication and the table.
    #[inline(always)]
    fn coarse_term(&self, d: u64) -> u64 {
        if d >= self.b.wrapping_mul(NEGLIGIBLE) {
            return 1;
        }
        // the upper halves alone: y in Q57, at most 2^-24 too small
        let y = (d.wrapping_shl(self.shift as u32) >> 32).wrapping_mul(self.log2e_over_b >> 32);
        exp2_neg_coarse(y)
            .wrapping_shr((y >> EXPONENT_BITS) as u32)
            .wrapping_add(1)
    }

    /// `C(q) / b`, absolute error below 2^-47. Errors: as for [`Self::cost`]; `Overflow` from 32768 on.
    pub fn normalised_cost(&self, q: &[u64]) -> Result<Q48> {
        let (top, sum) = self.sum(q)?;
        let whole = mul_div(top, 1 << 48, self.b, Rounding::Down)?;
        let raw = whole
            .checked_add(ln_above(sum) >> (LN_BITS.wrapping_sub(48)))
            .ok_or(MathError::Overflow)?;
        Ok(Q48::new(i64::try_from(raw).map_err(|_| MathError::Overflow)?))
    }

    /// The largest quantity and S in Q59: between 1 and the number of outcomes, too small by at most 2^-53.
    #[inline(always)]
    fn sum(&self, q: &[u64]) -> Result<(u64, u64)> {
        if let &[x, y] = q {
            let (top, d) = if x > y {
                (x, x.wrapping_sub(y))
            } else {
                (y, y.wrapping_sub(x))
            };
            if top > MAX_QUANTITY {
                return Err(MathError::Overflow);
            }
            return Ok((top, ONE.wrapping_add(self.term(d))));
        }
        if q.len() < MIN_OUTCOMES || q.len() > MAX_OUTCOMES {
            return Err(MathError::Domain);
        }
        let top = q.iter().fold(0, |top, &x| if x > top { x } else { top });
        if top > MAX_QUANTITY {
            return Err(MathError::Overflow);
        }
        // at most 16 terms of at most 2^59
        Ok((
            top,
            q.iter()
                .fold(0, |sum: u64, &x| sum.wrapping_add(self.term(top.wrapping_sub(x)))),
        ))
    }

    /// `exp(-d / b)` in Q59.
    #[inline(always)]
    fn term(&self, d: u64) -> u64 {
        if d == 0 {
            return ONE;
        }
        // b <= 2^56, so the bound fits
        if d >= self.b.wrapping_mul(NEGLIGIBLE) {
            return 0;
        }
        // d < 40 b < 2^(64 - shift): nothing is shifted out. The product is d log2(e) / b in Q57, at most 2^-55 too small.
        let y = mul_hi_near(
            halves(d.wrapping_shl(self.shift as u32)),
            halves(self.log2e_over_b),
        );
        // y < 57.8: the shift is at most 61
        exp2_neg(y).wrapping_shr((y >> EXPONENT_BITS).wrapping_add(4) as u32)
    }
}

/// ln S in Q62 for S in [1, 16] in Q59, raised by [`LN_ERROR`] and so never below the true one nor negative.
#[inline(always)]
fn ln_above(sum: u64) -> u64 {
    let n = if sum < ONE << 2 {
        (sum >= ONE << 1) as u32
    } else if sum < ONE << 3 {
        2
    } else {
        3_u32.wrapping_add((sum >= ONE << 4) as u32)
    };
    // at most ln 16 = 2.78, which as Q62 needs all 64 bits
    let mantissa = ln_mantissa(sum.wrapping_shr(n)) as u64;
    mantissa
        .wrapping_add(LN_ERROR)
        .wrapping_add((n as u64).wrapping_mul(LN2_Q62))
}

/// What buying costs: the escrow's growth and the rounding. Errors: `Overflow` when the escrow shrinks.
#[inline(always)]
pub fn buy_cost(old_escrow: Collateral6, new_escrow: Collateral6, l: &Liquidity) -> Result<Collateral6> {
    new_escrow.checked_sub(old_escrow)?.checked_add(l.rounding())
}

/// What selling brings: the escrow's shrinkage less the rounding, at least nothing. Errors: `Overflow` when the escrow
/// grows.
#[inline(always)]
pub fn sell_proceeds(old_escrow: Collateral6, new_escrow: Collateral6, l: &Liquidity) -> Result<Collateral6> {
    let released = old_escrow.checked_sub(new_escrow)?;
    Ok(Collateral6::new(
        released.raw().saturating_sub(l.rounding().raw()),
    ))
}
