// Anchor's derive also binds the instruction's arguments in hooks that do not use them.
#![allow(unused_variables)]

use {
    crate::{
        constants::{LP_SEED, MAX_DECIMALS, MAX_FEE_PPM, VAULT_SEED},
        error::PoolsError,
        events::{log, PoolCreated},
        state::{Pool, Side},
    },
    anchor_lang::prelude::*,
    pinocchio_token::{
        instructions::{InitializeAccount3, InitializeMint2},
        state,
    },
};

/// What never changes about a pool: `ratio_a` units of a are worth `ratio_b` of b.
#[derive(Clone, Copy, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct PoolTerms {
    pub ratio_a: u64,
    pub ratio_b: u64,
    /// Of what a swap pays out.
    pub fee_ppm: u32,
}

/// Bumps of both vaults and both LP mints.
pub type Bumps = [[u8; 2]; 2];

#[derive(Accounts)]
#[instruction(number: u64)]
pub struct CreatePool {
    #[account(mut)]
    pub owner: Signer,
    #[account(init, payer = owner, seeds = [b"pool", owner.address().as_ref(), &number.to_le_bytes()], bump)]
    pub pool: Account<Pool>,
    /// Unchecked: read below as a mint of the token program, which checks owner and length.
    pub mint_a: UncheckedAccount,
    /// Unchecked: read below as a mint of the token program, which checks owner and length.
    pub mint_b: UncheckedAccount,
    /// Unchecked: created here at its PDA and handed to the token program, which refuses any other state.
    #[account(mut, seeds = [b"vault", pool.address().as_ref(), &[0]], bump)]
    pub vault_a: UncheckedAccount,
    /// Unchecked: created here at its PDA and handed to the token program, which refuses any other state.
    #[account(mut, seeds = [b"vault", pool.address().as_ref(), &[1]], bump)]
    pub vault_b: UncheckedAccount,
    /// Unchecked: created here at its PDA and handed to the token program, which refuses any other state.
    #[account(mut, seeds = [b"lp", pool.address().as_ref(), &[0]], bump)]
    pub lp_mint_a: UncheckedAccount,
    /// Unchecked: created here at its PDA and handed to the token program, which refuses any other state.
    #[account(mut, seeds = [b"lp", pool.address().as_ref(), &[1]], bump)]
    pub lp_mint_b: UncheckedAccount,
    pub token_program: Program<Token>,
    pub system_program: Program<System>,
}

impl CreatePool {
    /// A number is good for one pool, even after that one is closed: an LP mint can't be closed, so it is still there.
    pub fn create_pool(&mut self, number: u64, terms: &PoolTerms, bump: u8, bumps: Bumps) -> Result<()> {
        require!(terms.ratio_a > 0 && terms.ratio_b > 0, PoolsError::BadRatio);
        require!(terms.fee_ppm <= MAX_FEE_PPM, PoolsError::FeeTooHigh);
        let mints = [*self.mint_a.address(), *self.mint_b.address()];
        require!(mints[0] != mints[1], PoolsError::SameMint);
        let decimals = [decimals_of(&self.mint_a)?, decimals_of(&self.mint_b)?];

        let [vault_bumps, lp_bumps] = bumps;
        self.create_vault(Side::A, vault_bumps[0])?;
        self.create_vault(Side::B, vault_bumps[1])?;
        self.create_lp_mint(Side::A, lp_bumps[0], decimals[0])?;
        self.create_lp_mint(Side::B, lp_bumps[1], decimals[1])?;
        let pool = &mut self.pool;
        pool.owner = *self.owner.address();
        pool.mints = mints;
        pool.vaults = [*self.vault_a.address(), *self.vault_b.address()];
        pool.lp_mints = [*self.lp_mint_a.address(), *self.lp_mint_b.address()];
        pool.number = number;
        pool.ratio = [terms.ratio_a, terms.ratio_b];
        pool.fee_ppm = terms.fee_ppm;
        pool.decimals = decimals;
        pool.bump = bump;
        log(PoolCreated {
            pool: *pool.address(),
            owner: pool.owner,
            mint_a: mints[0],
            mint_b: mints[1],
            number,
            ratio_a: terms.ratio_a,
            ratio_b: terms.ratio_b,
            fee_ppm: u64::from(terms.fee_ppm),
        });
        Ok(())
    }

    fn create_vault(&self, side: Side, bump: u8) -> Result<()> {
        let (vault, mint) = match side {
            Side::A => (&self.vault_a, &self.mint_a),
            Side::B => (&self.vault_b, &self.mint_b),
        };
        self.create(vault, state::Account::LEN, VAULT_SEED, side, bump)?;
        InitializeAccount3::new(vault.account(), mint.account(), self.pool.address()).invoke()
    }

    fn create_lp_mint(&self, side: Side, bump: u8, decimals: u8) -> Result<()> {
        let mint = match side {
            Side::A => &self.lp_mint_a,
            Side::B => &self.lp_mint_b,
        };
        self.create(mint, state::Mint::LEN, LP_SEED, side, bump)?;
        // nobody can freeze a claim
        InitializeMint2::new(mint.account(), decimals, self.pool.address(), None).invoke()
    }

    fn create(
        &self,
        account: &UncheckedAccount,
        space: usize,
        seed: &[u8],
        side: Side,
        bump: u8,
    ) -> Result<()> {
        let seeds = [seed, self.pool.address().as_ref(), &[side as u8], &[bump]];
        let (payer, account) = (self.owner.account(), account.account());
        create_account_signed(payer, account, space, &pinocchio_token::ID, &seeds)
    }
}

fn decimals_of(mint: &UncheckedAccount) -> Result<u8> {
    let decimals = state::Mint::from_account_view(mint.account())?.decimals();
    require!(decimals <= MAX_DECIMALS, PoolsError::TooManyDecimals);
    Ok(decimals)
}
