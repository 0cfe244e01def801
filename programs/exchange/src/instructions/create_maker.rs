use {
    crate::{
        error::ExchangeError,
        events::{log, MakerClosed, MakerOpened},
        state::{Bootstrap, Maker, Trader},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct CreateMaker {
    #[account(mut, address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    pub trader: Account<Trader>,
    pub bootstrap: Account<Bootstrap>,
    #[account(init, payer = owner, seeds = [b"maker", trader.address().as_ref()], bump)]
    pub maker: Account<Maker>,
    pub system_program: Program<System>,
}

impl CreateMaker {
    pub fn create_maker(&mut self) -> Result<()> {
        let trader = *self.trader.address();
        self.maker.trader = trader;
        // the first settlement moves it on; without weight it earns nothing
        self.maker.per_weight_q40 = self.bootstrap.per_weight_q40;
        log(MakerOpened {
            maker: *self.maker.address(),
            trader,
        });
        Ok(())
    }
}

#[derive(Accounts)]
pub struct CloseMaker {
    #[account(mut, address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(address = maker.trader @ ExchangeError::MakerOfAnotherTrader)]
    pub trader: Account<Trader>,
    #[account(mut, close = owner)]
    pub maker: Account<Maker>,
}

impl CloseMaker {
    /// An empty one only; its rent goes back to the owner.
    pub fn close_maker(&mut self) -> Result<()> {
        let m = &self.maker;
        require!(m.shares == 0 && m.rewards == 0, ExchangeError::NotEmpty);
        log(MakerClosed {
            maker: *m.address(),
            trader: m.trader,
        });
        Ok(())
    }
}
