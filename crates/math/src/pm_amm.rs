//! Paradigm's pm-AMM for two outcomes: `(y - x) Phi((y - x) / L) + L phi((y - x) / L) = y`.
//!
//! With `delta = y - x` and `z = delta / L` the reserves are `y = L G(z)` and `x = L G(-z)`, where `G(z) = z Phi(z) + phi(z)`
//! has the slope `Phi(z)`, the price of x. `G(z) - G(-z) = z`, so one reserve is `L K(|z|)` with the loss `K(z) = G(-z)`, and
//! the other that and |delta|. All state there is are delta, an exact integer, and L.
//!
//! Who buys s shares of x brings c complete sets and takes s of x out: y grows by c and delta by s, so
//! `c = L (G((delta + s) / L) - G(delta / L))` is closed. Only the s for a given c needs a solver.
//!
//! The smaller reserve is computed with the loss raised by [`LOSS_ERROR`], which bounds its error, and rounded up: reserves
//! are functions of delta and L alone, between the true ones and [`ROUNDING`] above them.

mod solver;

pub use solver::{position, Solution, MAX_ITERATIONS, MIN_RESERVE};

use crate::error::{MathError, Result};
use crate::fixed::{div_wide, halves, isqrt, leading_zeros, mul_div, mul_hi, mul_hi_near};
use crate::normal::{loss, tail, Z_BITS, Z_LIMIT};
use crate::units::{Collateral6, Rounding, Shares6, Q48};

/// Largest liquidity, in micro-units (1.1 billion units).
pub const MAX_L: u64 = 1 << 50;
/// Largest difference of the reserves and largest quantity of one outcome, in micro-shares.
pub const MAX_QUANTITY: u64 = 1 << 61;
/// What a trade pays besides the difference of two reserves so that it never pays less than the exact difference.
pub const ROUNDING: Collateral6 = Collateral6::new(2);

/// Bound of the error of the loss, 2^-52, in Q64.
const LOSS_ERROR: u64 = 1 << 12;

/// A pool's liquidity with what its trades would otherwise divide by it. Stored in the market as plain words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Liquidity L, micro-units of collateral, 1 to [`MAX_L`].
    pub l: u64,
    /// 1 / L with `124 - shift` fractional bits, rounded down; at least 2^63.
    pub per_l: u64,
    /// By how much a difference of reserves is shifted left before the multiplication, 11 to 61.
    pub shift: u8,
}

/// A pool whose liquidity has shrunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decay {
    /// The pool now.
    pub pool: Pool,
    /// Its delta: the price is what it was, but for one micro-share.
    pub delta: i64,
    /// What the market has to hold now. The rest of what it held is the vault's.
    pub escrow: Collateral6,
}

impl Pool {
    /// Prepare a pool's liquidity (the only division there is). Errors: `Domain` unless 1 <= L <= [`MAX_L`].
    #[inline]
    pub fn new(l: Collateral6) -> Result<Self> {
        let l = l.raw();
        if l == 0 || l > MAX_L {
            return Err(MathError::Domain);
        }
        // 2^(64 - shift) becomes the smallest power of two from 8 L on: below 16 L
        let shift = leading_zeros(l.wrapping_mul(8).wrapping_sub(1));
        let per_l = if shift > 60 {
            1 << 63 // L = 1
        } else {
            div_wide(1_u64.wrapping_shl(60_u32.wrapping_sub(shift)), 0, l).0
        };
        Ok(Self {
            l,
            per_l,
            shift: shift as u8,
        })
    }

    /// The smaller reserve, `L K(|delta| / L)`, from its exact value on and less than two above it.
    #[inline(always)]
    fn smaller(&self, magnitude: u64) -> u64 {
        // 0.4 L: nothing wraps
        mul_hi(self.l, self.loss(magnitude).wrapping_add(LOSS_ERROR)).wrapping_add(1)
    }

    #[inline(always)]
    fn loss(&self, magnitude: u64) -> u64 {
        if magnitude >= self.l << 3 {
            return 0;
        }
        loss(self.z(magnitude))
    }

