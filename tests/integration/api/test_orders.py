"""Orders as a client of the API meets them: from a quote to a position, and each once."""

from __future__ import annotations

import asyncio
import base64

import httpx
import msgspec
import pytest
from solders.transaction import VersionedTransaction
from tests.integration.api.conftest import BEARER, TOKEN, Serve, packed, refusal, wanted
from tests.unit.trading.conftest import World

from breakwater import trading
from breakwater.api import ApiClient, sign
from breakwater.chain import instructions as ix
from breakwater.errors import ProgramError

# From a quote to a position


async def test_an_order_is_quoted_built_signed_posted_and_seen(
    world: World, market: trading.MarketView, api: ApiClient
) -> None:
    owner = str(world.owner)
    quote = await api.quote(market.id, "buy", "yes", shares="10", owner=owner)
    exact, _ = await trading.quote(
        world.engine, world.owner, trading.Request(market.id, "buy", 1, 10 * trading.UNIT)
    )
    assert quote.exact
    assert (quote.amount, quote.limit) == tuple(map(trading.show_amount, (exact.amount, exact.limit)))
    before = await api.trader(owner)

    order = wanted(world, market)
    built = await api.build(order)
    assert (built.quote.amount, built.creates_position) == (quote.amount, True)
    done = await api.post(sign(built, order, world.trader))

    assert (done.status, done.replayed, done.error) == ("landed", False, None)
    (fill,) = done.fills
    assert (fill.market, fill.side, fill.outcome, fill.shares) == (market.id, "buy", 1, "10.000000")
    assert (fill.amount, fill.fee) == (quote.amount, quote.fee)
    after = await api.trader(owner)
    (position,) = after.positions
    assert (position.market, position.kind, position.shares) == (market.id, "spot", "10.000000")
    assert _micro(after.balance) == _micro(before.balance) - _micro(fill.amount)
    assert _micro(after.value) == _micro(after.balance) + _micro(position.equity)
    shown = await api.market(market.id)
    assert (shown.outcomes[1].shares, shown.outcomes[1].price) == ("10.000000", built.quote.price_after)
    assert (await api.order(done.signature)).fills == done.fills


async def test_every_side_goes_its_way(world: World, market: trading.MarketView, api: ApiClient) -> None:
    key = world.trader
    await api.trade(key, market=market.id, side="buy", outcome=0, spend="20")
    world.engine.advance_slots(1)  # shares are sold in a later slot than they were bought in
    sold = await api.trade(key, market=market.id, side="sell", outcome=0)
    opened = await api.trade(key, market=market.id, side="open", outcome=1, shares="30", leverage="3")
    assert (opened.fills[0].leverage, opened.fills[0].debt_after) > (3.0, "0.000000")
    debt = (await api.market(market.id)).debt
    assert debt == opened.fills[0].debt_after
    world.engine.advance_slots(1)
    closed = await api.trade(key, market=market.id, side="close", outcome=1)
    assert [each.fills[0].side for each in (sold, opened, closed)] == ["sell", "open", "close"]
    held = (await api.trader(str(world.owner))).positions
    assert {each.shares for each in held} == {"0.000000"}
    vault = await api.vault()
    assert (vault.debt, vault.bad_debt) == ("0.000000", "0.000000")
    assert _micro(vault.volume) > 0


async def test_equal_orders_are_orders_of_their_own(
    world: World, market: trading.MarketView, api: ApiClient
) -> None:
    order = wanted(world, market)
    await api.post(sign(await api.build(order), order, world.trader))
    first, second = [sign(await api.build(order), order, world.trader) for _ in range(2)]
    assert first != second
    done = [await api.post(each) for each in (first, second)]
    assert len({each.signature for each in done}) == 2
    assert (await api.trader(str(world.owner))).positions[0].shares == "30.000000"


