use {
    crate::{
        error::{math, ExchangeError},
        events::{log, Traded},
        state::{Market, Position, Repricing, Shard, Trader},
    },
    anchor_lang::prelude::*,
    breakwater_math::{fees, Collateral6, LeverageX100, Shares6},
};

/// Accounts of every trade but `open`, which reads the feed too.
#[derive(Accounts)]
pub struct Trade {
    #[account(address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut, address = position.trader @ ExchangeError::PositionOfAnotherTrader)]
    pub trader: Account<Trader>,
    #[account(mut, address = position.market @ ExchangeError::PositionOfAnotherMarket)]
    pub market: Account<Market>,
    #[account(mut, constraint = shard.index == market.shard @ ExchangeError::WrongShard)]
    pub shard: Account<Shard>,
    #[account(mut)]
    pub position: Account<Position>,
}

/// A trade's two parties to the market: its price and its fee.
pub struct Priced {
    pub repricing: Repricing,
    /// Cost or proceeds of the shares, rounded against the trader.
    pub notional: Collateral6,
    pub fee: Collateral6,
}

/// Issue shares and price them. Rounding: up, against the trader.
#[inline(always)]
pub fn price_purchase(
    market: &mut Market,
    shard: &Shard,
    outcome: usize,
    shares: Shares6,
    now_s: u64,
) -> Result<Priced> {
    require!(shares > Shares6::ZERO, ExchangeError::ZeroAmount);
    let repricing = market.issue(outcome, shares, now_s)?;
    let curve = market.curve();
    let notional = curve.buy_cost(repricing.escrow_before, repricing.escrow_after)?;
    let fee = math(fees::fee(notional, shard.fee_rate()))?;
    Ok(Priced {
        repricing,
        notional,
        fee,
    })
}

/// Take shares back and price them. Rounding: down, against the trader; the fee is never more than the proceeds.
#[inline(always)]
pub fn price_sale(
    market: &mut Market,
    shard: &Shard,
    outcome: usize,
    shares: Shares6,
    now_s: u64,
) -> Result<Priced> {
    require!(shares > Shares6::ZERO, ExchangeError::ZeroAmount);
    let repricing = market.retire(outcome, shares, now_s)?;
    let curve = market.curve();
    let notional = curve.sell_proceeds(repricing.escrow_before, repricing.escrow_after)?;
    let fee = math(fees::fee(notional, shard.fee_rate()))?.min(notional);
    Ok(Priced {
        repricing,
        notional,
        fee,
    })
}

/// Where a trade's money came from and went to, apart from the escrow.
#[derive(Clone, Copy)]
pub struct Settlement {
    pub side: u8,
    pub shares: Shares6,
    /// What the trader's balance paid or received.
    pub amount: Collateral6,
    /// What an opening paid for its loan.
    pub premium: Collateral6,
    /// What a closing took from the trader's balance because the proceeds did not repay the loan.
    pub shortfall: Collateral6,
    /// What the vault earned: whatever is left of the money once escrow, loan and trader have theirs.
    pub income: Collateral6,
    pub leverage: LeverageX100,
}

impl Settlement {
    /// A trade without a loan.
    #[inline(always)]
    pub fn spot(side: u8, shares: Shares6, amount: Collateral6, income: Collateral6) -> Self {
        let (premium, shortfall) = (Collateral6::ZERO, Collateral6::ZERO);
        Self {
            side,
            shares,
            amount,
            premium,
            shortfall,
            income,
            leverage: LeverageX100::ONE,
        }
    }
}

impl Priced {
    /// Book the priced trade in the shard and tell the world.
    #[inline(always)]
    pub fn settle(
        &self,
        market: &Account<Market>,
        shard: &mut Shard,
        position: &Position,
        settlement: &Settlement,
    ) -> Result<()> {
        shard.book_trade(
            &self.repricing,
            market.claim_floor,
            market.claim_ceiling,
            self.notional,
            settlement.income,
        )?;
        log(Traded {
            trader: position.trader,
            market: *market.address(),
            shares: settlement.shares.raw(),
            notional: self.notional.raw(),
            fee: self.fee.raw(),
            amount: settlement.amount.raw(),
            premium: settlement.premium.raw(),
            shortfall: settlement.shortfall.raw(),
            debt: position.debt,
            escrow: market.escrow,
            income: settlement.income.raw(),
            outcome: position.outcome,
            side: settlement.side,
            leverage_x100: settlement.leverage.raw(),
            reserved: 0,
        });
        Ok(())
    }
}
