use {
    crate::restore_position::archived,
    harness::{
        archive::PRUNE_AGE_SLOTS,
        attacks::Shape,
        ix_archive::{archive_positions, Named},
        *,
    },
};

const SHARES: u64 = 20 * UNIT;

/// Somebody who holds old shares of both outcomes of a market, paid for in full.
fn old() -> (World, Party, u64) {
    let mut world = World::with_archive();
    let (party, market) = (world.party(1_000 * UNIT), world.market(2));
    world.holding(&party, market, 0, SHARES);
    world.holding(&party, market, 1, SHARES / 2);
    world.grow_old();
    (world, party, market)
}

fn given() -> (World, Instruction) {
    let (world, party, market) = old();
    let both: [Named; 2] = [(party, 0, SPOT), (party, 1, SPOT)];
    (world, archive_positions(party.owner, market, &both))
}

harness::attacks! { tail Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::OwnerOnly.into()),
    owned: &[1, 2, 3],
    written: &[1, 2, 3],
    data: 0,
}}

fn gone(world: &World, address: &Address) -> bool {
    world.account(address).is_none_or(|account| account.lamports == 0)
}

fn lamports(world: &World, address: &Address) -> u64 {
    world.account(address).map_or(0, |account| account.lamports)
}

mod tail;

#[test]
fn an_old_position_becomes_a_leaf_that_is_still_counted_and_its_owner_gets_the_rent() {
    let (mut world, party, market) = old();
    let position = party.position(market, 0, SPOT);
    let (rent, before) = (lamports(&world, &position), lamports(&world, &party.owner));
    let (trader, state) = (world.trader(&party), world.market_state(market));
    let content = world.content(&party, market, 0, SPOT);

    let done = world.does(&archive_positions(party.owner, market, &[(party, 0, SPOT)]));

    let expected = PositionArchived {
        archive: 0,
        index: 0,
        sequence: 1,
        content,
        done: 0,
    };
    assert_eq!(done.event::<PositionArchived>(), expected);
    assert!(gone(&world, &position));
    assert_eq!(lamports(&world, &party.owner), before + rent);
    assert_eq!(
        (world.trader(&party), world.market_state(market)),
        (trader, state)
    );
    let archive = world.archive(0);
    assert_eq!((archive.claims, archive.length, archive.sequence), (1, 1, 1));
}

#[test]
fn shares_are_archived_from_the_day_on_that_they_are_thirty_days_old() {
    let mut world = World::with_archive();
    let (party, market) = (world.party(1_000 * UNIT), world.market(2));
    world.holding(&party, market, 0, SHARES);
    let archive = archive_positions(party.owner, market, &[(party, 0, SPOT)]);
    world.pass_slots(PRUNE_AGE_SLOTS - 1);
    world.refuses(&archive, ExchangeError::PositionTooRecent);
    world.does(&archive); // in the next slot
}

#[test]
fn a_purchase_makes_a_position_young_again() {
    let (mut world, party, market) = old();
    world.does(&ix::buy(party.owner, market, 0, 1, u64::MAX));
    let archive = archive_positions(party.owner, market, &[(party, 0, SPOT)]);
    world.refuses(&archive, ExchangeError::PositionTooRecent);
}

#[test]
fn a_keeper_archives_what_is_old_once_the_market_no_longer_trades() {
    let (mut world, party, market) = old();
    let keeper = world.key();
    let old = archive_positions(keeper, market, &[(party, 0, SPOT), (party, 1, SPOT)]);
    world.refuses(&old, ExchangeError::OwnerOnly);
    let late = world.party(100 * UNIT);
    world.holding(&late, market, 0, UNIT);
    let (before, held) = (lamports(&world, &party.owner), lamports(&world, &keeper));
    let rent = lamports(&world, &party.position(market, 0, SPOT));
    world.pass_close(market);

    let young = archive_positions(keeper, market, &[(late, 0, SPOT)]);
    world.refuses(&young, ExchangeError::PositionTooRecent);
    let done = world.does(&old);

    assert!(done
        .events::<PositionArchived>()
        .iter()
        .all(|event| event.done == 0));
    assert_eq!(lamports(&world, &party.owner), before + 2 * rent);
    assert_eq!(lamports(&world, &keeper), held);
}

#[test]
fn an_empty_position_is_archived_by_its_owner_at_once_and_no_longer_counted() {
    let mut world = World::with_archive();
    let (party, market) = (world.party(100 * UNIT), world.market(2));
    world.position(&party, market, 1, SPOT);
    let archive = |by| archive_positions(by, market, &[(party, 1, SPOT)]);
    let keeper = world.key();
    world.refuses(&archive(keeper), ExchangeError::OwnerOnly);

    let done = world.does(&archive(party.owner));

    assert_eq!(done.event::<PositionArchived>().done, 1);
    assert_eq!(world.trader(&party).positions, 0);
    assert_eq!(world.market_state(market).positions, 0);
    assert_eq!(world.archive(0).claims, 0);
}

#[test]
fn a_position_is_not_archived_in_the_slot_of_its_first_purchase() {
    let mut world = World::with_archive();
    let (party, market) = (world.party(100 * UNIT), world.market(2));
    world.position(&party, market, 1, SPOT);
    world.does(&ix::buy(party.owner, market, 1, UNIT, u64::MAX));
    world.does_at_once(&ix::sell(party.owner, market, 1, UNIT, 0));
    let archive = archive_positions(party.owner, market, &[(party, 1, SPOT)]);
    world.refuses(&archive, ExchangeError::PositionTooYoung);
    world.does(&archive);
}

