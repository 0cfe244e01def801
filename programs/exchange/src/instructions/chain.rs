// Anchor's derive also binds the instruction's arguments in hooks that do not use them.
#![allow(unused_variables)]

use {
    super::{legs::Venue, redeem::pay_out},
    crate::{
        error::ExchangeError,
        events::{log, ChainClosed, ChainCreated},
        state::{Chain, Market, Shard, Trader},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
#[instruction(id: u64)]
pub struct CreateChain {
    #[account(mut, address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut)]
    pub trader: Account<Trader>,
    #[account(
        init,
        payer = owner,
        seeds = [b"chain", trader.address().as_ref(), &id.to_le_bytes()],
        bump
    )]
    pub chain: Account<Chain>,
    pub system_program: Program<System>,
}

impl CreateChain {
    /// An empty chain, so that opening it creates nothing.
    pub fn create_chain(&mut self, id: u64) -> Result<()> {
        let trader = *self.trader.address();
        self.chain.trader = trader;
        self.chain.id = id;
        self.trader.positions = self
            .trader
            .positions
            .checked_add(1)
            .ok_or(ExchangeError::Overflow)?;
        log(ChainCreated {
            chain: *self.chain.address(),
            trader,
            id,
        });
        Ok(())
    }
}

#[derive(Accounts)]
pub struct CloseChain {
    #[account(mut, address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut, address = chain.trader @ ExchangeError::ChainOfAnotherTrader)]
    pub trader: Account<Trader>,
    #[account(mut, close = owner)]
    pub chain: Account<Chain>,
}

impl CloseChain {
    /// An empty chain only; its rent goes back to the owner.
    pub fn close_chain(&mut self) -> Result<()> {
        require!(self.chain.is_empty(), ExchangeError::NotEmpty);
        self.trader.positions = self
            .trader
            .positions
            .checked_sub(1)
            .ok_or(ExchangeError::Overflow)?;
        log(ChainClosed {
            chain: *self.chain.address(),
        });
        Ok(())
    }
}

/// Permissionless: the payout can go to the chain's trader alone.
#[derive(Accounts)]
pub struct RedeemLeg {
    #[account(mut, address = chain.trader @ ExchangeError::ChainOfAnotherTrader)]
    pub trader: Account<Trader>,
    #[account(mut)]
    pub market: Account<Market>,
    #[account(mut, constraint = shard.index == market.shard @ ExchangeError::WrongShard)]
    pub shard: Account<Shard>,
    #[account(mut)]
    pub chain: Account<Chain>,
}

impl RedeemLeg {
    /// Pay one leg out once its market is settled: its loan first, the rest to the trader.
    pub fn redeem_leg(&mut self, index: u8) -> Result<()> {
        let source = *self.chain.address();
        let leg = self.chain.leg_mut(index)?;
        require!(leg.market == *self.market.address(), ExchangeError::BadLeg);
        pay_out(
            source,
            &mut leg.holding,
            &mut self.market,
            &mut self.shard,
            &mut self.trader,
        )?;
        leave(&mut self.market)
    }
}

/// A leg counts as a position of its market, so that nobody removes the market under it.
pub fn join(market: &mut Market) -> Result<()> {
    market.positions = market.positions.checked_add(1).ok_or(ExchangeError::Overflow)?;
    Ok(())
}

/// The leg is empty and gone.
pub fn leave(market: &mut Market) -> Result<()> {
    market.positions = market.positions.checked_sub(1).ok_or(ExchangeError::Overflow)?;
    Ok(())
}

/// A leg's market and shard. Errors: as for [`Venue::load`]; `BadLeg` for another market than the leg's.
#[inline(always)]
pub fn venue_of(market: &Address, views: &[AccountView]) -> Result<Venue> {
    let venue = Venue::load(&views[0], &views[1])?;
    require!(venue.market.address() == market, ExchangeError::BadLeg);
    Ok(venue)
}
