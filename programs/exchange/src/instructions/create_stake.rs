use {
    crate::{
        error::ExchangeError,
        events::{log, StakeClosed, StakeOpened},
        state::{Season, Stake},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct CreateStake {
    #[account(mut)]
    pub owner: Signer,
    pub season: Account<Season>,
    #[account(init, payer = owner, seeds = [b"stake", owner.address().as_ref()], bump)]
    pub stake: Account<Stake>,
    pub system_program: Program<System>,
}

impl CreateStake {
    pub fn create_stake(&mut self) -> Result<()> {
        let owner = *self.owner.address();
        self.stake.owner = owner;
        // the first settlement moves it on; without weight it earns nothing
        self.stake.per_weight_q40 = self.season.per_weight_q40;
        log(StakeOpened {
            stake: *self.stake.address(),
            owner,
        });
        Ok(())
    }
}

#[derive(Accounts)]
pub struct CloseStake {
    #[account(mut, address = stake.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut, close = owner)]
    pub stake: Account<Stake>,
}

impl CloseStake {
    /// An empty stake only; its rent goes back to the owner.
    pub fn close_stake(&mut self) -> Result<()> {
        let s = &self.stake;
        require!(
            s.amount == 0 && s.unbonding == 0 && s.rewards == 0,
            ExchangeError::NotEmpty
        );
        log(StakeClosed {
            stake: *s.address(),
            owner: s.owner,
        });
        Ok(())
    }
}
