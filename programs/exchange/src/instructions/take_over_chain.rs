use {
    super::{
        chain::{leave, venue_of},
        desk::Desk,
        legs::ACCOUNTS,
        liquidate_chain::LiquidateChain,
        redeem::pay_out,
    },
    crate::{
        error::{math, ExchangeError},
        events::{log, ChainTakenOver},
        state::{Chain, MAX_LEGS, OPEN},
    },
    anchor_lang::prelude::*,
    breakwater_feed::Now,
    breakwater_math::Collateral6,
};

impl LiquidateChain {
    /// Take all legs of a chain over whose shares together are worth less than its loans, each with its own loan. A settled leg
    /// is paid out; one whose market has closed and is not settled yet counts at its last price and stays.
    pub fn take_over_chain(&mut self, accounts: &[AccountView]) -> Result<()> {
        let Self {
            reward,
            trader,
            chain,
            ..
        } = self;
        let (address, keeper) = (*chain.address(), *reward.address());
        let Chain {
            trader: key,
            count,
            legs,
            ..
        } = &mut **chain;
        let used = (*count as usize).min(MAX_LEGS);
        let left = legs[..used].iter().filter(|leg| leg.holding.shares > 0).count();
        let fits = left > 0 && accounts.len() == left.saturating_mul(ACCOUNTS);
        require!(fits, ExchangeError::BadLegs);
        let now = Now::get()?;
        let (mut value, mut debt, mut paid) = (Collateral6::ZERO, Collateral6::ZERO, Collateral6::ZERO);
        let mut taken_legs = 0_u64;
        let held = legs[..used].iter_mut().filter(|leg| leg.holding.shares > 0);
        for (leg, views) in held.zip(accounts.chunks_exact(ACCOUNTS)) {
            let mut venue = venue_of(&leg.market, views)?;
            if venue.market.status != OPEN {
                leave(&mut venue.market)?;
                pay_out(
                    address,
                    &mut leg.holding,
                    &mut venue.market,
                    &mut venue.shard,
                    trader,
                )?;
                continue;
            }
            let (worth, owed) = if venue.market.is_waiting(now) {
                (
                    venue.market.last_value(&leg.holding, now)?,
                    Collateral6::new(leg.holding.debt),
                )
            } else {
                leave(&mut venue.market)?;
                let mut desk = Desk {
                    trader: &mut *trader,
                    key,
                    market: &mut venue.market,
                    shard: &mut venue.shard,
                    holding: &mut leg.holding,
                    now,
                };
                let taken = desk.take(&address, &keeper)?;
                paid = math(paid.checked_add(taken.reward))?;
                taken_legs = taken_legs.saturating_add(1);
                (taken.value, taken.debt)
            };
            value = math(value.checked_add(worth))?;
            debt = math(debt.checked_add(owed))?;
        }
        require!(taken_legs > 0, ExchangeError::MarketClosed);
        require!(value < debt, ExchangeError::AboveLoan);
        reward.receive(paid)?;
        log(ChainTakenOver {
            chain: address,
            trader: *key,
            keeper,
            legs: taken_legs,
            value: value.raw(),
            debt: debt.raw(),
            reward: paid.raw(),
        });
        Ok(())
    }
}
