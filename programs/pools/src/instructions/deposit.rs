use {
    crate::{
        error::PoolsError,
        events::{log, Deposited},
        state::Pool,
    },
    anchor_lang::prelude::*,
    pinocchio_token::instructions::{MintTo, Transfer},
};

#[derive(Accounts)]
pub struct Deposit {
    pub owner: Signer,
    #[account(mut)]
    pub pool: Account<Pool>,
    /// Unchecked: the token program demands an account of the vault's mint that `owner` may spend from.
    #[account(mut)]
    pub source: UncheckedAccount,
    /// Unchecked: must be one of the pool's two vaults, and says which side is meant.
    #[account(mut)]
    pub vault: UncheckedAccount,
    /// Unchecked: must be the pool's LP mint of the same side.
    #[account(mut)]
    pub lp_mint: UncheckedAccount,
    /// Unchecked: the token program demands an account of `lp_mint`; its owner is the depositor's choice.
    #[account(mut)]
    pub lp_destination: UncheckedAccount,
    pub token_program: Program<Token>,
}

impl Deposit {
    /// A unit brings an LP token: whoever comes later pays the same.
    pub fn deposit(&mut self, amount: u64) -> Result<()> {
        require!(amount > 0, PoolsError::ZeroAmount);
        let pool = &mut self.pool;
        pool.require_active()?;
        let side = pool.side_of_vault(self.vault.address())?;
        let of_lp = pool.side_of_lp_mint(self.lp_mint.address())?;
        require!(side == of_lp, PoolsError::WrongSide);
        let reserve = pool.receive(side, amount)?;

        let (from, to) = (self.source.account(), self.vault.account());
        Transfer::new(from, to, self.owner.account(), amount).invoke()?;
        let (mint, lp_to) = (self.lp_mint.account(), self.lp_destination.account());
        pool.signing(|signer| MintTo::new(mint, lp_to, pool.view(), amount).invoke_signed(signer))?;
        log(Deposited {
            pool: *pool.address(),
            owner: *self.owner.address(),
            amount,
            reserve,
            side: side as u64,
        });
        Ok(())
    }
}
