//! One builder for every instruction: the accounts in order, then the data.

use {
    crate::{
        address as at,
        layout::{tag, LEVERAGED, SPOT},
    },
    solana_address::Address,
    solana_instruction::{AccountMeta, Instruction},
};

#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub min_coverage_q32: u64,
    pub fee_base_ppm: u32,
    pub fee_slope_ppm: u32,
    pub max_subsidy_ppm: u32,
    pub partial_ppm: u32,
    pub keeper_ppm: u32,
    pub insurance_ppm: u32,
    pub slot_ppm: u32,
}

pub const RULES: Rules = Rules {
    min_coverage_q32: 1 << 32,
    fee_base_ppm: 300,
    fee_slope_ppm: 2_500,
    max_subsidy_ppm: 100_000,
    partial_ppm: 300_000,
    keeper_ppm: 10_000,
    insurance_ppm: 5_000,
    slot_ppm: 100_000,
};

#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    pub close_ms: u64,
    pub b: u64,
    pub strikes: [u64; 16],
    pub outcomes: u8,
    /// 0 for the LMSR, 1 for the pm-AMM, 2 for the decaying one.
    pub curve: u8,
    pub group: u8,
    pub max_divergence_ppm: u32,
    pub breaker: Limits,
}

/// A circuit breaker's limits; off while the window is zero.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    pub max_volume: u64,
    pub max_move_ppm: u32,
    pub max_liquidation_ppm: u32,
    pub window_slots: u32,
    pub cooldown_slots: u32,
}

pub use crate::ix_legs::*;

/// price, confidence, sequence, slot, timestamp_ms
pub type Publication = [u64; 5];

pub(crate) fn w(key: Address) -> AccountMeta {
    AccountMeta::new(key, false)
}

pub(crate) fn r(key: Address) -> AccountMeta {
    AccountMeta::new_readonly(key, false)
}

/// Signs and is written.
pub(crate) fn ws(key: Address) -> AccountMeta {
    AccountMeta::new(key, true)
}

pub(crate) fn rs(key: Address) -> AccountMeta {
    AccountMeta::new_readonly(key, true)
}

pub(crate) fn build(program: Address, name: &str, accounts: Vec<AccountMeta>, data: &[&[u8]]) -> Instruction {
    let data = [&tag("global", name)[..]]
        .iter()
        .chain(data)
        .flat_map(|part| part.iter().copied())
        .collect();
    Instruction {
        program_id: program,
        accounts,
        data,
    }
}

