use {
    super::desk::{Desk, Settlement},
    crate::{
        error::{math, ExchangeError},
        events::SELL,
        state::SPOT,
    },
    anchor_lang::prelude::*,
    breakwater_math::{Collateral6, PriceQ28, Shares6},
};

impl Desk<'_> {
    /// Sell shares for at least `min_proceeds` after the fee; the average price.
    #[inline(never)]
    pub fn sell(&mut self, shares: Shares6, min_proceeds: Collateral6) -> Result<PriceQ28> {
        self.holding.require_kind(SPOT)?;
        let outcome = self.enter()?;
        self.holding.release(shares, Collateral6::ZERO)?;
        let priced = self.price_sale(outcome, shares, self.sale_rate())?;

        let amount = math(priced.notional.checked_sub(priced.fee))?;
        require!(amount >= min_proceeds, ExchangeError::SlippageExceeded);
        let income = math(priced.paid_out()?.checked_sub(amount))?;

        self.trader.receive(amount)?;
        self.settle(&priced, &Settlement::spot(SELL, shares, amount, income))?;
        Ok(priced.fill)
    }
}
