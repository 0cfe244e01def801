use {
    super::{desk::Desk, liquidate::Liquidate},
    crate::{
        error::{math, ExchangeError},
        events::{log, TakenOver},
        state::{Position, LEVERAGED},
    },
    anchor_lang::prelude::*,
    breakwater_feed::Now,
    breakwater_math::{liquidation, Collateral6, Ppm, PriceQ28, Shares6},
};

/// A holding as it was when the vault took it over.
pub struct Taken {
    pub mark: PriceQ28,
    pub value: Collateral6,
    pub debt: Collateral6,
    /// What the shares that were sold for the keeper brought, after the fee.
    pub reward: Collateral6,
}

impl Liquidate {
    /// Take a position over whose shares are worth less than its loan, by the last minute's price and by the price now. The
    /// owner's debt ends with the owner's shares. Nothing but the keeper's reward is sold, so there is no price to push and
    /// buy at, and the shares pay the loan if they win: whatever happens, the vault gets at least what the loan held to its
    /// settlement would have paid.
    #[inline(always)]
    pub fn take_over(&mut self) -> Result<()> {
        let source = *self.position.address();
        let keeper = *self.reward.address();
        let Position { trader, holding, .. } = &mut *self.position;
        holding.require_kind(LEVERAGED)?;
        require!(holding.debt > 0, ExchangeError::Healthy);
        let mut desk = Desk {
            trader: &mut self.trader,
            key: trader,
            market: &mut self.market,
            shard: &mut self.shard,
            holding,
            now: Now::get()?,
        };
        desk.market.require_open(desk.now)?;
        let taken = desk.take(&source, &keeper)?;
        require!(taken.value < taken.debt, ExchangeError::AboveLoan);
        self.reward.receive(taken.reward)
    }
}

impl Desk<'_> {
    /// Take all shares over with the loan they secure. A few are sold for the keeper's reward: a part of them, of those that the
    /// loan does not need to be paid if they win, within the slot's cap. Whether the holding is under water is the caller's
    /// question.
    #[inline(never)]
    pub fn take(&mut self, source: &Address, keeper: &Address) -> Result<Taken> {
        self.catch_up()?;
        let outcome = self.market.require_outcome(self.holding.outcome)?;
        let (held, debt) = (
            Shares6::new(self.holding.shares),
            Collateral6::new(self.holding.debt),
        );
        let mark = self.market.better_price(outcome, self.now.s)?;
        let value = math(liquidation::value(held, mark))?;
        let room = self.take_room(Shares6::ZERO)?;
        let part = Ppm::new(self.shard.liquidation.keeper_ppm);
        let sold = math(liquidation::reward_shares(held, debt, part, room))?;
        let kept = math(held.checked_sub(sold))?;
        self.market.take_over(outcome, kept, debt)?;
        self.holding.clear();
        let mut event = TakenOver {
            source: *source,
            trader: *self.key,
            market: *self.market.address(),
            keeper: *keeper,
            shares: kept.raw(),
            debt: debt.raw(),
            sold: sold.raw(),
            notional: 0,
            fee: 0,
            reward: 0,
            escrow: self.market.escrow,
            income: 0,
            mark_q28: mark.raw(),
            outcome: u32::from(self.holding.outcome),
        };
        if sold == Shares6::ZERO {
            log(event);
            return Ok(Taken {
                mark,
                value,
                debt,
                reward: Collateral6::ZERO,
            });
        }
        self.market.cascade.take(sold, room);
        let priced = self.price_sale(outcome, sold, self.shard.fee_rate())?;
        let reward = math(priced.notional.checked_sub(priced.fee))?;
        let income = math(priced.paid_out()?.checked_sub(reward))?;
        let market = &mut *self.market;
        self.shard.book_trade(
            &priced.repricing,
            market.claim_floor,
            market.claim_ceiling,
            priced.notional,
            income,
        )?;
        event.notional = priced.notional.raw();
        event.fee = priced.fee.raw();
        event.reward = reward.raw();
        event.escrow = market.escrow;
        event.income = income.raw();
        log(event);
        self.watch(&priced, true);
        Ok(Taken {
            mark,
            value,
            debt,
            reward,
        })
    }
}
