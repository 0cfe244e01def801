use {
    super::mmt_tokens::Route,
    crate::{
        error::ExchangeError,
        events::{log, StakeMoved},
        state::{Season, Stake},
    },
    anchor_lang::prelude::*,
    breakwater_math::Mmt9,
};

#[derive(Accounts)]
pub struct WithdrawStake {
    #[account(address = stake.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut)]
    pub stake: Account<Stake>,
    pub season: Account<Season>,
    /// Unchecked: the token program demands an account of `mint`; its owner is the staker's choice.
    #[account(mut)]
    pub destination: UncheckedAccount,
    /// Unchecked: the one account named in the season.
    #[account(mut, address = season.stake_vault @ ExchangeError::WrongTokenVault)]
    pub stake_vault: UncheckedAccount,
    /// Unchecked: the one mint named in the season.
    #[account(address = season.mint @ ExchangeError::WrongMint)]
    pub mint: UncheckedAccount,
    pub token_program: Program<Token>,
}

impl WithdrawStake {
    pub fn withdraw_stake(&mut self) -> Result<()> {
        let amount = Mmt9::new(self.stake.unbonding);
        require!(amount > Mmt9::ZERO, ExchangeError::ZeroAmount);
        let now = Clock::get()?.slot;
        require!(now >= self.stake.unlock_slot, ExchangeError::CoolingDown);
        self.stake.unbonding = 0;
        let route = Route {
            from: self.stake_vault.account(),
            mint: self.mint.account(),
            to: self.destination.account(),
        };
        route.pay(&self.season, amount)?;
        log(StakeMoved::of(&self.stake, Mmt9::ZERO, Mmt9::ZERO, amount));
        Ok(())
    }
}
