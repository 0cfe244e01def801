use {
    crate::{
        error::ExchangeError,
        events::{log, PositionClosed},
        state::{Market, Position, Trader},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct ClosePosition {
    #[account(mut, address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut, address = position.trader @ ExchangeError::PositionOfAnotherTrader)]
    pub trader: Account<Trader>,
    #[account(mut, address = position.market @ ExchangeError::PositionOfAnotherMarket)]
    pub market: Account<Market>,
    #[account(mut, close = owner)]
    pub position: Account<Position>,
}

impl ClosePosition {
    /// An empty position only; its rent goes back to the owner.
    pub fn close_position(&mut self) -> Result<()> {
        require!(self.position.is_empty(), ExchangeError::NotEmpty);
        self.trader.positions = self
            .trader
            .positions
            .checked_sub(1)
            .ok_or(ExchangeError::Overflow)?;
        self.market.positions = self
            .market
            .positions
            .checked_sub(1)
            .ok_or(ExchangeError::Overflow)?;
        log(PositionClosed {
            position: *self.position.address(),
        });
        Ok(())
    }
}
