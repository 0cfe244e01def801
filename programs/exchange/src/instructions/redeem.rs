use {
    crate::{
        error::{math, ExchangeError},
        events::{log, Redeemed},
        state::{Market, Position, Shard, Trader, OPEN, RESOLVED},
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
        let (market, position) = (&mut self.market, &mut self.position);
        require!(market.status != OPEN, ExchangeError::MarketNotSettled);
        let shares = Shares6::new(position.shares);
        require!(shares > Shares6::ZERO, ExchangeError::ZeroAmount);
        let payout = market.payout(position.outcome, shares)?;
        // the loans of losing shares were written off when the market was resolved
        let written_off = market.status == RESOLVED && position.outcome != market.winner;
        let due = Collateral6::new(if written_off { 0 } else { position.debt });
        let repaid = due.min(payout);
        let amount = math(payout.checked_sub(repaid))?;

        market.escrow = market
            .escrow
            .checked_sub(payout.raw())
            .ok_or(ExchangeError::Insolvent)?;
        if due > Collateral6::ZERO {
            let at_risk_before = market.debt_at_risk;
            let at_risk = market.unlend(usize::from(position.outcome), due)?;
            self.shard.book_repayment(due, repaid)?;
            self.shard.book_risk(at_risk_before, at_risk)?;
        }
        self.trader.receive(amount)?;
        position.shares = 0;
        position.cost = 0;
        position.debt = 0;
        log(Redeemed {
            position: *position.address(),
            trader: position.trader,
            market: position.market,
            shares: shares.raw(),
            payout: payout.raw(),
            repaid: repaid.raw(),
        });
        Ok(())
    }
}
