//! The exchange, specified by what it does inside the chain's virtual machine. One file a verb.
#![allow(clippy::arithmetic_side_effects)] // an overflow in a test is a failing test

mod admin;
mod buy;
mod close;
mod close_market;
mod close_position;
mod collusion;
mod create_market;
mod create_position;
mod cu;
mod deposit;
mod fold;
mod initialize;
mod invariants;
mod liquidity;
mod open;
mod redeem;
mod resolve;
mod sell;
mod trader;
mod void;
mod withdraw;

use harness::{
    math::{fees, lmsr, lmsr::Liquidity, Collateral6, Ppm},
    *,
};

/// What a trade should do, computed on the host.
struct Quote {
    market: Market,
    notional: u64,
    fee: u64,
}

impl Quote {
    fn repriced(market: &Market, outcome: u8, shares: u64) -> (Market, Liquidity) {
        let mut after = *market;
        after.shares[usize::from(outcome)] = shares;
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

    fn purchase(market: &Market, shard: &Shard, outcome: u8, shares: u64) -> Self {
        let (after, l) = Self::repriced(market, outcome, market.shares[usize::from(outcome)] + shares);
        let (old, new) = (Collateral6::new(market.escrow), Collateral6::new(after.escrow));
        let notional = lmsr::buy_cost(old, new, &l).unwrap();
        Self {
            market: after,
            notional: notional.raw(),
            fee: Self::fee(notional, shard),
        }
    }

    fn sale(market: &Market, shard: &Shard, outcome: u8, shares: u64) -> Self {
        let (after, l) = Self::repriced(market, outcome, market.shares[usize::from(outcome)] - shares);
        let (old, new) = (Collateral6::new(market.escrow), Collateral6::new(after.escrow));
        let notional = lmsr::sell_proceeds(old, new, &l).unwrap();
        Self {
            market: after,
            notional: notional.raw(),
            fee: Self::fee(notional, shard).min(notional.raw()),
        }
    }
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
