use harness::{
    archive::leaf,
    attacks::Shape,
    ix_archive::{archive_market, archive_positions, verify_leaf},
    *,
};

fn settled() -> (World, u64) {
    let mut world = World::with_archive();
    let market = world.market(2);
    world.settle(market, 100 * UNIT);
    (world, market)
}

fn given() -> (World, Instruction) {
    let (world, market) = settled();
    let instruction = archive_market(market, world.operator);
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: None, // anybody may
    stranger: None,
    owned: &[1, 2, 3],
    written: &[0, 1, 2, 3],
    data: 0,
}}

#[test]
fn a_settled_market_becomes_a_leaf_and_does_what_closing_it_does() {
    let mut world = World::with_archive();
    let (party, market) = (world.party(100 * UNIT), world.market(3));
    world.holding(&party, market, 0, UNIT);
    world.holding(&party, market, 1, UNIT);
    world.pass_close(market);
    world.pass(7 * 24 * 3_600);
    world.does(&ix::void(market));
    world.does(&archive_positions(
        party.owner,
        market,
        &[(party, 0, SPOT), (party, 1, SPOT)],
    ));
    let mut twin = world.clone();
    let content = world.account(&address::market(market)).unwrap().data[8..].to_vec();

    let done = world.does(&archive_market(market, world.operator));

    twin.does(&ix::close_market(market, twin.operator));
    for account in [twin.operator, address::shard(address::shard_of(market))] {
        assert!(world.account(&account) == twin.account(&account));
    }
    let gone = |world: &World| {
        world
            .account(&address::market(market))
            .is_none_or(|a| a.lamports == 0)
    };
    assert!(gone(&world) && gone(&twin));
    assert_eq!(done.event::<MarketRemoved>().swept, 1);
    let event = done.event::<MarketArchived>();
    assert_eq!((event.archive, event.index, event.sequence), (0, 2, 2));
    assert_eq!(event.market, key(&address::market(market)));
    assert_eq!(event.content[..], content[..]);
    let proof = world.proof(2);
    world.does(&verify_leaf(&leaf(b"mkt.done", &content), &proof));
}

#[test]
fn an_open_market_is_refused() {
    let mut world = World::with_archive();
    let market = world.market(2);
    let archive = archive_market(market, world.operator);
    world.refuses(&archive, ExchangeError::MarketNotSettled);
}

#[test]
fn a_position_even_an_archived_one_is_refused() {
    let (mut world, _, market) = crate::restore_position::archived();
    world.settle(market, 100 * UNIT);
    let archive = archive_market(market, world.operator);
    world.refuses(&archive, ExchangeError::NotEmpty);
    let mut world = World::with_archive();
    let market = world.market(2);
    let party = world.party(0);
    world.position(&party, market, 0, SPOT);
    world.settle(market, 100 * UNIT);
    world.refuses(&archive_market(market, world.operator), ExchangeError::NotEmpty);
}

#[test]
fn somebody_else_does_not_get_the_rent() {
    let (mut world, market) = settled();
    let thief = world.key();
    world.refuses(&archive_market(market, thief), ExchangeError::NotOwner);
}

#[test]
fn another_shard_is_refused() {
    let (mut world, mut instruction) = given();
    let shard = world.get::<Shard>(&instruction.accounts[3].pubkey).index as u8;
    instruction.accounts[3].pubkey = address::shard((shard + 1) % 4);
    world.refuses(&instruction, ExchangeError::WrongShard);
}

#[test]
fn a_market_is_archived_only_once_and_its_id_may_be_used_again() {
    let (mut world, market) = settled();
    let archive = archive_market(market, world.operator);
    world.does(&archive);
    world.refuses(&archive, InstructionError::AccountDataTooSmall);
    let terms = world.terms(2, 1_000 * UNIT);
    let again = ix::create_market(world.operator, market, world.feed, &terms);
    world.does(&again);
}

#[test]
fn a_full_archive_takes_no_market() {
    let (mut world, market) = settled();
    world.edit::<Archive>(&address::archive(0), |archive| archive.length = 1 << 20);
    let archive = archive_market(market, world.operator);
    world.refuses(&archive, ExchangeError::ArchiveFull);
}
