use {
    crate::{
        constants::GROUPS,
        error::ExchangeError,
        events::{log, GroupHalted},
        state::Shard,
    },
    anchor_lang::prelude::*,
};

/// Permissionless: a halt that one shard knows is everybody's.
#[derive(Accounts)]
pub struct PropagateHalt {
    #[account(mut, constraint = shard_0.index == 0 @ ExchangeError::WrongShard)]
    pub shard_0: Account<Shard>,
    #[account(mut, constraint = shard_1.index == 1 @ ExchangeError::WrongShard)]
    pub shard_1: Account<Shard>,
    #[account(mut, constraint = shard_2.index == 2 @ ExchangeError::WrongShard)]
    pub shard_2: Account<Shard>,
    #[account(mut, constraint = shard_3.index == 3 @ ExchangeError::WrongShard)]
    pub shard_3: Account<Shard>,
}

impl PropagateHalt {
    /// Copy a group's longest halt to every shard. The trade that tripped a breaker halted the group in its own shard at
    /// once; this reaches the markets of the other three.
    pub fn propagate_halt(&mut self, group: u8) -> Result<()> {
        let in_range = (1..GROUPS).contains(&usize::from(group));
        require!(in_range, ExchangeError::BadGroup);
        let group = u32::from(group);
        let Self {
            shard_0,
            shard_1,
            shard_2,
            shard_3,
        } = self;
        let mut shards: [&mut Shard; 4] = [shard_0, shard_1, shard_2, shard_3];
        let longest = shards.iter().map(|shard| shard.halted_until(group)).max();
        let until_slot = longest.unwrap_or(0);
        for shard in &mut shards {
            shard.halt(group, until_slot);
        }
        log(GroupHalted {
            group: u64::from(group),
            until_slot,
        });
        Ok(())
    }
}
