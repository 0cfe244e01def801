//! Builders for what has several legs, and for what keepers do.

use {
    super::ix::{build, r, rs, trade_accounts, w, words, ws},
    crate::{
        address as at,
        layout::{LEVERAGED, SPOT},
    },
    solana_address::Address,
    solana_instruction::{AccountMeta, Instruction},
};

/// A spot trade of a batch: its market, outcome, shares and limit.
#[derive(Clone, Copy, Debug)]
pub struct BatchTrade {
    pub market: u64,
    pub outcome: u8,
    /// 0 buy, 1 sell.
    pub side: u8,
    pub shares: u64,
    pub limit: u64,
}

pub fn batch(owner: Address, trades: &[BatchTrade]) -> Instruction {
    let mut accounts = vec![rs(owner), w(at::trader(&owner))];
    let mut data = (trades.len() as u32).to_le_bytes().to_vec();
    for trade in trades {
        accounts.extend(trade_accounts(owner, trade.market, trade.outcome, SPOT).split_off(2));
        data.extend(words(&[trade.shares, trade.limit]));
        data.push(trade.side);
    }
    build(at::EXCHANGE, "batch", accounts, &[&data])
}

/// A purchase of a chain.
#[derive(Clone, Copy, Debug)]
pub struct LegOrder {
    pub market: u64,
    pub outcome: u8,
    pub shares: u64,
    pub leverage_x100: u16,
}

fn legs(markets: impl IntoIterator<Item = u64>, feed: Address) -> Vec<AccountMeta> {
    let of = |id| [w(at::market(id)), w(at::shard(at::shard_of(id))), r(feed)];
    markets.into_iter().flat_map(of).collect()
}

pub fn create_chain(owner: Address, id: u64) -> Instruction {
    let trader = at::trader(&owner);
    let accounts = vec![ws(owner), w(trader), w(at::chain(&trader, id)), r(at::SYSTEM)];
    build(at::EXCHANGE, "create_chain", accounts, &[&words(&[id])])
}

pub fn close_chain(owner: Address, id: u64) -> Instruction {
    let trader = at::trader(&owner);
    let accounts = vec![ws(owner), w(trader), w(at::chain(&trader, id))];
    build(at::EXCHANGE, "close_chain", accounts, &[])
}

pub fn open_chain(
    owner: Address,
    id: u64,
    feed: Address,
    orders: &[LegOrder],
    max_payment: u64,
) -> Instruction {
    let trader = at::trader(&owner);
    let mut accounts = vec![rs(owner), w(trader), w(at::chain(&trader, id))];
    accounts.extend(legs(orders.iter().map(|order| order.market), feed));
    let mut data = (orders.len() as u32).to_le_bytes().to_vec();
    for order in orders {
        data.extend(order.shares.to_le_bytes());
        data.extend(order.leverage_x100.to_le_bytes());
        data.push(order.outcome);
    }
    build(
        at::EXCHANGE,
        "open_chain",
        accounts,
        &[&data, &words(&[max_payment])],
    )
}

pub fn unwind_chain(
    owner: Address,
    id: u64,
    feed: Address,
    markets: &[u64],
    min_proceeds: u64,
) -> Instruction {
    let trader = at::trader(&owner);
    let mut accounts = vec![rs(owner), w(trader), w(at::chain(&trader, id))];
    accounts.extend(legs(markets.iter().copied(), feed));
    build(at::EXCHANGE, "unwind_chain", accounts, &[&words(&[min_proceeds])])
}

pub fn redeem_leg(owner: Address, id: u64, market: u64, index: u8) -> Instruction {
    let trader = at::trader(&owner);
    let accounts = vec![
        w(trader),
        w(at::market(market)),
        w(at::shard(at::shard_of(market))),
        w(at::chain(&trader, id)),
    ];
    build(at::EXCHANGE, "redeem_leg", accounts, &[&[index]])
}

pub fn propagate_halt(group: u8) -> Instruction {
    let accounts = (0..4).map(|i| w(at::shard(i))).collect();
    build(at::EXCHANGE, "propagate_halt", accounts, &[&[group]])
}

