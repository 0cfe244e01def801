use {
    super::trade::{price_purchase, Settlement, Trade},
    crate::{
        error::{math, ExchangeError},
        events::BUY,
        state::SPOT,
    },
    anchor_lang::prelude::*,
    breakwater_feed::now_s,
    breakwater_math::{Collateral6, Shares6},
};

impl Trade {
    #[inline(always)]
    pub fn buy(&mut self, shares: Shares6, max_cost: Collateral6) -> Result<()> {
        self.position.require_kind(SPOT)?;
        let now_s = now_s()?;
        self.market.require_trading(now_s)?;
        let outcome = self.market.require_outcome(self.position.outcome)?;
        let priced = price_purchase(&mut self.market, &self.shard, outcome, shares, now_s)?;

        let amount = math(priced.notional.checked_add(priced.fee))?;
        require!(amount <= max_cost, ExchangeError::SlippageExceeded);
        let into_escrow = math(
            priced
                .repricing
                .escrow_after
                .checked_sub(priced.repricing.escrow_before),
        )?;
        let income = math(amount.checked_sub(into_escrow))?;

        self.trader.pay(amount)?;
        self.position.receive(shares, amount)?;
        let settlement = Settlement::spot(BUY, shares, amount, income);
        priced.settle(&self.market, &mut self.shard, &self.position, &settlement)
    }
}
