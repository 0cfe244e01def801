use {
    super::trade::{price_sale, Settlement, Trade},
    crate::{
        error::{math, ExchangeError},
        events::CLOSE,
        state::LEVERAGED,
    },
    anchor_lang::prelude::*,
    breakwater_feed::now_s,
    breakwater_math::{mul_div, Collateral6, LeverageX100, Rounding, Shares6},
};

impl Trade {
    /// Sell shares of a leveraged position. Their part of the loan (rounded up) is repaid first. Proceeds that do not
    /// repay it are accepted only for the whole position; what is missing is the vault's loss.
    #[inline(always)]
    pub fn close(&mut self, shares: Shares6, min_proceeds: Collateral6) -> Result<()> {
        self.position.require_kind(LEVERAGED)?;
        self.market.require_trading(now_s()?)?;
        let outcome = self.market.require_outcome(self.position.outcome)?;
        require!(shares > Shares6::ZERO, ExchangeError::ZeroAmount);
        let due = self.debt_of(shares)?;
        self.position.release(shares, due)?;
        let priced = price_sale(&mut self.market, &self.shard, outcome, shares)?;

        let proceeds = math(priced.notional.checked_sub(priced.fee))?;
        require!(
            proceeds >= due || self.position.shares == 0,
            ExchangeError::Underwater
        );
        let repaid = due.min(proceeds);
        let amount = math(proceeds.checked_sub(repaid))?;
        require!(amount >= min_proceeds, ExchangeError::SlippageExceeded);
        let out_of_escrow = math(
            priced
                .repricing
                .escrow_before
                .checked_sub(priced.repricing.escrow_after),
        )?;
        let income = math(out_of_escrow.checked_sub(proceeds))?;

        self.trader.receive(amount)?;
        if due > Collateral6::ZERO {
            let at_risk_before = self.market.debt_at_risk;
            let at_risk = self.market.unlend(outcome, due)?;
            self.shard.book_repayment(due, repaid)?;
            self.shard.book_risk(at_risk_before, at_risk)?;
        }
        let settlement = Settlement {
            side: CLOSE,
            shares,
            amount,
            income,
            leverage: LeverageX100::ONE,
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
