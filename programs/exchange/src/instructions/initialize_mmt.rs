// Anchor's derive also binds the instruction's arguments in hooks that do not use them.
#![allow(unused_variables)]

use {
    super::mmt_tokens::Route,
    crate::{
        constants::{MIN_STAKE, MMT_DECIMALS, MMT_POOL, MMT_SINK_SEED, MMT_SUNK, MMT_SUPPLY, SEASON_SLOTS},
        error::{math, ExchangeError},
        events::{log, MmtInitialized},
        state::{Config, Registry, Season, TASK_KINDS},
    },
    anchor_lang::prelude::*,
    breakwater_math::{
        duties::ESCALATION_SLOTS,
        rewards::{self, SEASONS, TIERS},
        Mmt9,
    },
    pinocchio_token::{instructions::InitializeAccount3, state},
};

/// The rules of MMT and of keepers, fixed at initialization.
#[derive(Clone, Copy, AnchorSerialize, AnchorDeserialize, IdlType)]
pub struct MmtRules {
    /// Billionths of an MMT per slot, by season; together at most the pool of ten million.
    pub rates: [u64; SEASONS],
    /// Amounts at which tiers 1 to 3 begin, ascending.
    pub tiers: [u64; TIERS - 1],
    /// What a task pays in tier 0, by kind.
    pub task_rewards: [u64; TASK_KINDS],
    pub min_bond: u64,
    pub cooldown_slots: u64,
    pub claim_slots: u64,
    pub exclusive_slots: u64,
    pub max_claims: u64,
    pub heartbeat_slots: u64,
    pub suspension_slots: u64,
    pub expiry_slots: u64,
    pub prune_age_s: u64,
    pub keepers_ppm: u32,
}

const WHOLE_PPM: u32 = 1_000_000;
/// A year: keeping the remains of a market any longer is a mistake.
const MAX_PRUNE_AGE_S: u64 = 365 * 24 * 60 * 60;

#[derive(Accounts)]
pub struct InitializeMmt {
    #[account(mut, address = config.admin @ ExchangeError::NotAdmin)]
    pub admin: Signer,
    pub config: Account<Config>,
    #[account(init, payer = admin, seeds = [b"season"], bump)]
    pub season: Account<Season>,
    #[account(init, payer = admin, seeds = [b"registry"], bump)]
    pub registry: Account<Registry>,
    /// Unchecked: created here at its PDA and handed to the token program, which refuses any other state.
    #[account(mut, seeds = [b"stake_vault"], bump)]
    pub stake_vault: UncheckedAccount,
    /// Unchecked: created here at its PDA and handed to the token program, which refuses any other state.
    #[account(mut, seeds = [b"reward_vault"], bump)]
    pub reward_vault: UncheckedAccount,
    /// Unchecked: read below as a mint of the token program, which checks owner and length.
    pub mint: UncheckedAccount,
    /// Unchecked: the token program demands an account of `mint` that `admin` may spend from.
    #[account(mut)]
    pub source: UncheckedAccount,
    /// Unchecked: read below as a token account of the token program, which checks owner and length.
    pub sink: UncheckedAccount,
    pub token_program: Program<Token>,
    pub system_program: Program<System>,
}

impl InitializeMmt {
    /// Nine tenths of a supply that nobody can change are out of everybody's reach. Of the last tenth all that the schedule
    /// will ever pay moves into the reward vault here, before anybody can rely on it; what it leaves is with `source`, and
    /// all the MMT there is at first, so the first keepers' bonds come from it.
    pub fn initialize_mmt(&mut self, bumps: (u8, u8, u8), rules: MmtRules) -> Result<()> {
        let pool = rules.validate()?;
        self.require_mint()?;
        self.require_sink()?;
        let (season_bump, stake_bump, reward_bump) = bumps;
        self.create_vault(&self.stake_vault, &[b"stake_vault", &[stake_bump]])?;
        self.create_vault(&self.reward_vault, &[b"reward_vault", &[reward_bump]])?;
        let route = Route {
            from: self.source.account(),
            mint: self.mint.account(),
            to: self.reward_vault.account(),
        };
        route.collect(self.admin.account(), pool)?;

        let slot = Clock::get()?.slot;
        let season = &mut self.season;
        season.mint = *self.mint.address();
        season.stake_vault = *self.stake_vault.address();
        season.reward_vault = *self.reward_vault.address();
        season.sink = *self.sink.address();
        season.start_slot = slot;
        season.updated_slot = slot;
        season.rates = rules.rates;
        season.tiers = rules.tiers;
        season.task_rewards = rules.task_rewards;
        season.cooldown_slots = rules.cooldown_slots;
        season.keepers_ppm = rules.keepers_ppm;
        season.bump = season_bump;
        rules.write(&mut self.registry);
        log(MmtInitialized {
            mint: self.season.mint,
            sink: self.season.sink,
            start_slot: slot,
            pool: pool.raw(),
        });
        Ok(())
    }

