use {
    super::desk::{Desk, Priced},
    crate::{
        error::{math, ExchangeError},
        events::{log, Liquidated},
        state::{Market, Position, Shard, Trader, LEVERAGED},
    },
    anchor_lang::prelude::*,
    breakwater_feed::Now,
    breakwater_math::{liquidation, liquidation::Split, risk, Collateral6, Ppm, PriceQ28, Shares6},
};

/// A part of the shares is sold.
pub const PARTIAL: u8 = 0;
/// A part would not heal the position: all may be sold.
pub const FULL: u8 = 1;
/// The market is halted: all may be sold.
pub const EMERGENCY: u8 = 2;

/// Permissionless: whoever sells the shares of an unhealthy position gets the reward.
#[derive(Accounts)]
pub struct Liquidate {
    #[account(address = reward.owner @ ExchangeError::NotOwner)]
    pub keeper: Signer,
    /// The keeper's own trader account.
    #[account(mut)]
    pub reward: Account<Trader>,
    #[account(mut, address = position.trader @ ExchangeError::PositionOfAnotherTrader)]
    pub trader: Account<Trader>,
    #[account(mut, address = position.market @ ExchangeError::PositionOfAnotherMarket)]
    pub market: Account<Market>,
    #[account(mut, constraint = shard.index == market.shard @ ExchangeError::WrongShard)]
    pub shard: Account<Shard>,
    #[account(mut)]
    pub position: Account<Position>,
}

impl Liquidate {
    /// Sell `shares` of an unhealthy position and deal the proceeds out: the sold shares' part of the loan, keeper, loan,
    /// insurance fund, owner. A sale that does not repay its part of the loan is none of the lender's business: under water,
    /// shares are taken over instead ([`Self::take_over`]).
    #[inline(always)]
    pub fn liquidate(&mut self, shares: Shares6) -> Result<()> {
        let source = *self.position.address();
        let keeper = *self.reward.address();
        let Position { trader, holding, .. } = &mut *self.position;
        holding.require_kind(LEVERAGED)?;
        let mut desk = Desk {
            trader: &mut self.trader,
            key: trader,
            market: &mut self.market,
            shard: &mut self.shard,
            holding,
            now: Now::get()?,
        };
        let called = desk.call(shares)?;
        let rules = desk.shard.liquidation;
        let split = math(liquidation::split(
            called.proceeds,
            called.priced.notional,
            called.due,
            Collateral6::new(desk.holding.debt),
            Ppm::new(rules.keeper_ppm),
            Ppm::new(rules.insurance_ppm),
        ))?;
        self.reward.receive(split.keeper)?;
        desk.trader.receive(split.owner)?;
        desk.deal(&called, &split, &source, &keeper)
    }
}

/// Shares sold because their loan was called.
#[derive(Clone, Copy)]
pub struct Called {
    pub priced: Priced,
    pub proceeds: Collateral6,
    pub shares: Shares6,
    /// The shares' part of the loan.
    pub due: Collateral6,
    pub mark: PriceQ28,
    pub severity: u8,
}

