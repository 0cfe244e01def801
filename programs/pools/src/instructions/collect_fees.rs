use {
    crate::{
        error::PoolsError,
        events::{log, FeesCollected},
        state::Pool,
    },
    anchor_lang::prelude::*,
    pinocchio_token::instructions::Transfer,
};

#[derive(Accounts)]
pub struct CollectFees {
    #[account(address = pool.owner @ PoolsError::NotOwner)]
    pub owner: Signer,
    #[account(mut)]
    pub pool: Account<Pool>,
    /// Unchecked: the one account named in the pool.
    #[account(mut, address = pool.vaults[0] @ PoolsError::WrongVault)]
    pub vault_a: UncheckedAccount,
    /// Unchecked: the one account named in the pool.
    #[account(mut, address = pool.vaults[1] @ PoolsError::WrongVault)]
    pub vault_b: UncheckedAccount,
    /// Unchecked: the token program demands an account of the vault's mint; its owner is the pool owner's choice.
    #[account(mut)]
    pub destination_a: UncheckedAccount,
    /// Unchecked: the token program demands an account of the vault's mint; its owner is the pool owner's choice.
    #[account(mut)]
    pub destination_b: UncheckedAccount,
    pub token_program: Program<Token>,
}

impl CollectFees {
    /// Pay the owner what both sides have earned.
    pub fn collect_fees(&mut self) -> Result<()> {
        let pool = &mut self.pool;
        let [fees_a, fees_b] = core::mem::take(&mut pool.fees);
        require!(fees_a > 0 || fees_b > 0, PoolsError::ZeroAmount);
        let (vault_a, vault_b) = (self.vault_a.account(), self.vault_b.account());
        let (to_a, to_b) = (self.destination_a.account(), self.destination_b.account());
        pool.signing(|signer| {
            Transfer::new(vault_a, to_a, pool.view(), fees_a).invoke_signed(signer)?;
            Transfer::new(vault_b, to_b, pool.view(), fees_b).invoke_signed(signer)
        })?;
        log(FeesCollected {
            pool: *pool.address(),
            fees_a,
            fees_b,
        });
        Ok(())
    }
}
