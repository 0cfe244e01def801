use {
    crate::{booked, Quote},
    harness::{
        attacks::{PositionShape, Shape},
        *,
    },
};

const HELD: u64 = 50 * UNIT;
const SHARES: u64 = 20 * UNIT;

/// A party that holds shares of outcome 2 of a market of four.
fn with_shares() -> (World, Party, u64) {
    let mut world = World::launched();
    let (party, market) = (world.party(1_000 * UNIT), world.market(4));
    world.holding(&party, market, 2, HELD);
    (world, party, market)
}

fn given() -> (World, Instruction) {
    let (world, party, market) = with_shares();
    (world, ix::sell(party.owner, market, 2, SHARES, 0))
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotOwner.into()),
    owned: &[1, 2, 3, 4],
    written: &[1, 2, 3, 4],
    data: 16,
}}
harness::position_attacks! { PositionShape { given, trader: 1, signed: true } }

#[test]
fn shares_are_taken_back_at_the_curves_price_and_the_vault_earns_fee_and_rounding() {
    let (mut world, party, market) = with_shares();
    let (before, shard, trader) = (
        world.market_state(market),
        world.shard_of(market),
        world.trader(&party),
    );
    let held = world.position_state(&party, market, 2, SPOT);
    let quote = Quote::sale(&world, market, 2, SHARES);

    let done = world.does(&ix::sell(party.owner, market, 2, SHARES, 0));

    let amount = quote.notional - quote.fee;
    let income = before.escrow - quote.market.escrow - amount;
    assert!(income > quote.fee, "rounding is the vault's");
    assert_eq!(world.market_state(market), quote.market);
    assert_eq!(world.shard_of(market), booked(&shard, &before, &quote, income));
    assert_eq!(
        world.trader(&party),
        Trader {
            balance: trader.balance + amount,
            ..trader
        }
    );
    let cost = (u128::from(held.cost) * u128::from(HELD - SHARES) / u128::from(HELD)) as u64;
    let expected = Position {
        shares: HELD - SHARES,
        cost,
        ..held
    };
    assert_eq!(world.position_state(&party, market, 2, SPOT), expected);
    let expected = Traded {
        trader: key(&party.trader()),
        market: key(&address::market(market)),
        shares: SHARES,
        notional: quote.notional,
        fee: quote.fee,
        amount,
        premium: 0,
        shortfall: 0,
        debt: 0,
        escrow: quote.market.escrow,
        income,
        outcome: 2,
        side: 1,
        leverage_x100: 100,
        reserved: 0,
    };
    assert_eq!(done.event::<Traded>(), expected);
}

#[test]
fn a_position_sold_whole_is_empty_and_the_curve_is_where_it_began() {
    let (mut world, party, market) = with_shares();
    let subsidy = Quote::sale(&world, market, 2, HELD).market.escrow;
    world.does(&ix::sell(party.owner, market, 2, HELD, 0));
    let position = world.position_state(&party, market, 2, SPOT);
    assert_eq!((position.shares, position.cost, position.debt), (0, 0, 0));
    assert_eq!(world.market_state(market).escrow, subsidy);
    assert!(
        world.trader(&party).balance < 1_000 * UNIT,
        "there and back loses fees and rounding"
    );
}

#[test]
fn no_shares_are_refused() {
    let (mut world, party, market) = with_shares();
    world.refuses(&ix::sell(party.owner, market, 2, 0, 0), ExchangeError::ZeroAmount);
}

#[test]
fn dust_brings_nothing_rather_than_more_than_it_is_worth() {
    let (mut world, party, market) = with_shares();
    let before = world.trader(&party);
    world.does(&ix::sell(party.owner, market, 2, 1, 0));
    assert_eq!(world.trader(&party), before);
}

#[test]
fn more_shares_than_held_are_refused() {
    for shares in [HELD + 1, 1 << 63, u64::MAX] {
        let (mut world, party, market) = with_shares();
        world.refuses(
            &ix::sell(party.owner, market, 2, shares, 0),
            ExchangeError::InsufficientShares,
        );
    }
}

#[test]
fn shares_that_others_hold_cannot_be_sold() {
    let (mut world, _, market) = with_shares();
    let other = world.party(UNIT);
    world.position(&other, market, 2, SPOT);
    world.refuses(
        &ix::sell(other.owner, market, 2, 1, 0),
        ExchangeError::InsufficientShares,
    );
}

#[test]
fn the_limit_is_kept_to_the_unit() {
    let (mut world, party, market) = with_shares();
    let quote = Quote::sale(&world, market, 2, SHARES);
    let amount = quote.notional - quote.fee;
    world.refuses(
        &ix::sell(party.owner, market, 2, SHARES, amount + 1),
        ExchangeError::SlippageExceeded,
    );
    world.does(&ix::sell(party.owner, market, 2, SHARES, amount));
}

#[test]
fn trading_ends_at_the_close() {
    let (mut world, party, market) = with_shares();
    world.pass_close(market);
    world.refuses(
        &ix::sell(party.owner, market, 2, SHARES, 0),
        ExchangeError::MarketClosed,
    );
}

#[test]
fn a_settled_market_is_refused() {
    let (mut world, party, market) = with_shares();
    world.settle(market, 100 * UNIT);
    world.refuses(
        &ix::sell(party.owner, market, 2, SHARES, 0),
        ExchangeError::MarketClosed,
    );
}

#[test]
fn a_leveraged_position_is_refused() {
    let (mut world, party, market) = with_shares();
    world.leveraged(&party, market, 2, SHARES, 200);
    let mut sell = ix::sell(party.owner, market, 2, SHARES, 0);
    sell.accounts[4].pubkey = party.position(market, 2, LEVERAGED);
    world.refuses(&sell, ExchangeError::WrongKind);
}