/// A keeper's signature and trader account.
fn keeper(owner: Address) -> Vec<AccountMeta> {
    vec![rs(owner), w(at::trader(&owner))]
}

pub fn liquidate(by: Address, owner: Address, market: u64, outcome: u8, shares: u64) -> Instruction {
    let mut accounts = keeper(by);
    accounts.extend(trade_accounts(owner, market, outcome, LEVERAGED).split_off(1));
    build(at::EXCHANGE, "liquidate", accounts, &[&words(&[shares])])
}

pub fn take_over(by: Address, owner: Address, market: u64, outcome: u8) -> Instruction {
    Instruction {
        data: build(at::EXCHANGE, "take_over", vec![], &[]).data,
        ..liquidate(by, owner, market, outcome, 0)
    }
}

pub fn take_over_chain(by: Address, owner: Address, id: u64, feed: Address, markets: &[u64]) -> Instruction {
    Instruction {
        data: build(at::EXCHANGE, "take_over_chain", vec![], &[]).data,
        ..liquidate_chain(by, owner, id, feed, markets, 0)
    }
}

pub fn liquidate_chain(
    by: Address,
    owner: Address,
    id: u64,
    feed: Address,
    markets: &[u64],
    part_ppm: u32,
) -> Instruction {
    let trader = at::trader(&owner);
    let mut accounts = keeper(by);
    accounts.extend([w(trader), w(at::chain(&trader, id))]);
    accounts.extend(legs(markets.iter().copied(), feed));
    build(
        at::EXCHANGE,
        "liquidate_chain",
        accounts,
        &[&part_ppm.to_le_bytes()],
    )
}

/// What a standing order says; 0 stops a loss, 1 takes a profit.
#[derive(Clone, Copy, Debug)]
pub struct StopTerms {
    pub side: u8,
    pub shares: u64,
    pub tip: u64,
    pub trigger_q28: u32,
    pub limit_q28: u32,
}

fn position_of(owner: Address, market: u64, outcome: u8, kind: u8) -> Address {
    at::position(&at::trader(&owner), &at::market(market), outcome, kind)
}

pub fn place_stop(owner: Address, market: u64, outcome: u8, kind: u8, terms: &StopTerms) -> Instruction {
    let position = position_of(owner, market, outcome, kind);
    let accounts = vec![
        ws(owner),
        r(at::trader(&owner)),
        r(position),
        w(at::stop(&position, terms.side)),
        r(at::SYSTEM),
    ];
    let data: [&[u8]; 4] = [
        &[terms.side],
        &words(&[terms.shares, terms.tip]),
        &terms.trigger_q28.to_le_bytes(),
        &terms.limit_q28.to_le_bytes(),
    ];
    build(at::EXCHANGE, "place_stop", accounts, &data)
}

/// Signed by the owner; [`clear_stop`] is the same without a signature.
pub fn cancel_stop(owner: Address, market: u64, outcome: u8, kind: u8, side: u8) -> Instruction {
    let position = position_of(owner, market, outcome, kind);
    let accounts = vec![ws(owner), w(at::stop(&position, side)), r(position)];
    build(at::EXCHANGE, "cancel_stop", accounts, &[])
}

pub fn clear_stop(owner: Address, market: u64, outcome: u8, kind: u8, side: u8) -> Instruction {
    let mut instruction = cancel_stop(owner, market, outcome, kind, side);
    instruction.accounts[0].is_signer = false;
    instruction
}

pub fn execute_stop(
    by: Address,
    owner: Address,
    market: u64,
    outcome: u8,
    kind: u8,
    side: u8,
) -> Instruction {
    let position = position_of(owner, market, outcome, kind);
    let mut accounts = keeper(by);
    accounts.push(w(owner));
    accounts.extend(trade_accounts(owner, market, outcome, kind).split_off(1));
    accounts.push(w(at::stop(&position, side)));
    build(at::EXCHANGE, "execute_stop", accounts, &[])
}
