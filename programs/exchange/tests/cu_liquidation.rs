//! Compute ceilings of calling loans and executing orders, worst case. `--nocapture` prints the tables.

use {
    crate::cu::{venues, within, Bench, WATCHFUL},
    harness::*,
};

/// A market of that many outcomes in which somebody's hundred shares have fallen in price by a purchase of so many others;
/// their owner and a keeper.
fn fallen(outcomes: u8, curve: u8, against: u64) -> (World, Party, Party, u64) {
    let mut world = World::launched();
    let (party, keeper) = (world.party(10_000 * UNIT), world.party(0));
    let other = world.party(1_000_000 * UNIT);
    let terms = ix::Terms {
        curve,
        group: 5,
        breaker: WATCHFUL,
        ..world.terms(outcomes, 5_000 * UNIT)
    };
    let id = world.market_with(&terms);
    for outcome in 0..outcomes {
        world.holding(&other, id, outcome, (17 * u64::from(outcome) + 11) * UNIT + 7);
    }
    world.pass(100);
    world.leveraged(&party, id, 1, 100 * UNIT, 900);
    world.does(&ix::buy(other.owner, id, 0, against, u64::MAX));
    world.pass(61); // the reference is still on its way
    (world, party, keeper, id)
}

#[test]
fn liquidations_stay_below_five_thousand_and_five_and_a_half_and_a_takeover_below_six() {
    for (outcomes, curve) in [(2, 0), (2, 1), (2, 2), (16, 0)] {
        let sell = |against, shares| {
            let (world, party, keeper, id) = fallen(outcomes, curve, against);
            (world, ix::liquidate(keeper.owner, party.owner, id, 1, shares))
        };
        // what has to be bought against the position until it is just unhealthy, and some of it is sold
        let (mut healthy, mut unhealthy) = (1, 30_000 * UNIT);
        while unhealthy - healthy > UNIT / 8 {
            let middle = (healthy + unhealthy) / 2;
            let (mut world, instruction) = sell(middle, 30 * UNIT);
            match world.send(&instruction) {
                Err(failed) if failed.err == refusal(ExchangeError::Healthy) => healthy = middle,
                _ => unhealthy = middle,
            }
        }
        let (mut world, instruction) = sell(unhealthy, 30 * UNIT);
        let done = world.does(&instruction);
        assert_eq!(done.event::<Liquidated>().severity, 0);
        let partial = done.compute_units_consumed;
        // the largest loan that the sale of everything repays: a part would not heal it
        let (mut world, party, keeper, id) = fallen(outcomes, curve, healthy);
        world.cover(id, 0);
        let whole = ix::liquidate(keeper.owner, party.owner, id, 1, 100 * UNIT);
        let mut debt = 100 * UNIT;
        let done = loop {
            world.owe(&party, id, 1, debt);
            if let Ok(done) = world.clone().send(&whole) {
                break done;
            }
            debt -= UNIT / 20;
        };
        assert_eq!(done.event::<Liquidated>().severity, 1);
        let full = done.compute_units_consumed;
        let mut against = healthy;
        let done = loop {
            let (mut world, party, keeper, id) = fallen(outcomes, curve, against);
            if let Ok(done) = world.send(&ix::take_over(keeper.owner, party.owner, id, 1)) {
                break done;
            }
            against += 100 * UNIT;
        };
        assert!(done.event::<TakenOver>().reward > 0);
        let taken = done.compute_units_consumed;
        println!("N = {outcomes}, curve {curve}: partial {partial}, full {full}, take_over {taken}");
        assert!(partial <= 5_000, "partial takes {partial} CU");
        assert!(full <= 5_500, "full takes {full} CU");
        assert!(taken <= 6_000, "take_over takes {taken} CU");
    }
}

#[test]
fn calling_a_chain_of_five_legs_stays_below_fifteen_thousand() {
    let mut world = World::launched();
    let ids = venues(&mut world, 5);
    let [party, other] = [(); 2].map(|()| world.party(100_000 * UNIT));
    let (keeper, feed) = (world.party(0), world.feed);
    world.does(&ix::create_chain(party.owner, 1));
    let legs = ids.iter().map(|&market| ix::LegOrder {
        market,
        outcome: 1,
        shares: 20 * UNIT + 1,
        leverage_x100: 250,
    });
    let legs: Vec<_> = legs.collect();
    world.does(&ix::open_chain(party.owner, 1, feed, &legs, u64::MAX));
    for &id in &ids {
        world.position(&other, id, 0, SPOT);
        world.cover(id, 0);
    }
    let push = |world: &mut World, shares| {
        for &id in &ids {
            world.does(&ix::buy(other.owner, id, 0, shares, u64::MAX));
        }
        world.pass(61); // the references are still on their way
    };
    let called = |part| ix::liquidate_chain(keeper.owner, party.owner, 1, feed, &ids, part);
    let mut bench = Bench::of(world);
    while bench.world.clone().send(&called(1_000_000)).is_err() {
        push(&mut bench.world, 2 * UNIT);
        assert!(
            bench.world.market_state(ids[0]).shares[0] < 2_000 * UNIT,
            "never called"
        );
    }
    let mut twin = bench.world.clone();
    bench.run("liquidate_chain", &called(300_000));
    std::mem::swap(&mut bench.world, &mut twin);
    bench.run("liquidate_chain", &called(1_000_000));
    std::mem::swap(&mut bench.world, &mut twin);
    push(&mut bench.world, 3_000 * UNIT);
    bench.run(
        "take_over_chain",
        &ix::take_over_chain(keeper.owner, party.owner, 1, feed, &ids),
    );
    println!("{:?}", bench.table);
    within(&bench.table, "liquidate_chain", 15_000);
    within(&bench.table, "take_over_chain", 15_000);
}

#[test]
fn a_standing_order_is_executed_below_six_thousand_and_taken_back_below_a_thousand() {
    for (outcomes, curve) in [(2, 0), (2, 1), (16, 0)] {
        for kind in [SPOT, LEVERAGED] {
            let (mut world, party, keeper, id) = fallen(outcomes, curve, 100 * UNIT);
            if kind == SPOT {
                world.holding(&party, id, 1, 100 * UNIT);
                world.pass(61);
            }
            let terms = ix::StopTerms {
                side: 0,
                shares: 100 * UNIT,
                tip: UNIT,
                trigger_q28: (1 << 28) - 1,
                limit_q28: 0,
            };
            let place = ix::place_stop(party.owner, id, 1, kind, &terms);
            let mut bench = Bench::of(world);
            bench.run("place_stop", &place);
            let mut other = bench.world.clone();
            let cancel = ix::cancel_stop(party.owner, id, 1, kind, 0);
            let cancelled = other.does(&cancel).compute_units_consumed;
            let execute = ix::execute_stop(keeper.owner, party.owner, id, 1, kind, 0);
            bench.run("execute_stop", &execute);
            println!(
                "N = {outcomes}, curve {curve}, kind {kind}: {:?}, cancel_stop {cancelled}",
                bench.table
            );
            within(&bench.table, "execute_stop", 6_000);
            assert!(cancelled <= 1_000, "cancel_stop takes {cancelled} CU");
        }
    }
}
