use harness::{attacks::Shape, *};

fn with_market() -> (World, Party, u64) {
    let mut world = World::launched();
    let (party, market) = (world.party(UNIT), world.market(3));
    (world, party, market)
}

fn given() -> (World, Instruction) {
    let (world, party, market) = with_market();
    (world, ix::create_position(party.owner, market, 2, SPOT))
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotOwner.into()),
    owned: &[1, 2],
    written: &[0, 1, 2],
    data: 2,
}}

#[test]
fn a_position_starts_empty_and_is_counted() {
    for kind in [SPOT, LEVERAGED] {
        let (mut world, party, market) = with_market();

        let done = world.does(&ix::create_position(party.owner, market, 2, kind));

        let (trader, address) = (key(&party.trader()), key(&address::market(market)));
        let position = world.position_state(&party, market, 2, kind);
        let empty = Position {
            trader,
            market: address,
            outcome: 2,
            kind,
            ..Zeroable::zeroed()
        };
        assert_eq!(position, empty);
        assert_eq!(world.trader(&party).positions, 1);
        assert_eq!(world.market_state(market).positions, 1);
        let expected = PositionOpened {
            position: key(&party.position(market, 2, kind)),
            trader,
            market: address,
            outcome: 2,
            kind: u32::from(kind),
        };
        assert_eq!(done.event::<PositionOpened>(), expected);
    }
}

#[test]
fn a_second_creation_is_refused_and_keeps_the_shares() {
    let mut world = World::launched();
    let (party, market) = (world.party(100 * UNIT), world.market(2));
    world.holding(&party, market, 1, UNIT);
    world.refuses(&ix::create_position(party.owner, market, 1, SPOT), error::IN_USE);
    assert_eq!(world.position_state(&party, market, 1, SPOT).shares, UNIT);
}

#[test]
fn an_outcome_that_the_market_does_not_have_is_refused() {
    for outcome in [3, 16, 255] {
        let (mut world, party, market) = with_market();
        let create = ix::create_position(party.owner, market, outcome, SPOT);
        world.refuses(&create, ExchangeError::BadOutcome);
    }
}

#[test]
fn a_third_kind_is_refused() {
    for kind in [2, 255] {
        let (mut world, party, market) = with_market();
        world.refuses(
            &ix::create_position(party.owner, market, 0, kind),
            ExchangeError::WrongKind,
        );
    }
}

#[test]
fn the_address_of_another_position_is_refused() {
    let (mut world, party, market) = with_market();
    let other = world.party(0);
    for wrong in [
        party.position(market, 1, SPOT),
        party.position(market, 2, LEVERAGED),
        other.position(market, 2, SPOT),
    ] {
        let mut create = ix::create_position(party.owner, market, 2, SPOT);
        create.accounts[3].pubkey = wrong;
        world.refuses(&create, InstructionError::InvalidSeeds);
    }
}

#[test]
fn a_position_for_somebody_else_is_refused() {
    let (mut world, party, market) = with_market();
    let other = world.party(0);
    let mut create = ix::create_position(other.owner, market, 2, SPOT);
    create.accounts[0].pubkey = party.owner;
    world.refuses(&create, ExchangeError::NotOwner);
}

#[test]
fn a_market_that_no_longer_trades_takes_no_new_positions() {
    let (mut world, party, market) = with_market();
    world.settle(market, 100 * UNIT);
    let create = ix::create_position(party.owner, market, 2, SPOT);
    world.refuses(&create, ExchangeError::MarketClosed);
}
