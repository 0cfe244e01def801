use {
    crate::{
        constants::COLLATERAL_DECIMALS,
        error::ExchangeError,
        events::{log, BalanceMoved},
        state::{Config, Trader, Vault},
    },
    anchor_lang::prelude::*,
    breakwater_math::Collateral6,
    pinocchio_token::instructions::TransferChecked,
};

#[derive(Accounts)]
pub struct Deposit {
    #[account(address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut)]
    pub trader: Account<Trader>,
    pub config: Account<Config>,
    pub vault: Account<Vault>,
    /// Unchecked: the token program demands an account of `mint` that `owner` may spend from.
    #[account(mut)]
    pub source: UncheckedAccount,
    /// Unchecked: the one account named in the vault.
    #[account(mut, address = vault.token_account @ ExchangeError::WrongTokenVault)]
    pub token_vault: UncheckedAccount,
    /// Unchecked: the one mint named in the config.
    #[account(address = config.mint @ ExchangeError::WrongMint)]
    pub mint: UncheckedAccount,
    pub token_program: Program<Token>,
}

impl Deposit {
    pub fn deposit(&mut self, amount: Collateral6) -> Result<()> {
        require!(amount > Collateral6::ZERO, ExchangeError::ZeroAmount);
        TransferChecked::new(
            self.source.account(),
            self.mint.account(),
            self.token_vault.account(),
            self.owner.account(),
            amount.raw(),
            COLLATERAL_DECIMALS,
        )
        .invoke()?;
        self.trader.receive(amount)?;
        log(BalanceMoved {
            trader: *self.trader.address(),
            deposited: amount.raw(),
            withdrawn: 0,
            balance: self.trader.balance,
        });
        Ok(())
    }
}