pub(crate) fn words(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

pub fn create_feed(
    authority: Address,
    name: &str,
    publisher: Address,
    exponent: i32,
    max_age_s: u32,
) -> Instruction {
    let data: [&[u8]; 4] = [
        &at::feed_id(name),
        publisher.as_ref(),
        &exponent.to_le_bytes(),
        &max_age_s.to_le_bytes(),
    ];
    build(
        at::ORACLE,
        "create_feed",
        vec![ws(authority), w(at::feed(name)), r(at::SYSTEM)],
        &data,
    )
}

pub fn publish(publisher: Address, feed: Address, publication: Publication) -> Instruction {
    build(
        at::ORACLE,
        "publish",
        vec![w(feed), rs(publisher)],
        &[&words(&publication)],
    )
}

pub fn rotate_publisher(authority: Address, feed: Address, publisher: Address) -> Instruction {
    build(
        at::ORACLE,
        "rotate_publisher",
        vec![w(feed), rs(authority)],
        &[publisher.as_ref()],
    )
}

pub fn read(feed: Address, max_age_s: u32) -> Instruction {
    build(at::ORACLE, "read", vec![r(feed)], &[&max_age_s.to_le_bytes()])
}

pub fn initialize(admin: Address, operator: Address, mint: Address, rules: Rules) -> Instruction {
    let accounts = vec![
        ws(admin),
        w(at::config()),
        w(at::vault()),
        w(at::token_vault()),
        r(mint),
        r(at::TOKEN),
        r(at::SYSTEM),
        r(at::EXCHANGE),
        r(at::program_data(&at::EXCHANGE)),
        r(at::ORACLE),
        r(at::program_data(&at::ORACLE)),
    ];
    let parts = [
        rules.fee_base_ppm,
        rules.fee_slope_ppm,
        rules.max_subsidy_ppm,
        rules.partial_ppm,
        rules.keeper_ppm,
        rules.insurance_ppm,
        rules.slot_ppm,
    ];
    let parts: Vec<u8> = parts.iter().flat_map(|part| part.to_le_bytes()).collect();
    let data: [&[u8]; 3] = [operator.as_ref(), &rules.min_coverage_q32.to_le_bytes(), &parts];
    build(at::EXCHANGE, "initialize", accounts, &data)
}

pub fn create_shard(payer: Address, index: u8) -> Instruction {
    let accounts = vec![ws(payer), r(at::config()), w(at::shard(index)), r(at::SYSTEM)];
    build(at::EXCHANGE, "create_shard", accounts, &[&[index]])
}

pub fn set_operator(admin: Address, operator: Address) -> Instruction {
    build(
        at::EXCHANGE,
        "set_operator",
        vec![w(at::config()), rs(admin)],
        &[operator.as_ref()],
    )
}

pub fn renounce_admin(admin: Address) -> Instruction {
    build(
        at::EXCHANGE,
        "renounce_admin",
        vec![w(at::config()), rs(admin)],
        &[],
    )
}

pub fn create_trader(owner: Address) -> Instruction {
    build(
        at::EXCHANGE,
        "create_trader",
        vec![ws(owner), w(at::trader(&owner)), r(at::SYSTEM)],
        &[],
    )
}

pub fn close_trader(owner: Address) -> Instruction {
    build(
        at::EXCHANGE,
        "close_trader",
        vec![ws(owner), w(at::trader(&owner))],
        &[],
    )
}

fn tokens(name: &str, owner: Address, tokens: Address, mint: Address, amount: u64) -> Instruction {
    let accounts = vec![
        rs(owner),
        w(at::trader(&owner)),
        r(at::config()),
        r(at::vault()),
        w(tokens),
        w(at::token_vault()),
        r(mint),
        r(at::TOKEN),
    ];
    build(at::EXCHANGE, name, accounts, &[&words(&[amount])])
}

pub fn deposit(owner: Address, source: Address, mint: Address, amount: u64) -> Instruction {
    tokens("deposit", owner, source, mint, amount)
}

pub fn withdraw(owner: Address, destination: Address, mint: Address, amount: u64) -> Instruction {
    tokens("withdraw", owner, destination, mint, amount)
}

fn ledgers() -> Vec<AccountMeta> {
    let mut accounts = vec![r(at::config()), w(at::vault())];
    accounts.extend((0..4).map(|i| w(at::shard(i))));
    accounts
}

fn liquidity(name: &str, owner: Address, amounts: [u64; 2]) -> Instruction {
    let mut accounts = vec![rs(owner), w(at::trader(&owner))];
    accounts.extend(ledgers());
    build(at::EXCHANGE, name, accounts, &[&words(&amounts)])
}

pub fn provide_liquidity(owner: Address, amount: u64) -> Instruction {
    provide_for(owner, amount, 0)
}

pub fn provide_for(owner: Address, amount: u64, min_lp_shares: u64) -> Instruction {
    liquidity("provide_liquidity", owner, [amount, min_lp_shares])
}

pub fn take_liquidity(owner: Address, lp_shares: u64) -> Instruction {
    take_for(owner, lp_shares, 0)
}

pub fn take_for(owner: Address, lp_shares: u64, min_amount: u64) -> Instruction {
    liquidity("take_liquidity", owner, [lp_shares, min_amount])
}

pub fn fold() -> Instruction {
    build(at::EXCHANGE, "fold", ledgers(), &[])
}

pub fn create_market(operator: Address, id: u64, feed: Address, terms: &Terms) -> Instruction {
    let accounts = vec![
        ws(operator),
        r(at::config()),
        w(at::shard(at::shard_of(id))),
        r(feed),
        w(at::market(id)),
        r(at::SYSTEM),
    ];
    let limits = &terms.breaker;
    let small: Vec<u8> = [
        terms.max_divergence_ppm.to_le_bytes().to_vec(),
        limits.max_volume.to_le_bytes().to_vec(),
        [limits.max_move_ppm, limits.max_liquidation_ppm]
            .iter()
            .chain(&[limits.window_slots, limits.cooldown_slots])
            .flat_map(|word| word.to_le_bytes())
            .collect(),
    ]
    .concat();
    let data: [&[u8]; 4] = [
        &words(&[id, terms.close_ms, terms.b]),
        &words(&terms.strikes),
        &[terms.outcomes, terms.curve, terms.group],
        &small,
    ];
    build(at::EXCHANGE, "create_market", accounts, &data)
}

fn position_of(owner: Address, market: u64, outcome: u8, kind: u8) -> (Address, Address, Address) {
    let (trader, market) = (at::trader(&owner), at::market(market));
    (trader, market, at::position(&trader, &market, outcome, kind))
}

pub fn create_position(owner: Address, market: u64, outcome: u8, kind: u8) -> Instruction {
    let (trader, market, position) = position_of(owner, market, outcome, kind);
    let accounts = vec![ws(owner), w(trader), w(market), w(position), r(at::SYSTEM)];
    build(at::EXCHANGE, "create_position", accounts, &[&[outcome, kind]])
}

pub fn close_position(owner: Address, market: u64, outcome: u8, kind: u8) -> Instruction {
    let (trader, market, position) = position_of(owner, market, outcome, kind);
    build(
        at::EXCHANGE,
        "close_position",
        vec![ws(owner), w(trader), w(market), w(position)],
        &[],
    )
}

pub(crate) fn trade_accounts(owner: Address, market_id: u64, outcome: u8, kind: u8) -> Vec<AccountMeta> {
    let (trader, market, position) = position_of(owner, market_id, outcome, kind);
    vec![
        rs(owner),
        w(trader),
        w(market),
        w(at::shard(at::shard_of(market_id))),
        w(position),
    ]
}

pub fn buy(owner: Address, market: u64, outcome: u8, shares: u64, max_cost: u64) -> Instruction {
    let accounts = trade_accounts(owner, market, outcome, SPOT);
    build(at::EXCHANGE, "buy", accounts, &[&words(&[shares, max_cost])])
}

pub fn sell(owner: Address, market: u64, outcome: u8, shares: u64, min_proceeds: u64) -> Instruction {
    let accounts = trade_accounts(owner, market, outcome, SPOT);
    build(at::EXCHANGE, "sell", accounts, &[&words(&[shares, min_proceeds])])
}

/// What `open` asks for.
#[derive(Clone, Copy, Debug)]
pub struct Loan {
    pub shares: u64,
    pub leverage_x100: u16,
    pub max_payment: u64,
}

pub fn open(owner: Address, market: u64, feed: Address, outcome: u8, loan: Loan) -> Instruction {
    let mut accounts = trade_accounts(owner, market, outcome, LEVERAGED);
    accounts.push(r(feed));
    let Loan {
        shares,
        leverage_x100,
        max_payment,
    } = loan;
    let data: [&[u8]; 3] = [
        &shares.to_le_bytes(),
        &leverage_x100.to_le_bytes(),
        &max_payment.to_le_bytes(),
    ];
    build(at::EXCHANGE, "open", accounts, &data)
}

pub fn close(owner: Address, market: u64, outcome: u8, shares: u64, min_proceeds: u64) -> Instruction {
    let accounts = trade_accounts(owner, market, outcome, LEVERAGED);
    build(
        at::EXCHANGE,
        "close",
        accounts,
        &[&words(&[shares, min_proceeds])],
    )
}

pub fn resolve(market: u64, feed: Address, index: u64) -> Instruction {
    let accounts = vec![w(at::market(market)), w(at::shard(at::shard_of(market))), r(feed)];
    build(at::EXCHANGE, "resolve", accounts, &[&words(&[index])])
}

pub fn void(market: u64) -> Instruction {
    let accounts = vec![w(at::market(market)), w(at::shard(at::shard_of(market)))];
    build(at::EXCHANGE, "void", accounts, &[])
}

pub fn redeem(owner: Address, market: u64, outcome: u8, kind: u8) -> Instruction {
    let accounts = trade_accounts(owner, market, outcome, kind).split_off(1);
    build(at::EXCHANGE, "redeem", accounts, &[])
}

pub fn close_market(market: u64, rent_payer: Address) -> Instruction {
    let accounts = vec![
        w(rent_payer),
        w(at::market(market)),
        w(at::shard(at::shard_of(market))),
    ];
    build(at::EXCHANGE, "close_market", accounts, &[])
}
