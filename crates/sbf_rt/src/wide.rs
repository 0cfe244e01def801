//! 128-bit multiplication and division in 64-bit registers.
//!
//! LLVM 23 lowers `u128 * u128` and `u128 / u128` on SBF to `__multi3`, `__udivti3` and their kin and expects the
//! result in two registers; rustc's C ABI would return it through memory, so the symbols are exported with the
//! unadjusted ABI. The 64-bit kernels underneath are those of `breakwater-math`.
#![allow(clippy::arithmetic_side_effects)] // the kernels below wrap on purpose; each is checked against the host's

use breakwater_math::fixed::{div_wide, full_mul};

const fn words(x: u128) -> (u64, u64) {
    ((x >> 64) as u64, x as u64)
}

const fn join(high: u64, low: u64) -> u128 {
    ((high as u128) << 64) | low as u128
}

/// `a * b` modulo 2^128.
pub fn mul(a: u128, b: u128) -> u128 {
    let ((ah, al), (bh, bl)) = (words(a), words(b));
    let (high, low) = full_mul(al, bl);
    join(
        high.wrapping_add(ah.wrapping_mul(bl))
            .wrapping_add(al.wrapping_mul(bh)),
        low,
    )
}

/// Quotient and remainder. The caller has excluded a zero divisor: rustc checks for it before it calls.
pub fn div_rem(n: u128, d: u128) -> (u128, u128) {
    let ((nh, nl), (dh, dl)) = (words(n), words(d));
    if dh == 0 {
        if nh == 0 {
            return ((nl / dl) as u128, (nl % dl) as u128);
        }
        let (qh, rest) = (nh / dl, nh % dl);
        let (ql, r) = div_wide(rest, nl, dl);
        return (join(qh, ql), r as u128);
    }
    // The divisor has two words, so the quotient has one: estimate it from the divisor's 64 leading bits with a
    // halved dividend (it can't overflow then), one low at most after the decrement, and correct it.
    let s = dh.leading_zeros();
    let lead = words(d << s).0;
    let half = n >> 1;
    let (estimate, _) = div_wide(words(half).0, words(half).1, lead);
    let mut q = estimate >> (63 - s);
    q = q.saturating_sub(1);
    let mut r = n.wrapping_sub(mul(q as u128, d));
    if r >= d {
        q += 1;
        r = r.wrapping_sub(d);
    }
    (q as u128, r)
}

#[cfg(target_arch = "bpf")]
mod symbols {
    use super::{div_rem, mul};

    #[unsafe(no_mangle)]
    extern "unadjusted" fn __multi3(a: u128, b: u128) -> u128 {
        mul(a, b)
    }

    #[unsafe(no_mangle)]
    extern "unadjusted" fn __udivti3(n: u128, d: u128) -> u128 {
        div_rem(n, d).0
    }

    #[unsafe(no_mangle)]
    extern "unadjusted" fn __umodti3(n: u128, d: u128) -> u128 {
        div_rem(n, d).1
    }

    #[unsafe(no_mangle)]
    extern "unadjusted" fn __divti3(n: i128, d: i128) -> i128 {
        let q = div_rem(n.unsigned_abs(), d.unsigned_abs()).0 as i128;
        if (n ^ d) < 0 {
            q.wrapping_neg()
        } else {
            q
        }
    }

    #[unsafe(no_mangle)]
    extern "unadjusted" fn __modti3(n: i128, d: i128) -> i128 {
        let r = div_rem(n.unsigned_abs(), d.unsigned_abs()).1 as i128;
        if n < 0 {
            r.wrapping_neg()
        } else {
            r
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pseudo-random words of every magnitude (PCG-like step; the shift varies the length).
    fn numbers() -> impl Iterator<Item = u128> {
        let mut state = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210_u128;
        core::iter::repeat_with(move || {
            state = state
                .wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645)
                .wrapping_add(0x5851_f42d);
            (state ^ (state >> 61)) >> (state >> 121)
        })
    }

    #[test]
    fn products_and_quotients_are_those_of_the_host() {
        let mut n = numbers();
        for _ in 0..300_000 {
            let (a, b) = (n.next().unwrap(), n.next().unwrap());
            assert_eq!(mul(a, b), a.wrapping_mul(b), "{a} * {b}");
            if b != 0 {
                assert_eq!(div_rem(a, b), (a / b, a % b), "{a} / {b}");
            }
        }
    }

    #[test]
    fn edges_of_the_words_are_exact() {
        let edges = [
            1,
            2,
            u32::MAX as u128,
            1 << 32,
            u64::MAX as u128,
            1 << 64,
            (1 << 64) + 1,
            u128::MAX >> 1,
            u128::MAX,
        ];
        for a in edges {
            for b in edges {
                assert_eq!(mul(a, b), a.wrapping_mul(b), "{a} * {b}");
                assert_eq!(div_rem(a, b), (a / b, a % b), "{a} / {b}");
            }
        }
    }
}
