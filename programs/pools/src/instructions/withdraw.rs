use {
    crate::{
        error::PoolsError,
        events::{log, Withdrawn},
        state::Pool,
    },
    anchor_lang::prelude::*,
    breakwater_math::ratio::Exchanged,
    pinocchio_token::instructions::{Burn, Transfer},
};

#[derive(Accounts)]
pub struct Withdraw {
    pub owner: Signer,
    #[account(mut)]
    pub pool: Account<Pool>,
    /// Unchecked: the token program demands an account of `lp_mint` that `owner` may burn from.
    #[account(mut)]
    pub lp_source: UncheckedAccount,
    /// Unchecked: must be one of the pool's two LP mints, and says which claims are given up.
    #[account(mut)]
    pub lp_mint: UncheckedAccount,
    /// Unchecked: must be one of the pool's two vaults, and says which token is paid.
    #[account(mut)]
    pub vault: UncheckedAccount,
    /// Unchecked: the token program demands an account of the vault's mint; its owner is the holder's choice.
    #[account(mut)]
    pub destination: UncheckedAccount,
    pub token_program: Program<Token>,
}

impl Withdraw {
    /// An LP token brings a unit of its side, or what that is worth in the other one less the fee of a swap: swaps may have
    /// taken a side out of the pool, and nobody who holds a claim has to wait until they bring it back. Works in a paused
    /// pool too.
    pub fn withdraw(&mut self, shares: u64, least: u64) -> Result<()> {
        require!(shares > 0, PoolsError::ZeroAmount);
        let pool = &mut self.pool;
        let burned = pool.side_of_lp_mint(self.lp_mint.address())?;
        let paid = pool.side_of_vault(self.vault.address())?;
        let Exchanged { fee, out, .. } = if burned == paid {
            require!(shares >= least, PoolsError::SlippageExceeded);
            pool.spend(paid, shares)?;
            Exchanged {
                gross: shares,
                fee: 0,
                out: shares,
            }
        } else {
            pool.exchange(burned, shares, least)?
        };

        let (lp_from, mint) = (self.lp_source.account(), self.lp_mint.account());
        Burn::new(lp_from, mint, self.owner.account(), shares).invoke()?;
        let (from, to) = (self.vault.account(), self.destination.account());
        pool.signing(|signer| Transfer::new(from, to, pool.view(), out).invoke_signed(signer))?;
        log(Withdrawn {
            pool: *pool.address(),
            owner: *self.owner.address(),
            burned: shares,
            amount: out,
            fee,
            reserve: pool.reserve[paid as usize],
            burned_side: burned as u32,
            paid_side: paid as u32,
        });
        Ok(())
    }
}
