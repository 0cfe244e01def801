use {
    crate::{
        error::ExchangeError,
        events::{log, Folded},
        state::{Config, Shard, Vault},
    },
    anchor_lang::prelude::*,
};

/// Permissionless: there is one result, whoever asks for it.
#[derive(Accounts)]
pub struct Fold {
    pub config: Account<Config>,
    #[account(mut)]
    pub vault: Account<Vault>,
    #[account(mut, constraint = shard_0.index == 0 @ ExchangeError::WrongShard)]
    pub shard_0: Account<Shard>,
    #[account(mut, constraint = shard_1.index == 1 @ ExchangeError::WrongShard)]
    pub shard_1: Account<Shard>,
    #[account(mut, constraint = shard_2.index == 2 @ ExchangeError::WrongShard)]
    pub shard_2: Account<Shard>,
    #[account(mut, constraint = shard_3.index == 3 @ ExchangeError::WrongShard)]
    pub shard_3: Account<Shard>,
}

impl Fold {
    /// Gather the shards' cash, deal it out again and publish coverage and fee.
    pub fn fold(&mut self) -> Result<()> {
        let Self {
            config,
            vault,
            shard_0,
            shard_1,
            shard_2,
            shard_3,
        } = self;
        let mut shards: [&mut Shard; 4] = [shard_0, shard_1, shard_2, shard_3];
        let cash = vault.net_assets(&shards)?.cash;
        vault.deal(config, &mut shards, cash)?;
        log(Folded {
            cash: cash.raw(),
            coverage_q32: shards[0].coverage_q32,
            fee_ppm: u64::from(shards[0].fee_ppm),
        });
        Ok(())
    }
}
