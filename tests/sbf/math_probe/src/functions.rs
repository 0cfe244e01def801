//! Every function of the crate behind a number, from words to words.

use breakwater_math::lmsr::{self, Liquidity};
use breakwater_math::pm_amm::{self, Pool, Solution};
use breakwater_math::{
    fees, fixed, risk, vault, Collateral6, CoverageQ32, LeverageX100, LpShares6, MathError, Ppm, PriceQ28,
    Rounding, Shares6, Q48,
};

pub use probe_rt::{Meter, NoMeter};

use crate::random::Random;
use crate::MAX_OPERANDS;

/// The functions' numbers, and their names in the same order.
macro_rules! functions {
    ($($name:ident = $number:literal),* $(,)?) => {
        $(pub const $name: u64 = $number;)*
        pub const ALL: &[(u64, &str)] = &[$(($number, stringify!($name))),*];
    };
}

functions! {
    NOTHING = 0, EXP = 1, LN = 2, MUL_DIV = 3, COST = 4, PRICE = 5, NORMALISED_COST = 6, FEE_RATE = 7, FEE = 8,
    LEVERAGE_CAP = 9, TIER_CAP = 10, COVERAGE = 11, MARGIN = 12, MAX_DEBT = 13, DEBT_AT_RISK = 14,
    SHARES_FOR_DEPOSIT = 15, VALUE_OF_SHARES = 16, ISQRT = 17, Q48_MUL = 18, Q48_DIV = 19, FROM_RATIO = 20,
    LIQUIDITY = 21, SUBSIDY = 22, MUL_HI = 23, BUY_COST = 24, SELL_PROCEEDS = 25, IS_COVERED = 26, CASH_FOR = 27,
    NORMAL_CDF = 28, NORMAL_PDF = 29, NORMAL_BOTH = 30, NORMAL_INVERSE = 31, POSITION = 32, POOL = 33, POOL_ESCROW = 34,
    POOL_COST = 35, POOL_PRICE = 36, POOL_TRADE = 37, SOLVE_BUY = 38, SOLVE_SELL = 39, DELTA_AT = 40, LIQUIDITY_AT = 41,
    DECAYED = 42, PREMIUM = 43, FILL_PRICE = 44, FOLLOW = 45, PRICE_FLOOR = 46, COST_AND_TOP = 47, DEBT_AT_RISK_OF = 48,
    POSITION_STEPS = 49, SOLVE_STEPS = 50,
}

/// `(0, value)`, or `(1 + error, 0)`.
pub type Outcome = (u64, u64);

fn outcome<T>(result: Result<T, MathError>, raw: impl FnOnce(T) -> u64) -> Outcome {
    match result {
        Ok(value) => (0, raw(value)),
        Err(e) => ((e as u64).wrapping_add(1), 0),
    }
}

fn rounding(x: u64) -> Rounding {
    if x & 1 == 0 {
        Rounding::Down
    } else {
        Rounding::Up
    }
}

fn q48(x: Q48) -> u64 {
    x.raw() as u64
}

