use {
    super::trade::{price_sale, Settlement, Trade},
    crate::{
        error::{math, ExchangeError},
        events::CLOSE,
        state::LEVERAGED,
    },
    anchor_lang::prelude::*,
    breakwater_feed::now_s,
    breakwater_math::{mul_div, Collateral6, Rounding, Shares6},
};

impl Trade {
    /// Sell shares of a leveraged position. Their part of the loan (rounded up) is repaid in full: from the proceeds,
    /// and from the trader's balance where they do not suffice. Nobody can default by choice.
    #[inline(always)]
    pub fn close(&mut self, shares: Shares6, min_proceeds: Collateral6) -> Result<()> {
        self.position.require_kind(LEVERAGED)?;
        let now_s = now_s()?;
        self.market.require_trading(now_s)?;
        let outcome = self.market.require_outcome(self.position.outcome)?;
        require!(shares > Shares6::ZERO, ExchangeError::ZeroAmount);
        let due = self.debt_of(shares)?;
        self.position.release(shares, due)?;
        let priced = price_sale(&mut self.market, &self.shard, outcome, shares, now_s)?;

        let proceeds = math(priced.notional.checked_sub(priced.fee))?;
        let repaid = due.min(proceeds);
        let amount = math(proceeds.checked_sub(repaid))?;
        let shortfall = math(due.checked_sub(repaid))?;
        require!(amount >= min_proceeds, ExchangeError::SlippageExceeded);
        require!(shortfall.raw() <= self.trader.balance, ExchangeError::Underwater);
        let out_of_escrow = math(
            priced
                .repricing
                .escrow_before
                .checked_sub(priced.repricing.escrow_after),
        )?;
        let income = math(out_of_escrow.checked_sub(proceeds))?;

        self.trader.pay(shortfall)?;
        self.trader.receive(amount)?;
        if due > Collateral6::ZERO {
            let at_risk_before = self.market.debt_at_risk;
            let at_risk = self.market.unlend(outcome, due)?;
            self.shard.book_repayment(due, due)?;
            self.shard.book_risk(at_risk_before, at_risk)?;
        }
        let settlement = Settlement {
            shortfall,
            ..Settlement::spot(CLOSE, shares, amount, income)
        };
        priced.settle(&self.market, &mut self.shard, &self.position, &settlement)
    }

    /// The loan's part that `shares` secure, rounded up: what stays is never worse secured than before.
    #[inline(always)]
    fn debt_of(&self, shares: Shares6) -> Result<Collateral6> {
        let held = self.position.shares;
        require!(shares.raw() <= held, ExchangeError::InsufficientShares);
        Ok(Collateral6::new(math(mul_div(
            self.position.debt,
            shares.raw(),
            held,
            Rounding::Up,
        ))?))
    }
}
