"""From the close of a market to money in a wallet, and every step that comes too early."""

from __future__ import annotations

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from breakwater import trading
from breakwater.chain import programs
from breakwater.chain.accounts import Feed
from breakwater.chain.engine import EmbeddedEngine
from breakwater.errors import InvalidInput, ProgramError
from breakwater.trading import ADVICE, Request, settlement_index
from breakwater.trading.orders import prepare

from .conftest import World

UNIT = trading.UNIT
DAY = 86_400


async def test_a_market_from_its_close_to_the_wallet(world: World) -> None:
    market = (await world.market(closes="60s")).id
    for side, outcome in (("buy", 0), ("buy", 1), ("open", 0), ("open", 1)):
        await world.trade(market, side, outcome, 10 * UNIT, leverage_x100=200 if side == "open" else 100)
    await world.trade(market, "close", 0, None)  # leaves an empty position
    with pytest.raises(InvalidInput, match=r"Wait \d+ s"):
        await trading.resolve_market(world.sender, world.trader, market)
    with pytest.raises(InvalidInput, match="then run: breakwater market resolve"):
        await trading.redeem(world.sender, world.trader, market)
    world.engine.advance_time(61)
    assert (await trading.read_market(world.engine, market)).status == "closed"
    with pytest.raises(InvalidInput, match="Wait for the next price of BTC/USD"):
        await trading.resolve_market(world.sender, world.trader, market)
    with pytest.raises(ProgramError, match=r"MarketClosed .* redeem this one once it is resolved"):
        await prepare(world.engine, world.owner, Request(market, "buy", 0, UNIT))
    with pytest.raises(InvalidInput, match="Resolve it first"):
        await trading.close_market(world.sender, world.trader, market)
    await world.publish()

    done = await trading.resolve_market(world.sender, world.trader, market)
    winner = done.view.market.winner
    assert (done.view.status, trading.settled_price(done.view)) == (
        "resolved",
        trading.show_price(world.walk.price, -2),
    )
    with pytest.raises(InvalidInput, match="is resolved already"):
        await trading.resolve_market(world.sender, world.trader, market)
    with pytest.raises(InvalidInput, match="still has 4"):
        await trading.close_market(world.sender, world.trader, market)

    expected = {
        (h.position.outcome, h.kind): max(0, h.value - h.owed)
        for h in await trading.read_holdings(world.engine, world.owner)
    }
    before = await trading.read_account(world.engine, world.owner)
    paid = await trading.redeem(world.sender, world.trader, None)
    after = await trading.read_account(world.engine, world.owner)
    assert {(p.outcome, p.kind): p.amount for p in paid} == expected
    assert expected[winner, "spot"] == 10 * UNIT
    assert before.trader is not None
    assert after.trader is not None
    assert after.trader.balance - before.trader.balance == sum(p.amount for p in paid)
    assert after.trader.positions == 0
    with pytest.raises(InvalidInput, match="nothing to redeem in any"):
        await trading.redeem(world.sender, world.trader, None)
    await trading.close_market(world.sender, world.trader, market)
    with pytest.raises(InvalidInput, match="there is no market"):
        await trading.read_market(world.engine, market)

    moved = await trading.withdraw(world.sender, world.trader, None)
    assert (moved.amount, moved.balance) == (after.trader.balance, 0)
    assert (await trading.read_account(world.engine, world.owner)).wallet == after.wallet + moved.amount
    with pytest.raises(InvalidInput, match="the balance is empty"):
        await trading.withdraw(world.sender, world.trader, None)


async def test_a_market_whose_prices_are_gone_is_voided_after_a_week(world: World) -> None:
    market = (await world.market(closes="60s")).id
    await world.trade(market, "buy", 1, 10 * UNIT)
    world.engine.advance_time(61)
    for _ in range(257):
        world.engine.advance_time(1)
        await world.publish()
    with pytest.raises(InvalidInput, match="keeps 256 prices, and the first since the close is no longer"):
        await trading.resolve_market(world.sender, world.trader, market)
    world.engine.advance_time(7 * DAY)
    done = await trading.resolve_market(world.sender, world.trader, market)
    assert (done.view.status, done.view.prices) == ("voided", [0.5, 0.5])
    (paid,) = await trading.redeem(world.sender, world.trader, market)
    assert paid.amount == 5 * UNIT


