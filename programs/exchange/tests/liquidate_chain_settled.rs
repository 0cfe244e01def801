//! Legs of a called chain whose markets close before the others': settled ones are paid out, waiting ones stay.

use harness::{model, *};

use super::liquidate_chain::{Chained, ID};

/// Let one leg's market close before the others.
fn closes_early(chained: &mut Chained, leg: usize) {
    let market = address::market(chained.markets[leg]);
    chained
        .world
        .edit::<Market>(&market, |m| m.close_ms -= HOUR_MS / 2);
}

#[test]
fn a_settled_leg_is_paid_out_on_the_way() {
    for price in [99, 101] {
        let mut chained = Chained::called();
        closes_early(&mut chained, 2);
        let settled = chained.markets[2];
        chained.world.settle(settled, price * UNIT);
        let mut twin = chained.world.clone();
        let owner = chained.party.owner;
        twin.does(&ix::redeem_leg(owner, ID, settled, 2));
        let whole = chained.part(1_000_000);
        let mut rest = whole.clone();
        rest.accounts.truncate(rest.accounts.len() - 3);
        // healthy or not: one is refused where the other is
        match twin.send(&rest) {
            Ok(_) => drop(chained.world.does(&whole)),
            Err(failed) => assert_eq!(chained.world.send(&whole).unwrap_err().err, failed.err),
        }
        let with = |world: &World| (world.trader(&chained.party), world.trader(&chained.keeper));
        if chained.world.chain(&chained.party, ID).legs[0].shares == 0 {
            assert_eq!(with(&chained.world), with(&twin));
        }
    }
}

#[test]
fn a_leg_whose_market_waits_for_its_settlement_counts_and_stays() {
    let mut chained = Chained::called();
    closes_early(&mut chained, 0);
    let waiting = chained.markets[0];
    chained.world.pass_close(waiting);
    let before = chained.world.chain_loans(&chained.party, ID);
    let instruction = chained.part(300_000);
    let event = chained.world.does(&instruction).event::<ChainLiquidated>();
    assert_eq!(event.legs, 2);
    let after = chained.world.chain_loans(&chained.party, ID);
    assert_eq!(
        (after[0].shares, after[0].debt),
        (before[0].shares, before[0].debt)
    );
    for leg in [1, 2] {
        assert_eq!(
            after[leg].shares,
            before[leg].shares - model::part_of(before[leg].shares, 300_000)
        );
    }
    // nothing but waiting legs is nothing to sell
    let alone = ix::liquidate_chain(
        chained.keeper.owner,
        chained.party.owner,
        ID,
        chained.world.feed,
        &chained.markets,
        1_000_000,
    );
    for leg in [1, 2] {
        let market = address::market(chained.markets[leg]);
        let close_ms = chained.world.market_state(waiting).close_ms;
        chained.world.edit::<Market>(&market, |m| m.close_ms = close_ms);
    }
    chained.world.refuses(&alone, ExchangeError::MarketClosed);
}
