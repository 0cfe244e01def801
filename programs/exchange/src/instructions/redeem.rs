use {
    crate::{
        error::{math, ExchangeError},
        events::{log, Redeemed},
        state::{Holding, Market, Position, Shard, Trader, OPEN, RESOLVED},
    },
    anchor_lang::prelude::*,
    breakwater_math::{Collateral6, Shares6},
};

/// Permissionless: the payout can go to the position's trader alone.
#[derive(Accounts)]
pub struct Redeem {
    #[account(mut, address = position.trader @ ExchangeError::PositionOfAnotherTrader)]
    pub trader: Account<Trader>,
    #[account(mut, address = position.market @ ExchangeError::PositionOfAnotherMarket)]
    pub market: Account<Market>,
    #[account(mut, constraint = shard.index == market.shard @ ExchangeError::WrongShard)]
    pub shard: Account<Shard>,
    #[account(mut)]
    pub position: Account<Position>,
}

impl Redeem {
    /// Pay a settled position out: its loan first, the rest to the trader. The position is empty afterwards.
    #[inline(always)]
    pub fn redeem(&mut self) -> Result<()> {
        let position = *self.position.address();
        pay_out(
            position,
            &mut self.position.holding,
            &mut self.market,
            &mut self.shard,
            &mut self.trader,
        )
        .map(|_| ())
    }
}

/// Pay a settled holding out: its loan first, the rest to the trader, which is returned. `source` is the account that holds it.
#[inline(always)]
pub fn pay_out(
    source: Address,
    holding: &mut Holding,
    market: &mut Account<Market>,
    shard: &mut Shard,
    trader: &mut Account<Trader>,
) -> Result<Collateral6> {
    require!(market.status != OPEN, ExchangeError::MarketNotSettled);
    let shares = Shares6::new(holding.shares);
    require!(shares > Shares6::ZERO, ExchangeError::ZeroAmount);
    let payout = market.payout(holding.outcome, shares)?;
    // the loans of losing shares were written off when the market was resolved
    let written_off = market.status == RESOLVED && holding.outcome != market.winner;
    let due = Collateral6::new(if written_off { 0 } else { holding.debt });
    let repaid = due.min(payout);
    let amount = math(payout.checked_sub(repaid))?;

    market.escrow = market
        .escrow
        .checked_sub(payout.raw())
        .ok_or(ExchangeError::Insolvent)?;
    if due > Collateral6::ZERO {
        let at_risk_before = market.debt_at_risk;
        let at_risk = market.unlend(usize::from(holding.outcome), due)?;
        shard.book_repayment(due, repaid)?;
        shard.book_risk(at_risk_before, at_risk)?;
    }
    trader.receive(amount)?;
    holding.clear();
    log(Redeemed {
        position: source,
        trader: *trader.address(),
        market: *market.address(),
        shares: shares.raw(),
        payout: payout.raw(),
        repaid: repaid.raw(),
    });
    Ok(amount)
}
