use {
    crate::error::{math, ExchangeError},
    anchor_lang::prelude::*,
    breakwater_math::{
        lmsr::{self, Liquidity},
        pm_amm::{self, Pool},
        Collateral6, PriceQ28,
    },
};

/// Hanson's logarithmic market scoring rule, for 2 to 16 outcomes.
pub const LMSR: u8 = 0;
/// Paradigm's pm-AMM with constant liquidity, for two outcomes.
pub const PM_AMM: u8 = 1;

/// What prices a market: escrow as a function of the outstanding shares.
#[derive(Clone, Copy)]
pub enum Curve {
    Lmsr(Liquidity),
    PmAmm(Pool),
}

impl Curve {
    /// A curve of the kind with a number of outcomes. The liquidity is the LMSR's b or the pm-AMM's L.
    pub fn new(kind: u8, outcomes: u8, liquidity: Collateral6) -> Result<Self> {
        match kind {
            LMSR => Ok(Self::Lmsr(math(Liquidity::new(liquidity))?)),
            PM_AMM => {
                require!(outcomes == 2, ExchangeError::BadOutcome);
                Ok(Self::PmAmm(math(Pool::new(liquidity))?))
            }
            _ => Err(ExchangeError::BadParameter.into()),
        }
    }

    /// The words a market stores: liquidity, what is precomputed from it, and its shift.
    pub fn words(&self) -> [u64; 3] {
        match self {
            Self::Lmsr(l) => [l.b, l.log2e_over_b, u64::from(l.shift)],
            Self::PmAmm(p) => [p.l, p.per_l, u64::from(p.shift)],
        }
    }

    #[inline(always)]
    pub fn of_words(kind: u8, [liquidity, inverse, shift]: [u64; 3]) -> Self {
        if kind == LMSR {
            Self::Lmsr(Liquidity {
                b: liquidity,
                log2e_over_b: inverse,
                shift: shift as u8,
            })
        } else {
            Self::PmAmm(Pool {
                l: liquidity,
                per_l: inverse,
                shift: shift as u8,
            })
        }
    }

    /// What a market with these shares must hold, and the most that any outcome pays.
    #[inline(always)]
    pub fn escrow_and_most(&self, shares: &[u64]) -> Result<(Collateral6, Collateral6)> {
        match self {
            Self::Lmsr(l) => math(l.cost_and_top(shares)),
            Self::PmAmm(pool) => {
                let &[x, y] = shares else {
                    return Err(ExchangeError::BadOutcome.into());
                };
                Ok((math(pool.cost([x, y]))?, Collateral6::new(x.max(y))))
            }
        }
    }

    /// Cost of a purchase between two escrows, rounded up.
    #[inline(always)]
    pub fn buy_cost(&self, before: Collateral6, after: Collateral6) -> Result<Collateral6> {
        math(match self {
            Self::Lmsr(l) => lmsr::buy_cost(before, after, l),
            Self::PmAmm(_) => pm_amm::buy_cost(before, after),
        })
    }

    /// Proceeds of a sale between two escrows, rounded down.
    #[inline(always)]
    pub fn sell_proceeds(&self, before: Collateral6, after: Collateral6) -> Result<Collateral6> {
        math(match self {
            Self::Lmsr(l) => lmsr::sell_proceeds(before, after, l),
            Self::PmAmm(_) => Ok(pm_amm::sell_proceeds(before, after)),
        })
    }

    /// A lower bound of an outcome's price at these shares, close to it.
    #[inline(always)]
    pub fn price_floor(&self, shares: &[u64], outcome: usize) -> Result<PriceQ28> {
        match self {
            Self::Lmsr(l) => math(l.price_floor(shares, outcome)),
            Self::PmAmm(pool) => {
                let &[x, y] = shares else {
                    return Err(ExchangeError::BadOutcome.into());
                };
                // both are below 2^62, so the difference fits; the price's error is below the unit taken off
                let delta = (x as i64).wrapping_sub(y as i64);
                let price = math(pool.price(delta, outcome))?.raw() >> 20;
                Ok(PriceQ28::new((price as u32).saturating_sub(1)))
            }
        }
    }
}
