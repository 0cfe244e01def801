//! Accounts and events as they lie in memory, written down once more: a field that moves fails these tests.

use {
    bytemuck::{Pod, Zeroable},
    sha2::{Digest, Sha256},
    solana_address::Address,
};

pub const SPOT: u8 = 0;
pub const LEVERAGED: u8 = 1;
pub const OPEN: u8 = 0;
pub const RESOLVED: u8 = 1;
pub const VOIDED: u8 = 2;

/// The first eight bytes of an account, an event, or an instruction.
pub fn tag(namespace: &str, name: &str) -> [u8; 8] {
    Sha256::digest(format!("{namespace}:{name}"))[..8]
        .try_into()
        .unwrap()
}

/// Something that a program writes with its discriminator in front.
pub trait Tagged: Pod {
    fn tag() -> [u8; 8];
}

macro_rules! tagged {
    ($namespace:literal: $($name:ident { $($field:ident: $kind:ty,)* })*) => {$(
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
        #[repr(C)]
        pub struct $name { $(pub $field: $kind,)* }

        impl Tagged for $name {
            fn tag() -> [u8; 8] {
                tag($namespace, stringify!($name))
            }
        }
    )*};
}

/// An address that may be printed, copied and compared.
pub type Key = [u8; 32];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Breaker {
    pub max_volume: u64,
    pub max_move_q28: u32,
    pub max_liquidation_ppm: u32,
    pub window_slots: u32,
    pub cooldown_slots: u32,
    pub window_slot: u64,
    pub volume: u64,
    pub liquidated: u64,
    pub halted_until_slot: u64,
    pub anchor_q28: [u32; 16],
    pub fill_q28: [u32; 16],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Leg {
    pub market: Key,
    pub shares: u64,
    pub cost: u64,
    pub debt: u64,
    pub opened_slot: u64,
    pub outcome: u8,
    pub kind: u8,
    pub reserved: [u8; 2],
    pub generation: u32,
}

tagged! { "account":
    Feed {
        publisher: Key, authority: Key, id: [u8; 32], count: u64, sequence: u64, price: u64, confidence: u64, slot: u64,
        timestamp_ms: u64, max_age_s: u32, exponent: i32, history: [[u64; 2]; 256],
    }
    Config {
        admin: Key, operator: Key, mint: Key, min_coverage_q32: u64, fee_base_ppm: u32, fee_slope_ppm: u32,
        max_subsidy_ppm: u32, reserved: u32, partial_ppm: u32, keeper_ppm: u32, insurance_ppm: u32, slot_ppm: u32,
    }
    Vault {
        token_account: Key, cash: u64, lp_supply: u64, folded_slot: u64, bump: u8, token_bump: u8, reserved: [u8; 6],
    }
    Shard {
        cash: u64, debt: u64, debt_at_risk: u64, claim_floor: u64, claim_ceiling: u64, coverage_q32: u64,
        min_coverage_q32: u64, fees: u64, volume: u64, bad_debt: u64, fee_ppm: u32, index: u32, insurance: u64,
        partial_ppm: u32, keeper_ppm: u32, insurance_ppm: u32, slot_ppm: u32, halts: [u64; 64],
        launch_credits: u64, early_trades: u64, min_fee: u64, max_fee: u64, reserve: u64,
    }
    Trader { owner: Key, balance: u64, lp_shares: u64, positions: u64, credit: u64, }
    Market {
        feed: Key, rent_payer: Key, id: u64, close_ms: u64, b: u64, log2e_over_b: u64, liquidity_shift: u64, escrow: u64,
        claim_floor: u64, claim_ceiling: u64, debt_at_risk: u64, max_debt_at_risk: u64, settlement_price: u64, shares: [u64; 16],
        total_debt: u64, debt: [u64; 16], reference: [u64; 16], traded_s: [u32; 16], strikes: [u64; 16], positions: u64, shard: u32, outcomes: u8, status: u8, winner: u8,
        curve: u8, opened_ms: u64, full_liquidity: u64, delta_offset: i64, feed_one: u64, max_divergence_q28: u32,
        group: u32, breaker: Breaker, cascade_slot: u64, cascade_sold: u64, cascade_level: u32, cascade_bound: u32,
        taken_shares: [u64; 16], taken_debt: [u64; 16],
    }
    Stop {
        position: Key, owner: Key, shares: u64, tip: u64, trigger_q28: u32, limit_q28: u32, generation: u32, side: u8,
        reserved: [u8; 3],
    }
    Chain { trader: Key, id: u64, count: u64, legs: [Leg; 5], }
    Archive { number: u64, claims: u64, sequence: u64, length: u64, rest: [u8; 89344], }
    Position {
        trader: Key, market: Key, shares: u64, cost: u64, debt: u64, opened_slot: u64, outcome: u8, kind: u8,
        reserved: [u8; 2], generation: u32,
    }
}

tagged! { "event":
    FeedCreated { feed: Key, publisher: Key, authority: Key, }
    PublisherRotated { feed: Key, old: Key, new: Key, }
    Traded {
        trader: Key, market: Key, shares: u64, notional: u64, fee: u64, amount: u64, premium: u64, shortfall: u64, debt: u64,
        escrow: u64, income: u64,
        outcome: u8, side: u8, leverage_x100: u16, reserved: u32,
    }
    Initialized { admin: Key, operator: Key, mint: Key, }
    OperatorSet { old: Key, new: Key, }
    AdminRenounced { admin: Key, }
    TraderOpened { trader: Key, owner: Key, }
    TraderClosed { trader: Key, owner: Key, }
    BalanceMoved { trader: Key, deposited: u64, withdrawn: u64, balance: u64, }
    LiquidityMoved {
        trader: Key, deposited: u64, withdrawn: u64, lp_shares: u64, lp_supply: u64, cash: u64,
    }
    Folded { cash: u64, coverage_q32: u64, fee_ppm: u64, }
    MarketCreated {
        market: Key, feed: Key, id: u64, close_ms: u64, b: u64, subsidy: u64, first_strike: u64, outcomes: u32,
        shard: u32,
    }
    MarketSettled {
        market: Key, price: u64, payable: u64, residue: u64, bad_debt: u64, taken: u64, drawn: u64, winner: u32,
        voided: u32,
    }
    MarketRemoved { market: Key, swept: u64, }
    PositionOpened { position: Key, trader: Key, market: Key, outcome: u32, kind: u32, }
    PositionClosed { position: Key, }
    ArchiveOpened { archive: Key, number: u64, }
    PositionArchived { archive: u64, index: u64, sequence: u64, content: [u8; 104], done: u64, }
    MarketArchived { archive: u64, index: u64, sequence: u64, market: Key, content: [u8; 1256], }
    PositionRestored { archive: u64, index: u64, sequence: u64, position: Key, trader: Key, }
    ArchivedRedeemed { archive: u64, index: u64, sequence: u64, trader: Key, market: Key, }
    MarketHalted {
        market: Key, until_slot: u64, volume: u64, liquidated: u64, fill_q28: u32, reason: u32, group: u64,
    }
    GroupHalted { group: u64, until_slot: u64, }
    LiquidityReleased { market: Key, liquidity: u64, released: u64, escrow: u64, }
    ShardCreated { shard: Key, index: u64, }
    ChainCreated { chain: Key, trader: Key, id: u64, }
    ChainClosed { chain: Key, }
    ChainOpened { chain: Key, trader: Key, legs: u64, notional: u64, payment: u64, debt: u64, }
    ChainUnwound {
        chain: Key, trader: Key, legs: u64, proceeds: u64, repaid: u64, amount: u64, shortfall: u64,
    }
    Liquidated {
        source: Key, trader: Key, market: Key, keeper: Key, shares: u64, notional: u64, fee: u64, reward: u64, insured: u64,
        repaid: u64, amount: u64, debt: u64, left: u64, escrow: u64, income: u64, mark_q28: u32,
        outcome: u8, severity: u8, reserved: u16,
    }
    ChainLiquidated {
        chain: Key, trader: Key, keeper: Key, legs: u64, notional: u64, reward: u64, insured: u64, repaid: u64, amount: u64,
        severity: u64,
    }
    TakenOver {
        source: Key, trader: Key, market: Key, keeper: Key, shares: u64, debt: u64, sold: u64, notional: u64, fee: u64,
        reward: u64, escrow: u64, income: u64, mark_q28: u32, outcome: u32,
    }
    ChainTakenOver { chain: Key, trader: Key, keeper: Key, legs: u64, value: u64, debt: u64, reward: u64, }
    StopPlaced { position: Key, shares: u64, tip: u64, trigger_q28: u32, limit_q28: u32, side: u64, }
    StopCancelled { position: Key, side: u64, }
    StopExecuted { position: Key, keeper: Key, shares: u64, tip: u64, fill_q28: u32, side: u32, }
    Redeemed { position: Key, trader: Key, market: Key, shares: u64, payout: u64, repaid: u64, }
}

pub fn key(address: &Address) -> Key {
    address.to_bytes()
}

tagged! { "account":
    Season {
        mint: Key, stake_vault: Key, reward_vault: Key, sink: Key, start_slot: u64, updated_slot: u64, rates: [u64; 8],
        emitted: u64, paid: u64, keeper_pot: u64, total_weight: u64, per_weight_q40: u64, carry_q40: u64,
        tiers: [u64; 3], task_rewards: [u64; 5], cooldown_slots: u64, tasks: u64, keepers_ppm: u32, bump: u8,
        reserved: [u8; 3],
    }
    Stake {
        owner: Key, amount: u64, weight: u64, per_weight_q40: u64, rewards: u64, unbonding: u64, unlock_slot: u64,
    }
    Registry {
        count: u64, claim_slots: u64, exclusive_slots: u64, max_claims: u64, heartbeat_slots: u64,
        suspension_slots: u64, expiry_slots: u64, prune_age_s: u64, min_bond: u64, keepers: [Key; 128],
    }
    Keeper {
        authority: Key, beneficiary: Key, bond: u64, slashed: u64, rewards: u64, registered_slot: u64,
        heartbeat_slot: u64, unlock_slot: u64, completed: u64, failed: u64, missed: u64, response_slots: u64,
        claims: u32, misses: u8, tier: u8, status: u8, listed: u8,
    }
    Task {
        subject: Key, poster: Key, claimed_by: Key, priority: u64, value: u64, witness: u64, sequence: u64,
        created_slot: u64, claimed_slot: u64, deadline_slot: u64, done_slot: u64, reserved_mmt: u64, reward: u64,
        kind: u8, urgency: u8, state: u8, padding: [u8; 5],
    }
}

tagged! { "event":
    MmtInitialized { mint: Key, sink: Key, start_slot: u64, pool: u64, }
    StakeOpened { stake: Key, owner: Key, }
    StakeClosed { stake: Key, owner: Key, }
    StakeMoved {
        stake: Key, staked: u64, unstaked: u64, withdrawn: u64, amount: u64, weight: u64, unbonding: u64,
        unlock_slot: u64,
    }
    RewardsPaid { payee: Key, amount: u64, }
    KeeperRegistered { keeper: Key, authority: Key, beneficiary: Key, bond: u64, tier: u64, }
    KeeperChanged { keeper: Key, bond: u64, unlock_slot: u64, status: u32, listed: u32, }
    BondReturned { keeper: Key, returned: u64, sunk: u64, }
    TaskPosted {
        task: Key, subject: Key, poster: Key, priority: u64, sequence: u64, reward: u64, kind: u64,
    }
    TaskClaimed { task: Key, keeper: Key, priority: u64, deadline_slot: u64, }
    TaskCompleted { task: Key, keeper: Key, reward: u64, response_slots: u64, }
    TaskReopened { task: Key, keeper: Key, penalty: u64, missed: u64, }
    TaskClosed { task: Key, returned: u64, done: u64, }
}

tagged! { "account":
    Bootstrap {
        start_slot: u64, end_slot: u64, updated_slot: u64, budget: u64, trade_credits: u64, trade_rate: u64,
        mining_rate: u64, emitted: u64, paid_traders: u64, paid_makers: u64, early_shares: u64, locked: u64,
        total_weight: u64, per_weight_q40: u64, carry_q40: u64,
    }
    Maker {
        trader: Key, shares: u64, early: u64, weight: u64, per_weight_q40: u64, rewards: u64,
    }
}

tagged! { "event":
    BootstrapOpened { start_slot: u64, end_slot: u64, budget: u64, }
    MakerOpened { maker: Key, trader: Key, }
    MakerClosed { maker: Key, trader: Key, }
    LiquidityLocked { maker: Key, locked: u64, unlocked: u64, shares: u64, early: u64, }
    BootstrapPaid { payee: Key, amount: u64, }
}

tagged! { "account":
    Pool {
        owner: Key, mints: [Key; 2], vaults: [Key; 2], lp_mints: [Key; 2], number: u64, ratio: [u64; 2], reserve: [u64; 2],
        fees: [u64; 2], fee_ppm: u32, decimals: [u8; 2], paused: u8, bump: u8,
    }
}

tagged! { "event":
    PoolCreated {
        pool: Key, owner: Key, mint_a: Key, mint_b: Key, number: u64, ratio_a: u64, ratio_b: u64, fee_ppm: u64,
    }
    Deposited { pool: Key, owner: Key, amount: u64, reserve: u64, side: u64, }
    Withdrawn {
        pool: Key, owner: Key, burned: u64, amount: u64, fee: u64, reserve: u64, burned_side: u32, paid_side: u32,
    }
    Swapped {
        pool: Key, owner: Key, paid_in: u64, paid_out: u64, fee: u64, reserve_in: u64, reserve_out: u64, side: u64,
    }
    PauseSet { pool: Key, paused: u64, }
    FeesCollected { pool: Key, fees_a: u64, fees_b: u64, }
    PoolClosed { pool: Key, swept_a: u64, swept_b: u64, }
}