    fn require_mint(&self) -> Result<()> {
        let mint = state::Mint::from_account_view(self.mint.account())?;
        require!(mint.decimals() == MMT_DECIMALS, ExchangeError::WrongMmtMint);
        require!(mint.supply() == MMT_SUPPLY, ExchangeError::WrongMmtMint);
        let fixed = !mint.has_mint_authority() && !mint.has_freeze_authority();
        require!(fixed, ExchangeError::SupplyNotFixed);
        Ok(())
    }

    /// No instruction signs with the sink's seed, so what its accounts hold is gone.
    fn require_sink(&self) -> Result<()> {
        let (nobody, _) = find_program_address(&[MMT_SINK_SEED], &crate::ID);
        let sink = state::Account::from_account_view(self.sink.account())?;
        let unreachable = *sink.owner() == nobody && !sink.has_delegate() && !sink.has_close_authority();
        let full = sink.mint() == self.mint.address() && sink.amount() >= MMT_SUNK;
        require!(unreachable && full, ExchangeError::WrongSink);
        Ok(())
    }

    fn create_vault(&self, vault: &UncheckedAccount, seeds: &[&[u8]]) -> Result<()> {
        let (payer, account) = (self.admin.account(), vault.account());
        create_account_signed(payer, account, state::Account::LEN, &pinocchio_token::ID, seeds)?;
        InitializeAccount3::new(account, self.mint.account(), self.season.address()).invoke()
    }
}

impl MmtRules {
    /// All that the schedule pays. Errors: `EmissionExceeded`, `BadParameter`.
    fn validate(&self) -> Result<Mmt9> {
        let all = math(rewards::emission(&self.rates, SEASON_SLOTS, 0, u64::MAX))?;
        require!(all.raw() <= MMT_POOL, ExchangeError::EmissionExceeded);
        let [first, second, third] = self.tiers;
        let most = MMT_POOL;
        let in_range = MIN_STAKE <= first
            && first < second
            && second < third
            && self.task_rewards.iter().all(|&reward| reward <= most)
            && (MIN_STAKE..=most).contains(&self.min_bond)
            && (1..=SEASON_SLOTS).contains(&self.cooldown_slots)
            && (1..=SEASON_SLOTS).contains(&self.claim_slots)
            // a task that has escalated is everybody's
            && self.exclusive_slots <= ESCALATION_SLOTS
            && (1..=u64::from(u32::MAX)).contains(&self.max_claims)
            && (1..=SEASON_SLOTS).contains(&self.heartbeat_slots)
            && (1..=SEASON_SLOTS).contains(&self.suspension_slots)
            && (1..=SEASON_SLOTS).contains(&self.expiry_slots)
            && self.prune_age_s <= MAX_PRUNE_AGE_S
            && self.keepers_ppm <= WHOLE_PPM;
        require!(in_range, ExchangeError::BadParameter);
        Ok(all)
    }

    fn write(&self, registry: &mut Registry) {
        registry.claim_slots = self.claim_slots;
        registry.exclusive_slots = self.exclusive_slots;
        registry.max_claims = self.max_claims;
        registry.heartbeat_slots = self.heartbeat_slots;
        registry.suspension_slots = self.suspension_slots;
        registry.expiry_slots = self.expiry_slots;
        registry.prune_age_s = self.prune_age_s;
        registry.min_bond = self.min_bond;
    }
}
