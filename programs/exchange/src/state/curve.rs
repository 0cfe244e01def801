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
/// The same with liquidity that decays with the square root of the time left, and is released to the vault.
pub const PM_AMM_DECAYING: u8 = 2;

/// What prices a market: escrow as a function of the outstanding shares.
#[derive(Clone, Copy)]
pub enum Curve {
    Lmsr(Liquidity),
    /// The pool, and by how much its delta differs from that of the outstanding shares (constant liquidity: nothing).
    PmAmm(Pool, i64),
}

impl Curve {
    /// A curve of the kind with a number of outcomes. The liquidity is the LMSR's b or the pm-AMM's L.
    pub fn new(kind: u8, outcomes: u8, liquidity: Collateral6) -> Result<Self> {
        match kind {
            LMSR => Ok(Self::Lmsr(math(Liquidity::new(liquidity))?)),
            PM_AMM | PM_AMM_DECAYING => {
                require!(outcomes == 2, ExchangeError::BadOutcome);
                Ok(Self::PmAmm(math(Pool::new(liquidity))?, 0))
            }
            _ => Err(ExchangeError::BadParameter.into()),
        }
    }

    /// The words a market stores: liquidity, what is precomputed from it, and its shift.
    pub fn words(&self) -> [u64; 3] {
        match self {
            Self::Lmsr(l) => [l.b, l.log2e_over_b, u64::from(l.shift)],
            Self::PmAmm(p, _) => [p.l, p.per_l, u64::from(p.shift)],
        }
    }

    #[inline(always)]
    pub fn of_words(kind: u8, [liquidity, inverse, shift]: [u64; 3], offset: i64) -> Self {
        if kind == LMSR {
            Self::Lmsr(Liquidity {
                b: liquidity,
                log2e_over_b: inverse,
                shift: shift as u8,
            })
        } else {
            let shift = shift as u8;
            let pool = Pool {
                l: liquidity,
                per_l: inverse,
                shift,
            };
            Self::PmAmm(pool, offset)
        }
    }

    /// What a market with these shares must hold, and the most that any outcome pays.
    #[inline(always)]
    pub fn escrow_and_most(&self, shares: &[u64]) -> Result<(Collateral6, Collateral6)> {
        match self {
            Self::Lmsr(l) => math(l.cost_and_top(shares)),
            Self::PmAmm(pool, offset) => {
                let &[x, y] = shares else {
                    return Err(ExchangeError::BadOutcome.into());
                };
                let escrow = if *offset == 0 {
                    math(pool.cost([x, y]))?
                } else {
                    math(pool.escrow([x, y], delta(x, y, *offset)))?
                };
                Ok((escrow, Collateral6::new(x.max(y))))
            }
        }
    }

    /// Cost of a purchase between two escrows, rounded up.
    #[inline(always)]
    pub fn buy_cost(&self, before: Collateral6, after: Collateral6) -> Result<Collateral6> {
        math(match self {
            Self::Lmsr(l) => lmsr::buy_cost(before, after, l),
            Self::PmAmm(..) => pm_amm::buy_cost(before, after),
        })
    }

    /// Proceeds of a sale between two escrows, rounded down.
    #[inline(always)]
    pub fn sell_proceeds(&self, before: Collateral6, after: Collateral6) -> Result<Collateral6> {
        math(match self {
            Self::Lmsr(l) => lmsr::sell_proceeds(before, after, l),
            Self::PmAmm(..) => Ok(pm_amm::sell_proceeds(before, after)),
        })
    }

    /// A lower bound of an outcome's price at these shares, close to it.
    #[inline(always)]
    pub fn price_floor(&self, shares: &[u64], outcome: usize) -> Result<PriceQ28> {
        match self {
            Self::Lmsr(l) => math(l.price_floor(shares, outcome)),
            Self::PmAmm(pool, offset) => {
                let &[x, y] = shares else {
                    return Err(ExchangeError::BadOutcome.into());
                };
                // the price's error is below the unit taken off
                let price = math(pool.price(delta(x, y, *offset), outcome))?.raw() >> 20;
                Ok(PriceQ28::new((price as u32).saturating_sub(1)))
            }
        }
    }
}

/// A pool's delta: quantities are below 2^62 and an offset is at most their difference, so nothing wraps.
#[inline(always)]
fn delta(x: u64, y: u64, offset: i64) -> i64 {
    (x as i64).wrapping_sub(y as i64).wrapping_add(offset)
}
