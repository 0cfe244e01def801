// Anchor's derive also binds the instruction's arguments in hooks that do not use them.
#![allow(unused_variables)]

use {
    crate::{
        error::ExchangeError,
        events::{log, PositionOpened},
        state::{Market, Position, Trader, LEVERAGED},
    },
    anchor_lang::prelude::*,
    breakwater_feed::Now,
};

#[derive(Accounts)]
#[instruction(outcome: u8, kind: u8)]
pub struct CreatePosition {
    #[account(mut, address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut)]
    pub trader: Account<Trader>,
    #[account(mut)]
    pub market: Account<Market>,
    #[account(
        init,
        payer = owner,
        seeds = [b"position", trader.address().as_ref(), market.address().as_ref(), &[outcome, kind]],
        bump
    )]
    pub position: Account<Position>,
    pub system_program: Program<System>,
}

impl CreatePosition {
    /// An empty position, so that the trades themselves create nothing.
    pub fn create_position(&mut self, outcome: u8, kind: u8) -> Result<()> {
        self.market.require_open(Now::get()?)?;
        self.market.require_outcome(outcome)?;
        require!(kind <= LEVERAGED, ExchangeError::WrongKind);
        let (trader, market) = (*self.trader.address(), *self.market.address());
        self.position.trader = trader;
        self.position.market = market;
        self.position.holding.outcome = outcome;
        self.position.holding.kind = kind;
        self.trader.positions = self
            .trader
            .positions
            .checked_add(1)
            .ok_or(ExchangeError::Overflow)?;
        self.market.positions = self
            .market
            .positions
            .checked_add(1)
            .ok_or(ExchangeError::Overflow)?;
        let (outcome, kind) = (u32::from(outcome), u32::from(kind));
        log(PositionOpened {
            position: *self.position.address(),
            trader,
            market,
            outcome,
            kind,
        });
        Ok(())
    }
}
