//! How fast liquidations may move a price: a cap of shares a slot, that widens while it binds.

use harness::{
    model::{self, Standing},
    *,
};

const B: u64 = 1_000 * UNIT;
const CAP: u64 = 100 * UNIT;
/// What five slots work off.
const POSITIONS: usize = 45;
const SHARES: u64 = 50 * UNIT;

/// What the positions owe: more than a part of them heals, and less than they sell for at the end of the cascade.
const DEBT: u64 = SHARES * 948 / 1_000;

/// Positions that are called, at a price so near to one that the cascade does not take it below their loans, and a keeper.
fn sunk() -> (World, Vec<Party>, Party, u64) {
    let mut world = World::launched();
    let (keeper, maker) = (world.party(0), world.party(100_000 * UNIT));
    let terms = world.terms(2, B);
    let id = world.market_with(&terms);
    world.lift_debt_limit(id);
    world.holding(&maker, id, 1, 5 * B);
    let parties: Vec<Party> = (0..POSITIONS)
        .map(|_| {
            let party = world.party(10_000 * UNIT);
            world.leveraged(&party, id, 1, SHARES, 1_000);
            party
        })
        .collect();
    world.pass(64);
    world.cover(id, 0);
    for party in &parties {
        world.owe(party, id, 1, DEBT);
    }
    (world, parties, keeper, id)
}

/// Sell in this slot until the market's cap or the positions are used up; the shares sold.
fn work_off(world: &mut World, parties: &[Party], keeper: &Party, id: u64, most: u64) -> u64 {
    let mut sold = 0;
    for party in parties {
        let held = world.position_state(party, id, 1, LEVERAGED).shares;
        if held == 0 {
            continue;
        }
        let sizes = model::sizes(world, &world.loan(party, id, 1));
        let shares = (*sizes.end()).min(most - sold);
        if sizes.is_empty() || shares < *sizes.start() {
            break;
        }
        // what is left of a position that was sold in part is healed
        let called =
            Standing::of(world, &world.loan(party, id, 1), shares).calls(held_debt(world, party, id));
        if called {
            world.does_at_once(&ix::liquidate(keeper.owner, party.owner, id, 1, shares));
            sold += shares;
        }
    }
    sold
}

fn held_debt(world: &World, party: &Party, id: u64) -> u64 {
    world.position_state(party, id, 1, LEVERAGED).debt
}

/// Log odds of outcome 1, and what they mean.
fn logit(world: &World, id: u64) -> f64 {
    let market = world.market_state(id);
    (market.shares[1] as f64 - market.shares[0] as f64) / market.b as f64
}

#[test]
fn the_cap_doubles_from_slot_to_slot_while_it_binds_up_to_eight_times() {
    let (mut world, parties, keeper, id) = sunk();
    let mut slots = vec![];
    for _ in 0..6 {
        world.next_slot();
        let before = logit(&world, id);
        let sold = work_off(&mut world, &parties, &keeper, id, u64::MAX);
        // the price moves by the cap and no more: x shares sold change the log odds by x / b
        let moved = before - logit(&world, id);
        let level = world.market_state(id).cascade_level;
        let most = 0.1 * f64::from(1 << level);
        assert!(moved <= most + 1e-9, "{moved} at level {level}");
        let step = |logit: f64| 1.0 / (1.0 + (-logit).exp());
        assert!(step(before) - step(before - moved) <= most / 4.0 + 1e-9);
        slots.push(sold / UNIT);
    }
    assert_eq!(slots, [100, 200, 400, 800, 750, 0], "of 2,250 shares");
    assert!(parties
        .iter()
        .all(|party| world.position_state(party, id, 1, LEVERAGED).shares == 0));
}

#[test]
fn within_a_slot_the_cap_holds_for_all_positions_and_keepers_together() {
    let (mut world, parties, keeper, id) = sunk();
    let second = world.party(0);
    world.next_slot();
    // one position and most of another, then what is left of 100
    for (party, shares) in parties.iter().zip([SHARES, SHARES - 10 * UNIT]) {
        world.does_at_once(&ix::liquidate(keeper.owner, party.owner, id, 1, shares));
    }
    let rest = 10 * UNIT;
    let of = |shares| ix::liquidate(second.owner, parties[2].owner, id, 1, shares);
    world.refuses(&of(rest + 1), ExchangeError::LiquidationCapReached);
    world.refuses(&of(rest - 1), ExchangeError::LiquidationTooSmall);
    assert_eq!(world.market_state(id).cascade_bound, 0);
    world.does_at_once(&of(rest));
    assert_eq!(world.market_state(id).cascade_bound, 1);
    let third = ix::liquidate(second.owner, parties[3].owner, id, 1, UNIT);
    world.refuses(&third, ExchangeError::LiquidationCapReached);
}

