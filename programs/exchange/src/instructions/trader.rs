use {
    crate::{
        error::ExchangeError,
        events::{log, TraderClosed, TraderOpened},
        state::Trader,
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct CreateTrader {
    #[account(mut)]
    pub owner: Signer,
    #[account(init, payer = owner, seeds = [b"trader", owner.address().as_ref()], bump)]
    pub trader: Account<Trader>,
    pub system_program: Program<System>,
}

impl CreateTrader {
    pub fn create_trader(&mut self) -> Result<()> {
        let owner = *self.owner.address();
        self.trader.owner = owner;
        log(TraderOpened {
            trader: *self.trader.address(),
            owner,
        });
        Ok(())
    }
}

#[derive(Accounts)]
pub struct CloseTrader {
    #[account(mut, address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut, close = owner)]
    pub trader: Account<Trader>,
}

impl CloseTrader {
    /// An empty book only; its rent goes back to the owner.
    pub fn close_trader(&mut self) -> Result<()> {
        let t = &self.trader;
        require!(
            t.balance == 0 && t.lp_shares == 0 && t.positions == 0,
            ExchangeError::NotEmpty
        );
        log(TraderClosed {
            trader: *t.address(),
            owner: t.owner,
        });
        Ok(())
    }
}
