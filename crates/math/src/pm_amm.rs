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

use crate::error::{MathError, Result};
use crate::fixed::{div_wide, halves, isqrt, leading_zeros, mul_div, mul_hi, mul_hi_near};
use crate::normal::{loss, loss_and_tail, neg_ln, octave, polynomial, signed_halves, tail, Z_BITS, Z_LIMIT};
use crate::normal_tables::{DENSITY_0_Q64, FIRST_LOSS, FIRST_WIDE, GUESS, WIDE};
use crate::units::{Collateral6, Rounding, Shares6, Q48};

/// Largest liquidity, in micro-units (1.1 billion units).
pub const MAX_L: u64 = 1 << 50;
/// Largest difference of the reserves and largest quantity of one outcome, in micro-shares.
pub const MAX_QUANTITY: u64 = 1 << 61;
/// What a trade pays besides the difference of two reserves so that it never pays less than the exact difference.
pub const ROUNDING: Collateral6 = Collateral6::new(2);
/// Most iterations of Newton and Raphson in a solution.
pub const MAX_ITERATIONS: u32 = 5;
/// Smallest reserve, for a liquidity of one, of which [`position`] finds the z.
pub const MIN_RESERVE: Q48 = Q48::new(1 << 20);

/// Bound of the error of the loss, 2^-52, in Q64.
const LOSS_ERROR: u64 = 1 << 12;
/// A start is used when its first step is at most this, 1/32.
const NEAR: u64 = 1 << 55;
/// Evaluations of the reserve after which a solution is taken as it is. Two prove one, and nearly always they do; more happen
/// where a micro-share is worth less than the reserve can tell.
const MAX_EVALUATIONS: u32 = 9;

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

