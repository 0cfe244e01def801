//! MMT, stakes, keepers and their tasks.

use anchor_lang::prelude::*;

#[event(bytemuck)]
pub struct MmtInitialized {
    pub mint: Address,
    pub sink: Address,
    pub start_slot: u64,
    pub pool: u64,
}

#[event(bytemuck)]
pub struct StakeOpened {
    pub stake: Address,
    pub owner: Address,
}

#[event(bytemuck)]
pub struct StakeClosed {
    pub stake: Address,
    pub owner: Address,
}

/// MMT was staked, unstaked or withdrawn; billionths of a token.
#[event(bytemuck)]
pub struct StakeMoved {
    pub stake: Address,
    pub staked: u64,
    pub unstaked: u64,
    pub withdrawn: u64,
    pub amount: u64,
    pub weight: u64,
    pub unbonding: u64,
    pub unlock_slot: u64,
}

/// Rewards left the reward vault, for a stake or a keeper.
#[event(bytemuck)]
pub struct RewardsPaid {
    pub payee: Address,
    pub amount: u64,
}

#[event(bytemuck)]
pub struct KeeperRegistered {
    pub keeper: Address,
    pub authority: Address,
    pub beneficiary: Address,
    pub bond: u64,
    pub tier: u64,
}

/// A keeper was suspended, resumed or unregistered.
#[event(bytemuck)]
pub struct KeeperChanged {
    pub keeper: Address,
    pub bond: u64,
    pub unlock_slot: u64,
    /// 0 on duty, 1 suspended, 2 leaving.
    pub status: u32,
    pub listed: u32,
}

/// A keeper left; its bond went to the beneficiary, what was slashed into the sink.
#[event(bytemuck)]
pub struct BondReturned {
    pub keeper: Address,
    pub returned: u64,
    pub sunk: u64,
}

#[event(bytemuck)]
pub struct TaskPosted {
    pub task: Address,
    pub subject: Address,
    pub poster: Address,
    pub priority: u64,
    pub sequence: u64,
    pub reward: u64,
    /// 0 liquidation, 1 stop loss, 2 price update, 3 resolution, 4 pruning.
    pub kind: u64,
}

#[event(bytemuck)]
pub struct TaskClaimed {
    pub task: Address,
    pub keeper: Address,
    pub priority: u64,
    pub deadline_slot: u64,
}

#[event(bytemuck)]
pub struct TaskCompleted {
    pub task: Address,
    pub keeper: Address,
    pub reward: u64,
    pub response_slots: u64,
}

/// A keeper gave a task up (`missed` 0) or lost it after the deadline (1).
#[event(bytemuck)]
pub struct TaskReopened {
    pub task: Address,
    pub keeper: Address,
    pub penalty: u64,
    pub missed: u64,
}

#[event(bytemuck)]
pub struct TaskClosed {
    pub task: Address,
    pub returned: u64,
    pub done: u64,
}
