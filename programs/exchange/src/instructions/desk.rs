//! Where a trade happens: what every kind of trade does alike. The verbs are in files of their own.

use {
    crate::{
        error::{math, ExchangeError},
        events::{log, LiquidityReleased, MarketHalted, Traded},
        state::{Fill, Holding, Market, Repricing, Shard, Trader},
    },
    anchor_lang::prelude::*,
    breakwater_feed::Now,
    breakwater_math::{fees, risk, Collateral6, LeverageX100, Ppm, PriceQ28, Shares6},
};

/// A trader at a market: all that a trade reads and writes.
pub struct Desk<'a> {
    pub trader: &'a mut Trader,
    /// Address of the trader account.
    pub key: &'a Address,
    pub market: &'a mut Account<Market>,
    pub shard: &'a mut Shard,
    pub holding: &'a mut Holding,
    pub now: Now,
}

/// A trade's two parties to the market: its price and its fee.
#[derive(Clone, Copy)]
pub struct Priced {
    pub repricing: Repricing,
    pub shares: Shares6,
    /// Cost or proceeds of the shares, rounded against the trader.
    pub notional: Collateral6,
    pub fee: Collateral6,
    /// Average price of the fill.
    pub fill: PriceQ28,
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
        Self {
            side,
            shares,
            amount,
            premium: Collateral6::ZERO,
            shortfall: Collateral6::ZERO,
            income,
            leverage: LeverageX100::ONE,
        }
    }
}

impl Priced {
    /// What a purchase brought into the escrow.
    #[inline(always)]
    pub fn paid_in(&self) -> Result<Collateral6> {
        math(
            self.repricing
                .escrow_after
                .checked_sub(self.repricing.escrow_before),
        )
    }

    /// What a sale took out of the escrow.
    #[inline(always)]
    pub fn paid_out(&self) -> Result<Collateral6> {
        math(
            self.repricing
                .escrow_before
                .checked_sub(self.repricing.escrow_after),
        )
    }
}

impl Desk<'_> {
    /// The market trades, and its pool is what the time has made of it; the outcome that is held.
    #[inline(always)]
    pub fn enter(&mut self) -> Result<usize> {
        self.market.require_trading(self.shard, self.now)?;
        self.catch_up()?;
        self.market.require_outcome(self.holding.outcome)
    }

    /// Bring a decaying pool to its liquidity of now; what it releases is the vault's.
    #[inline(always)]
    pub fn catch_up(&mut self) -> Result<()> {
        let released = self.market.decay(self.now)?;
        if released > Collateral6::ZERO {
            // cash for a claim, at once: a take-over that sells nothing is followed by no trade that would rewrite the claims
            self.market.release(released)?;
            self.shard.remove_claims(released.raw(), released.raw())?;
            self.shard.receive(released)?;
            log(LiquidityReleased {
                market: *self.market.address(),
                liquidity: self.market.liquidity,
                released: released.raw(),
                escrow: self.market.escrow,
            });
        }
        Ok(())
    }

    /// Issue shares and price them. Rounding: up, against the trader.
    #[inline(always)]
    pub fn price_purchase(&mut self, outcome: usize, shares: Shares6) -> Result<Priced> {
        require!(shares > Shares6::ZERO, ExchangeError::ZeroAmount);
        let repricing = self.market.issue(outcome, shares, self.now.s)?;
        let curve = self.market.curve();
        let notional = curve.buy_cost(repricing.escrow_before, repricing.escrow_after)?;
        let fee = math(fees::fee(notional, self.shard.fee_rate()))?;
        Ok(Priced {
            repricing,
            shares,
            notional,
            fee,
            fill: math(risk::fill_price(notional, shares))?,
        })
    }

    /// Take shares back and price them. Rounding: down, against the trader; the fee is never more than the proceeds.
    #[inline(always)]
    pub fn price_sale(&mut self, outcome: usize, shares: Shares6, rate: Ppm) -> Result<Priced> {
        require!(shares > Shares6::ZERO, ExchangeError::ZeroAmount);
        let repricing = self.market.retire(outcome, shares, self.now.s)?;
        let curve = self.market.curve();
        let notional = curve.sell_proceeds(repricing.escrow_before, repricing.escrow_after)?;
        let fee = math(fees::fee(notional, rate))?.min(notional);
        Ok(Priced {
            repricing,
            shares,
            notional,
            fee,
            fill: math(risk::fill_price(notional, shares))?,
        })
    }

    /// The fee of a sale by the holder: what is sold in the slot of its purchase pays the flash fee on top.
    #[inline(always)]
    pub fn sale_rate(&self) -> Ppm {
        let rate = self.shard.fee_rate();
        if self.holding.opened_slot == self.now.slot {
            // at most 10 % and 2 %
            Ppm::new(rate.raw().saturating_add(fees::FLASH.raw()))
        } else {
            rate
        }
    }

    /// Book the priced trade in the shard, tell the world, and halt the market if this trade was too much.
    #[inline(always)]
    pub fn settle(&mut self, priced: &Priced, settlement: &Settlement) -> Result<()> {
        let market = &mut *self.market;
        self.shard.book_trade(
            &priced.repricing,
            market.claim_floor,
            market.claim_ceiling,
            priced.notional,
            settlement.income,
        )?;
        log(Traded {
            trader: *self.key,
            market: *market.address(),
            shares: settlement.shares.raw(),
            notional: priced.notional.raw(),
            fee: priced.fee.raw(),
            amount: settlement.amount.raw(),
            premium: settlement.premium.raw(),
            shortfall: settlement.shortfall.raw(),
            debt: self.holding.debt,
            escrow: market.escrow,
            income: settlement.income.raw(),
            outcome: self.holding.outcome,
            side: settlement.side,
            leverage_x100: settlement.leverage.raw(),
            reserved: 0,
        });
        self.watch(priced, false);
        if self.shard.launch.credits > 0 {
            self.credit(priced.fee.min(settlement.income))?;
        }
        Ok(())
    }

    /// A trade of the launch. The fee that counts is set aside for good: were it the vault's, or anything's that pays the
    /// vault, whoever provides the liquidity could trade with himself for nothing and be paid for it.
    #[cold]
    #[inline(never)]
    fn credit(&mut self, fee: Collateral6) -> Result<()> {
        let (counted, credit) = self.shard.launch.count(fee);
        self.shard.reserve(counted)?;
        self.trader.credit = self
            .trader
            .credit
            .checked_add(credit)
            .ok_or(ExchangeError::Overflow)?;
        Ok(())
    }

    /// Show the fill to the circuit breaker.
    #[inline(always)]
    pub fn watch(&mut self, priced: &Priced, liquidation: bool) {
        let market = &mut *self.market;
        let outcome = usize::from(self.holding.outcome);
        let shown = Fill {
            outcome,
            two: market.outcomes == 2,
            shares: priced.shares,
            notional: priced.notional,
            fill: priced.fill,
            liquidation,
        };
        let tripped = market.breaker.record(&shown, self.now.slot);
        if let Some(reason) = tripped {
            let until_slot = market.breaker.halted_until_slot;
            self.shard.halt(market.group, until_slot);
            log(MarketHalted {
                market: *market.address(),
                until_slot,
                volume: market.breaker.volume,
                liquidated: market.breaker.liquidated,
                fill_q28: priced.fill.raw(),
                reason,
                group: u64::from(market.group),
            });
        }
    }
}
