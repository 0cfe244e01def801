use {
    super::desk::{Desk, Settlement},
    crate::{
        error::{math, ExchangeError},
        events::BUY,
        state::SPOT,
    },
    anchor_lang::prelude::*,
    breakwater_math::{Collateral6, Shares6},
};

impl Desk<'_> {
    #[inline(never)]
    pub fn buy(&mut self, shares: Shares6, max_cost: Collateral6) -> Result<()> {
        self.holding.require_kind(SPOT)?;
        let outcome = self.enter()?;
        let priced = self.price_purchase(outcome, shares)?;

        let amount = math(priced.notional.checked_add(priced.fee))?;
        require!(amount <= max_cost, ExchangeError::SlippageExceeded);
        let income = math(amount.checked_sub(priced.paid_in()?))?;

        self.trader.pay(amount)?;
        self.holding.receive(shares, amount, self.now.slot)?;
        self.settle(&priced, &Settlement::spot(BUY, shares, amount, income))
    }
}
