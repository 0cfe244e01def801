use {
    crate::{
        constants::{COLLATERAL_DECIMALS, VAULT_SEED},
        error::ExchangeError,
        events::{log, BalanceMoved},
        state::{Config, Trader, Vault},
    },
    anchor_lang::{
        pinocchio::cpi::{Seed, Signer as PdaSigner},
        prelude::*,
    },
    breakwater_math::Collateral6,
    pinocchio_token::instructions::TransferChecked,
};

#[derive(Accounts)]
pub struct Withdraw {
    #[account(address = trader.owner @ ExchangeError::NotOwner)]
    pub owner: Signer,
    #[account(mut)]
    pub trader: Account<Trader>,
    pub config: Account<Config>,
    pub vault: Account<Vault>,
    /// Unchecked: the token program demands an account of `mint`; its owner is the trader's choice.
    #[account(mut)]
    pub destination: UncheckedAccount,
    /// Unchecked: the one account named in the vault.
    #[account(mut, address = vault.token_account @ ExchangeError::WrongTokenVault)]
    pub token_vault: UncheckedAccount,
    /// Unchecked: the one mint named in the config.
    #[account(address = config.mint @ ExchangeError::WrongMint)]
    pub mint: UncheckedAccount,
    pub token_program: Program<Token>,
}

impl Withdraw {
    pub fn withdraw(&mut self, amount: Collateral6) -> Result<()> {
        require!(amount > Collateral6::ZERO, ExchangeError::ZeroAmount);
        self.trader.pay(amount)?;
        let bump = [self.vault.bump];
        let seeds = [Seed::from(VAULT_SEED), Seed::from(bump.as_slice())];
        TransferChecked::new(
            self.token_vault.account(),
            self.mint.account(),
            self.destination.account(),
            self.vault.view(),
            amount.raw(),
            COLLATERAL_DECIMALS,
        )
        .invoke_signed(&[PdaSigner::from(&seeds)])?;
        log(BalanceMoved {
            trader: *self.trader.address(),
            deposited: 0,
            withdrawn: amount.raw(),
            balance: self.trader.balance,
        });
        Ok(())
    }
}