impl Desk<'_> {
    /// Check that the position may be liquidated by so many shares, and sell them.
    ///
    /// The mark is the better of the last minute's price and the one the sale itself gets, so that nobody is liquidated by a
    /// price that was made for it, and nobody whose shares still sell for enough.
    #[inline(always)]
    pub fn call(&mut self, shares: Shares6) -> Result<Called> {
        self.market.require_open(self.now)?;
        self.catch_up()?;
        let outcome = self.market.require_outcome(self.holding.outcome)?;
        let (held, debt) = (
            Shares6::new(self.holding.shares),
            Collateral6::new(self.holding.debt),
        );
        require!(debt > Collateral6::ZERO, ExchangeError::Healthy);
        require!(shares <= held, ExchangeError::InsufficientShares);
        let reference = self.market.reference_price(outcome, self.now.s)?;
        // nobody chooses to be liquidated: no flash fee
        let priced = self.price_sale(outcome, shares, self.shard.fee_rate())?;
        let mark = reference.max(priced.fill);

        let maintenance = self.maintenance()?;
        let value = math(liquidation::value(held, mark))?;
        require!(
            liquidation::is_unhealthy(value, debt, maintenance),
            ExchangeError::Healthy
        );
        let due = self.holding.debt_of(shares)?;
        let proceeds = math(priced.notional.checked_sub(priced.fee))?;
        require!(proceeds >= due, ExchangeError::BelowLoan);
        let rules = self.shard.liquidation;
        let part = Shares6::new(math(liquidation::part_of(
            held.raw(),
            Ppm::new(rules.partial_ppm),
        ))?);
        let severity = if self.market.is_halted(self.shard, self.now) {
            EMERGENCY
        } else if shares <= part {
            PARTIAL
        } else {
            let heals = self.heals(held, debt, part, mark, maintenance)?;
            require!(!heals, ExchangeError::LiquidationTooLarge);
            FULL
        };
        // not less than a part, unless the slot allows no more
        let room = self.take_room(shares)?;
        require!(shares >= part.min(room), ExchangeError::LiquidationTooSmall);
        Ok(Called {
            priced,
            proceeds,
            shares,
            due,
            mark,
            severity,
        })
    }

    /// Use up this slot's cap of the market; what there was of it.
    #[inline(always)]
    pub fn take_room(&mut self, shares: Shares6) -> Result<Shares6> {
        let Market {
            cascade, liquidity, ..
        } = &mut **self.market;
        let liquidity = Collateral6::new(*liquidity);
        let room = cascade.room(self.now.slot, liquidity, &self.shard.liquidation)?;
        require!(shares <= room, ExchangeError::LiquidationCapReached);
        cascade.take(shares, room);
        Ok(room)
    }

    /// What the owner must own of the position's value, by outcomes and coverage.
    #[inline(always)]
    pub fn maintenance(&self) -> Result<Ppm> {
        let outcomes = usize::from(self.market.outcomes);
        let cap = math(risk::leverage_cap(outcomes, self.shard.coverage()))?;
        Ok(liquidation::maintenance(cap))
    }

    /// Whether selling a part at the mark would leave a healthy position.
    #[inline(always)]
    fn heals(
        &self,
        held: Shares6,
        debt: Collateral6,
        part: Shares6,
        mark: PriceQ28,
        maintenance: Ppm,
    ) -> Result<bool> {
        let brought = math(liquidation::value(part, mark))?;
        let reward = math(liquidation::part_of(
            brought.raw(),
            Ppm::new(self.shard.liquidation.keeper_ppm),
        ))?;
        let repaid = math(brought.checked_sub(Collateral6::new(reward)))?.min(debt);
        let left = math(liquidation::value(math(held.checked_sub(part))?, mark))?;
        let owed = math(debt.checked_sub(repaid))?;
        Ok(!liquidation::is_unhealthy(left, owed, maintenance))
    }

    /// Book a sale whose proceeds have been dealt out.
    #[inline(never)]
    pub fn deal(&mut self, called: &Called, split: &Split, source: &Address, keeper: &Address) -> Result<()> {
        let priced = &called.priced;
        let income = math(priced.paid_out()?.checked_sub(called.proceeds))?;
        self.holding.release(called.shares, split.repaid)?;
        let fund = Collateral6::new(self.shard.insurance);
        self.shard.insurance = math(fund.checked_add(split.insurance))?.raw();
        let at_risk_before = self.market.debt_at_risk;
        let at_risk = self
            .market
            .unlend(usize::from(self.holding.outcome), split.repaid)?;
        self.shard.book_repayment(split.repaid, split.repaid)?;
        self.shard.book_risk(at_risk_before, at_risk)?;
        let market = &mut *self.market;
        self.shard.book_trade(
            &priced.repricing,
            market.claim_floor,
            market.claim_ceiling,
            priced.notional,
            income,
        )?;
        log(Liquidated {
            source: *source,
            trader: *self.key,
            market: *market.address(),
            keeper: *keeper,
            shares: called.shares.raw(),
            notional: priced.notional.raw(),
            fee: priced.fee.raw(),
            reward: split.keeper.raw(),
            insured: split.insurance.raw(),
            repaid: split.repaid.raw(),
            amount: split.owner.raw(),
            debt: self.holding.debt,
            left: self.holding.shares,
            escrow: market.escrow,
            income: income.raw(),
            mark_q28: called.mark.raw(),
            outcome: self.holding.outcome,
            severity: called.severity,
            reserved: 0,
        });
        self.watch(priced, true);
        Ok(())
    }
}