#[test]
fn a_loan_is_never_archived_and_is_repaid_when_its_market_is_settled() {
    for winner in [0, 1] {
        let mut world = World::with_archive();
        let (party, market) = (world.party(1_000 * UNIT), world.market(2));
        world.leveraged(&party, market, 0, SHARES, 200);
        world.grow_old();
        let keeper = world.key();
        let archive = |by| archive_positions(by, market, &[(party, 0, LEVERAGED)]);
        world.refuses(&archive(party.owner), ExchangeError::LoanNotArchived);
        world.pass_close(market);
        for by in [party.owner, keeper] {
            world.refuses(&archive(by), ExchangeError::LoanNotArchived);
        }
        let price = if winner == 0 { 99 * UNIT } else { 100 * UNIT };
        world.settle(market, price);
        let content = world.content(&party, market, 0, LEVERAGED);
        let mut twin = world.clone();

        let done = world.does(&archive(keeper));

        twin.does(&ix::redeem(party.owner, market, 0, LEVERAGED));
        assert_eq!(done.event::<PositionArchived>().content, content, "as it was");
        assert_eq!(world.trader(&party).balance, twin.trader(&party).balance);
        assert_eq!(world.shard_of(market), twin.shard_of(market));
        assert_eq!(world.market_state(market).positions, 0);
    }
}

#[test]
fn in_a_settled_market_a_position_is_paid_out_as_redeem_would_and_is_done() {
    for price in [99 * UNIT, 100 * UNIT] {
        let (mut world, party, market) = old();
        world.settle(market, price);
        let mut twin = world.clone();
        let keeper = world.key();
        let both = archive_positions(keeper, market, &[(party, 0, SPOT), (party, 1, SPOT)]);

        let done = world.does(&both);

        for outcome in [0, 1] {
            twin.does(&ix::redeem(party.owner, market, outcome, SPOT));
            twin.does(&ix::close_position(party.owner, market, outcome, SPOT));
        }
        assert_eq!(world.trader(&party), twin.trader(&party));
        assert_eq!(world.market_state(market), twin.market_state(market));
        assert_eq!(world.shard_of(market), twin.shard_of(market));
        assert_eq!(lamports(&world, &party.owner), lamports(&twin, &party.owner));
        assert_eq!(done.events::<Redeemed>().len(), 2);
        world.does(&ix::close_market(market, world.operator));
    }
}

#[test]
fn an_owner_archives_a_young_position_of_a_settled_market_and_a_keeper_an_old_one() {
    let mut world = World::with_archive();
    let (party, market) = (world.party(1_000 * UNIT), world.market(2));
    world.holding(&party, market, 0, SHARES);
    world.holding(&party, market, 1, SHARES);
    world.settle(market, 100 * UNIT);
    let keeper = world.key();
    let archive = |by, outcome| archive_positions(by, market, &[(party, outcome, SPOT)]);
    world.refuses(&archive(keeper, 0), ExchangeError::PositionTooRecent);
    world.does(&archive(party.owner, 0));
    world.grow_old();
    world.does(&archive(keeper, 1));
}

#[test]
fn a_voided_market_pays_before_its_positions_are_archived() {
    let (mut world, party, market) = old();
    world.pass_close(market);
    world.pass(7 * 24 * 3_600);
    world.does(&ix::void(market));
    let before = world.trader(&party).balance;
    world.does(&archive_positions(party.owner, market, &[(party, 0, SPOT)]));
    assert_eq!(world.trader(&party).balance, before + SHARES / 2);
}

#[test]
fn many_positions_of_many_owners_are_one_change_of_the_tree() {
    let mut world = World::with_archive();
    let market = world.market(4);
    let parties: Vec<Party> = (0..8).map(|_| world.party(100 * UNIT)).collect();
    let mut named: Vec<Named> = vec![];
    for (i, party) in parties.iter().enumerate() {
        let outcome = (i % 4) as u8;
        world.holding(party, market, outcome, UNIT + i as u64);
        named.push((*party, outcome, SPOT));
    }
    world.grow_old();
    world.pass_close(market);
    let keeper = world.key();

    let done = world.does(&archive_positions(keeper, market, &named));

    let events = done.events::<PositionArchived>();
    assert!(events.iter().map(|event| event.index).eq(0..8));
    assert!(events.iter().all(|event| event.sequence == 1));
    let archive = world.archive(0);
    assert_eq!((archive.claims, archive.length, archive.sequence), (8, 8, 1));
}

#[test]
fn one_position_that_is_refused_leaves_all_where_they_are() {
    let (mut world, party, market) = old();
    let other = world.party(100 * UNIT);
    world.holding(&other, market, 0, UNIT);
    let three = [(party, 0, SPOT), (other, 0, SPOT), (party, 1, SPOT)];
    world.pass_close(market);
    world.refuses(
        &archive_positions(party.owner, market, &three),
        ExchangeError::PositionTooRecent,
    );
}

#[test]
fn a_full_archive_takes_nothing_more() {
    let (mut world, party, market) = old();
    world.edit::<Archive>(&address::archive(0), |archive| archive.length = (1 << 20) - 1);
    let both = archive_positions(party.owner, market, &[(party, 0, SPOT), (party, 1, SPOT)]);
    world.refuses(&both, ExchangeError::ArchiveFull);
}

#[test]
fn a_claim_keeps_its_market_and_its_trader_alive() {
    let (mut world, party, market) = archived();
    let withdraw = ix::withdraw(
        party.owner,
        party.tokens,
        world.mint,
        world.trader(&party).balance,
    );
    world.does(&withdraw);
    world.refuses(&ix::close_trader(party.owner), ExchangeError::NotEmpty);
    world.settle(market, 100 * UNIT);
    let close = ix::close_market(market, world.operator);
    world.refuses(&close, ExchangeError::NotEmpty);
}
