use {
    crate::{booked, Quote},
    harness::{
        attacks::{PositionShape, Shape},
        *,
    },
};

const SHARES: u64 = 10 * UNIT;

/// A party with an empty spot position in outcome 1 of a market of three.
fn with_position() -> (World, Party, u64) {
    let mut world = World::launched();
    let (party, market) = (world.party(1_000 * UNIT), world.market(3));
    world.position(&party, market, 1, SPOT);
    (world, party, market)
}

fn given() -> (World, Instruction) {
    let (world, party, market) = with_position();
    (world, ix::buy(party.owner, market, 1, SHARES, u64::MAX))
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
fn shares_are_issued_at_the_curves_price_and_the_vault_earns_fee_and_rounding() {
    let (mut world, party, market) = with_position();
    let (before, shard, trader) = (
        world.market_state(market),
        world.shard_of(market),
        world.trader(&party),
    );
    let quote = Quote::purchase(&world, market, 1, SHARES);

    let done = world.does(&ix::buy(party.owner, market, 1, SHARES, u64::MAX));

    let amount = quote.notional + quote.fee;
    let income = amount - (quote.market.escrow - before.escrow);
    assert!(income > quote.fee, "rounding is the vault's");
    assert_eq!(world.market_state(market), quote.market);
    assert_eq!(world.shard_of(market), booked(&shard, &before, &quote, income));
    assert_eq!(
        world.trader(&party),
        Trader {
            balance: trader.balance - amount,
            ..trader
        }
    );
    let position = world.position_state(&party, market, 1, SPOT);
    assert_eq!(
        (position.shares, position.cost, position.debt),
        (SHARES, amount, 0)
    );
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
        outcome: 1,
        side: 0,
        leverage_x100: 100,
        reserved: 0,
    };
    assert_eq!(done.event::<Traded>(), expected);
}

#[test]
fn purchases_add_up_in_the_position() {
    let (mut world, party, market) = with_position();
    let balance = world.trader(&party).balance;
    for _ in 0..3 {
        world.does(&ix::buy(party.owner, market, 1, SHARES, u64::MAX));
    }
    let position = world.position_state(&party, market, 1, SPOT);
    assert_eq!(position.shares, 3 * SHARES);
    assert_eq!(position.cost, balance - world.trader(&party).balance);
}

#[test]
fn no_shares_are_refused() {
    let (mut world, party, market) = with_position();
    world.refuses(
        &ix::buy(party.owner, market, 1, 0, u64::MAX),
        ExchangeError::ZeroAmount,
    );
}

#[test]
fn the_smallest_purchase_costs_more_than_it_can_pay() {
    let (mut world, party, market) = with_position();
    let done = world.does(&ix::buy(party.owner, market, 1, 1, u64::MAX));
    assert!(done.event::<Traded>().amount > 1);
}

#[test]
fn the_limit_is_kept_to_the_unit() {
    let (mut world, party, market) = with_position();
    let quote = Quote::purchase(&world, market, 1, SHARES);
    let amount = quote.notional + quote.fee;
    world.refuses(
        &ix::buy(party.owner, market, 1, SHARES, amount - 1),
        ExchangeError::SlippageExceeded,
    );
    world.does(&ix::buy(party.owner, market, 1, SHARES, amount));
}

#[test]
fn the_balance_is_enough_or_the_purchase_is_refused() {
    let (mut world, party, market) = with_position();
    let quote = Quote::purchase(&world, market, 1, SHARES);
    let amount = quote.notional + quote.fee;
    let leave = |balance: u64| ix::withdraw(party.owner, party.tokens, world.mint, 1_000 * UNIT - balance);
    let (short, deposit) = (
        leave(amount - 1),
        ix::deposit(party.owner, party.tokens, world.mint, 1),
    );
    world.does(&short);
    world.refuses(
        &ix::buy(party.owner, market, 1, SHARES, u64::MAX),
        ExchangeError::InsufficientBalance,
    );
    world.does(&deposit);
    world.does(&ix::buy(party.owner, market, 1, SHARES, u64::MAX));
    assert_eq!(world.trader(&party).balance, 0);
}

#[test]
fn trading_ends_at_the_close_to_the_second() {
    let (mut world, party, market) = with_position();
    world.pass_close(market);
    let buy = ix::buy(party.owner, market, 1, SHARES, u64::MAX);
    world.refuses(&buy, ExchangeError::MarketClosed);
    world.pass(-1);
    world.does(&buy);
}

#[test]
fn a_settled_market_is_refused() {
    let (mut world, party, market) = with_position();
    world.settle(market, 100 * UNIT);
    world.refuses(
        &ix::buy(party.owner, market, 1, SHARES, u64::MAX),
        ExchangeError::MarketClosed,
    );
    // even if the clock went back
    world.set_time(START_S);
    world.refuses(
        &ix::buy(party.owner, market, 1, SHARES, u64::MAX),
        ExchangeError::MarketClosed,
    );
}

#[test]
fn a_leveraged_position_is_refused() {
    let (mut world, party, market) = with_position();
    world.position(&party, market, 1, LEVERAGED);
    let mut buy = ix::buy(party.owner, market, 1, SHARES, u64::MAX);
    buy.accounts[4].pubkey = party.position(market, 1, LEVERAGED);
    world.refuses(&buy, ExchangeError::WrongKind);
}

#[test]
fn amounts_beyond_every_range_are_refused() {
    for (shares, expected) in [
        (u64::MAX, ExchangeError::Overflow),
        (1 << 63, ExchangeError::Overflow),
        ((1 << 62) + 1, ExchangeError::Overflow),
        (1 << 62, ExchangeError::InsufficientBalance),
        (1 << 50, ExchangeError::InsufficientBalance),
    ] {
        let (mut world, party, market) = with_position();
        world.refuses(&ix::buy(party.owner, market, 1, shares, u64::MAX), expected);
    }
}

#[test]
fn outstanding_shares_cannot_wrap() {
    let (mut world, party, market) = with_position();
    world.does(&ix::buy(party.owner, market, 1, SHARES, u64::MAX));
    let wrapping = ix::buy(party.owner, market, 1, u64::MAX - SHARES + 1, u64::MAX);
    world.refuses(&wrapping, ExchangeError::Overflow);
}
