//! Compute ceilings of the archive's instructions. `--nocapture` prints the table.

use {
    crate::restore_position::archived,
    harness::{
        archive::leaf,
        ix_archive::{
            archive_market, archive_positions, open_archive, redeem_archived, restore_position, verify_leaf,
            Named,
        },
        *,
    },
};

/// Units of an instruction, which has to succeed.
fn units(world: &mut World, instruction: &Instruction) -> u64 {
    world.does(instruction).compute_units_consumed
}

/// A world, its archive already holding so many leaves.
fn with_leaves(count: usize) -> World {
    let mut world = World::with_archive();
    let (party, market) = (world.party(0), world.market(2));
    for _ in 0..count {
        world.position(&party, market, 0, SPOT);
        world.does(&archive_positions(party.owner, market, &[(party, 0, SPOT)]));
    }
    world
}

fn hold(what: &str, units: u64, ceiling: u64) {
    println!("{what:<60} {units:>6}");
    assert!(units <= ceiling, "{what} takes {units} CU, above {ceiling}");
}

#[test]
fn archiving_one_position_stays_below_five_and_a_half_thousand_and_a_market_below_eight() {
    let (mut position, mut market) = (0, 0);
    for leaves in [0, 1, 7, 31] {
        let mut world = with_leaves(leaves);
        let (party, id) = (world.party(0), world.market(2));
        world.position(&party, id, 0, SPOT);
        let one = archive_positions(party.owner, id, &[(party, 0, SPOT)]);
        position = position.max(units(&mut world, &one));
        world.settle(id, 100 * UNIT);
        let whole = archive_market(id, world.operator);
        market = market.max(units(&mut world, &whole));
    }
    hold("archive_positions of one that is empty", position, 5_500);
    hold("archive_market", market, 8_000);
}

#[test]
fn pruning_stays_below_two_and_a_half_thousand_a_position_in_batches() {
    // about what fits a transaction without lookup tables
    for (owners, each) in [(8_usize, 1_u8), (1, 16), (4, 4)] {
        for settled in [false, true] {
            let mut world = with_leaves(3);
            let market = world.market(16);
            let parties: Vec<Party> = (0..owners).map(|_| world.party(1_000 * UNIT)).collect();
            let mut named: Vec<Named> = vec![];
            for party in &parties {
                for outcome in 0..each {
                    world.holding(party, market, outcome, UNIT);
                    named.push((*party, outcome, SPOT));
                }
            }
            world.grow_old();
            if settled {
                world.settle(market, 100 * UNIT);
            } else {
                world.pass_close(market);
            }
            let keeper = world.key();
            let units = units(&mut world, &archive_positions(keeper, market, &named));
            let count = named.len() as u64;
            let what = format!(
                "{count} positions of {owners}, {}, each",
                ["not settled", "paid out"][usize::from(settled)]
            );
            hold(&what, units / count, 2_500);
        }
    }
}

#[test]
fn a_leaf_is_verified_below_six_thousand_restored_below_twelve_and_paid_below_nine_however_old_its_proof() {
    let (mut world, party, market) = archived();
    let content: [u8; 104] = bytemuck::cast(world.shelves[&0].live[&1]);
    let held = leaf(b"pos.live", &content);
    let proof = world.proof(1);
    let others = (world.party(0), world.market(2));
    for age in 0..64 {
        if [0, 32, 63].contains(&age) {
            let mut twin = world.clone();
            let verify = units(&mut twin, &verify_leaf(&held, &proof));
            hold(&format!("verify_leaf, {age} changes old"), verify, 6_000);
            let restore = restore_position(&party, market, (0, SPOT), &content, &proof);
            hold(
                &format!("restore_position, {age} changes old"),
                units(&mut twin, &restore),
                12_000,
            );
            let mut twin = world.clone();
            twin.settle(market, 100 * UNIT);
            let redeem = redeem_archived(&party, market, &content, &proof);
            hold(
                &format!("redeem_archived, {age} changes old"),
                units(&mut twin, &redeem),
                8_500,
            );
        }
        let (party, market) = others;
        world.position(&party, market, 0, SPOT);
        world.does(&archive_positions(party.owner, market, &[(party, 0, SPOT)]));
    }
}

#[test]
fn a_step_of_an_archive_stays_below_forty_thousand() {
    let mut world = World::launched();
    for step in 1..=9 {
        let one = open_archive(world.payer, 0);
        let units = units(&mut world, &one);
        hold(&format!("open_archive, step {step}"), units, 40_000);
    }
}
