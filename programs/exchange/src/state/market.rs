use {
    crate::error::{math, ExchangeError},
    anchor_lang::prelude::*,
    breakwater_math::{lmsr::Liquidity, lmsr::MAX_OUTCOMES, risk, Collateral6, Shares6},
};

pub const OPEN: u8 = 0;
pub const RESOLVED: u8 = 1;
/// Nobody could resolve it: every share pays the same.
pub const VOIDED: u8 = 2;

/// A market over the price of a feed at a time. PDA of `["market", id]`.
///
/// Outcome `k` wins when exactly `k` strikes are at or below the price; with one strike, outcome 1 is "at or above".
#[account]
pub struct Market {
    pub feed: Address,
    /// Paid the account's rent and gets it back.
    pub rent_payer: Address,
    pub id: u64,
    pub close_ms: u64,
    /// LMSR liquidity `b` and what is precomputed from it, see [`Liquidity`].
    pub b: u64,
    pub log2e_over_b: u64,
    pub liquidity_shift: u64,
    /// What backs the outstanding shares; while the market is open exactly the LMSR cost of `shares`.
    pub escrow: u64,
    /// What the vault gets back from the escrow if the most expensive, or the cheapest, outcome wins.
    pub claim_floor: u64,
    pub claim_ceiling: u64,
    /// Largest debt, over outcomes, that would not be repaid.
    pub debt_at_risk: u64,
    /// Price that settled the market, in units of the feed.
    pub settlement_price: u64,
    /// Outstanding shares by outcome.
    pub shares: [u64; MAX_OUTCOMES],
    /// Loans by the outcome whose shares secure them.
    pub debt: [u64; MAX_OUTCOMES],
    /// Ascending; `outcomes - 1` of them, zeros behind.
    pub strikes: [u64; MAX_OUTCOMES],
    /// Position accounts that are open.
    pub positions: u64,
    pub shard: u32,
    pub outcomes: u8,
    pub status: u8,
    /// Valid once resolved.
    pub winner: u8,
    pub reserved: u8,
}

/// What a trade does to the escrow and to the vault's claim on it.
#[derive(Clone, Copy)]
pub struct Repricing {
    pub escrow_before: Collateral6,
    pub escrow_after: Collateral6,
    pub floor_before: u64,
    pub ceiling_before: u64,
}

impl Market {
    #[inline(always)]
    pub fn liquidity(&self) -> Liquidity {
        Liquidity {
            b: self.b,
            log2e_over_b: self.log2e_over_b,
            shift: self.liquidity_shift as u8,
        }
    }

    #[inline(always)]
    pub fn outstanding(&self) -> &[u64] {
        &self.shares[..usize::from(self.outcomes).min(MAX_OUTCOMES)]
    }

    /// Trading ends at the close, to the millisecond of the cluster's clock.
    #[inline(always)]
    pub fn require_trading(&self, now_s: u64) -> Result<()> {
        require!(
            self.status == OPEN && now_s.saturating_mul(1000) < self.close_ms,
            ExchangeError::MarketClosed
        );
        Ok(())
    }

    #[inline(always)]
    pub fn require_outcome(&self, outcome: u8) -> Result<usize> {
        require!(outcome < self.outcomes, ExchangeError::BadOutcome);
        Ok(usize::from(outcome))
    }

    /// Issue shares of an outcome and reprice.
    #[inline(always)]
    pub fn issue(&mut self, outcome: usize, shares: Shares6) -> Result<Repricing> {
        let new = math(Shares6::new(self.shares[outcome]).checked_add(shares))?;
        self.reprice(outcome, new)
    }

    /// Take shares of an outcome back and reprice.
    #[inline(always)]
    pub fn retire(&mut self, outcome: usize, shares: Shares6) -> Result<Repricing> {
        let new = math(Shares6::new(self.shares[outcome]).checked_sub(shares))?;
        self.reprice(outcome, new)
    }

    #[inline(always)]
    fn reprice(&mut self, outcome: usize, shares: Shares6) -> Result<Repricing> {
        let escrow_before = Collateral6::new(self.escrow);
        let (floor_before, ceiling_before) = (self.claim_floor, self.claim_ceiling);
        self.shares[outcome] = shares.raw();
        let escrow_after = math(self.liquidity().cost(self.outstanding()))?;
        self.escrow = escrow_after.raw();
        self.update_claims()?;
        Ok(Repricing {
            escrow_before,
            escrow_after,
            floor_before,
            ceiling_before,
        })
    }

    /// The vault's claim on the escrow, and with it the market's solvency: escrow covers every outcome.
    #[inline(always)]
    pub fn update_claims(&mut self) -> Result<()> {
        let (mut most, mut least) = (0, u64::MAX);
        for &shares in self.outstanding() {
            most = most.max(shares);
            least = least.min(shares);
        }
        self.claim_floor = self.escrow.checked_sub(most).ok_or(ExchangeError::Insolvent)?;
        self.claim_ceiling = self.escrow.checked_sub(least).ok_or(ExchangeError::Insolvent)?;
        Ok(())
    }

    /// Book a loan secured by an outcome's shares; the new debt at risk.
    #[inline(always)]
    pub fn lend(&mut self, outcome: usize, debt: Collateral6) -> Result<Collateral6> {
        self.debt[outcome] = math(Collateral6::new(self.debt[outcome]).checked_add(debt))?.raw();
        self.update_debt_at_risk()
    }

    /// Take a loan off the books, repaid or lost; the new debt at risk.
    #[inline(always)]
    pub fn unlend(&mut self, outcome: usize, debt: Collateral6) -> Result<Collateral6> {
        self.debt[outcome] = math(Collateral6::new(self.debt[outcome]).checked_sub(debt))?.raw();
        self.update_debt_at_risk()
    }

    #[inline(always)]
    fn update_debt_at_risk(&mut self) -> Result<Collateral6> {
        let outcomes = usize::from(self.outcomes).min(MAX_OUTCOMES);
        let at_risk = if self.status == OPEN {
            math(risk::debt_at_risk(&self.debt[..outcomes]))?
        } else {
            // settled: a winner's shares repay, a voided market's may not
            Collateral6::new(if self.status == VOIDED {
                self.total_debt()?
            } else {
                0
            })
        };
        self.debt_at_risk = at_risk.raw();
        Ok(at_risk)
    }

    pub fn total_debt(&self) -> Result<u64> {
        let mut total = Collateral6::ZERO;
        for &debt in &self.debt {
            total = math(total.checked_add(Collateral6::new(debt)))?;
        }
        Ok(total.raw())
    }

    /// The outcome that a price settles: how many strikes it has reached.
    pub fn outcome_at(&self, price: u64) -> u8 {
        let strikes = &self.strikes[..usize::from(self.outcomes).saturating_sub(1).min(MAX_OUTCOMES)];
        strikes.partition_point(|&strike| strike <= price) as u8
    }

    /// What shares of an outcome pay once the market is settled, rounded down.
    pub fn payout(&self, outcome: u8, shares: Shares6) -> Result<Collateral6> {
        match self.status {
            RESOLVED if outcome == self.winner => Ok(shares.payout()),
            RESOLVED => Ok(Collateral6::ZERO),
            VOIDED => Ok(Collateral6::new(
                shares
                    .raw()
                    .checked_div(u64::from(self.outcomes))
                    .ok_or(ExchangeError::BadOutcome)?,
            )),
            _ => Err(ExchangeError::MarketNotSettled.into()),
        }
    }
}
