use {
    crate::{
        error::{math, ExchangeError},
        events::{log, MarketSettled},
        state::{Market, Shard, OPEN, VOIDED},
    },
    anchor_lang::prelude::*,
    breakwater_feed::now_s,
    breakwater_math::{lmsr::MAX_OUTCOMES, Collateral6},
};

/// Permissionless: the way out for a market whose feed died, so that no fund is ever stuck.
#[derive(Accounts)]
pub struct Void {
    #[account(mut)]
    pub market: Account<Market>,
    #[account(mut, constraint = shard.index == market.shard @ ExchangeError::WrongShard)]
    pub shard: Account<Shard>,
}

impl Void {
    /// After the grace period every share of an unresolved market pays one over the number of outcomes (rounded down).
    /// All its loans count as at risk until their positions are redeemed; those that were taken over are settled at once.
    pub fn void(&mut self) -> Result<()> {
        let market = &mut self.market;
        require!(market.status == OPEN, ExchangeError::MarketSettled);
        let now_ms = now_s()?.saturating_mul(1000);
        require!(now_ms >= market.void_ms(), ExchangeError::GracePeriod);

        let mut outstanding = 0_u64;
        for &shares in market.outstanding() {
            outstanding = outstanding.checked_add(shares).ok_or(ExchangeError::Overflow)?;
        }
        let payable = outstanding.div_ceil(u64::from(market.outcomes.max(1)));
        let residue = market
            .escrow
            .checked_sub(payable)
            .ok_or(ExchangeError::Insolvent)?;
        let (owed, mut taken) = (market.all_taken_debt()?, 0_u64);
        for &shares in &market.taken_shares {
            let part = shares.checked_div(u64::from(market.outcomes)).unwrap_or(0);
            taken = taken.checked_add(part).ok_or(ExchangeError::Overflow)?;
        }
        let debt = math(Collateral6::new(market.total_debt).checked_sub(owed))?;

        self.shard
            .remove_claims(market.claim_floor, market.claim_ceiling)?;
        self.shard.book_risk(market.debt_at_risk, debt)?;
        self.shard.receive(Collateral6::new(residue))?;
        let (drawn, lost) = self.shard.settle_taken(owed, Collateral6::new(taken))?;
        market.status = VOIDED;
        market.escrow = payable.checked_sub(taken).ok_or(ExchangeError::Insolvent)?;
        market.claim_floor = 0;
        market.claim_ceiling = 0;
        market.debt_at_risk = debt.raw();
        market.total_debt = debt.raw();
        for outcome in 0..MAX_OUTCOMES {
            market.debt[outcome] = market.debt[outcome]
                .checked_sub(market.taken_debt[outcome])
                .ok_or(ExchangeError::Overflow)?;
        }
        market.taken_shares = [0; MAX_OUTCOMES];
        market.taken_debt = [0; MAX_OUTCOMES];
        log(MarketSettled {
            market: *market.address(),
            price: 0,
            payable,
            residue,
            bad_debt: lost.raw(),
            taken,
            drawn: drawn.raw(),
            winner: 0,
            voided: 1,
        });
        Ok(())
    }
}
