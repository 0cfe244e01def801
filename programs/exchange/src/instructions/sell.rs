use {
    super::trade::{price_sale, Settlement, Trade},
    crate::{
        error::{math, ExchangeError},
        events::SELL,
        state::SPOT,
    },
    anchor_lang::prelude::*,
    breakwater_feed::now_s,
    breakwater_math::{Collateral6, Shares6},
};

impl Trade {
    #[inline(always)]
    pub fn sell(&mut self, shares: Shares6, min_proceeds: Collateral6) -> Result<()> {
        self.position.require_kind(SPOT)?;
        let now_s = now_s()?;
        self.market.require_trading(now_s)?;
        let outcome = self.market.require_outcome(self.position.outcome)?;
        self.position.release(shares, Collateral6::ZERO)?;
        let priced = price_sale(&mut self.market, &self.shard, outcome, shares, now_s)?;

        let amount = math(priced.notional.checked_sub(priced.fee))?;
        require!(amount >= min_proceeds, ExchangeError::SlippageExceeded);
        let out_of_escrow = math(
            priced
                .repricing
                .escrow_before
                .checked_sub(priced.repricing.escrow_after),
        )?;
        let income = math(out_of_escrow.checked_sub(amount))?;

        self.trader.receive(amount)?;
        let settlement = Settlement::spot(SELL, shares, amount, income);
        priced.settle(&self.market, &mut self.shard, &self.position, &settlement)
    }
}
