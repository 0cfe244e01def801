use {
    super::mmt_tokens::Route,
    crate::{
        error::ExchangeError,
        events::{log, RewardsPaid},
        state::{Keeper, Season, Stake},
    },
    anchor_lang::prelude::*,
    breakwater_math::Mmt9,
    pinocchio_token::state,
};

#[derive(Accounts)]
pub struct ClaimRewards {
    #[account(address = stake.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut)]
    pub stake: Account<Stake>,
    #[account(mut)]
    pub season: Account<Season>,
    /// Unchecked: the token program demands an account of `mint`; its owner is the staker's choice.
    #[account(mut)]
    pub destination: UncheckedAccount,
    /// Unchecked: the one account named in the season.
    #[account(mut, address = season.reward_vault @ ExchangeError::WrongTokenVault)]
    pub reward_vault: UncheckedAccount,
    /// Unchecked: the one mint named in the season.
    #[account(address = season.mint @ ExchangeError::WrongMint)]
    pub mint: UncheckedAccount,
    pub token_program: Program<Token>,
}

impl ClaimRewards {
    /// Everything the stake has earned up to this slot.
    pub fn claim_rewards(&mut self) -> Result<()> {
        self.season.emit(Clock::get()?.slot)?;
        self.stake.settle(&self.season)?;
        let amount = Mmt9::new(self.stake.rewards);
        require!(amount > Mmt9::ZERO, ExchangeError::ZeroAmount);
        self.stake.rewards = 0;
        self.season.book_payment(amount)?;
        let route = Route {
            from: self.reward_vault.account(),
            mint: self.mint.account(),
            to: self.destination.account(),
        };
        route.pay(&self.season, amount)?;
        log(RewardsPaid {
            payee: *self.stake.address(),
            amount: amount.raw(),
        });
        Ok(())
    }
}

#[derive(Accounts)]
pub struct ClaimKeeperRewards {
    /// The keeper's authority or its beneficiary.
    pub principal: Signer,
    #[account(mut)]
    pub keeper: Account<Keeper>,
    #[account(mut)]
    pub season: Account<Season>,
    /// Unchecked: read below as a token account, which has to be the beneficiary's.
    #[account(mut)]
    pub destination: UncheckedAccount,
    /// Unchecked: the one account named in the season.
    #[account(mut, address = season.reward_vault @ ExchangeError::WrongTokenVault)]
    pub reward_vault: UncheckedAccount,
    /// Unchecked: the one mint named in the season.
    #[account(address = season.mint @ ExchangeError::WrongMint)]
    pub mint: UncheckedAccount,
    pub token_program: Program<Token>,
}

impl ClaimKeeperRewards {
    /// Everything the keeper's tasks have paid, to the beneficiary.
    pub fn claim_keeper_rewards(&mut self) -> Result<()> {
        self.keeper.require_principal(self.principal.address())?;
        require_owned_by(&self.destination, &self.keeper.beneficiary)?;
        let amount = Mmt9::new(self.keeper.rewards);
        require!(amount > Mmt9::ZERO, ExchangeError::ZeroAmount);
        self.keeper.rewards = 0;
        self.season.book_payment(amount)?;
        let route = Route {
            from: self.reward_vault.account(),
            mint: self.mint.account(),
            to: self.destination.account(),
        };
        route.pay(&self.season, amount)?;
        log(RewardsPaid {
            payee: *self.keeper.address(),
            amount: amount.raw(),
        });
        Ok(())
    }
}

/// The tokens of an account are this key's to spend.
pub fn require_owned_by(tokens: &UncheckedAccount, owner: &Address) -> Result<()> {
    let account = state::Account::from_account_view(tokens.account())?;
    require!(account.owner() == owner, ExchangeError::NotBeneficiary);
    Ok(())
}
