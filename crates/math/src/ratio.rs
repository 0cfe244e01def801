//! Two tokens that exchange at a fixed ratio: so many units of one are worth so many of the other.
//!
//! A ratio is a pair of whole numbers and never divided out, so that a pool can be checked without rounding: what it holds
//! of `a` times `ratio_b` plus what it holds of `b` times `ratio_a` is its worth, which an exchange never lowers.

use crate::error::{MathError, Result};
use crate::fixed::mul_div;
use crate::units::{Ppm, Rounding};

const WHOLE: u64 = 1_000_000;

/// What an exchange takes from the pool: `gross` leaves its reserve, of which `fee` stays with the pool's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchanged {
    pub gross: u64,
    pub fee: u64,
    /// What the taker gets: `gross - fee`.
    pub out: u64,
}

/// Exchange `amount` units of a token of which `own` are worth `other` of the other one. The worth is rounded down and the
/// fee on it up, both in favour of the pool. Errors: `DivisionByZero` for `own = 0`; `Domain` for a rate above one;
/// `Overflow` when the worth exceeds 64 bits.
#[inline]
pub fn exchange(amount: u64, own: u64, other: u64, rate: Ppm) -> Result<Exchanged> {
    let rate = rate.raw() as u64;
    if rate > WHOLE {
        return Err(MathError::Domain);
    }
    let gross = mul_div(amount, other, own, Rounding::Down)?;
    let fee = mul_div(gross, rate, WHOLE, Rounding::Up)?;
    match gross.checked_sub(fee) {
        Some(out) => Ok(Exchanged { gross, fee, out }),
        None => Err(MathError::Overflow), // a fee is at most what it is taken from
    }
}