#[test]
fn a_cap_that_was_not_used_up_or_not_in_the_slot_before_stays() {
    let (mut world, parties, keeper, id) = sunk();
    let slot = |world: &mut World, quiet, most| {
        world.pass_slots(quiet);
        let sold = work_off(world, &parties, &keeper, id, most);
        (sold / UNIT, world.market_state(id).cascade_level)
    };
    assert_eq!(slot(&mut world, 1, 75 * UNIT), (75, 0));
    assert_eq!(slot(&mut world, 1, u64::MAX), (100, 0), "75 of 100 did not bind");
    assert_eq!(slot(&mut world, 2, u64::MAX), (100, 0), "a slot lay between");
    assert_eq!(slot(&mut world, 1, u64::MAX), (200, 1));
    assert_eq!(slot(&mut world, 2, u64::MAX), (200, 1), "wide as it was");
}

#[test]
fn a_cap_narrows_by_one_level_every_sixteen_quiet_slots() {
    let (mut world, parties, keeper, id) = sunk();
    for _ in 0..4 {
        world.next_slot();
        work_off(&mut world, &parties, &keeper, id, u64::MAX);
    }
    assert_eq!(world.market_state(id).cascade_level, 3);
    let left = parties
        .iter()
        .find(|party| world.position_state(party, id, 1, LEVERAGED).shares == SHARES);
    let party = *left.unwrap();
    for (quiet, level) in [
        (1, 3),
        (15, 3),
        (16, 2),
        (31, 2),
        (32, 1),
        (48, 0),
        (64, 0),
        (6_400, 0),
    ] {
        let mut world = world.clone();
        world.pass_slots(quiet);
        let part = SHARES * 3 / 10; // below every cap
        world.does_at_once(&ix::liquidate(keeper.owner, party.owner, id, 1, part));
        assert_eq!(world.market_state(id).cascade_level, level, "{quiet} quiet slots");
    }
}

#[test]
fn other_trades_neither_use_the_cap_nor_are_held_by_it() {
    let (mut world, parties, keeper, id) = sunk();
    let other = world.party(100_000 * UNIT);
    world.holding(&other, id, 1, 2_000 * UNIT);
    world.pass(64);
    world.next_slot();
    assert_eq!(work_off(&mut world, &parties, &keeper, id, u64::MAX), CAP);
    let cascade = world.market_state(id).cascade_sold;
    world.does_at_once(&ix::sell(other.owner, id, 1, 2_000 * UNIT, 0));
    let owner = parties[8].owner;
    world.does_at_once(&ix::close(owner, id, 1, SHARES, 0));
    assert_eq!(world.market_state(id).cascade_sold, cascade);
}

#[test]
fn the_cap_is_a_part_of_the_liquidity_that_a_decaying_pool_still_has() {
    let mut world = World::launched();
    let (party, keeper) = (world.party(10_000 * UNIT), world.party(0));
    let terms = ix::Terms {
        curve: 2,
        ..world.terms(2, B)
    };
    let (id, maker) = (world.market_with(&terms), world.party(10_000 * UNIT));
    world.holding(&maker, id, 1, 2 * B);
    world.leveraged(&party, id, 1, 250 * UNIT, 1_000);
    world.pass(2_700); // a quarter of the hour is left, so half of the liquidity
    world.cover(id, 0);
    world.owe(&party, id, 1, 237 * UNIT);
    let liquidate = |shares| ix::liquidate(keeper.owner, party.owner, id, 1, shares);
    world.next_slot();
    world.refuses(&liquidate(CAP), ExchangeError::LiquidationCapReached);
    world.does_at_once(&liquidate(CAP / 2));
    assert_eq!(world.market_state(id).b, B / 2);
}