async def test_more_positions_than_fit_into_a_transaction(world: World) -> None:
    market = (await world.market(tuple(str(90_000 + i) for i in range(15)), closes="60s")).id
    for outcome in range(16):
        await world.trade(market, "buy", outcome, UNIT)
    world.engine.advance_time(61)
    await world.publish()
    await trading.resolve_market(world.sender, world.trader, market)
    paid = await trading.redeem(world.sender, world.trader, market)
    assert (len(paid), sum(each.amount for each in paid)) == (16, UNIT)


async def test_money_that_is_not_there_does_not_move(world: World) -> None:
    account = await trading.read_account(world.engine, world.owner)
    with pytest.raises(InvalidInput, match=r"the wallet of .* holds no more"):
        await trading.deposit(world.sender, world.trader, account.wallet + 1)
    assert account.trader is not None
    with pytest.raises(ProgramError, match=r"InsufficientBalance .*; deposit more, or trade less"):
        await trading.withdraw(world.sender, world.trader, account.trader.balance + 1)
    with pytest.raises(InvalidInput, match="Open a trader account first"):
        await trading.withdraw(world.sender, Keypair(), 1)


async def test_markets_are_refused_with_reasons(world: World) -> None:
    for strikes, more, kind, why in (
        (("1.001",), {}, InvalidInput, "at most 2 decimals"),
        ((), {}, InvalidInput, "1 to 15 strikes"),
        (("2", "1"), {}, ProgramError, "BadStrikes .*; give ascending strikes"),
        (("1",), {"liquidity": 10**17}, ProgramError, "(SubsidyTooLarge|OutOfDomain) .*; "),
        (("1",), {"closes": "2020-01-01T00:00Z"}, ProgramError, "CloseInPast .*; choose a later close"),
    ):
        with pytest.raises(kind, match=why):
            await world.market(strikes, **more)
    terms = {"feed": "BTC/USD", "strikes": ("1",), "closes": "1h", "liquidity": UNIT, "market_id": 7}
    await trading.create_market(world.sender, world.stage.keys["operator"], **terms)  # type: ignore[arg-type]
    world.engine.advance_slots(1)
    with pytest.raises(ProgramError, match="; "):
        await trading.create_market(world.sender, world.stage.keys["operator"], **terms)  # type: ignore[arg-type]
    with pytest.raises(ProgramError, match=r"NotOperator .*; sign with the operator's key"):
        await trading.create_market(world.sender, world.trader, **{**terms, "market_id": 8})  # type: ignore[arg-type]
    for feed in ("GOLD", "x" * 33):
        with pytest.raises(InvalidInput, match="there is none called"):
            await trading.create_market(world.sender, world.trader, **{**terms, "feed": feed})  # type: ignore[arg-type]
    assert [each.id for each in await trading.read_markets(world.engine)] == [7]


async def test_a_chain_without_an_exchange_is_named() -> None:
    engine = EmbeddedEngine()
    for read in (
        trading.read_markets(engine),
        trading.read_market(engine, 1),
        trading.read_account(engine, Pubkey.default()),
        trading.read_holdings(engine, Pubkey.default()),
    ):
        with pytest.raises(InvalidInput, match="there is no exchange"):
            await read


def test_every_error_of_the_programs_has_advice() -> None:
    names = {name for errors in programs.error_names().values() for name, _ in errors.values()}
    assert names - set(ADVICE) == set()


def test_only_a_proven_first_price_settles() -> None:
    def feed(*times: int, count: int | None = None) -> Feed:
        history = tuple((each, 100) for each in times)
        return Feed(
            publisher=b"", authority=b"", name="F", count=len(times) if count is None else count, sequence=0,
            price=0, confidence=0, slot=0, timestamp_ms=0, max_age_s=1, exponent=0, history=history,
        )  # fmt: skip

    assert settlement_index(feed(1000, 2000, 5000, 6000), 5000) == 2
    assert settlement_index(feed(1000, 2000, 5000, 6000), 2001) == 2
    assert settlement_index(feed(1000, 2000), 5000) is None
    assert settlement_index(feed(1000, 2000), 500) is None
    assert settlement_index(feed(), 500) is None
    assert settlement_index(feed(1000, 2000, count=300), 1500) == 299
