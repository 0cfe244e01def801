//! 128-bit multiplication and division in 64-bit registers.
//!
//! LLVM 23 lowers `u128 * u128` and `u128 / u128` on SBF to `__multi3`, `__udivti3` and their kin and expects the
//! result in two registers; rustc's C ABI would return it through memory, so the symbols are exported with the
//! unadjusted ABI. Division is schoolbook division in base 2^32 (Knuth, TAOCP volume 2, 4.3.1, algorithm D).
#![allow(clippy::arithmetic_side_effects)] // the kernels below wrap on purpose; each is checked against the host's

const HALF: u32 = 32;
const LOW: u64 = u32::MAX as u64;

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

/// The full product of two words as `(high, low)`.
///
/// One half is opaque: LLVM may recognise the whole and replace it by a 128-bit multiplication, which is a call to the
/// very function that is defined here.
#[inline(always)]
pub fn full_mul(a: u64, b: u64) -> (u64, u64) {
    let (ah, al, bh, bl) = (a >> HALF, opaque(a & LOW), b >> HALF, b & LOW);
    let low = al.wrapping_mul(bl);
    // ah*bl + (low >> 32) < 2^64 and the second cross product is added to its lower half only: neither overflows
    let cross = ah.wrapping_mul(bl).wrapping_add(low >> HALF);
    let cross2 = al.wrapping_mul(bh).wrapping_add(cross & LOW);
    let high = ah
        .wrapping_mul(bh)
        .wrapping_add(cross >> HALF)
        .wrapping_add(cross2 >> HALF);
    (high, (cross2 << HALF) | (low & LOW))
}

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

/// One 32-bit quotient digit of `(rest : next) / d` for a normalised `d` and `rest < d`, and the new rest.
#[inline(always)]
const fn digit(rest: u64, next: u64, d: u64) -> (u64, u64) {
    let (dh, dl) = (d >> HALF, d & LOW);
    let mut q = rest / dh;
    let mut r = rest % dh;
    // at most two corrections bring the estimate down to the true digit
    while q > LOW || q.wrapping_mul(dl) > (r << HALF | next) {
        q -= 1;
        r += dh;
        if r > LOW {
            break;
        }
    }
    (q, (rest << HALF | next).wrapping_sub(q.wrapping_mul(d)))
}

/// `(high : low) / d` and its remainder, for `high < d`.
#[inline(always)]
const fn div_two_by_one(high: u64, low: u64, d: u64) -> (u64, u64) {
    let s = d.leading_zeros();
    let d = d << s;
    let high = if s == 0 { high } else { high << s | low >> (64 - s) };
    let low = low << s;
    let (q1, rest) = digit(high, low >> HALF, d);
    let (q0, rest) = digit(rest, low & LOW, d);
    (q1.wrapping_shl(HALF).wrapping_add(q0), rest >> s)
}

/// Quotient and remainder. The caller has excluded a zero divisor: rustc checks for it before it calls.
pub fn div_rem(n: u128, d: u128) -> (u128, u128) {
    let ((nh, nl), (dh, dl)) = (words(n), words(d));
    if dh == 0 {
        if nh == 0 {
            return ((nl / dl) as u128, (nl % dl) as u128);
        }
        let (qh, rest) = (nh / dl, nh % dl);
        let (ql, r) = div_two_by_one(rest, nl, dl);
        return (join(qh, ql), r as u128);
    }
    // The divisor has two words, so the quotient has one: estimate it from the divisor's 64 leading bits with a
    // halved dividend (it can't overflow then), one low at most after the decrement, and correct it.
    let s = dh.leading_zeros();
    let lead = words(d << s).0;
    let half = n >> 1;
    let (estimate, _) = div_two_by_one(words(half).0, words(half).1, lead);
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
            LOW as u128,
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
