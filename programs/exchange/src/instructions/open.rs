use {
    super::trade::{price_purchase, Settlement},
    crate::{
        error::{math, ExchangeError},
        events::OPEN,
        state::{Market, Position, Shard, Trader, LEVERAGED},
    },
    anchor_lang::prelude::*,
    breakwater_feed::{now_s, Feed, Freshness},
    breakwater_math::{risk, Collateral6, LeverageX100, Shares6},
};

#[derive(Accounts)]
pub struct Open {
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
    #[account(address = market.feed @ ExchangeError::WrongFeed)]
    pub feed: Account<Feed>,
}

impl Open {
    #[inline(always)]
    pub fn open(&mut self, shares: Shares6, leverage: LeverageX100, max_payment: Collateral6) -> Result<()> {
        self.position.require_kind(LEVERAGED)?;
        let now_s = now_s()?;
        self.market.require_trading(now_s)?;
        self.require_leverage(leverage, now_s)?;
        let outcome = self.market.require_outcome(self.position.outcome)?;
        let reference = self.market.reference_price(outcome, now_s)?;
        let priced = price_purchase(&mut self.market, &self.shard, outcome, shares, now_s)?;

        // the trader pays margin, premium and fee, the vault lends the rest of the cost
        let margin = math(risk::margin(priced.notional, leverage))?;
        let debt = math(priced.notional.checked_sub(margin))?;
        let secured_at = reference.min(math(risk::fill_price(priced.notional, shares))?);
        let premium = math(risk::premium(debt, secured_at))?;
        let amount = math(math(margin.checked_add(premium))?.checked_add(priced.fee))?;
        require!(amount <= max_payment, ExchangeError::SlippageExceeded);
        require!(debt <= shares.payout(), ExchangeError::DebtAboveShares);
        let into_escrow = math(
            priced
                .repricing
                .escrow_after
                .checked_sub(priced.repricing.escrow_before),
        )?;
        let income = math(math(amount.checked_add(debt))?.checked_sub(into_escrow))?;

        self.trader.pay(amount)?;
        self.position.receive(shares, amount)?;
        self.position.borrow(debt)?;
        if debt > Collateral6::ZERO {
            let at_risk_before = self.market.debt_at_risk;
            let at_risk = self.market.lend(outcome, debt)?;
            require!(
                at_risk.raw() <= self.market.max_debt_at_risk,
                ExchangeError::MarketDebtTooLarge
            );
            self.shard.book_loan(debt)?;
            self.shard.book_risk(at_risk_before, at_risk)?;
            self.shard.require_covered()?;
        }
        let shortfall = Collateral6::ZERO;
        let settlement = Settlement {
            side: OPEN,
            shares,
            amount,
            premium,
            shortfall,
            income,
            leverage,
        };
        priced.settle(&self.market, &mut self.shard, &self.position, &settlement)
    }

    /// At least 1x, at most the cap of outcomes and coverage; half of it (never below 1x) while the feed is stale.
    #[inline(always)]
    fn require_leverage(&self, leverage: LeverageX100, now_s: u64) -> Result<()> {
        require!(leverage >= LeverageX100::ONE, ExchangeError::LeverageBelowOne);
        let cap = math(risk::leverage_cap(
            usize::from(self.market.outcomes),
            self.shard.coverage(),
        ))?;
        require!(leverage <= cap, ExchangeError::LeverageAboveCap);
        if self.feed.freshness(now_s) == Freshness::Stale {
            require!(leverage <= cap.halved(), ExchangeError::OracleStale);
        }
        Ok(())
    }
}
