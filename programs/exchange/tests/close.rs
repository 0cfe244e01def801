use {
    crate::{booked, Quote},
    harness::{
        attacks::{PositionShape, Shape},
        *,
    },
};

const HELD: u64 = 60 * UNIT;
const SHARES: u64 = 20 * UNIT;

/// A party with shares of outcome 0 of a market of two, bought at 4x.
fn with_loan() -> (World, Party, u64) {
    let mut world = World::launched();
    let (party, market) = (world.party(1_000 * UNIT), world.market(2));
    world.leveraged(&party, market, 0, HELD, 400);
    (world, party, market)
}

/// The same after somebody has bought so much of the other outcome that the loan is not repaid.
fn under_water() -> (World, Party, u64) {
    let (mut world, party, market) = with_loan();
    let other = world.party(10_000 * UNIT);
    world.holding(&other, market, 1, 2_000 * UNIT);
    (world, party, market)
}

fn given() -> (World, Instruction) {
    let (world, party, market) = with_loan();
    (world, ix::close(party.owner, market, 0, SHARES, 0))
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
fn the_sold_shares_part_of_the_loan_is_repaid_and_the_rest_is_the_traders() {
    let (mut world, party, market) = with_loan();
    let (before, shard, trader) = (
        world.market_state(market),
        world.shard_of(market),
        world.trader(&party),
    );
    let held = world.position_state(&party, market, 0, LEVERAGED);
    let quote = Quote::sale(&world, market, 0, SHARES);

    let done = world.does(&ix::close(party.owner, market, 0, SHARES, 0));

    let due = held.debt.div_ceil(3);
    let amount = quote.notional - quote.fee - due;
    let income = before.escrow - quote.market.escrow - (quote.notional - quote.fee);
    let mut market_after = Market {
        debt_at_risk: held.debt - due,
        total_debt: held.debt - due,
        ..quote.market
    };
    market_after.debt[0] = held.debt - due;
    assert_eq!(world.market_state(market), market_after);
    let mut shard_after = booked(&shard, &before, &quote, income);
    shard_after.cash += due;
    (shard_after.debt, shard_after.debt_at_risk) = (held.debt - due, held.debt - due);
    assert_eq!(world.shard_of(market), shard_after);
    assert_eq!(
        world.trader(&party),
        Trader {
            balance: trader.balance + amount,
            ..trader
        }
    );
    let position = world.position_state(&party, market, 0, LEVERAGED);
    assert_eq!((position.shares, position.debt), (HELD - SHARES, held.debt - due));
    assert_eq!(position.cost, (u128::from(held.cost) * 2 / 3) as u64);
    let traded = done.event::<Traded>();
    assert_eq!((traded.side, traded.outcome, traded.leverage_x100), (3, 0, 100));
    assert_eq!(
        (traded.shares, traded.notional, traded.fee),
        (SHARES, quote.notional, quote.fee)
    );
    assert_eq!(
        (traded.amount, traded.debt, traded.income),
        (amount, held.debt - due, income)
    );
    assert_eq!(traded.escrow, quote.market.escrow);
}

#[test]
fn a_position_closed_whole_leaves_no_loan_on_any_book() {
    let (mut world, party, market) = with_loan();
    world.does(&ix::close(party.owner, market, 0, HELD, 0));
    let (state, shard) = (world.market_state(market), world.shard_of(market));
    let position = world.position_state(&party, market, 0, LEVERAGED);
    assert_eq!((position.shares, position.debt, position.cost), (0, 0, 0));
    assert_eq!(
        (state.debt[0], state.debt_at_risk, shard.debt, shard.debt_at_risk),
        (0, 0, 0, 0)
    );
    assert_eq!(shard.bad_debt, 0);
}

#[test]
fn what_the_proceeds_do_not_repay_comes_from_the_balance() {
    for shares in [SHARES, HELD] {
        let (mut world, party, market) = under_water();
        let (before, shard, trader) = (
            world.market_state(market),
            world.shard_of(market),
            world.trader(&party),
        );
        let held = world.position_state(&party, market, 0, LEVERAGED);
        let due = (u128::from(held.debt) * u128::from(shares)).div_ceil(u128::from(HELD)) as u64;
        let quote = Quote::sale(&world, market, 0, shares);
        let proceeds = quote.notional - quote.fee;
        assert!(proceeds < due);

        let done = world.does(&ix::close(party.owner, market, 0, shares, 0));

        let (after, shortfall) = (world.shard_of(market), due - proceeds);
        let balance = trader.balance - shortfall;
        assert_eq!(world.trader(&party), Trader { balance, ..trader });
        assert_eq!((after.bad_debt, after.debt), (0, held.debt - due));
        let income = before.escrow - quote.market.escrow - proceeds;
        assert_eq!(after.cash, shard.cash + due + income);
        let traded = done.event::<Traded>();
        assert_eq!(
            (traded.amount, traded.shortfall, traded.income),
            (0, shortfall, income)
        );
    }
}

#[test]
fn a_balance_that_does_not_cover_the_shortfall_is_refused() {
    let (mut world, party, market) = under_water();
    let due = world.position_state(&party, market, 0, LEVERAGED).debt;
    let quote = Quote::sale(&world, market, 0, HELD);
    let shortfall = due - (quote.notional - quote.fee);
    let excess = world.trader(&party).balance - shortfall + 1;
    let mint = world.mint;
    world.does(&ix::withdraw(party.owner, party.tokens, mint, excess));
    let close = ix::close(party.owner, market, 0, HELD, 0);
    world.refuses(&close, ExchangeError::Underwater);
    world.does(&ix::deposit(party.owner, party.tokens, mint, 1));
    world.does(&close);
    assert_eq!(world.trader(&party).balance, 0);
}

#[test]
fn no_shares_are_refused() {
    let (mut world, party, market) = with_loan();
    world.refuses(
        &ix::close(party.owner, market, 0, 0, 0),
        ExchangeError::ZeroAmount,
    );
}

#[test]
fn more_shares_than_held_are_refused() {
    for shares in [HELD + 1, 1 << 63, u64::MAX] {
        let (mut world, party, market) = with_loan();
        world.refuses(
            &ix::close(party.owner, market, 0, shares, 0),
            ExchangeError::InsufficientShares,
        );
    }
}

#[test]
fn an_empty_position_is_refused() {
    let (mut world, party, market) = with_loan();
    world.does(&ix::close(party.owner, market, 0, HELD, 0));
    world.refuses(
        &ix::close(party.owner, market, 0, 1, 0),
        ExchangeError::InsufficientShares,
    );
}

#[test]
fn dust_brings_nothing_and_still_repays_its_part_of_the_loan() {
    let (mut world, party, market) = with_loan();
    let (held, trader) = (
        world.position_state(&party, market, 0, LEVERAGED),
        world.trader(&party),
    );
    world.does(&ix::close(party.owner, market, 0, 1, 0));
    let position = world.position_state(&party, market, 0, LEVERAGED);
    assert_eq!((position.shares, position.debt), (HELD - 1, held.debt - 1));
    assert_eq!(world.trader(&party).balance, trader.balance - 1);
}

#[test]
fn the_limit_is_kept_to_the_unit() {
    let (mut world, party, market) = with_loan();
    let quote = Quote::sale(&world, market, 0, SHARES);
    let due = world
        .position_state(&party, market, 0, LEVERAGED)
        .debt
        .div_ceil(3);
    let amount = quote.notional - quote.fee - due;
    world.refuses(
        &ix::close(party.owner, market, 0, SHARES, amount + 1),
        ExchangeError::SlippageExceeded,
    );
    world.does(&ix::close(party.owner, market, 0, SHARES, amount));
}

#[test]
fn a_spot_position_is_refused() {
    let (mut world, party, market) = with_loan();
    world.holding(&party, market, 0, SHARES);
    let mut close = ix::close(party.owner, market, 0, SHARES, 0);
    close.accounts[4].pubkey = party.position(market, 0, SPOT);
    world.refuses(&close, ExchangeError::WrongKind);
}

#[test]
fn trading_ends_at_the_close() {
    let (mut world, party, market) = with_loan();
    world.pass_close(market);
    world.refuses(
        &ix::close(party.owner, market, 0, SHARES, 0),
        ExchangeError::MarketClosed,
    );
}

#[test]
fn a_settled_market_is_refused() {
    let (mut world, party, market) = with_loan();
    world.settle(market, 100 * UNIT);
    world.refuses(
        &ix::close(party.owner, market, 0, SHARES, 0),
        ExchangeError::MarketClosed,
    );
}
