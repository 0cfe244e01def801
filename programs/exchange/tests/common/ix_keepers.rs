//! The builders of MMT's and the keepers' instructions.

use {
    crate::{
        address as at,
        ix::{build, r, rs, w, words, ws},
        layout::Registry,
    },
    solana_address::Address,
    solana_instruction::{AccountMeta, Instruction},
};

#[derive(Clone, Copy, Debug)]
pub struct MmtRules {
    pub rates: [u64; 8],
    pub tiers: [u64; 3],
    pub task_rewards: [u64; 5],
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

/// One MMT.
pub const MMT: u64 = 1_000_000_000;

/// Half of the pool in the first season, then half of that and so on; a fifth of it for keepers.
pub const MMT_RULES: MmtRules = MmtRules {
    rates: [
        128_600_000,
        64_300_000,
        32_150_000,
        16_075_000,
        8_037_500,
        4_018_750,
        2_009_375,
        1_004_687,
    ],
    tiers: [1_000 * MMT, 10_000 * MMT, 100_000 * MMT],
    task_rewards: [0, MMT / 100, MMT / 10, MMT / 5, MMT / 50],
    min_bond: 100 * MMT,
    cooldown_slots: 1_000,
    claim_slots: 20,
    exclusive_slots: 4,
    max_claims: 8,
    heartbeat_slots: 150,
    suspension_slots: 300,
    expiry_slots: 5_000,
    prune_age_s: 30 * 24 * 60 * 60,
    keepers_ppm: 200_000,
};

impl MmtRules {
    /// The registry as these rules make it.
    pub fn registry(&self) -> Registry {
        Registry {
            count: 0,
            claim_slots: self.claim_slots,
            exclusive_slots: self.exclusive_slots,
            max_claims: self.max_claims,
            heartbeat_slots: self.heartbeat_slots,
            suspension_slots: self.suspension_slots,
            expiry_slots: self.expiry_slots,
            prune_age_s: self.prune_age_s,
            min_bond: self.min_bond,
            keepers: [[0; 32]; 128],
        }
    }
}

fn exchange(name: &str, accounts: Vec<AccountMeta>, data: &[&[u8]]) -> Instruction {
    build(at::EXCHANGE, name, accounts, data)
}

pub fn initialize_mmt(
    admin: Address,
    mint: Address,
    source: Address,
    sink: Address,
    rules: &MmtRules,
) -> Instruction {
    let accounts = vec![
        ws(admin),
        r(at::config()),
        w(at::season()),
        w(at::registry()),
        w(at::stake_vault()),
        w(at::reward_vault()),
        r(mint),
        w(source),
        r(sink),
        r(at::TOKEN),
        r(at::SYSTEM),
    ];
    let scalars = words(&[
        rules.min_bond,
        rules.cooldown_slots,
        rules.claim_slots,
        rules.exclusive_slots,
        rules.max_claims,
        rules.heartbeat_slots,
        rules.suspension_slots,
        rules.expiry_slots,
        rules.prune_age_s,
    ]);
    let data: [&[u8]; 5] = [
        &words(&rules.rates),
        &words(&rules.tiers),
        &words(&rules.task_rewards),
        &scalars,
        &rules.keepers_ppm.to_le_bytes(),
    ];
    exchange("initialize_mmt", accounts, &data)
}

pub fn create_stake(owner: Address) -> Instruction {
    let accounts = vec![ws(owner), r(at::season()), w(at::stake(&owner)), r(at::SYSTEM)];
    exchange("create_stake", accounts, &[])
}

pub fn close_stake(owner: Address) -> Instruction {
    exchange("close_stake", vec![ws(owner), w(at::stake(&owner))], &[])
}

pub fn stake(owner: Address, source: Address, mint: Address, amount: u64) -> Instruction {
    let accounts = vec![
        rs(owner),
        w(at::stake(&owner)),
        w(at::season()),
        w(source),
        w(at::stake_vault()),
        r(mint),
        r(at::TOKEN),
    ];
    exchange("stake", accounts, &[&words(&[amount])])
}

pub fn unstake(owner: Address, amount: u64) -> Instruction {
    let accounts = vec![rs(owner), w(at::stake(&owner)), w(at::season())];
    exchange("unstake", accounts, &[&words(&[amount])])
}

pub fn withdraw_stake(owner: Address, destination: Address, mint: Address) -> Instruction {
    let accounts = vec![
        rs(owner),
        w(at::stake(&owner)),
        r(at::season()),
        w(destination),
        w(at::stake_vault()),
        r(mint),
        r(at::TOKEN),
    ];
    exchange("withdraw_stake", accounts, &[])
}

fn claim(name: &str, signer: Address, account: Address, to: Address, mint: Address) -> Instruction {
    let accounts = vec![
        rs(signer),
        w(account),
        w(at::season()),
        w(to),
        w(at::reward_vault()),
        r(mint),
        r(at::TOKEN),
    ];
    exchange(name, accounts, &[])
}

pub fn claim_rewards(owner: Address, destination: Address, mint: Address) -> Instruction {
    claim("claim_rewards", owner, at::stake(&owner), destination, mint)
}

pub fn claim_keeper_rewards(principal: Address, keeper: Address, to: Address, mint: Address) -> Instruction {
    claim("claim_keeper_rewards", principal, keeper, to, mint)
}

pub fn register_keeper(
    authority: Address,
    source: Address,
    mint: Address,
    bond: u64,
    beneficiary: Address,
) -> Instruction {
    let accounts = vec![
        ws(authority),
        w(at::keeper(&authority)),
        w(at::registry()),
        r(at::season()),
        w(source),
        w(at::stake_vault()),
        r(mint),
        r(at::TOKEN),
        r(at::SYSTEM),
    ];
    let data: [&[u8]; 2] = [&bond.to_le_bytes(), beneficiary.as_ref()];
    exchange("register_keeper", accounts, &data)
}

pub fn heartbeat(authority: Address) -> Instruction {
    exchange("heartbeat", vec![rs(authority), w(at::keeper(&authority))], &[])
}

pub fn suspend_keeper(keeper: Address) -> Instruction {
    exchange("suspend_keeper", vec![w(keeper), w(at::registry())], &[])
}

fn duty(name: &str, principal: Address, keeper: Address) -> Instruction {
    let accounts = vec![rs(principal), w(keeper), w(at::registry()), r(at::season())];
    exchange(name, accounts, &[])
}

pub fn resume_keeper(authority: Address) -> Instruction {
    duty("resume_keeper", authority, at::keeper(&authority))
}

pub fn unregister_keeper(principal: Address, keeper: Address) -> Instruction {
    duty("unregister_keeper", principal, keeper)
}

pub fn withdraw_bond(authority: Address, destination: Address, sink: Address, mint: Address) -> Instruction {
    let accounts = vec![
        w(authority),
        w(at::keeper(&authority)),
        r(at::season()),
        w(destination),
        w(at::stake_vault()),
        w(sink),
        r(mint),
        r(at::TOKEN),
    ];
    exchange("withdraw_bond", accounts, &[])
}

pub fn post_task(poster: Address, kind: u8, subject: Address, related: Address) -> Instruction {
    let accounts = vec![
        ws(poster),
        w(at::season()),
        r(at::registry()),
        r(subject),
        r(related),
        w(at::task(&subject, kind)),
        r(at::SYSTEM),
    ];
    exchange("post_task", accounts, &[&[kind]])
}

pub fn claim_task(authority: Address, kind: u8, subject: Address) -> Instruction {
    let accounts = vec![
        rs(authority),
        w(at::keeper(&authority)),
        w(at::task(&subject, kind)),
        r(at::registry()),
        r(subject),
    ];
    exchange("claim_task", accounts, &[])
}

pub fn complete_task(authority: Address, kind: u8, subject: Address) -> Instruction {
    let accounts = vec![
        rs(authority),
        w(at::keeper(&authority)),
        w(at::task(&subject, kind)),
        r(subject),
    ];
    exchange("complete_task", accounts, &[])
}

pub fn fail_task(authority: Address, kind: u8, subject: Address) -> Instruction {
    let accounts = vec![
        rs(authority),
        w(at::keeper(&authority)),
        w(at::task(&subject, kind)),
        r(at::registry()),
    ];
    exchange("fail_task", accounts, &[])
}

pub fn expire_claim(keeper: Address, kind: u8, subject: Address) -> Instruction {
    let accounts = vec![w(at::task(&subject, kind)), w(keeper), r(at::registry())];
    exchange("expire_claim", accounts, &[])
}

pub fn close_task(poster: Address, kind: u8, subject: Address) -> Instruction {
    let accounts = vec![
        w(poster),
        w(at::task(&subject, kind)),
        w(at::season()),
        r(at::registry()),
        r(subject),
    ];
    exchange("close_task", accounts, &[])
}