    /// `magnitude / L` in Q60 for a magnitude below 8 L, at most 2^-58 too small.
    #[inline(always)]
    fn z(&self, magnitude: u64) -> u64 {
        mul_hi_near(
            halves(magnitude.wrapping_shl(self.shift as u32)),
            halves(self.per_l),
        )
    }

    /// The reserve of the second outcome, which whoever buys the first fills; of `-delta` it is that of the first.
    #[inline(always)]
    fn reserve(&self, delta: i64) -> u64 {
        let smaller = self.smaller(delta.unsigned_abs());
        if delta > 0 {
            // 2^61 and 2^50
            smaller.wrapping_add(delta as u64)
        } else {
            smaller
        }
    }

    /// Reserves of both outcomes: functions of delta alone, from the exact ones on and less than [`ROUNDING`] above them.
    /// Their difference is exactly delta. Errors: `Overflow` for a delta beyond [`MAX_QUANTITY`].
    #[inline]
    pub fn reserves(&self, delta: i64) -> Result<[Shares6; 2]> {
        let magnitude = magnitude(delta)?;
        let smaller = Shares6::new(self.smaller(magnitude));
        let larger = Shares6::new(smaller.raw().wrapping_add(magnitude));
        Ok(if delta < 0 {
            [larger, smaller]
        } else {
            [smaller, larger]
        })
    }

    /// Escrow of a market in which traders hold `q` and whose pool is at `delta`: the larger, over the outcomes, of what
    /// traders and pool hold together. The rest of the other outcome's tokens belongs to the vault.
    /// Errors: `Overflow` for a quantity or delta beyond [`MAX_QUANTITY`].
    #[inline]
    pub fn escrow(&self, q: [u64; 2], delta: i64) -> Result<Collateral6> {
        if q[0] > MAX_QUANTITY || q[1] > MAX_QUANTITY {
            return Err(MathError::Overflow);
        }
        let [x, y] = self.reserves(delta)?;
        // 2^61 and 2^61 and 2^50
        let (first, second) = (q[0].wrapping_add(x.raw()), q[1].wrapping_add(y.raw()));
        Ok(Collateral6::new(if first > second { first } else { second }))
    }

    /// Escrow of a pool that opened at even prices and kept its liquidity: there `delta = q[0] - q[1]`.
    /// Errors: `Overflow` for a quantity above [`MAX_QUANTITY`].
    #[inline]
    pub fn cost(&self, q: [u64; 2]) -> Result<Collateral6> {
        if q[0] > MAX_QUANTITY || q[1] > MAX_QUANTITY {
            return Err(MathError::Overflow);
        }
        let (larger, d) = if q[0] > q[1] {
            (q[0], q[0].wrapping_sub(q[1]))
        } else {
            (q[1], q[1].wrapping_sub(q[0]))
        };
        Ok(Collateral6::new(larger.wrapping_add(self.smaller(d))))
    }

    /// The pool at a smaller liquidity and the same price: the vault takes the same part of both reserves, joins what makes
    /// complete sets and has their collateral released. `None` while nothing would be released, and the pool stays as it is.
    /// Errors: `Domain` unless 1 <= L <= [`MAX_L`]; as for [`Self::escrow`].
    #[inline]
    pub fn decay(
        &self,
        q: [u64; 2],
        delta: i64,
        escrow: Collateral6,
        l: Collateral6,
    ) -> Result<Option<Decay>> {
        if l.raw() >= self.l {
            return Ok(None);
        }
        let pool = Self::new(l)?;
        magnitude(delta)?;
        let delta = decayed(delta, Collateral6::new(self.l), l)?;
        let needed = pool.escrow(q, delta)?;
        Ok((needed < escrow).then_some(Decay {
            pool,
            delta,
            escrow: needed,
        }))
    }

    /// What opens a market at delta, the larger reserve: the most the vault can lose. Errors: as for [`Self::reserves`].
    #[inline]
    pub fn subsidy(&self, delta: i64) -> Result<Collateral6> {
        self.escrow([0, 0], delta)
    }

    /// The delta at which the first outcome has a price, rounded towards even prices.
    /// Errors: `Domain` unless 0 < price < 1.
    #[inline]
    pub fn delta_at(&self, price: Q48) -> Result<i64> {
        let z = price.normal_inverse()?.raw();
        // |z| < 8, so |z| << 13 is Q61
        let magnitude = mul_hi(z.unsigned_abs() << 13, self.l << 3) as i64;
        Ok(if z < 0 {
            magnitude.wrapping_neg()
        } else {
            magnitude
        })
    }

