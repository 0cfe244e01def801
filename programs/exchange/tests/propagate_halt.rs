use {
    crate::halt::{buy, guarded, market_in, trip, LIMITS},
    harness::{attacks::Shape, *},
};

fn given() -> (World, Instruction) {
    let (mut world, party, market) = guarded(LIMITS);
    trip(&mut world, &party, market);
    (world, ix::propagate_halt(5))
}

harness::attacks! { Shape {
    given,
    signer: None, // anybody may
    stranger: None,
    owned: &[0, 1, 2, 3],
    written: &[0, 1, 2, 3],
    data: 1,
}}

#[test]
fn a_halt_reaches_the_groups_markets_of_all_shards_within_two_slots() {
    let (mut world, party, market) = guarded(LIMITS);
    let ids = [1, 2, 3].map(|shard| market_in(&mut world, shard, 5, ix::Limits::default()));
    let other = market_in(&mut world, 1, 6, ix::Limits::default());
    for id in ids.into_iter().chain([other]) {
        world.position(&party, id, 1, SPOT);
    }
    let until_slot = trip(&mut world, &party, market);
    let tripped = world.slot();

    let done = world.does(&ix::propagate_halt(5));

    for id in ids {
        world.refuses(&buy(&party, id, UNIT), ExchangeError::MarketHalted);
    }
    assert!(world.slot() - tripped <= 2);
    let expected = GroupHalted { group: 5, until_slot };
    assert_eq!(done.event::<GroupHalted>(), expected);
    world.does_at_once(&buy(&party, other, UNIT));
    world.pass_slots(until_slot - world.slot());
    for id in ids {
        world.does_at_once(&buy(&party, id, UNIT));
    }
}

#[test]
fn the_longest_halt_is_everybodys() {
    let (mut world, propagate) = given();
    let until = world.get::<Shard>(&address::shard(0)).halts[5];
    world.edit::<Shard>(&address::shard(3), |s| s.halts[5] = until + 7);
    world.edit::<Shard>(&address::shard(2), |s| s.halts[6] = 99);
    world.does(&propagate);
    for index in 0..4 {
        let halts = world.get::<Shard>(&address::shard(index)).halts;
        assert_eq!(halts[5], until + 7);
        assert_eq!(halts[6], if index == 2 { 99 } else { 0 });
    }
}

#[test]
fn a_group_that_trades_stays_as_it_is() {
    let (mut world, _) = given();
    let propagate = ix::propagate_halt(63);
    let before = world.snapshot(&propagate);
    world.does(&propagate);
    assert!(before == world.snapshot(&propagate));
}

#[test]
fn no_group_is_refused() {
    let (mut world, _) = given();
    for group in [0, 64, 255] {
        world.refuses(&ix::propagate_halt(group), ExchangeError::BadGroup);
    }
}

#[test]
fn shards_in_another_order_are_refused() {
    for (i, j) in [(0, 1), (0, 3), (2, 3)] {
        let (mut world, mut propagate) = given();
        propagate.accounts.swap(i, j);
        world.refuses(&propagate, ExchangeError::WrongShard);
    }
}
