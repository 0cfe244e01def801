use harness::{attacks::Shape, *};

/// A market of three (strikes 100 and 101) that has closed; publication 1 is the last before the close, publication 2
/// the first after it, at this price.
fn closed_at(price: u64) -> (World, u64) {
    let mut world = World::launched();
    let market = world.market(3);
    world.pass_close(market);
    world.pass(-1);
    world.publish(7);
    world.pass(2);
    world.publish(price);
    (world, market)
}

fn given() -> (World, Instruction) {
    let (world, market) = closed_at(100 * UNIT);
    let instruction = ix::resolve(market, world.feed, 2);
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: None, // anybody may
    stranger: None,
    owned: &[0, 1, 2],
    written: &[0, 1],
    data: 8,
}}

#[test]
fn the_outcome_is_the_number_of_strikes_that_the_price_has_reached() {
    for (price, winner) in [
        (1, 0),
        (100 * UNIT - 1, 0),
        (100 * UNIT, 1),
        (101 * UNIT - 1, 1),
        (101 * UNIT, 2),
        (u64::MAX, 2),
    ] {
        let (mut world, market) = closed_at(price);
        let done = world.does(&ix::resolve(market, world.feed, 2));
        let state = world.market_state(market);
        assert_eq!(
            (state.status, state.winner, state.settlement_price),
            (RESOLVED, winner, price)
        );
        let settled = done.event::<MarketSettled>();
        assert_eq!(
            (settled.winner, settled.price, settled.voided),
            (u32::from(winner), price, 0)
        );
    }
}

#[test]
fn a_market_of_sixteen_settles_in_each_of_its_outcomes() {
    for winner in 0..16_u8 {
        let mut world = World::launched();
        let market = world.market(16);
        world.settle(market, (99 + u64::from(winner)) * UNIT);
        assert_eq!(world.market_state(market).winner, winner);
    }
}

#[test]
fn escrow_keeps_what_the_winners_get_and_losing_loans_are_written_off() {
    let mut world = World::launched();
    let (party, market) = (world.party(1_000 * UNIT), world.market(2));
    for outcome in [0, 1] {
        let shares = (50 + 30 * u64::from(outcome)) * UNIT;
        world.holding(&party, market, outcome, shares);
        world.leveraged(&party, market, outcome, shares, 400);
    }
    let (before, shard) = (world.market_state(market), world.shard_of(market));
    world.pass_close(market);
    world.pass(-1);
    world.publish(UNIT);
    world.pass(1);
    world.publish(99 * UNIT);

    let done = world.does(&ix::resolve(market, world.feed, 2));

    let (payable, lost) = (100 * UNIT, before.debt[1]);
    let residue = before.escrow - payable;
    let mut expected = Market {
        status: RESOLVED,
        winner: 0,
        settlement_price: 99 * UNIT,
        escrow: payable,
        claim_floor: 0,
        claim_ceiling: 0,
        debt_at_risk: 0,
        total_debt: before.debt[0],
        ..before
    };
    expected.debt[1] = 0;
    assert_eq!(world.market_state(market), expected);
    let expected = Shard {
        cash: shard.cash + residue,
        debt: before.debt[0],
        debt_at_risk: 0,
        claim_floor: 0,
        claim_ceiling: 0,
        bad_debt: lost,
        ..shard
    };
    assert_eq!(world.shard_of(market), expected);
    let market = key(&address::market(market));
    let settled = MarketSettled {
        market,
        price: 99 * UNIT,
        payable,
        residue,
        bad_debt: lost,
        taken: 0,
        drawn: 0,
        winner: 0,
        voided: 0,
    };
    assert_eq!(done.event::<MarketSettled>(), settled);
}

#[test]
fn a_price_exactly_at_the_close_settles() {
    let mut world = World::launched();
    let market = world.market(2);
    world.pass_close(market);
    world.publish(100 * UNIT);
    world.does(&ix::resolve(market, world.feed, 1));
}

#[test]
fn an_index_too_early_or_too_late_proves_nothing() {
    for index in [0, 1, 3, 4, 255, 256, 258, u64::MAX] {
        let (mut world, market) = closed_at(100 * UNIT);
        world.pass(1);
        world.publish(50 * UNIT);
        let resolve = ix::resolve(market, world.feed, index);
        world.refuses(&resolve, ExchangeError::NoSettlementPrice);
    }
}

#[test]
fn the_first_publication_of_a_feed_proves_nothing() {
    let mut world = World::new();
    world.create_feed();
    world.initialize();
    let party = world.party(100_000 * UNIT);
    world.does(&ix::provide_liquidity(party.owner, 100_000 * UNIT));
    let market = world.market(2);
    world.pass_close(market);
    let resolve = ix::resolve(market, world.feed, 0);
    world.refuses(&resolve, ExchangeError::NoSettlementPrice);
    world.publish(100 * UNIT);
    world.refuses(&resolve, ExchangeError::NoSettlementPrice);
}

#[test]
fn a_history_that_has_been_overwritten_proves_nothing() {
    let (mut world, market) = closed_at(100 * UNIT);
    let resolve = ix::resolve(market, world.feed, 2);
    // the predecessor, publication 1, is kept until publication 257 takes its place
    for _ in 3..257 {
        world.publish(50 * UNIT);
    }
    let mut before = world.clone();
    before.does(&resolve);
    world.publish(50 * UNIT);
    world.refuses(&resolve, ExchangeError::NoSettlementPrice);
}

#[test]
fn a_market_that_has_not_closed_is_refused_even_with_a_price_from_the_future() {
    let mut world = World::launched();
    let market = world.market(2);
    let close_ms = world.market_state(market).close_ms;
    world.set_time((close_ms / 1000) as i64 - 30);
    let mut publication = world.publication(100 * UNIT);
    publication[4] = close_ms; // half a minute ahead of the cluster, which a feed takes
    world.does(&ix::publish(world.publisher, world.feed, publication));
    let resolve = ix::resolve(market, world.feed, 1);
    world.refuses(&resolve, ExchangeError::MarketOpen);
}

#[test]
fn a_second_resolution_is_refused() {
    let (mut world, resolve) = given();
    world.does(&resolve);
    world.refuses(&resolve, ExchangeError::MarketSettled);
}

#[test]
fn another_feed_is_refused() {
    let (mut world, mut resolve) = given();
    let authority = world.authority;
    world.does(&ix::create_feed(authority, "ETH/USD", authority, -6, 30));
    resolve.accounts[2].pubkey = address::feed("ETH/USD");
    world.refuses(&resolve, ExchangeError::WrongFeed);
}

#[test]
fn another_shard_is_refused() {
    let (mut world, mut resolve) = given();
    let shard = world.get::<Shard>(&resolve.accounts[1].pubkey).index as u8;
    resolve.accounts[1].pubkey = address::shard((shard + 1) % 4);
    world.refuses(&resolve, ExchangeError::WrongShard);
}