    /// Marginal price of an outcome, in [0, 1], to the nearest; both add up to one. Absolute error below 2^-48.
    /// Errors: `Domain` for an outcome there is not.
    #[inline]
    pub fn price(&self, delta: i64, outcome: usize) -> Result<Q48> {
        if outcome > 1 {
            return Err(MathError::Domain);
        }
        let magnitude = delta.unsigned_abs();
        let below = if magnitude >= self.l << 3 {
            0
        } else {
            (tail(self.z(magnitude)).wrapping_add(1 << 15) >> 16) as i64
        };
        Ok(Q48::new(if (delta < 0) == (outcome == 0) {
            below
        } else {
            Q48::ONE.raw().wrapping_sub(below)
        }))
    }
}

/// What buying costs: the escrow's growth, if any, and the rounding. Errors: `Overflow`.
#[inline(always)]
pub fn buy_cost(old_escrow: Collateral6, new_escrow: Collateral6) -> Result<Collateral6> {
    Collateral6::new(new_escrow.raw().saturating_sub(old_escrow.raw())).checked_add(ROUNDING)
}

/// What selling brings: the escrow's shrinkage less the rounding, at least nothing.
#[inline(always)]
pub fn sell_proceeds(old_escrow: Collateral6, new_escrow: Collateral6) -> Collateral6 {
    let released = old_escrow.raw().saturating_sub(new_escrow.raw());
    Collateral6::new(released.saturating_sub(ROUNDING.raw()))
}

/// Delta as the buyer of an outcome sees it: as if it were the first. Errors: `Domain` for an outcome there is not.
#[inline(always)]
pub fn oriented(delta: i64, outcome: usize) -> Result<i64> {
    match outcome {
        0 => Ok(delta),
        1 => Ok(delta.wrapping_neg()),
        _ => Err(MathError::Domain),
    }
}

/// Liquidity that decays to nothing at the close: `L0 sqrt((close - now) / (close - open))`, rounded down; L0 before the
/// opening. Errors: `Domain` unless open < close and now < close.
#[inline]
pub fn liquidity_at(l0: Collateral6, open_ms: u64, close_ms: u64, now_ms: u64) -> Result<Collateral6> {
    if open_ms >= close_ms || now_ms >= close_ms {
        return Err(MathError::Domain);
    }
    if now_ms <= open_ms {
        return Ok(l0);
    }
    let (left, all) = (close_ms.wrapping_sub(now_ms), close_ms.wrapping_sub(open_ms));
    let (ratio, _) = div_wide(left, 0, all); // Q64, left < all
                                             // floor(sqrt) in Q32, then one more step: r + (ratio - r^2) / 2r, too large by less than 1 / 2r
    let root = isqrt(ratio);
    let rest = ratio.wrapping_sub(root.wrapping_mul(root));
    let more = (rest << 30).checked_div(root << 1).ok_or(MathError::Domain)?;
    // r < 2^32 and rest <= 2 r: Q62, at most one
    let root = (root << 30).wrapping_add(more);
    mul_div(l0.raw(), root, 1 << 62, Rounding::Down).map(Collateral6::new)
}

/// Delta when the liquidity goes from `old` to `new` and the price stays: `delta new / old`, rounded towards even prices.
/// Errors: `Overflow`, `DivisionByZero`.
#[inline]
pub fn decayed(delta: i64, old: Collateral6, new: Collateral6) -> Result<i64> {
    let scaled = mul_div(delta.unsigned_abs(), new.raw(), old.raw(), Rounding::Down)?;
    let scaled = i64::try_from(scaled).map_err(|_| MathError::Overflow)?;
    Ok(if delta < 0 { scaled.wrapping_neg() } else { scaled })
}

#[inline(always)]
fn magnitude(delta: i64) -> Result<u64> {
    let magnitude = delta.unsigned_abs();
    if magnitude > MAX_QUANTITY {
        return Err(MathError::Overflow);
    }
    Ok(magnitude)
}