/// Call a function. What precedes the measured call is its preparation: the market's constants, say.
pub fn evaluate(function: u64, o: &[u64; MAX_OPERANDS], m: &mut impl Meter) -> Outcome {
    let collateral = |i: usize| Collateral6::new(o[i]);
    let signed = |i: usize| Q48::new(o[i] as i64);
    let round = |i: usize| rounding(o[i]);
    match function {
        NOTHING => (m.around(|| 0), 0),
        EXP => outcome(m.around(|| signed(0).exp()), q48),
        LN => outcome(m.around(|| signed(0).ln()), q48),
        MUL_DIV => outcome(m.around(|| fixed::mul_div(o[0], o[1], o[2], round(3))), |x| x),
        COST | PRICE | NORMALISED_COST | PRICE_FLOOR | COST_AND_TOP => market(function, o, m),
        PREMIUM => outcome(
            m.around(|| risk::premium(collateral(0), PriceQ28::new(o[1] as u32))),
            |x| x.raw(),
        ),
        FILL_PRICE => outcome(
            m.around(|| risk::fill_price(collateral(0), Shares6::new(o[1]))),
            |x| x.raw() as u64,
        ),
        FOLLOW => (0, m.around(|| risk::follow(o[0] >> 2, o[1] >> 2, o[2] & 127))),
        DEBT_AT_RISK_OF => {
            let debts = &o[1..][..(o[0] & 15) as usize];
            outcome(m.around(|| risk::debt_at_risk_of(collateral(16), debts)), |x| {
                x.raw()
            })
        }
        FEE_RATE => {
            let (base, slope) = (Ppm::new(o[0] as u32), Ppm::new(o[1] as u32));
            let coverage = CoverageQ32::new(o[2]);
            outcome(m.around(|| fees::fee_rate(base, slope, coverage)), |x| {
                x.raw() as u64
            })
        }
        FEE => outcome(
            m.around(|| fees::fee(collateral(0), Ppm::new(o[1] as u32))),
            |x| x.raw(),
        ),
        LEVERAGE_CAP => {
            let cap = m.around(|| risk::leverage_cap(o[0] as usize, CoverageQ32::new(o[1])));
            outcome(cap, |x| x.raw() as u64)
        }
        TIER_CAP => outcome(m.around(|| risk::tier_cap(o[0] as usize)), |x| x.raw() as u64),
        COVERAGE => (0, m.around(|| risk::coverage(collateral(0), collateral(1))).raw()),
        MARGIN => outcome(
            m.around(|| risk::margin(collateral(0), LeverageX100::new(o[1] as u16))),
            |x| x.raw(),
        ),
        MAX_DEBT => outcome(
            m.around(|| risk::max_debt(collateral(0), CoverageQ32::new(o[1]))),
            |x| x.raw(),
        ),
        IS_COVERED => {
            let covered = m.around(|| risk::is_covered(collateral(0), collateral(1), CoverageQ32::new(o[2])));
            (0, covered as u64)
        }
        CASH_FOR => outcome(
            m.around(|| risk::cash_for(collateral(0), CoverageQ32::new(o[1]))),
            |x| x.raw(),
        ),
        DEBT_AT_RISK => {
            let debts = &o[1..][..o[0].min(16) as usize];
            outcome(m.around(|| risk::debt_at_risk(debts)), |x| x.raw())
        }
        SHARES_FOR_DEPOSIT => {
            let shares =
                m.around(|| vault::shares_for_deposit(collateral(0), LpShares6::new(o[1]), collateral(2)));
            outcome(shares, |x| x.raw())
        }
        VALUE_OF_SHARES => {
            let (shares, supply) = (LpShares6::new(o[0]), LpShares6::new(o[1]));
            outcome(
                m.around(|| vault::value_of_shares(shares, supply, collateral(2))),
                |x| x.raw(),
            )
        }
        ISQRT => (0, m.around(|| fixed::isqrt(o[0]))),
        Q48_MUL => outcome(m.around(|| signed(0).mul(signed(1))), q48),
        Q48_DIV => outcome(m.around(|| signed(0).div(signed(1))), q48),
        FROM_RATIO => outcome(m.around(|| Q48::from_ratio(o[0] as i64, o[1], round(2))), q48),
        LIQUIDITY => outcome(m.around(|| Liquidity::new(collateral(0))), |l| {
            l.log2e_over_b ^ (l.shift as u64).rotate_right(8) ^ l.rounding().raw().rotate_right(32)
        }),
        SUBSIDY => match Liquidity::new(collateral(1)) {
            Ok(l) => outcome(m.around(|| l.subsidy(o[0] as usize)), |x| x.raw()),
            Err(e) => outcome(Err::<(), _>(e), |()| 0),
        },
        MUL_HI => (0, m.around(|| fixed::mul_hi(o[0], o[1]))),
        BUY_COST | SELL_PROCEEDS => trade(function, o, m),
        NORMAL_CDF => (0, q48(m.around(|| signed(0).normal_cdf()))),
        NORMAL_PDF => (0, q48(m.around(|| signed(0).normal_pdf()))),
        NORMAL_BOTH => {
            let (cdf, pdf) = m.around(|| (signed(0).normal_cdf(), signed(0).normal_pdf()));
            (0, q48(cdf) ^ q48(pdf).rotate_left(8))
        }
        NORMAL_INVERSE => outcome(m.around(|| signed(0).normal_inverse()), q48),
        POSITION => outcome(m.around(|| pm_amm::position(signed(0))), |(z, iterations)| {
            q48(z) ^ (iterations as u64).rotate_right(8)
        }),
        POSITION_STEPS => outcome(m.around(|| pm_amm::position(signed(0))), |(_, iterations)| {
            iterations as u64
        }),
        POOL => outcome(m.around(|| Pool::new(collateral(0))), |p| {
            p.per_l ^ (p.shift as u64).rotate_right(8)
        }),
        POOL_ESCROW | POOL_COST | POOL_PRICE | POOL_TRADE | SOLVE_BUY | SOLVE_SELL | SOLVE_STEPS
        | DELTA_AT => pool(function, o, m),
        LIQUIDITY_AT => outcome(
            m.around(|| pm_amm::liquidity_at(collateral(0), o[1], o[2], o[3])),
            |x| x.raw(),
        ),
        DECAYED => outcome(
            m.around(|| pm_amm::decayed(o[0] as i64, collateral(1), collateral(2))),
            |x| x as u64,
        ),
        _ => (u64::MAX, 0),
    }
}

