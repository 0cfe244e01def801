use {
    super::desk::{Desk, Priced, Settlement},
    crate::{
        error::{math, ExchangeError},
        events::CLOSE,
        state::LEVERAGED,
    },
    anchor_lang::prelude::*,
    breakwater_math::{Collateral6, PriceQ28, Shares6},
};

/// Shares sold to repay their loan, not settled with the trader yet.
pub struct Unwound {
    priced: Priced,
    /// What the shares brought, after the fee.
    pub proceeds: Collateral6,
    /// The loan that is repaid.
    pub due: Collateral6,
    shares: Shares6,
}

impl Desk<'_> {
    /// Sell shares of a leveraged position. Their part of the loan (rounded up) is repaid in full: from the proceeds,
    /// and from the trader's balance where they do not suffice. Nobody can default by choice. The average price of the sale.
    #[inline(always)]
    pub fn close(&mut self, shares: Shares6, min_proceeds: Collateral6) -> Result<PriceQ28> {
        self.holding.require_kind(LEVERAGED)?;
        let unwound = self.unwind(shares)?;
        let repaid = unwound.due.min(unwound.proceeds);
        let amount = math(unwound.proceeds.checked_sub(repaid))?;
        let shortfall = math(unwound.due.checked_sub(repaid))?;
        require!(amount >= min_proceeds, ExchangeError::SlippageExceeded);
        require!(shortfall.raw() <= self.trader.balance, ExchangeError::Underwater);
        self.trader.pay(shortfall)?;
        self.trader.receive(amount)?;
        self.repay(&unwound, amount, shortfall)?;
        Ok(unwound.priced.fill)
    }

    /// Sell shares and take their part of the loan off the holding. A halt does not keep anybody from repaying.
    #[inline(never)]
    pub fn unwind(&mut self, shares: Shares6) -> Result<Unwound> {
        self.market.require_open(self.now)?;
        self.catch_up()?;
        let outcome = self.market.require_outcome(self.holding.outcome)?;
        require!(shares > Shares6::ZERO, ExchangeError::ZeroAmount);
        let due = self.holding.debt_of(shares)?;
        self.holding.release(shares, due)?;
        let priced = self.price_sale(outcome, shares, self.sale_rate())?;
        let proceeds = math(priced.notional.checked_sub(priced.fee))?;
        Ok(Unwound {
            priced,
            proceeds,
            due,
            shares,
        })
    }

    /// Book the loan as repaid in full; trader and proceeds have brought the money.
    #[inline(never)]
    pub fn repay(&mut self, unwound: &Unwound, amount: Collateral6, shortfall: Collateral6) -> Result<()> {
        let &Unwound {
            ref priced,
            proceeds,
            due,
            shares,
        } = unwound;
        let income = math(priced.paid_out()?.checked_sub(proceeds))?;
        if due > Collateral6::ZERO {
            let at_risk_before = self.market.debt_at_risk;
            let outcome = usize::from(self.holding.outcome);
            let at_risk = self.market.unlend(outcome, due)?;
            self.shard.book_repayment(due, due)?;
            self.shard.book_risk(at_risk_before, at_risk)?;
        }
        let settlement = Settlement {
            shortfall,
            ..Settlement::spot(CLOSE, shares, amount, income)
        };
        self.settle(priced, &settlement)
    }
}
