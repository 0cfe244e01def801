use {
    crate::{
        error::ExchangeError,
        events::{log, MarketSettled},
        state::{Market, Shard, OPEN, VOIDED},
    },
    anchor_lang::prelude::*,
    breakwater_feed::now_s,
    breakwater_math::Collateral6,
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
    /// All its loans count as at risk until their positions are redeemed.
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
        let debt = Collateral6::new(market.total_debt);

        self.shard
            .remove_claims(market.claim_floor, market.claim_ceiling)?;
        self.shard.book_risk(market.debt_at_risk, debt)?;
        self.shard.receive(Collateral6::new(residue))?;
        market.status = VOIDED;
        market.escrow = payable;
        market.claim_floor = 0;
        market.claim_ceiling = 0;
        market.debt_at_risk = debt.raw();
        log(MarketSettled {
            market: *market.address(),
            price: 0,
            payable,
            residue,
            bad_debt: 0,
            winner: 0,
            voided: 1,
        });
        Ok(())
    }
}
