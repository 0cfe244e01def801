use harness::{attacks::Shape, *};

const SHARES: u64 = 300 * UNIT;

/// A party that owes most of what its shares of outcome 1 of two were worth, after somebody has made them cheaper and a minute
/// has passed; and a keeper.
fn fallen(sold_against: u64) -> (World, Party, Party, u64) {
    let mut world = World::launched();
    let (party, other, keeper) = (
        world.party(10_000 * UNIT),
        world.party(100_000 * UNIT),
        world.party(0),
    );
    let id = world.new_market_id();
    let terms = world.terms(2, 5_000 * UNIT);
    world.does(&ix::create_market(world.operator, id, world.feed, &terms));
    world.leveraged(&party, id, 1, SHARES, 1_000);
    world.position(&other, id, 0, SPOT);
    world.does(&ix::buy(other.owner, id, 0, sold_against, u64::MAX));
    world.pass(64);
    (world, party, keeper, id)
}

fn given() -> (World, Instruction) {
    let (world, party, keeper, market) = fallen(2_000 * UNIT);
    let instruction = ix::liquidate(keeper.owner, party.owner, market, 1, SHARES);
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotOwner.into()),
    owned: &[1, 2, 3, 4, 5],
    written: &[1, 2, 3, 4, 5],
    data: 8,
}}

#[test]
fn a_position_below_zero_is_sold_whole_and_nothing_is_lost_on_the_way() {
    let (mut world, party, keeper, market) = fallen(2_000 * UNIT);
    let (held, shard) = (
        world.position_state(&party, market, 1, LEVERAGED),
        world.shard_of(market),
    );
    let owner_before = world.trader(&party).balance;

    let done = world.does(&ix::liquidate(keeper.owner, party.owner, market, 1, SHARES));

    let event = done.event::<Liquidated>();
    let proceeds = event.notional - event.fee;
    assert_eq!(event.severity, 2, "an emergency");
    assert_eq!(
        event.reward,
        event.notional / 100,
        "the keeper's reward is 1 % of the notional"
    );
    assert_eq!(event.insured, 0, "nothing is left for it");
    assert_eq!(event.repaid, proceeds - event.reward);
    assert_eq!(event.lost, held.debt - event.repaid, "no insurance yet");
    assert_eq!((event.amount, event.drawn, event.debt, event.left), (0, 0, 0, 0));
    assert_eq!(world.trader(&keeper).balance, event.reward);
    assert_eq!(world.trader(&party).balance, owner_before);
    let after = world.shard_of(market);
    assert_eq!(after.insurance, shard.insurance + event.insured);
    assert_eq!(after.bad_debt, shard.bad_debt + event.lost);
    assert_eq!(
        world.position_state(&party, market, 1, LEVERAGED).shares,
        0,
        "the position is empty"
    );
}

#[test]
fn a_healthy_position_is_never_liquidated() {
    let (mut world, party, keeper, market) = fallen(1);
    for shares in [1, SHARES * 3 / 10, SHARES] {
        let instruction = ix::liquidate(keeper.owner, party.owner, market, 1, shares);
        world.refuses(&instruction, ExchangeError::Healthy);
    }
}
