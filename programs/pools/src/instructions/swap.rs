use {
    crate::{
        error::PoolsError,
        events::{log, Swapped},
        state::Pool,
    },
    anchor_lang::prelude::*,
    pinocchio_token::instructions::Transfer,
};

#[derive(Accounts)]
pub struct Swap {
    pub owner: Signer,
    #[account(mut)]
    pub pool: Account<Pool>,
    /// Unchecked: the token program demands an account of the vault's mint that `owner` may spend from.
    #[account(mut)]
    pub source: UncheckedAccount,
    /// Unchecked: must be one of the pool's two vaults, and says which token is paid in.
    #[account(mut)]
    pub vault_in: UncheckedAccount,
    /// Unchecked: must be the pool's other vault.
    #[account(mut)]
    pub vault_out: UncheckedAccount,
    /// Unchecked: the token program demands an account of the vault's mint; its owner is the taker's choice.
    #[account(mut)]
    pub destination: UncheckedAccount,
    pub token_program: Program<Token>,
}

impl Swap {
    /// Pay in exactly `amount`; its worth is rounded down, the fee on it up.
    pub fn swap(&mut self, amount: u64, least: u64) -> Result<()> {
        require!(amount > 0, PoolsError::ZeroAmount);
        let pool = &mut self.pool;
        pool.require_active()?;
        let side = pool.side_of_vault(self.vault_in.address())?;
        let other = side.other();
        let is_other = anchor_lang::address_eq(&pool.vaults[other as usize], self.vault_out.address());
        require!(is_other, PoolsError::WrongVault);
        let exchanged = pool.exchange(side, amount, least)?;
        let reserve_in = pool.receive(side, amount)?;

        let (from, to) = (self.source.account(), self.vault_in.account());
        Transfer::new(from, to, self.owner.account(), amount).invoke()?;
        let (from, to) = (self.vault_out.account(), self.destination.account());
        pool.signing(|signer| Transfer::new(from, to, pool.view(), exchanged.out).invoke_signed(signer))?;
        log(Swapped {
            pool: *pool.address(),
            owner: *self.owner.address(),
            paid_in: amount,
            paid_out: exchanged.out,
            fee: exchanged.fee,
            reserve_in,
            reserve_out: pool.reserve[other as usize],
            side: side as u64,
        });
        Ok(())
    }
}