/// What a given amount of collateral trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Solution {
    /// Shares bought or sold.
    pub shares: Shares6,
    /// Iterations of Newton and Raphson.
    pub iterations: u32,
    /// Evaluations of the reserve that proved the solution.
    pub evaluations: u32,
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

    /// The most shares of an outcome that `collateral` buys: their [`buy_cost`] is at most that, and that of one more above
    /// it, wherever their price is at least 1 / 30,000 and L at most 2^44. Else what may be left to buy is worth less than a
    /// tenth of a micro-unit. A `start` near the delta afterwards, [`oriented`], replaces the first guess: say the market's last solution.
    /// Errors: `Domain` for an outcome there is not, or less than [`ROUNDING`]; `Overflow`.
    #[inline]
    pub fn shares_for_collateral(
        &self,
        delta: i64,
        outcome: usize,
        collateral: Collateral6,
        start: Option<i64>,
    ) -> Result<Solution> {
        let delta = oriented(delta, outcome)?;
        let paid = collateral
            .raw()
            .checked_sub(ROUNDING.raw())
            .ok_or(MathError::Domain)?;
        magnitude(delta)?;
        let target = self.reserve(delta).checked_add(paid).ok_or(MathError::Overflow)?;
        let (after, iterations, evaluations) = self.solve(target, start)?;
        let shares = if after > delta {
            after.wrapping_sub(delta)
        } else {
            0
        };
        Ok(Solution {
            shares: Shares6::new(shares as u64),
            iterations,
            evaluations,
        })
    }

    /// The fewest shares of an outcome whose [`sell_proceeds`] are at least `collateral`, as exactly as above. Errors: as for
    /// [`Self::shares_for_collateral`]; `Domain` for as much as the outcome's whole reserve, or more.
    #[inline]
    pub fn shares_for_proceeds(
        &self,
        delta: i64,
        outcome: usize,
        collateral: Collateral6,
        start: Option<i64>,
    ) -> Result<Solution> {
        let delta = oriented(delta, outcome)?;
        let released = collateral.checked_add(ROUNDING)?.raw();
        magnitude(delta)?;
        let target = self
            .reserve(delta)
            .checked_sub(released)
            .ok_or(MathError::Domain)?;
        let (after, iterations, evaluations) = self.solve(target, start)?;
        let shares = if after < delta {
            delta.wrapping_sub(after)
        } else {
            0
        };
        Ok(Solution {
            shares: Shares6::new(shares as u64),
            iterations,
            evaluations,
        })
    }

    /// A delta whose reserve is at most `target` while that of one more is above it; iterations and evaluations.
    #[inline]
    fn solve(&self, target: u64, start: Option<i64>) -> Result<(i64, u32, u32)> {
        if target == 0 {
            return Err(MathError::Domain);
        }
        if target > MAX_QUANTITY {
            return Err(MathError::Overflow);
        }
        // the rest of a step's square is below 1 / (64 L)
        let enough = 1_u64.wrapping_shl(60_u32.wrapping_sub(68_u32.wrapping_sub(self.shift as u32) >> 1));
        let (near, iterations) = if target >= self.l << 3 {
            (target.wrapping_sub(1) as i64, 0)
        } else if target >= self.smaller(0) {
            let (w, _) = div_wide(target >> 4, target << 60, self.l);
            let start = start
                .filter(|d| *d >= 0)
                .map(|d| d as u64)
                .filter(|d| *d < self.l << 3);
            let (z, iterations) =
                solve_wide(w.wrapping_sub(LOSS_ERROR >> 4), start.map(|d| self.z(d)), enough);
            (mul_hi(z << 1, self.l << 3) as i64, iterations)
        } else {
            // at most 0.4 L + 1; only for the smallest L is it above the density
            let (w, _) = if target < self.l {
                div_wide(target, 0, self.l)
            } else {
                (DENSITY_0_Q64, 0)
            };
            let w = w.wrapping_sub(LOSS_ERROR);
            let w = if w < DENSITY_0_Q64 {
                w
            } else {
                DENSITY_0_Q64.wrapping_sub(1)
            };
            let start = start
                .filter(|d| *d <= 0)
                .map(i64::unsigned_abs)
                .filter(|d| *d < self.l << 3);
            let (z, iterations) = solve_loss(w, start.map(|d| self.z(d)), enough);
            (
                (mul_hi(z << 1, self.l << 3) as i64)
                    .wrapping_neg()
                    .wrapping_sub(1),
                iterations,
            )
        };
        let (delta, evaluations) = self.close_in(target, near);
        Ok((delta, iterations, evaluations))
    }

    /// From a delta near it to a solution, by steps that grow and then halve.
    #[inline]
    fn close_in(&self, target: u64, near: i64) -> (i64, u32) {
        let fits = |delta| self.reserve(delta) <= target;
        let mut evaluations = 1_u32;
        let mut step = 1_i64;
        let (mut low, mut high);
        if fits(near) {
            low = near;
            loop {
                high = low.wrapping_add(step);
                evaluations = evaluations.wrapping_add(1);
                if !fits(high) {
                    break;
                }
                low = high;
                if evaluations >= MAX_EVALUATIONS {
                    return (low, evaluations);
                }
                step = longer(step, evaluations);
            }
        } else {
            high = near;
            loop {
                // ends: from -8 L down the reserve is one, which fits every target
                low = high.wrapping_sub(step);
                evaluations = evaluations.wrapping_add(1);
                if fits(low) {
                    break;
                }
                high = low;
                step = longer(step, evaluations);
            }
        }
        while high.wrapping_sub(low) > 1 && evaluations < MAX_EVALUATIONS {
            let middle = low.wrapping_add(high.wrapping_sub(low) >> 1);
            evaluations = evaluations.wrapping_add(1);
            if fits(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        (low, evaluations)
    }
}

/// A step twice as long, and eight times after a few. It stays below 2^55: a reserve changes by then.
#[inline(always)]
const fn longer(step: i64, evaluations: u32) -> i64 {
    step.wrapping_shl(if evaluations < 6 { 1 } else { 3 })
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

/// The z with `G(z) = w`, to the nearest, and how many iterations it took. Errors: `Domain` below [`MIN_RESERVE`].
pub fn position(w: Q48) -> Result<(Q48, u32)> {
    if w < MIN_RESERVE {
        return Err(MathError::Domain);
    }
    let raw = w.raw() as u64;
    if raw >= 8 << 48 {
        return Ok((w, 0)); // the loss is below 2^-53
    }
    let enough = 1 << 29; // the rest of its square is below 2^-60
    if raw << 16 >= DENSITY_0_Q64 || raw >= 1 << 48 {
        let (z, iterations) = solve_wide(raw << 12, None, enough);
        return Ok((nearest(z), iterations));
    }
    let (z, iterations) = solve_loss(raw << 16, None, enough);
    Ok((Q48::new(nearest(z).raw().wrapping_neg()), iterations))
}

#[inline(always)]
fn nearest(z: u64) -> Q48 {
    Q48::new((z.wrapping_add(1 << 11) >> 12) as i64)
}

#[inline(always)]
fn magnitude(delta: i64) -> Result<u64> {
    let magnitude = delta.unsigned_abs();
    if magnitude > MAX_QUANTITY {
        return Err(MathError::Overflow);
    }
    Ok(magnitude)
}

/// The z in Q60 with K(z) = w in Q64, below phi(0) and above 2^-51, until a step is below `enough`; the iterations.
///
/// The guess is a cubic in -ln w. K is convex and falls: a step from below the solution stays below it.
#[inline]
fn solve_loss(w: u64, start: Option<u64>, enough: u64) -> (u64, u32) {
    let step = |z| {
        let (k, q) = loss_and_tail(z);
        let ahead = k > w;
        let rest = if ahead {
            k.wrapping_sub(w)
        } else {
            w.wrapping_sub(k)
        };
        (ahead, quotient(rest, q, 28))
    };
    newton(start, enough, step, || {
        let zeros = leading_zeros(w);
        let t = neg_ln(w.wrapping_shl(zeros), (zeros as i64).wrapping_add(1));
        let (cell, h) = octave(t);
        guess(&GUESS, cell.wrapping_sub(FIRST_LOSS), h)
    })
}

/// The z in Q60 with z + K(z) = w in Q60, from phi(0) up to 8, likewise. The guess is a cubic in w.
#[inline]
fn solve_wide(w: u64, start: Option<u64>, enough: u64) -> (u64, u32) {
    let step = |z: u64| {
        let (k, q) = loss_and_tail(z);
        let reserve = z.wrapping_add(k >> 4);
        let ahead = reserve < w;
        let rest = if ahead {
            w.wrapping_sub(reserve)
        } else {
            reserve.wrapping_sub(w)
        };
        // 1 - Q is at least a half
        (ahead, quotient(rest, q.wrapping_neg(), 32))
    };
    newton(start, enough, step, || {
        guess(
            &WIDE,
            (w >> 56).wrapping_sub(FIRST_WIDE),
            signed_halves(((w << 8) ^ (1 << 63)) as i64),
        )
    })
}

#[inline(always)]
fn guess<const N: usize>(table: &[[i64; 4]; N], cell: u64, h: (i64, i64)) -> u64 {
    // a guess below nothing is for a reserve at the edge
    let z = table.get(cell as usize).map_or(0, |c| polynomial(c, h));
    inside(if z < 0 { 0 } else { z as u64 })
}

#[inline(always)]
fn inside(z: u64) -> u64 {
    if z < Z_LIMIT {
        z
    } else {
        Z_LIMIT.wrapping_sub(1)
    }
}

/// Steps from a start if that is near, else from a guess, until one is small enough.
#[inline(always)]
fn newton(
    start: Option<u64>,
    enough: u64,
    step: impl Fn(u64) -> (bool, u64),
    guess: impl FnOnce() -> u64,
) -> (u64, u32) {
    let mut iterations = 0_u32;
    let mut z;
    let (mut ahead, mut by);
    'near: {
        if let Some(start) = start {
            z = start;
            (ahead, by) = step(z);
            iterations = 1;
            if by <= NEAR {
                break 'near;
            }
        }
        z = guess();
        (ahead, by) = step(z);
        iterations = iterations.wrapping_add(1);
    }
    loop {
        z = if ahead {
            inside(z.wrapping_add(by)) // by is below 2^63
        } else {
            z.saturating_sub(by)
        };
        if by <= enough || iterations == MAX_ITERATIONS {
            return (z, iterations);
        }
        (ahead, by) = step(z);
        iterations = iterations.wrapping_add(1);
    }
}

/// `n 2^point / d / 2^32`, to 31 bits, and at most 2^62; for Q64 and a point of 28 it is Q60.
#[inline(always)]
#[allow(clippy::arithmetic_side_effects)] // the one bare operation divides by at least 2^31
fn quotient(n: u64, d: u64, point: u32) -> u64 {
    if n == 0 || d == 0 {
        return 0;
    }
    let (up, down) = (leading_zeros(n), leading_zeros(d));
    // 2^63 <= n' < 2^64 and 2^31 <= d' < 2^32: between 2^31 and 2^33
    let q = n.wrapping_shl(up) / (d.wrapping_shl(down) >> 32);
    let left = point.wrapping_add(down);
    if left >= up {
        let left = left.wrapping_sub(up);
        if left < 29 {
            q.wrapping_shl(left)
        } else {
            1 << 62
        }
    } else {
        let right = up.wrapping_sub(left);
        if right < 64 {
            q.wrapping_shr(right)
        } else {
            0
        }
    }
}
const _: () = assert!(Z_BITS == 60);
