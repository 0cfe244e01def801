use {
    super::mmt_tokens::Route,
    crate::{
        error::{math, ExchangeError},
        events::{log, StakeMoved},
        state::{Season, Stake},
    },
    anchor_lang::prelude::*,
    breakwater_math::Mmt9,
};

#[derive(Accounts)]
pub struct StakeTokens {
    #[account(address = stake.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut)]
    pub stake: Account<Stake>,
    #[account(mut)]
    pub season: Account<Season>,
    /// Unchecked: the token program demands an account of `mint` that `owner` may spend from.
    #[account(mut)]
    pub source: UncheckedAccount,
    /// Unchecked: the one account named in the season.
    #[account(mut, address = season.stake_vault @ ExchangeError::WrongTokenVault)]
    pub stake_vault: UncheckedAccount,
    /// Unchecked: the one mint named in the season.
    #[account(address = season.mint @ ExchangeError::WrongMint)]
    pub mint: UncheckedAccount,
    pub token_program: Program<Token>,
}

impl StakeTokens {
    /// Tokens start to earn in the slot they are staked in.
    pub fn stake(&mut self, amount: Mmt9) -> Result<()> {
        require!(amount > Mmt9::ZERO, ExchangeError::ZeroAmount);
        let route = Route {
            from: self.source.account(),
            mint: self.mint.account(),
            to: self.stake_vault.account(),
        };
        route.collect(self.owner.account(), amount)?;
        self.season.emit(Clock::get()?.slot)?;
        let staked = math(Mmt9::new(self.stake.amount).checked_add(amount))?;
        self.stake.restake(&mut self.season, staked)?;
        log(StakeMoved::of(&self.stake, amount, Mmt9::ZERO, Mmt9::ZERO));
        Ok(())
    }
}

impl StakeMoved {
    pub fn of(stake: &Account<Stake>, staked: Mmt9, unstaked: Mmt9, withdrawn: Mmt9) -> Self {
        Self {
            stake: *stake.address(),
            staked: staked.raw(),
            unstaked: unstaked.raw(),
            withdrawn: withdrawn.raw(),
            amount: stake.amount,
            weight: stake.weight,
            unbonding: stake.unbonding,
            unlock_slot: stake.unlock_slot,
        }
    }
}
