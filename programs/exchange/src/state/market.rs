use {
    super::{Breaker, Cascade, Curve, Holding, Shard, PM_AMM_DECAYING},
    crate::{
        constants::VOID_GRACE_S,
        error::{math, ExchangeError},
    },
    anchor_lang::prelude::*,
    breakwater_feed::{Feed, Now},
    breakwater_math::{
        breaker, liquidation, lmsr::MAX_OUTCOMES, mul_div, pm_amm, risk, Collateral6, PriceQ28, Rounding,
        Shares6,
    },
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
    /// The LMSR's b or the pm-AMM's L, and what is precomputed from it, see [`Curve`].
    pub liquidity: u64,
    pub liquidity_inverse: u64,
    pub liquidity_shift: u64,
    /// What backs the outstanding shares; while the market is open what its curve says for `shares`.
    pub escrow: u64,
    /// What the vault gets back from the escrow if the most expensive, or the cheapest, outcome wins.
    pub claim_floor: u64,
    pub claim_ceiling: u64,
    /// Largest debt, over outcomes, that would not be repaid.
    pub debt_at_risk: u64,
    /// Where loans end: the market's subsidy. So the vault can lose twice the subsidy on a market and no more, whoever holds its
    /// price.
    pub max_debt_at_risk: u64,
    /// Price that settled the market, in units of the feed.
    pub settlement_price: u64,
    /// Outstanding shares by outcome.
    pub shares: [u64; MAX_OUTCOMES],
    /// All loans together.
    pub total_debt: u64,
    /// Loans by the outcome whose shares secure them.
    pub debt: [u64; MAX_OUTCOMES],
    /// Outstanding shares as they were: follows [`Self::shares`] over a minute, so that a price that was only just
    /// made secures no loan.
    pub reference: [u64; MAX_OUTCOMES],
    /// When each outcome was last traded, Unix seconds.
    pub traded_s: [u32; MAX_OUTCOMES],
    /// Ascending; `outcomes - 1` of them, zeros behind.
    pub strikes: [u64; MAX_OUTCOMES],
    /// Position accounts that are open.
    pub positions: u64,
    pub shard: u32,
    pub outcomes: u8,
    pub status: u8,
    /// Valid once resolved.
    pub winner: u8,
    /// [`LMSR`](super::LMSR), [`PM_AMM`](super::PM_AMM) or [`PM_AMM_DECAYING`].
    pub curve: u8,
    /// When the market opened, and with how much liquidity; a decaying pool has the less the nearer the close is.
    pub opened_ms: u64,
    pub full_liquidity: u64,
    /// What a decaying pool's delta has come to differ from the difference of the outstanding shares.
    pub delta_offset: i64,
    /// Units of the feed that mean a probability of one for the upper of two outcomes; zero: the feed is no probability.
    pub feed_one: u64,
    /// How far a leveraged fill may be from the feed's probability; only where `feed_one` is set.
    pub max_divergence_q28: u32,
    /// Markets that halt together; zero: this one halts alone.
    pub group: u32,
    pub breaker: Breaker,
    pub cascade: Cascade,
    /// By outcome: shares that the vault took over with the loans they secure, and these loans, which [`Self::debt`] still
    /// counts. The shares pay at least their loans if they win.
    pub taken_shares: [u64; MAX_OUTCOMES],
    pub taken_debt: [u64; MAX_OUTCOMES],
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
    pub fn curve(&self) -> Curve {
        let words = [self.liquidity, self.liquidity_inverse, self.liquidity_shift];
        Curve::of_words(self.curve, words, self.delta_offset)
    }

    #[inline(always)]
    pub fn outstanding(&self) -> &[u64] {
        &self.shares[..usize::from(self.outcomes).min(MAX_OUTCOMES)]
    }

    /// Trading ends at the close, to the millisecond of the cluster's clock.
    #[inline(always)]
    pub fn require_open(&self, now: Now) -> Result<()> {
        require!(
            self.status == OPEN && now.ms() < self.close_ms,
            ExchangeError::MarketClosed
        );
        Ok(())
    }

    /// Open, and neither its own breaker nor one of its group has halted it.
    #[inline(always)]
    pub fn require_trading(&self, shard: &Shard, now: Now) -> Result<()> {
        self.require_open(now)?;
        require!(!self.is_halted(shard, now), ExchangeError::MarketHalted);
        Ok(())
    }

    #[inline(always)]
    pub fn is_halted(&self, shard: &Shard, now: Now) -> bool {
        let group = shard.halted_until(self.group);
        self.breaker.halted_until_slot > now.slot || group > now.slot
    }

    /// A leveraged fill agrees with the feed where the feed is a probability.
    #[inline(always)]
    pub fn require_agreement(&self, outcome: usize, fill: PriceQ28, feed: &Feed) -> Result<()> {
        if self.feed_one == 0 {
            return Ok(());
        }
        let upper = math(breaker::probability(feed.price, self.feed_one))?.raw();
        let expected = if outcome == 0 {
            PriceQ28::ONE.raw().saturating_sub(upper)
        } else {
            upper
        };
        require!(
            fill.raw().abs_diff(expected) <= self.max_divergence_q28,
            ExchangeError::PriceDiverges
        );
        Ok(())
    }

    /// Where loans end now: a decaying pool's prices are the cheaper to move the nearer the close is, and secure the less.
    #[inline(always)]
    pub fn debt_limit(&self) -> Result<Collateral6> {
        if self.curve != PM_AMM_DECAYING {
            return Ok(Collateral6::new(self.max_debt_at_risk));
        }
        let (most, now, full) = (self.max_debt_at_risk, self.liquidity, self.full_liquidity);
        Ok(Collateral6::new(math(mul_div(most, now, full, Rounding::Down))?))
    }

    /// Bring a decaying pool to its liquidity of now; what the escrow no longer needs, for the vault, which gives up as
    /// much of its claims (`release`).
    #[inline(always)]
    pub fn decay(&mut self, now: Now) -> Result<Collateral6> {
        if self.curve != PM_AMM_DECAYING {
            return Ok(Collateral6::ZERO);
        }
        let full = Collateral6::new(self.full_liquidity);
        let l = math(pm_amm::liquidity_at(
            full,
            self.opened_ms,
            self.close_ms,
            now.ms(),
        ))?;
        // the smallest pool there is stays until the close
        let l = l.max(Collateral6::new(1));
        let (Curve::PmAmm(pool, offset), &[x, y, ..]) = (self.curve(), &self.shares) else {
            return Err(ExchangeError::BadParameter.into());
        };
        let difference = (x as i64).wrapping_sub(y as i64); // both below 2^62
        let escrow = Collateral6::new(self.escrow);
        let decayed = math(pool.decay([x, y], difference.wrapping_add(offset), escrow, l))?;
        let Some(decay) = decayed else {
            return Ok(Collateral6::ZERO);
        };
        self.delta_offset = decay.delta.wrapping_sub(difference);
        let shrunk = Curve::PmAmm(decay.pool, self.delta_offset);
        [self.liquidity, self.liquidity_inverse, self.liquidity_shift] = shrunk.words();
        self.escrow = decay.escrow.raw();
        math(escrow.checked_sub(decay.escrow))
    }

    /// From here on an unresolved market is voided instead.
    pub fn void_ms(&self) -> u64 {
        self.close_ms.saturating_add(VOID_GRACE_S.saturating_mul(1000))
    }

    #[inline(always)]
    pub fn require_outcome(&self, outcome: u8) -> Result<usize> {
        require!(outcome < self.outcomes, ExchangeError::BadOutcome);
        Ok(usize::from(outcome))
    }

    /// Trading is over and the outcome not known yet.
    #[inline(always)]
    pub fn is_waiting(&self, now: Now) -> bool {
        self.status == OPEN && now.ms() >= self.close_ms
    }

    /// What a holding is worth at the last price of a market that waits for its settlement.
    pub fn last_value(&self, holding: &Holding, now: Now) -> Result<Collateral6> {
        let outcome = self.require_outcome(holding.outcome)?;
        let price = self.better_price(outcome, now.s)?;
        math(liquidation::value(Shares6::new(holding.shares), price))
    }

    /// Take shares over with the loan they secure.
    #[inline(always)]
    pub fn take_over(&mut self, outcome: usize, shares: Shares6, debt: Collateral6) -> Result<()> {
        self.taken_shares[outcome] =
            math(Shares6::new(self.taken_shares[outcome]).checked_add(shares))?.raw();
        self.taken_debt[outcome] = math(Collateral6::new(self.taken_debt[outcome]).checked_add(debt))?.raw();
        Ok(())
    }

    /// The loans that were taken over, all outcomes.
    pub fn all_taken_debt(&self) -> Result<Collateral6> {
        self.taken_debt.iter().try_fold(Collateral6::ZERO, |sum, &debt| {
            math(sum.checked_add(Collateral6::new(debt)))
        })
    }

    /// The better of an outcome's price over the last minute and its price now, or a lower bound of it.
    #[inline(always)]
    pub fn better_price(&self, outcome: usize, now_s: u64) -> Result<PriceQ28> {
        let now = self.curve().price_floor(self.outstanding(), outcome)?;
        let recent_s = (now_s as u32).saturating_sub(risk::REFERENCE_S as u32); // until 2106
        let traded_s = &self.traded_s[..self.outstanding().len()];
        if traded_s.iter().all(|&at_s| at_s <= recent_s) {
            return Ok(now);
        }
        Ok(now.max(self.reference_price(outcome, now_s)?))
    }

    /// A lower bound of an outcome's price over the last minute.
    #[inline(always)]
    pub fn reference_price(&self, outcome: usize, now_s: u64) -> Result<PriceQ28> {
        let mut reference = self.shares;
        let outcomes = self.outstanding().len();
        // what was last traded longer ago than this has stood long enough to be its own reference
        let recent_s = (now_s as u32).saturating_sub(risk::REFERENCE_S as u32); // until 2106
        for (i, shares) in reference[..outcomes].iter_mut().enumerate() {
            if self.traded_s[i] > recent_s {
                *shares = self.reference_at(i, now_s);
            }
        }
        self.curve().price_floor(&reference[..outcomes], outcome)
    }

    #[inline(always)]
    fn reference_at(&self, outcome: usize, now_s: u64) -> u64 {
        let elapsed_s = now_s.saturating_sub(u64::from(self.traded_s[outcome]));
        risk::follow(self.reference[outcome], self.shares[outcome], elapsed_s)
    }

    /// Issue shares of an outcome and reprice.
    #[inline(always)]
    pub fn issue(&mut self, outcome: usize, shares: Shares6, now_s: u64) -> Result<Repricing> {
        self.remember(outcome, now_s);
        let new = math(Shares6::new(self.shares[outcome]).checked_add(shares))?;
        self.reprice(outcome, new)
    }

    /// Take shares of an outcome back and reprice.
    #[inline(always)]
    pub fn retire(&mut self, outcome: usize, shares: Shares6, now_s: u64) -> Result<Repricing> {
        self.remember(outcome, now_s);
        let new = math(Shares6::new(self.shares[outcome]).checked_sub(shares))?;
        self.reprice(outcome, new)
    }

    /// Bring an outcome's reference up to date before its shares change.
    #[inline(always)]
    fn remember(&mut self, outcome: usize, now_s: u64) {
        self.reference[outcome] = self.reference_at(outcome, now_s);
        self.traded_s[outcome] = now_s as u32; // until 2106
    }

    #[inline(always)]
    fn reprice(&mut self, outcome: usize, shares: Shares6) -> Result<Repricing> {
        let escrow_before = Collateral6::new(self.escrow);
        let (floor_before, ceiling_before) = (self.claim_floor, self.claim_ceiling);
        self.shares[outcome] = shares.raw();
        let (escrow_after, most) = self.curve().escrow_and_most(self.outstanding())?;
        self.escrow = escrow_after.raw();
        self.update_claims(most)?;
        Ok(Repricing {
            escrow_before,
            escrow_after,
            floor_before,
            ceiling_before,
        })
    }

    /// Both claims are the escrow less something: they fall by what the escrow has paid out to the vault.
    pub fn release(&mut self, released: Collateral6) -> Result<()> {
        for claim in [&mut self.claim_floor, &mut self.claim_ceiling] {
            *claim = claim
                .checked_sub(released.raw())
                .ok_or(ExchangeError::Insolvent)?;
        }
        Ok(())
    }

    /// The vault's claim on the escrow, and with it the market's solvency: escrow covers every outcome, of which the
    /// dearest pays `most`.
    #[inline(always)]
    pub fn update_claims(&mut self, most: Collateral6) -> Result<()> {
        let least = self
            .outstanding()
            .iter()
            .fold(u64::MAX, |least, &shares| least.min(shares));
        self.claim_floor = self
            .escrow
            .checked_sub(most.raw())
            .ok_or(ExchangeError::Insolvent)?;
        self.claim_ceiling = self.escrow.checked_sub(least).ok_or(ExchangeError::Insolvent)?;
        Ok(())
    }

    /// Book a loan secured by an outcome's shares; the new debt at risk.
    #[inline(always)]
    pub fn lend(&mut self, outcome: usize, debt: Collateral6) -> Result<Collateral6> {
        self.debt[outcome] = math(Collateral6::new(self.debt[outcome]).checked_add(debt))?.raw();
        self.total_debt = math(Collateral6::new(self.total_debt).checked_add(debt))?.raw();
        self.update_debt_at_risk()
    }

    /// Take a loan off the books, repaid or lost; the new debt at risk.
    #[inline(always)]
    pub fn unlend(&mut self, outcome: usize, debt: Collateral6) -> Result<Collateral6> {
        self.debt[outcome] = math(Collateral6::new(self.debt[outcome]).checked_sub(debt))?.raw();
        self.total_debt = math(Collateral6::new(self.total_debt).checked_sub(debt))?.raw();
        self.update_debt_at_risk()
    }

    #[inline(always)]
    fn update_debt_at_risk(&mut self) -> Result<Collateral6> {
        let outcomes = usize::from(self.outcomes).min(MAX_OUTCOMES);
        let total = Collateral6::new(self.total_debt);
        let at_risk = match self.status {
            OPEN => math(risk::debt_at_risk_of(total, &self.debt[..outcomes]))?,
            VOIDED => total,
            // resolved: a winner's shares repay
            _ => Collateral6::ZERO,
        };
        self.debt_at_risk = at_risk.raw();
        Ok(at_risk)
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
