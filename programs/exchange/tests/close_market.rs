use harness::{attacks::Shape, *};

fn settled() -> (World, u64) {
    let mut world = World::launched();
    let market = world.market(2);
    world.settle(market, 100 * UNIT);
    (world, market)
}

fn given() -> (World, Instruction) {
    let (world, market) = settled();
    let instruction = ix::close_market(market, world.operator);
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: None, // anybody may
    stranger: None,
    owned: &[1, 2],
    written: &[0, 1, 2],
    data: 0,
}}

#[test]
fn the_rent_goes_back_to_who_paid_it() {
    let (mut world, market) = settled();
    let rent = world.account(&address::market(market)).unwrap().lamports;
    let (operator, shard) = (world.operator, world.shard_of(market));
    let before = world.account(&operator).unwrap().lamports;

    let done = world.does(&ix::close_market(market, operator));

    assert_eq!(world.account(&operator).unwrap().lamports, before + rent);
    assert!(world
        .account(&address::market(market))
        .is_none_or(|account| account.lamports == 0));
    assert_eq!(
        world.get::<Shard>(&address::shard(address::shard_of(market))),
        shard
    );
    let expected = MarketRemoved {
        market: key(&address::market(market)),
        swept: 0,
    };
    assert_eq!(done.event::<MarketRemoved>(), expected);
}

#[test]
fn what_rounding_left_in_escrow_goes_to_the_vault() {
    let mut world = World::launched();
    let (party, market) = (world.party(100 * UNIT), world.market(3));
    world.holding(&party, market, 0, UNIT);
    world.holding(&party, market, 1, UNIT);
    world.pass_close(market);
    world.pass(7 * 24 * 3_600);
    world.does(&ix::void(market));
    for outcome in [0, 1] {
        world.does(&ix::redeem(party.owner, market, outcome, SPOT));
        world.does(&ix::close_position(party.owner, market, outcome, SPOT));
    }
    let (shard, escrow) = (world.shard_of(market), world.market_state(market).escrow);
    assert_eq!(escrow, 1, "two thirds rounded up less two thirds rounded down");

    let done = world.does(&ix::close_market(market, world.operator));

    assert_eq!(done.event::<MarketRemoved>().swept, 1);
    let after = world.get::<Shard>(&address::shard(address::shard_of(market)));
    assert_eq!(
        after,
        Shard {
            cash: shard.cash + 1,
            ..shard
        }
    );
}

#[test]
fn an_open_market_is_refused() {
    let mut world = World::launched();
    let market = world.market(2);
    let close = ix::close_market(market, world.operator);
    world.refuses(&close, ExchangeError::MarketNotSettled);
}

#[test]
fn a_position_even_an_empty_one_is_refused() {
    let mut world = World::launched();
    let (party, market) = (world.party(0), world.market(2));
    world.position(&party, market, 0, SPOT);
    world.settle(market, 100 * UNIT);
    let close = ix::close_market(market, world.operator);
    world.refuses(&close, ExchangeError::NotEmpty);
}

#[test]
fn somebody_else_does_not_get_the_rent() {
    let (mut world, market) = settled();
    let thief = world.key();
    world.refuses(&ix::close_market(market, thief), ExchangeError::NotOwner);
}

#[test]
fn another_shard_is_refused() {
    let (mut world, mut instruction) = given();
    let shard = world.get::<Shard>(&instruction.accounts[2].pubkey).index as u8;
    instruction.accounts[2].pubkey = address::shard((shard + 1) % 4);
    world.refuses(&instruction, ExchangeError::WrongShard);
}

#[test]
fn a_market_closes_only_once() {
    let (mut world, instruction) = given();
    world.does(&instruction);
    world.refuses(&instruction, InstructionError::AccountDataTooSmall);
}
