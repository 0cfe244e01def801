use {
    super::mmt_tokens::Route,
    crate::{
        error::ExchangeError,
        events::{log, BootstrapOpened},
        state::{Bootstrap, BootstrapRules, Config, Launch, Season, Shard},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct OpenBootstrap {
    #[account(mut, address = config.admin @ ExchangeError::NotAdmin)]
    pub admin: Signer,
    pub config: Account<Config>,
    pub season: Account<Season>,
    #[account(init, payer = admin, seeds = [b"bootstrap"], bump)]
    pub bootstrap: Account<Bootstrap>,
    #[account(mut, constraint = shard_0.index == 0 @ ExchangeError::WrongShard)]
    pub shard_0: Account<Shard>,
    #[account(mut, constraint = shard_1.index == 1 @ ExchangeError::WrongShard)]
    pub shard_1: Account<Shard>,
    #[account(mut, constraint = shard_2.index == 2 @ ExchangeError::WrongShard)]
    pub shard_2: Account<Shard>,
    #[account(mut, constraint = shard_3.index == 3 @ ExchangeError::WrongShard)]
    pub shard_3: Account<Shard>,
    /// Unchecked: the token program demands an account of `mint` that `admin` may spend from.
    #[account(mut)]
    pub source: UncheckedAccount,
    /// Unchecked: the one account named in the season.
    #[account(mut, address = season.reward_vault @ ExchangeError::WrongTokenVault)]
    pub reward_vault: UncheckedAccount,
    /// Unchecked: the one mint named in the season.
    #[account(address = season.mint @ ExchangeError::WrongMint)]
    pub mint: UncheckedAccount,
    pub token_program: Program<Token>,
    pub system_program: Program<System>,
}

impl OpenBootstrap {
    /// Once, and not after the admin has renounced. All that the launch can pay moves into the reward vault here, out of
    /// what the schedule leaves of the pool.
    pub fn open_bootstrap(&mut self, rules: BootstrapRules) -> Result<()> {
        let budget = rules.validate(&self.season)?;
        let route = Route {
            from: self.source.account(),
            mint: self.mint.account(),
            to: self.reward_vault.account(),
        };
        route.collect(self.admin.account(), budget)?;

        let slot = Clock::get()?.slot;
        let end = slot
            .checked_add(rules.mining_slots)
            .ok_or(ExchangeError::Overflow)?;
        let launch = &mut self.bootstrap;
        launch.start_slot = slot;
        launch.updated_slot = slot;
        launch.end_slot = end;
        launch.budget = budget.raw();
        launch.trade_credits = rules.trade_credits;
        launch.trade_rate = rules.trade_rate;
        launch.mining_rate = rules.mining_rate;
        launch.early_shares = rules.early_shares;
        let shards: [&mut Shard; 4] = [
            &mut self.shard_0,
            &mut self.shard_1,
            &mut self.shard_2,
            &mut self.shard_3,
        ];
        for shard in shards {
            shard.launch = Launch::new(&rules);
        }
        log(BootstrapOpened {
            start_slot: slot,
            end_slot: end,
            budget: budget.raw(),
        });
        Ok(())
    }
}
