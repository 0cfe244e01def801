//! A program that is never deployed: it meters the functions of solmath, which are measured beside ours.
//!
//! Built by the same compiler under the same profile as `math_probe` (overflow checks on, as solmath's integration guide has it), and
//! spoken to in the same words. Arguments and values are signed with 12 decimals, solmath's own scale.
#![cfg_attr(target_os = "solana", no_std)]

#[cfg(target_os = "solana")]
use breakwater_sbf_rt as _; // solmath calculates with 128 bits

use probe_rt::{Meter, MAX_OPERANDS};
use solmath::SolMathError;

#[cfg(target_os = "solana")]
mod program;

/// The functions' numbers.
pub mod function {
    pub const NOTHING: u64 = 0;
    pub const EXP: u64 = 1;
    pub const LN: u64 = 2;
    pub const NORMAL_CDF: u64 = 3;
    pub const NORMAL_PDF: u64 = 4;
    pub const NORMAL_BOTH: u64 = 5;
    pub const NORMAL_INVERSE: u64 = 6;
}

/// `(0, value)`, `(1, 0)` where solmath refuses, `(2, 0)` where the value does not fit a word.
fn outcome(result: Result<i128, SolMathError>) -> (u64, u64) {
    match result.map(i64::try_from) {
        Ok(Ok(value)) => (0, value as u64),
        Ok(Err(_)) => (2, 0),
        Err(_) => (1, 0),
    }
}

/// Call a function; of the two values of [`function::NORMAL_BOTH`] the answer is the second moved left by eight bits over the first.
pub fn evaluate(number: u64, o: &[u64; MAX_OPERANDS], m: &mut impl Meter) -> (u64, u64) {
    let x = o[0] as i64 as i128;
    match number {
        function::NOTHING => (m.around(|| 0), 0),
        function::EXP => outcome(m.around(|| solmath::exp_fixed_i(x))),
        function::LN => outcome(m.around(|| solmath::ln_fixed_i(x as u128))),
        function::NORMAL_CDF => outcome(m.around(|| solmath::norm_cdf_poly(x))),
        function::NORMAL_PDF => outcome(m.around(|| solmath::norm_pdf(x))),
        function::NORMAL_INVERSE => outcome(m.around(|| solmath::inverse_norm_cdf(x))),
        function::NORMAL_BOTH => match m.around(|| solmath::norm_cdf_and_pdf(x)) {
            Ok((cdf, pdf)) => (0, cdf as u64 ^ (pdf as u64).rotate_left(8)),
            Err(_) => (1, 0),
        },
        _ => (u64::MAX, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probe_rt::NoMeter;

    fn value(number: u64, x: i64) -> (u64, i64) {
        let mut operands = [0; MAX_OPERANDS];
        operands[0] = x as u64;
        let (status, value) = evaluate(number, &operands, &mut NoMeter);
        (status, value as i64)
    }

    #[test]
    fn numbers_name_the_functions_they_say() {
        let one = 1_000_000_000_000;
        assert_eq!(value(function::EXP, one), (0, 2_718_281_828_459));
        assert_eq!(value(function::LN, one), (0, 0));
        assert_eq!(value(function::LN, 0), (1, 0));
        assert_eq!(value(function::NORMAL_CDF, 0), (0, one / 2));
        assert_eq!(value(function::NORMAL_PDF, 0).1 / 1_000_000, 398_942);
        assert_eq!(value(function::NORMAL_INVERSE, one / 2), (0, 0));
        assert_eq!(value(function::NORMAL_INVERSE, one), (1, 0));
        let (cdf, pdf) = (
            value(function::NORMAL_CDF, one).1,
            value(function::NORMAL_PDF, one).1,
        );
        assert_eq!(value(function::NORMAL_BOTH, one), (0, cdf ^ pdf.rotate_left(8)));
    }
}
