// Anchor's derive also binds the instruction's arguments in hooks that do not use them.
#![allow(unused_variables)]

use {
    crate::{
        constants::{COLLATERAL_DECIMALS, SHARDS},
        error::ExchangeError,
        events::{log, Initialized, ShardCreated},
        state::{program_data::require_final, Config, LiquidationRules, Shard, Vault},
    },
    anchor_lang::prelude::*,
    pinocchio_token::{instructions::InitializeAccount3, state},
};

/// The rules of the exchange, fixed at initialization.
#[derive(Clone, Copy, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct Rules {
    /// Free vault must stay above this multiple of the debt at risk; 2^32 is 1.
    pub min_coverage_q32: u64,
    pub fee_base_ppm: u32,
    pub fee_slope_ppm: u32,
    pub max_subsidy_ppm: u32,
    pub liquidation: LiquidationRules,
}

/// 1/8 to 64: below, loans are not worth the name secured; above, nothing is ever lent.
const COVERAGE_Q32: core::ops::RangeInclusive<u64> = 1 << 29..=1 << 38;
const WHOLE_PPM: u32 = 1_000_000;
/// 10 %: above it a fee is a mistake.
const MAX_FEE_PPM: u32 = 100_000;

#[derive(Accounts)]
pub struct Initialize {
    #[account(mut)]
    pub admin: Signer,
    #[account(init, payer = admin, seeds = [b"config"], bump)]
    pub config: Account<Config>,
    #[account(init, payer = admin, seeds = [b"vault"], bump)]
    pub vault: Account<Vault>,
    /// Unchecked: created here at its PDA and handed to the token program, which refuses any other state.
    #[account(mut, seeds = [b"token_vault"], bump)]
    pub token_vault: UncheckedAccount,
    /// Unchecked: read below as a mint of the token program, which checks owner and length.
    pub mint: UncheckedAccount,
    pub token_program: Program<Token>,
    pub system_program: Program<System>,
    /// Unchecked: `require_final` compares its address with our own and reads it as the loader's.
    pub exchange_program: UncheckedAccount,
    /// Unchecked: `require_final` reads it as the loader's, at the address that the program's account names.
    pub exchange_data: UncheckedAccount,
    /// Unchecked: `require_final` compares its address with the oracle's and reads it as the loader's.
    pub oracle_program: UncheckedAccount,
    /// Unchecked: `require_final` reads it as the loader's, at the address that the program's account names.
    pub oracle_data: UncheckedAccount,
}

impl Initialize {
    /// Nobody can put money into an exchange whose rules, or the rules of whose prices, somebody can still replace.
    pub fn initialize(&mut self, bumps: (u8, u8), operator: Address, rules: Rules) -> Result<()> {
        self.require_programs_final()?;
        let in_range = COVERAGE_Q32.contains(&rules.min_coverage_q32)
            && rules.fee_base_ppm.saturating_add(rules.fee_slope_ppm) <= MAX_FEE_PPM
            && (1..=WHOLE_PPM).contains(&rules.max_subsidy_ppm);
        require!(in_range, ExchangeError::BadParameter);
        rules.liquidation.validate()?;
        let decimals = state::Mint::from_account_view(self.mint.account())?.decimals();
        require!(decimals == COLLATERAL_DECIMALS, ExchangeError::WrongDecimals);

        let (vault_bump, token_bump) = bumps;
        let (admin, mint) = (*self.admin.address(), *self.mint.address());
        self.create_token_vault(token_bump)?;
        *self.config = Config {
            admin,
            operator,
            mint,
            min_coverage_q32: rules.min_coverage_q32,
            fee_base_ppm: rules.fee_base_ppm,
            fee_slope_ppm: rules.fee_slope_ppm,
            max_subsidy_ppm: rules.max_subsidy_ppm,
            reserved: 0,
            liquidation: rules.liquidation,
        };
        self.vault.token_account = *self.token_vault.address();
        self.vault.bump = vault_bump;
        self.vault.token_bump = token_bump;
        log(Initialized {
            admin,
            operator,
            mint,
        });
        Ok(())
    }

    fn require_programs_final(&self) -> Result<()> {
        let (program, data) = (self.exchange_program.account(), self.exchange_data.account());
        require_final(program, data, &crate::ID)?;
        let (program, data) = (self.oracle_program.account(), self.oracle_data.account());
        require_final(program, data, &breakwater_feed::ID)
    }

    fn create_token_vault(&self, bump: u8) -> Result<()> {
        let (space, owner) = (state::Account::LEN, pinocchio_token::ID);
        let (payer, account) = (self.admin.account(), self.token_vault.account());
        create_account_signed(payer, account, space, &owner, &[b"token_vault", &[bump]])?;
        InitializeAccount3::new(account, self.mint.account(), self.vault.address()).invoke()
    }
}

#[derive(Accounts)]
#[instruction(index: u8)]
pub struct CreateShard {
    #[account(mut)]
    pub payer: Signer,
    pub config: Account<Config>,
    #[account(init, payer = payer, seeds = [b"shard", &[index]], bump)]
    pub shard: Account<Shard>,
    pub system_program: Program<System>,
}

impl CreateShard {
    /// Anybody may create the four shards: there is nothing to choose. An empty vault has coverage 0.
    pub fn create_shard(&mut self, index: u8) -> Result<()> {
        require!(usize::from(index) < SHARDS, ExchangeError::BadParameter);
        self.shard.index = u32::from(index);
        self.shard.min_coverage_q32 = self.config.min_coverage_q32;
        self.shard.liquidation = self.config.liquidation;
        self.shard.fee_ppm = self.config.fee_base_ppm.saturating_add(self.config.fee_slope_ppm);
        log(ShardCreated {
            shard: *self.shard.address(),
            index: u64::from(index),
        });
        Ok(())
    }
}
