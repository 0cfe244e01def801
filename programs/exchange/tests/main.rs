//! The exchange, specified by what it does inside the chain's virtual machine. One file a verb.
#![allow(clippy::arithmetic_side_effects)] // an overflow in a test is a failing test

mod addresses;
mod admin;
mod archive_market;
mod archive_positions;
mod archive_property;
mod batch;
mod buy;
mod cascade;
mod cascade_drill;
mod chain;
mod close;
mod close_market;
mod close_position;
mod collusion;
mod collusion_calls;
mod create_market;
mod create_position;
mod cu;
mod cu_archive;
mod cu_bootstrap;
mod decay;
mod deposit;
mod fold;
mod guards;
mod halt;
mod initialize;
mod invariants;
mod legs;
mod liquidate;
mod liquidate_chain;
mod liquidate_chain_settled;
mod liquidate_property;
mod liquidate_split;
mod liquidity;
mod open;
mod open_archive;
mod open_chain;
mod pm_amm;
mod propagate_halt;
mod redeem;
mod redeem_archived;
mod resolve;
mod restore_position;
mod sell;
mod stop;
mod stop_life;
mod take_over;

mod take_over_chain;
mod trader;
mod unwind_chain;
mod verify_leaf;
mod void;
mod withdraw;

mod claim_bootstrap;
mod claim_rewards;
mod claim_task;
mod close_task;
mod complete_task;
mod cu_keepers;
mod cu_liquidation;
mod fail_task;
mod initialize_mmt;
mod keeper_duty;
mod keeper_invariants;
mod lock_liquidity;
mod open_bootstrap;
mod post_task;
mod register_keeper;
mod stake;
mod withdraw_bond;

use harness::{
    math::{fees, lmsr, lmsr::Liquidity, risk, Collateral6, Ppm, PriceQ28, Shares6},
    *,
};

/// What a trade should do, computed on the host.
struct Quote {
    market: Market,
    notional: u64,
    fee: u64,
}

impl Quote {
    /// The market after its shares of an outcome have become so many, at this time.
    fn repriced(market: &Market, outcome: u8, shares: u64, now_s: i64) -> (Market, Liquidity) {
        let mut after = *market;
        let index = usize::from(outcome);
        after.reference[index] = reference(market, index, now_s);
        after.traded_s[index] = now_s as u32;
        after.shares[index] = shares;
        let outstanding = &after.shares[..usize::from(market.outcomes)];
        let liquidity = Liquidity::new(Collateral6::new(market.b)).unwrap();
        after.escrow = liquidity.cost(outstanding).unwrap().raw();
        after.claim_floor = after.escrow - outstanding.iter().max().unwrap();
        after.claim_ceiling = after.escrow - outstanding.iter().min().unwrap();
        (after, liquidity)
    }

    fn fee(notional: Collateral6, shard: &Shard) -> u64 {
        fees::fee(notional, Ppm::new(shard.fee_ppm)).unwrap().raw()
    }

    /// Buying shares of an outcome now.
    fn purchase(world: &World, market: u64, outcome: u8, shares: u64) -> Self {
        let (market, shard) = (&world.market_state(market), &world.shard_of(market));
        let shares = market.shares[usize::from(outcome)] + shares;
        let (after, l) = Self::repriced(market, outcome, shares, world.now_s());
        let (old, new) = (Collateral6::new(market.escrow), Collateral6::new(after.escrow));
        let notional = lmsr::buy_cost(old, new, &l).unwrap();
        Self {
            market: after,
            notional: notional.raw(),
            fee: Self::fee(notional, shard),
        }
    }

    /// Selling shares of an outcome now.
    fn sale(world: &World, market: u64, outcome: u8, shares: u64) -> Self {
        let (market, shard) = (&world.market_state(market), &world.shard_of(market));
        let shares = market.shares[usize::from(outcome)] - shares;
        let (after, l) = Self::repriced(market, outcome, shares, world.now_s());
        let (old, new) = (Collateral6::new(market.escrow), Collateral6::new(after.escrow));
        let notional = lmsr::sell_proceeds(old, new, &l).unwrap();
        Self {
            market: after,
            notional: notional.raw(),
            fee: Self::fee(notional, shard).min(notional.raw()),
        }
    }
}

/// An outcome's shares as they were in the last minute.
fn reference(market: &Market, outcome: usize, now_s: i64) -> u64 {
    let elapsed_s = now_s as u64 - u64::from(market.traded_s[outcome]);
    risk::follow(market.reference[outcome], market.shares[outcome], elapsed_s)
}

/// What a loan costs: the part of it that is lost on average, at the lower of the fill's price and the last minute's.
fn premium(world: &World, market: u64, outcome: u8, shares: u64, notional: u64, debt: u64) -> u64 {
    let state = world.market_state(market);
    let outcomes = usize::from(state.outcomes);
    let references: Vec<u64> = (0..outcomes)
        .map(|i| reference(&state, i, world.now_s()))
        .collect();
    let liquidity = Liquidity::new(Collateral6::new(state.b)).unwrap();
    let then: PriceQ28 = liquidity.price_floor(&references, usize::from(outcome)).unwrap();
    let fill = risk::fill_price(Collateral6::new(notional), Shares6::new(shares)).unwrap();
    risk::premium(Collateral6::new(debt), then.min(fill))
        .unwrap()
        .raw()
}

/// The shard after a trade that earned the vault `income`.
fn booked(shard: &Shard, before: &Market, quote: &Quote, income: u64) -> Shard {
    Shard {
        cash: shard.cash + income,
        fees: shard.fees + income,
        volume: shard.volume + quote.notional,
        claim_floor: shard.claim_floor - before.claim_floor + quote.market.claim_floor,
        claim_ceiling: shard.claim_ceiling - before.claim_ceiling + quote.market.claim_ceiling,
        ..*shard
    }
}

#[test]
fn the_error_codes_are_those_that_the_source_declares() {
    assert_eq!(
        error::declared(include_str!("../src/error.rs")),
        ExchangeError::NAMES
    );
}
