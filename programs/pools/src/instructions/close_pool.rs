use {
    crate::{
        error::PoolsError,
        events::{log, PoolClosed},
        state::Pool,
    },
    anchor_lang::{pinocchio::cpi::Signer as PdaSigner, prelude::*},
    pinocchio_token::{
        instructions::{CloseAccount, Transfer},
        state,
    },
};

#[derive(Accounts)]
pub struct ClosePool {
    #[account(mut, address = pool.owner @ PoolsError::NotOwner)]
    pub owner: Signer,
    #[account(mut, close = owner)]
    pub pool: Account<Pool>,
    /// Unchecked: the one account named in the pool.
    #[account(mut, address = pool.vaults[0] @ PoolsError::WrongVault)]
    pub vault_a: UncheckedAccount,
    /// Unchecked: the one account named in the pool.
    #[account(mut, address = pool.vaults[1] @ PoolsError::WrongVault)]
    pub vault_b: UncheckedAccount,
    /// Unchecked: the one mint named in the pool.
    #[account(address = pool.lp_mints[0] @ PoolsError::WrongLpMint)]
    pub lp_mint_a: UncheckedAccount,
    /// Unchecked: the one mint named in the pool.
    #[account(address = pool.lp_mints[1] @ PoolsError::WrongLpMint)]
    pub lp_mint_b: UncheckedAccount,
    /// Unchecked: the token program demands an account of the vault's mint; its owner is the pool owner's choice.
    #[account(mut)]
    pub destination_a: UncheckedAccount,
    /// Unchecked: the token program demands an account of the vault's mint; its owner is the pool owner's choice.
    #[account(mut)]
    pub destination_b: UncheckedAccount,
    pub token_program: Program<Token>,
}

impl ClosePool {
    /// Once no claim is left, all that the vaults hold (fees, what rounding left, what somebody sent there) is the owner's,
    /// and so is the rent. The LP mints stay: the token program can't close a mint.
    pub fn close_pool(&mut self) -> Result<()> {
        let claims = supply_of(&self.lp_mint_a)? | supply_of(&self.lp_mint_b)?;
        require!(claims == 0, PoolsError::NotEmpty);
        let (swept_a, swept_b) = self.pool.signing(|signer| -> Result<(u64, u64)> {
            Ok((
                self.sweep(&self.vault_a, &self.destination_a, signer)?,
                self.sweep(&self.vault_b, &self.destination_b, signer)?,
            ))
        })?;
        log(PoolClosed {
            pool: *self.pool.address(),
            swept_a,
            swept_b,
        });
        Ok(())
    }

    fn sweep(&self, vault: &UncheckedAccount, to: &UncheckedAccount, signer: &[PdaSigner]) -> Result<u64> {
        let amount = state::Account::from_account_view(vault.account())?.amount();
        let pool = self.pool.view();
        Transfer::new(vault.account(), to.account(), pool, amount).invoke_signed(signer)?;
        CloseAccount::new(vault.account(), self.owner.account(), pool).invoke_signed(signer)?;
        Ok(amount)
    }
}

fn supply_of(mint: &UncheckedAccount) -> Result<u64> {
    Ok(state::Mint::from_account_view(mint.account())?.supply())
}
