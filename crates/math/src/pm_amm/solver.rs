//! The one thing the pm-AMM needs a solver for: how many shares a given collateral buys, or brings.
//!
//! A cubic guess from a table, then Newton and Raphson's iteration, safeguarded by the side it comes from, then two
//! evaluations of the rounded reserve that prove the solution, or a search of its neighbourhood.

use super::*;
use crate::normal::{loss_and_tail, neg_ln, octave, polynomial, signed_halves};
use crate::normal_tables::{DENSITY_0_Q64, FIRST_LOSS, FIRST_WIDE, GUESS, WIDE};

/// Most iterations of Newton and Raphson in a solution.
pub const MAX_ITERATIONS: u32 = 5;
/// Smallest reserve, for a liquidity of one, of which [`position`] finds the z.
pub const MIN_RESERVE: Q48 = Q48::new(1 << 20);
/// A start is used when its first step is at most this, 1/32.
const NEAR: u64 = 1 << 55;
/// Evaluations of the reserve after which a solution is taken as it is. Two prove one, and nearly always they do; more happen
/// where a micro-share is worth less than the reserve can tell.
const MAX_EVALUATIONS: u32 = 9;

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
