use {
    super::{claim_rewards::require_owned_by, mmt_tokens::Route},
    crate::{
        error::ExchangeError,
        events::{log, BondReturned},
        state::{Keeper, Season, LEAVING},
    },
    anchor_lang::prelude::*,
    breakwater_math::Mmt9,
};

/// Permissionless: time and the keeper decide when, and where to.
#[derive(Accounts)]
pub struct WithdrawBond {
    /// Unchecked: the keeper's authority, who paid the rent; it only receives lamports.
    #[account(mut, address = keeper.authority @ ExchangeError::NotKeeper)]
    pub authority: UncheckedAccount,
    #[account(mut, close = authority)]
    pub keeper: Account<Keeper>,
    pub season: Account<Season>,
    /// Unchecked: read below as a token account, which has to be the beneficiary's.
    #[account(mut)]
    pub destination: UncheckedAccount,
    /// Unchecked: the one account named in the season.
    #[account(mut, address = season.stake_vault @ ExchangeError::WrongTokenVault)]
    pub stake_vault: UncheckedAccount,
    /// Unchecked: the one account named in the season.
    #[account(mut, address = season.sink @ ExchangeError::WrongSink)]
    pub sink: UncheckedAccount,
    /// Unchecked: the one mint named in the season.
    #[account(address = season.mint @ ExchangeError::WrongMint)]
    pub mint: UncheckedAccount,
    pub token_program: Program<Token>,
}

impl WithdrawBond {
    /// What is left of the bond to the beneficiary, what was slashed into the sink, and the account is gone.
    pub fn withdraw_bond(&mut self) -> Result<()> {
        let keeper = &self.keeper;
        require_owned_by(&self.destination, &keeper.beneficiary)?;
        require!(keeper.status == LEAVING, ExchangeError::KeeperNotLeaving);
        let now = Clock::get()?.slot;
        require!(now >= keeper.unlock_slot, ExchangeError::CoolingDown);
        require!(keeper.rewards == 0, ExchangeError::NotEmpty);
        let (bond, slashed) = (Mmt9::new(keeper.bond), Mmt9::new(keeper.slashed));
        self.pay(&self.destination, bond)?;
        if slashed > Mmt9::ZERO {
            self.pay(&self.sink, slashed)?;
        }
        log(BondReturned {
            keeper: *self.keeper.address(),
            returned: bond.raw(),
            sunk: slashed.raw(),
        });
        Ok(())
    }

    fn pay(&self, to: &UncheckedAccount, amount: Mmt9) -> Result<()> {
        let route = Route {
            from: self.stake_vault.account(),
            mint: self.mint.account(),
            to: to.account(),
        };
        route.pay(&self.season, amount)
    }
}
