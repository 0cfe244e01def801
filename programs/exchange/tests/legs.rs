//! Chains to begin with, and what opening and unwinding them should do.

use {
    crate::{booked, premium, Quote},
    harness::*,
    std::collections::BTreeMap,
};

pub const CHAIN: u64 = 1;

/// A party with an empty chain, and that many fresh markets of two outcomes.
pub fn with_chain(count: usize) -> (World, Party, Vec<u64>) {
    let mut world = World::launched();
    let party = world.party(1_000 * UNIT);
    world.does(&ix::create_chain(party.owner, CHAIN));
    let ids = (0..count).map(|_| world.market(2)).collect();
    (world, party, ids)
}

/// A leg in each market, outcomes in turn.
pub fn orders(ids: &[u64]) -> Vec<ix::LegOrder> {
    let order = |(i, &market): (usize, &u64)| ix::LegOrder {
        market,
        outcome: (i % 2) as u8,
        shares: (20 + 3 * i as u64) * UNIT + 1,
        leverage_x100: 250,
    };
    ids.iter().enumerate().map(order).collect()
}

pub fn open(world: &World, party: &Party, orders: &[ix::LegOrder]) -> Instruction {
    ix::open_chain(party.owner, CHAIN, world.feed, orders, u64::MAX)
}

pub fn unwind(world: &World, party: &Party, ids: &[u64]) -> Instruction {
    ix::unwind_chain(party.owner, CHAIN, world.feed, ids, 0)
}

/// A party whose chain has a leg in each of so many markets.
pub fn with_legs(count: usize) -> (World, Party, Vec<u64>) {
    let (mut world, party, ids) = with_chain(count);
    let open = open(&world, &party, &orders(&ids));
    world.does(&open);
    (world, party, ids)
}

pub fn state(world: &World, party: &Party) -> Chain {
    world.get(&address::chain(&party.trader(), CHAIN))
}

/// The leg's market once it is settled by this price, and its chain's other markets still trading.
pub fn settle_first(world: &mut World, ids: &[u64], price: u64) {
    for &id in &ids[1..] {
        world.edit::<Market>(&address::market(id), |m| m.close_ms += HOUR_MS);
    }
    world.settle(ids[0], price);
}

/// What opening a chain should leave behind.
pub struct Opened {
    pub payment: u64,
    pub notional: u64,
    pub debts: Vec<u64>,
    pub markets: Vec<Market>,
    pub shards: BTreeMap<u8, Shard>,
    pub legs: Vec<Leg>,
}

/// Priced on the host, from the last leg to the first. The legs' markets are all different and without loans.
pub fn opened(world: &World, orders: &[ix::LegOrder]) -> Opened {
    let mut all = Opened {
        payment: 0,
        notional: 0,
        debts: vec![],
        markets: vec![],
        shards: BTreeMap::new(),
        legs: vec![],
    };
    let mut advance = 0;
    for (i, order) in orders.iter().enumerate().rev() {
        let before = world.market_state(order.market);
        let quote = Quote::purchase(world, order.market, order.outcome, order.shares);
        let margin = (quote.notional * 100).div_ceil(u64::from(order.leverage_x100));
        let debt = quote.notional - margin + advance;
        let premium = premium(
            world,
            order.market,
            order.outcome,
            order.shares,
            quote.notional,
            debt,
        );
        let credit = premium + quote.fee;
        let own = if i == 0 { margin } else { 0 };
        let income = quote.notional + credit - (quote.market.escrow - before.escrow);

        let shard = world.shard_of(order.market);
        let known = all.shards.entry(address::shard_of(order.market)).or_insert(shard);
        let after = booked(known, &before, &quote, income);
        *known = Shard {
            cash: after.cash - debt,
            debt: after.debt + debt,
            debt_at_risk: after.debt_at_risk + debt,
            ..after
        };
        let mut market = quote.market;
        market.debt[usize::from(order.outcome)] = debt;
        (market.total_debt, market.debt_at_risk) = (debt, debt);
        market.positions += 1;
        all.markets.insert(0, market);
        all.legs.insert(
            0,
            Leg {
                market: key(&address::market(order.market)),
                shares: order.shares,
                cost: credit + own,
                debt,
                opened_slot: world.slot(),
                outcome: order.outcome,
                kind: LEVERAGED,
                reserved: [0; 2],
                generation: world.slot() as u32,
            },
        );
        all.debts.insert(0, debt);
        all.payment += credit + own;
        all.notional += quote.notional;
        advance = margin;
    }
    all
}
