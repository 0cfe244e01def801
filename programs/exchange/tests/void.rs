use harness::{attacks::Shape, *};

const GRACE_S: i64 = 7 * 24 * 3_600;

/// A market of three with shares and loans, at the end of its grace period.
fn abandoned() -> (World, u64) {
    let mut world = World::launched();
    let (party, market) = (world.party(1_000 * UNIT), world.market(3));
    world.holding(&party, market, 0, 10 * UNIT);
    world.leveraged(&party, market, 1, 25 * UNIT, 300);
    world.leveraged(&party, market, 2, 7 * UNIT, 500);
    world.pass_close(market);
    world.pass(GRACE_S);
    (world, market)
}

fn given() -> (World, Instruction) {
    let (world, market) = abandoned();
    (world, ix::void(market))
}

harness::attacks! { Shape {
    given,
    signer: None, // anybody may
    stranger: None,
    owned: &[0, 1],
    written: &[0, 1],
    data: 0,
}}

#[test]
fn escrow_keeps_an_equal_part_for_every_share_and_all_loans_count_as_at_risk() {
    let (mut world, market) = abandoned();
    let (before, shard) = (world.market_state(market), world.shard_of(market));

    let done = world.does(&ix::void(market));

    let (payable, debt) = (14 * UNIT, before.debt.iter().sum::<u64>());
    let residue = before.escrow - payable;
    let expected = Market {
        status: VOIDED,
        escrow: payable,
        claim_floor: 0,
        claim_ceiling: 0,
        debt_at_risk: debt,
        ..before
    };
    assert_eq!(world.market_state(market), expected);
    let expected = Shard {
        cash: shard.cash + residue,
        claim_floor: 0,
        claim_ceiling: 0,
        debt_at_risk: debt,
        ..shard
    };
    assert_eq!(world.shard_of(market), expected);
    let market = key(&address::market(market));
    let settled = MarketSettled {
        market,
        price: 0,
        payable,
        residue,
        bad_debt: 0,
        taken: 0,
        drawn: 0,
        winner: 0,
        voided: 1,
    };
    assert_eq!(done.event::<MarketSettled>(), settled);
}

#[test]
fn the_grace_period_is_a_week_to_the_second() {
    let (mut world, market) = abandoned();
    world.pass(-1);
    world.refuses(&ix::void(market), ExchangeError::GracePeriod);
    world.pass(1);
    world.does(&ix::void(market));
}

#[test]
fn an_open_market_is_refused() {
    let mut world = World::launched();
    let market = world.market(2);
    world.refuses(&ix::void(market), ExchangeError::GracePeriod);
}

#[test]
fn a_market_is_either_resolved_or_voided_and_the_time_says_which() {
    let mut world = World::launched();
    let market = world.market(2);
    let close_ms = world.market_state(market).close_ms;
    world.set_time((close_ms / 1000) as i64 - 1);
    world.publish(100 * UNIT);
    world.set_time((close_ms / 1000) as i64);
    world.publish(100 * UNIT);
    let index = world.get::<Feed>(&world.feed).count - 1;
    let resolve = ix::resolve(market, world.feed, index);
    world.set_time((close_ms / 1000) as i64 + GRACE_S - 1);
    world.clone().does(&resolve);
    world.refuses(&ix::void(market), ExchangeError::GracePeriod);
    world.pass(1);
    world.refuses(&resolve, ExchangeError::OnlyVoid);
    world.does(&ix::void(market));
}

#[test]
fn a_settled_market_is_refused() {
    let (mut world, market) = abandoned();
    world.does(&ix::void(market));
    world.refuses(&ix::void(market), ExchangeError::MarketSettled);
    let resolve = ix::resolve(market, world.feed, 1);
    world.refuses(&resolve, ExchangeError::MarketSettled);
}

#[test]
fn another_shard_is_refused() {
    let (mut world, mut void) = given();
    let shard = world.get::<Shard>(&void.accounts[1].pubkey).index as u8;
    void.accounts[1].pubkey = address::shard((shard + 1) % 4);
    world.refuses(&void, ExchangeError::WrongShard);
}