/// `[outcome, b, number of outcomes, quantities...]`
fn market(function: u64, o: &[u64; MAX_OPERANDS], m: &mut impl Meter) -> Outcome {
    let q = &o[3..][..o[2].min(17) as usize];
    let l = match Liquidity::new(Collateral6::new(o[1])) {
        Ok(l) => l,
        Err(e) => return outcome(Err::<(), _>(e), |()| 0),
    };
    match function {
        COST => outcome(m.around(|| l.cost(q)), |x| x.raw()),
        PRICE => outcome(m.around(|| l.price(q, o[0] as usize)), q48),
        PRICE_FLOOR => outcome(m.around(|| l.price_floor(q, o[0] as usize)), |x| x.raw() as u64),
        COST_AND_TOP => outcome(m.around(|| l.cost_and_top(q)), |(cost, top)| {
            cost.raw() ^ top.raw().rotate_left(32)
        }),
        _ => outcome(m.around(|| l.normalised_cost(q)), q48),
    }
}

/// `[old escrow, new escrow, b]`
fn trade(function: u64, o: &[u64; MAX_OPERANDS], m: &mut impl Meter) -> Outcome {
    let (old, new) = (Collateral6::new(o[0]), Collateral6::new(o[1]));
    match Liquidity::new(Collateral6::new(o[2])) {
        Ok(l) if function == BUY_COST => outcome(m.around(|| lmsr::buy_cost(old, new, &l)), |x| x.raw()),
        Ok(l) => outcome(m.around(|| lmsr::sell_proceeds(old, new, &l)), |x| x.raw()),
        Err(e) => outcome(Err::<(), _>(e), |()| 0),
    }
}

/// `[L, delta, quantities or collateral...]`
fn pool(function: u64, o: &[u64; MAX_OPERANDS], m: &mut impl Meter) -> Outcome {
    let p = match Pool::new(Collateral6::new(o[0])) {
        Ok(p) => p,
        Err(e) => return outcome(Err::<(), _>(e), |()| 0),
    };
    let (delta, q, amount) = (o[1] as i64, [o[2], o[3]], Collateral6::new(o[2]));
    let which = (o[3] & 1) as usize;
    let start = if o[4] & 1 == 0 { None } else { Some(o[5] as i64) };
    let solution = |s: Solution| {
        s.shares.raw() ^ (s.iterations as u64).rotate_right(8) ^ (s.evaluations as u64).rotate_right(16)
    };
    match function {
        POOL_ESCROW => outcome(m.around(|| p.escrow(q, delta)), |x| x.raw()),
        POOL_COST => outcome(m.around(|| p.cost(q)), |x| x.raw()),
        POOL_PRICE => outcome(m.around(|| p.price(delta, which)), q48),
        POOL_TRADE => {
            let trade = || {
                let old = p.cost(q)?;
                let new = p.cost([q[0].checked_add(o[4]).ok_or(MathError::Overflow)?, q[1]])?;
                pm_amm::buy_cost(old, new)
            };
            outcome(m.around(trade), |x| x.raw())
        }
        SOLVE_BUY => outcome(
            m.around(|| p.shares_for_collateral(delta, which, amount, start)),
            solution,
        ),
        SOLVE_STEPS => outcome(
            m.around(|| p.shares_for_collateral(delta, which, amount, start)),
            |s| s.iterations as u64 | (s.evaluations as u64) << 8,
        ),
        SOLVE_SELL => outcome(
            m.around(|| p.shares_for_proceeds(delta, which, amount, start)),
            solution,
        ),
        _ => outcome(m.around(|| p.delta_at(Q48::new(o[1] as i64))), |x| x as u64),
    }
}

/// The hash of `count` random evaluations (FNV-1a over words).
pub fn sweep(function: u64, seed: u64, count: u64) -> u64 {
    let mut random = Random::new(seed);
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for _ in 0..count {
        let (status, value) = evaluate(function, &random.operands(function), &mut NoMeter);
        hash = (hash ^ status).wrapping_mul(0x100_0000_01b3);
        hash = (hash ^ value).wrapping_mul(0x100_0000_01b3);
    }
    hash
}
