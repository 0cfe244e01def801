use {
    crate::{
        error::ExchangeError,
        events::{log, PositionClosed},
        state::{Market, Position, Trader, OPEN},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct ClosePosition {
    /// Unchecked: the trader's owner, who receives the rent; has to sign while the market is open.
    #[account(mut, address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: UncheckedAccount,
    #[account(mut, address = position.trader @ ExchangeError::PositionOfAnotherTrader)]
    pub trader: Account<Trader>,
    #[account(mut, address = position.market @ ExchangeError::PositionOfAnotherMarket)]
    pub market: Account<Market>,
    #[account(mut, close = owner)]
    pub position: Account<Position>,
}

impl ClosePosition {
    /// An empty position only; its rent goes back to the owner. Once the market is settled anybody may do it, so that
    /// nobody's forgotten position keeps the market's account alive.
    pub fn close_position(&mut self) -> Result<()> {
        let permitted = self.owner.is_signer() || self.market.status != OPEN;
        require!(permitted, ProgramError::MissingRequiredSignature);
        require!(self.position.holding.is_empty(), ExchangeError::NotEmpty);
        // the address may be used again: by then no slot is this generation's any more, so no order stands for the next one
        require!(
            u64::from(self.position.holding.generation) < Clock::get()?.slot,
            ExchangeError::PositionTooYoung
        );
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
