use {
    super::{
        chain::{leave, venue_of},
        desk::Desk,
        legs::ACCOUNTS,
        redeem::pay_out,
    },
    crate::{
        error::{math, ExchangeError},
        events::{log, ChainUnwound},
        state::{Chain, Trader, OPEN},
    },
    anchor_lang::prelude::*,
    breakwater_feed::Now,
    breakwater_math::{Collateral6, Shares6},
};

/// Behind these accounts come market, shard and feed of each leg that is left, in their order. The feeds are not read; they
/// are there so that a chain's accounts are always the same.
#[derive(Accounts)]
pub struct UnwindChain {
    #[account(address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut, address = chain.trader @ ExchangeError::ChainOfAnotherTrader)]
    pub trader: Account<Trader>,
    #[account(mut)]
    pub chain: Account<Chain>,
}

impl UnwindChain {
    /// Sell all legs that are left and repay all their loans, from the proceeds of all and from the trader's balance where
    /// they do not suffice. A settled leg is paid out; one whose market has closed and is not settled yet stays. The trader gets
    /// at least `min_proceeds`, or the chain stays as it is.
    #[inline(always)]
    pub fn unwind_chain(&mut self, min_proceeds: Collateral6, accounts: &[AccountView]) -> Result<()> {
        let Self { trader, chain, .. } = self;
        let address = *chain.address();
        let Chain {
            trader: key,
            count,
            legs,
            ..
        } = &mut **chain;
        let used = (*count as usize).min(legs.len());
        let left = legs[..used].iter().filter(|leg| leg.holding.shares > 0).count();
        let fits = left > 0 && accounts.len() == left.saturating_mul(ACCOUNTS);
        require!(fits, ExchangeError::BadLegs);
        let now = Now::get()?;
        let (mut proceeds, mut due) = (Collateral6::ZERO, Collateral6::ZERO);
        let (mut redeemed, mut gone) = (Collateral6::ZERO, 0_u64);
        let held = legs[..used].iter_mut().filter(|leg| leg.holding.shares > 0);
        for (leg, views) in held.zip(accounts.chunks_exact(ACCOUNTS)) {
            let mut venue = venue_of(&leg.market, views)?;
            if venue.market.is_waiting(now) {
                continue;
            }
            gone = gone.saturating_add(1);
            leave(&mut venue.market)?;
            if venue.market.status != OPEN {
                let paid = pay_out(
                    address,
                    &mut leg.holding,
                    &mut venue.market,
                    &mut venue.shard,
                    trader,
                )?;
                redeemed = math(redeemed.checked_add(paid))?;
                continue;
            }
            let mut desk = Desk {
                trader: &mut *trader,
                key,
                market: &mut venue.market,
                shard: &mut venue.shard,
                holding: &mut leg.holding,
                now,
            };
            let shares = Shares6::new(desk.holding.shares);
            let unwound = desk.unwind(shares)?;
            // what the leg alone would have brought or cost; the chain's sum is what moves
            let amount = Collateral6::new(unwound.proceeds.raw().saturating_sub(unwound.due.raw()));
            let shortfall = Collateral6::new(unwound.due.raw().saturating_sub(unwound.proceeds.raw()));
            desk.repay(&unwound, amount, shortfall)?;
            proceeds = math(proceeds.checked_add(unwound.proceeds))?;
            due = math(due.checked_add(unwound.due))?;
        }

        let amount = Collateral6::new(proceeds.raw().saturating_sub(due.raw()));
        let shortfall = Collateral6::new(due.raw().saturating_sub(proceeds.raw()));
        require!(gone > 0, ExchangeError::MarketClosed);
        let received = math(amount.checked_add(redeemed))?;
        require!(received >= min_proceeds, ExchangeError::SlippageExceeded);
        require!(shortfall.raw() <= trader.balance, ExchangeError::Underwater);
        trader.pay(shortfall)?;
        trader.receive(amount)?;
        log(ChainUnwound {
            chain: address,
            trader: *key,
            legs: gone,
            proceeds: proceeds.raw(),
            repaid: due.raw(),
            amount: amount.raw(),
            shortfall: shortfall.raw(),
        });
        Ok(())
    }
}
