use harness::{attacks::Shape, *};

fn with_position() -> (World, Party, u64) {
    let mut world = World::launched();
    let (party, market) = (world.party(100 * UNIT), world.market(2));
    world.position(&party, market, 1, SPOT);
    (world, party, market)
}

fn given() -> (World, Instruction) {
    let (world, party, market) = with_position();
    (world, ix::close_position(party.owner, market, 1, SPOT))
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotOwner.into()),
    owned: &[1, 2, 3],
    written: &[1, 2, 3], // the owner: below
    data: 0,
}}

#[test]
fn an_empty_position_returns_its_rent_and_is_no_longer_counted() {
    let (mut world, party, market) = with_position();
    let position = party.position(market, 1, SPOT);
    let rent = world.account(&position).unwrap().lamports;
    let before = world.account(&party.owner).unwrap().lamports;

    let done = world.does(&ix::close_position(party.owner, market, 1, SPOT));

    assert_eq!(world.account(&party.owner).unwrap().lamports, before + rent);
    assert!(world
        .account(&position)
        .is_none_or(|account| account.lamports == 0));
    assert_eq!(world.trader(&party).positions, 0);
    assert_eq!(world.market_state(market).positions, 0);
    assert_eq!(
        done.event::<PositionClosed>(),
        PositionClosed {
            position: key(&position)
        }
    );
}

#[test]
fn shares_are_refused() {
    let (mut world, party, market) = with_position();
    world.does(&ix::buy(party.owner, market, 1, 1, u64::MAX));
    world.refuses(
        &ix::close_position(party.owner, market, 1, SPOT),
        ExchangeError::NotEmpty,
    );
}

#[test]
fn losing_shares_are_refused_until_they_are_redeemed() {
    let mut world = World::launched();
    let (party, market) = (world.party(100 * UNIT), world.market(2));
    world.leveraged(&party, market, 0, UNIT, 200);
    world.settle(market, 100 * UNIT);
    let close = ix::close_position(party.owner, market, 0, LEVERAGED);
    world.refuses(&close, ExchangeError::NotEmpty);
    world.does(&ix::redeem(party.owner, market, 0, LEVERAGED));
    world.does(&close);
}

#[test]
fn somebody_elses_position_is_refused() {
    let (mut world, party, market) = with_position();
    let other = world.party(0);
    world.position(&other, market, 1, SPOT);
    let mut close = ix::close_position(party.owner, market, 1, SPOT);
    close.accounts[3].pubkey = other.position(market, 1, SPOT);
    world.refuses(&close, ExchangeError::PositionOfAnotherTrader);
}

#[test]
fn another_market_is_refused() {
    let (mut world, party, market) = with_position();
    let other = world.market(2);
    let mut close = ix::close_position(party.owner, market, 1, SPOT);
    close.accounts[2].pubkey = address::market(other);
    world.refuses(&close, ExchangeError::PositionOfAnotherMarket);
}

#[test]
fn a_position_closes_only_once() {
    let (mut world, party, market) = with_position();
    let close = ix::close_position(party.owner, market, 1, SPOT);
    world.does(&close);
    world.refuses(&close, InstructionError::AccountDataTooSmall);
}

#[test]
fn rent_cannot_be_sent_to_the_trader_account() {
    let (mut world, party, market) = with_position();
    let mut close = ix::close_position(party.owner, market, 1, SPOT);
    close.accounts[0].pubkey = party.trader();
    world.refuses(&close, error::DUPLICATE);
}

#[test]
fn anybody_closes_an_empty_position_of_a_settled_market_and_the_rent_goes_to_its_owner() {
    let (mut world, party, market) = with_position();
    let mut close = ix::close_position(party.owner, market, 1, SPOT);
    close.accounts[0].is_signer = false;
    world.refuses(&close, InstructionError::MissingRequiredSignature);
    world.settle(market, 100 * UNIT);
    let rent = world.account(&party.position(market, 1, SPOT)).unwrap().lamports;
    let before = world.account(&party.owner).unwrap().lamports;
    world.does(&close);
    assert_eq!(world.account(&party.owner).unwrap().lamports, before + rent);
    assert_eq!(world.market_state(market).positions, 0);
}

#[test]
fn an_owner_that_cannot_receive_the_rent_is_refused() {
    let (mut world, party, market) = with_position();
    let mut close = ix::close_position(party.owner, market, 1, SPOT);
    close.accounts[0].is_writable = false;
    world.refuses(&close, error::NOT_MUTABLE);
}