async def test_markets_are_listed_by_page_and_filter(world: World, serve: Serve) -> None:
    made = [await world.market(closes="1h" if i < 3 else "2h") for i in range(5)]
    ids = sorted(each.id for each in made)
    world.engine.advance_time(3_700)
    async with serve() as running, ApiClient(running.url) as api:
        first = await api.markets(limit=2)
        assert ([each.market for each in first.markets], first.total, first.next) == (ids[:2], 5, ids[1])
        rest = await api.markets(after=first.next, limit=3)
        assert ([each.market for each in rest.markets], rest.next) == (ids[2:], None)
        closed = await api.markets(status="closed")
        assert [each.market for each in closed.markets] == sorted(each.id for each in made[:3])
        assert (await api.markets(feed="GOLD")).total == 0
        assert (await api.markets(feed="BTC/USD")).total == 5
        feed = await api.feed("BTC/USD")
        assert (feed.price, feed.freshness) == ("100000.00", "degraded")


# Once, and only once


async def test_the_same_transaction_twice_is_one_order(
    world: World, market: trading.MarketView, api: ApiClient
) -> None:
    order = wanted(world, market)
    text = sign(await api.build(order), order, world.trader)
    together = await asyncio.gather(*(api.post(text) for _ in range(5)))
    later = await api.post(text, wait=False)
    assert sorted(each.replayed for each in [*together, later]) == [False] + [True] * 5
    outcomes = {
        msgspec.json.encode(msgspec.structs.replace(each, replayed=False)) for each in [*together, later]
    }
    assert len(outcomes) == 1
    assert (await api.trader(str(world.owner))).positions[0].shares == "10.000000"


async def test_a_restart_remembers(world: World, market: trading.MarketView, serve: Serve) -> None:
    order = wanted(world, market)
    async with serve() as running, ApiClient(running.url, TOKEN) as api:
        text = sign(await api.build(order), order, world.trader)
        first = await api.post(text)
    async with serve() as running, ApiClient(running.url, TOKEN) as api:
        again = await api.post(text)
        assert again == msgspec.structs.replace(first, replayed=True)
        assert (await api.trader(str(world.owner))).positions[0].shares == "10.000000"


async def test_what_landed_another_way_is_found_on_the_chain(
    world: World, market: trading.MarketView, api: ApiClient
) -> None:
    order = wanted(world, market)
    text = sign(await api.build(order), order, world.trader)
    assert world.engine.execute(VersionedTransaction.from_bytes(base64.b64decode(text))).err is None
    done = await api.post(text)
    assert (done.status, done.fills[0].shares) == ("landed", "10.000000")
    assert (await api.trader(str(world.owner))).positions[0].shares == "10.000000"


async def test_a_program_refuses_by_name_and_nothing_is_sent(
    world: World, market: trading.MarketView, api: ApiClient, raw: httpx.AsyncClient
) -> None:
    create = ix.create_position(world.owner, market.id, 1, ix.SPOT)
    text = packed(world, create, ix.buy(world.owner, market.id, 1, trading.UNIT, 1))
    with pytest.raises(ProgramError, match="SlippageExceeded") as caught:
        await api.post(text)
    assert caught.value.name == "SlippageExceeded"
    assert (await api.trader(str(world.owner))).positions == []
    response = await raw.post("/v1/orders", json={"transaction": text}, headers=BEARER)
    assert refusal(response)[:2] == (422, "SlippageExceeded")
    assert response.json()["error"]["kind"] == "program"
    assert response.json()["error"]["code"] == caught.value.code
    with pytest.raises(ProgramError, match="LeverageAboveCap"):
        await api.trade(world.trader, market=market.id, side="open", outcome=1, shares="1", leverage="60")


async def test_an_expired_blockhash_asks_for_a_new_signature(
    world: World, market: trading.MarketView, api: ApiClient, raw: httpx.AsyncClient
) -> None:
    order = wanted(world, market)
    text = sign(await api.build(order), order, world.trader)
    world.engine.advance_slots(151)
    response = await raw.post("/v1/orders", json={"transaction": text}, headers=BEARER)
    assert refusal(response) == (
        409, "BlockhashExpired", "Build and sign the order again: its blockhash has expired."
    )  # fmt: skip


def _micro(amount: str | None) -> int:
    assert amount is not None
    return int(amount.replace(".", ""))
