"""The API as a client meets it: a real server on a loopback port, real programs behind it."""

from __future__ import annotations

import asyncio
import base64
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from solders.compute_budget import set_compute_unit_limit
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction
from tests.unit.trading.conftest import World, make_world

from breakwater import trading
from breakwater.api import ApiClient, ApiConfig, Serving, Tokens, schemas, serving, sign
from breakwater.api.routes import Endpoints
from breakwater.chain import instructions as ix
from breakwater.errors import Fatal, InvalidInput, ProgramError, RateLimited

TOKEN, OTHER = "a token of the desk", "a token of somebody else"
BEARER = {"authorization": f"Bearer {TOKEN}"}
JSON = {"content-type": "application/json"}
Serve = Callable[..., AbstractAsyncContextManager[Serving]]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = await make_world()
    yield made
    await made.engine.close()


@pytest.fixture
async def market(world: World) -> trading.MarketView:
    return await world.market()


@pytest.fixture
def serve(world: World, tmp_path: Path) -> Serve:
    """A server with the settings given besides the usual ones."""

    @asynccontextmanager
    async def run(**more: Any) -> AsyncIterator[Serving]:
        config = ApiConfig(Tokens([TOKEN, OTHER]), tmp_path / "orders.sqlite", **more)
        async with serving(world.engine, config) as running:
            yield running

    return run


@pytest.fixture
async def server(serve: Serve, market: trading.MarketView) -> AsyncIterator[Serving]:
    async with serve() as running:
        yield running


@pytest.fixture
async def api(server: Serving) -> AsyncIterator[ApiClient]:
    async with ApiClient(server.url, TOKEN, wait=False) as client:
        yield client


@pytest.fixture
async def raw(server: Serving) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        yield client


def refusal(response: httpx.Response) -> tuple[int, str, str]:
    """Status, name and message; every refusal has the one shape."""
    error = response.json()["error"]
    assert set(response.json()) == {"error"}
    assert {"kind", "name", "message"} <= set(error) <= {
        "kind", "name", "message", "retry_after_s", "code", "signature"
    }  # fmt: skip
    return response.status_code, error["name"], error["message"]


def packed(world: World, *instructions: Instruction, key: Keypair | None = None) -> str:
    key = key or world.trader
    blockhash = world.engine.clock.blockhash.hash
    message = Message.new_with_blockhash(list(instructions), key.pubkey(), blockhash)
    signed = VersionedTransaction.populate(message, [key.sign_message(to_bytes_versioned(message))])
    return base64.b64encode(bytes(signed)).decode()


def wanted(world: World, market: trading.MarketView, **more: Any) -> schemas.BuildRequest:
    fields: dict[str, Any] = {"side": "buy", "outcome": 1, "shares": "10", **more}
    return schemas.BuildRequest(str(world.owner), market.id, **fields)


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


# Limits


async def test_the_51st_market_request_waits_and_then_passes(
    market: trading.MarketView, raw: httpx.AsyncClient
) -> None:
    path = f"/v1/markets/{market.id}"
    assert {(await raw.get(path)).status_code for _ in range(50)} == {200}
    response = await raw.get(path)
    status, name, message = refusal(response)
    wait = response.json()["error"]["retry_after_s"]
    assert (status, name) == (429, "RateLimited")
    assert message == f"Wait {wait:.1f} s: 50 market requests are allowed in 10 s."
    assert 0 < wait <= 10
    assert response.headers["retry-after"] == str(math.ceil(wait))
    assert (await raw.get(path, headers=BEARER)).status_code == 200, "whoever has a token is counted alone"
    assert (await raw.get("/health")).status_code == 200
    metrics = (await raw.get("/metrics")).text
    assert 'breakwater_api_limited_total{kind="market"} 1.0' in metrics
    await asyncio.sleep(math.ceil(wait))
    assert (await raw.get(path)).status_code == 200


async def test_the_501st_order_request_waits(raw: httpx.AsyncClient) -> None:
    answers = [await raw.post("/v1/orders", content=b"{}", headers=BEARER | JSON) for _ in range(500)]
    assert {each.status_code for each in answers} == {400}
    response = await raw.post("/v1/orders", content=b"{}", headers=BEARER | JSON)
    assert response.status_code == 429
    assert "500 order requests are allowed in 10 s" in refusal(response)[2]
    other = {"authorization": f"Bearer {OTHER}"}
    assert (await raw.post("/v1/orders", content=b"{}", headers=other | JSON)).status_code == 400


async def test_guessing_tokens_is_limited_by_address(serve: Serve, market: trading.MarketView) -> None:
    async with serve(order_requests=5) as running, httpx.AsyncClient(base_url=running.url) as raw:
        guesses = [
            (await raw.post("/v1/orders", headers={"authorization": f"Bearer {i:020}"})).status_code
            for i in range(7)
        ]
        assert guesses == [401] * 5 + [429] * 2


async def test_our_client_waits_for_its_turn_or_says_how_long(
    serve: Serve, market: trading.MarketView
) -> None:
    async with serve(market_requests=10) as running:
        async with ApiClient(running.url, wait=False) as api:
            for _ in range(10):
                await api.vault()
            with pytest.raises(RateLimited, match="10 market requests are allowed in 10 s") as told:
                await api.vault()
            assert told.value.retry_after == pytest.approx(10, abs=2)
        began = asyncio.get_running_loop().time()
        async with ApiClient(running.url) as api:
            await api.vault()
        assert asyncio.get_running_loop().time() - began == pytest.approx(told.value.retry_after, abs=1.5)


async def test_our_client_keeps_to_the_limit_by_itself(server: Serving) -> None:
    async with ApiClient(server.url, wait=False) as api:
        for _ in range(50):
            await api.vault()
        with pytest.raises(RateLimited, match="50 market requests are allowed in 10 s"):
            await api.vault()
    async with httpx.AsyncClient(base_url=server.url) as raw:
        metrics = (await raw.get("/metrics")).text
    assert 'limited_total{kind="market"}' not in metrics, "the 51st never left the client"


# The door


@pytest.mark.parametrize(
    ("method", "path", "headers", "content", "expected"),
    [
        ("POST", "/v1/orders", {}, b"{}", (401, "Unauthorized")),
        ("POST", "/v1/orders", {"authorization": "Bearer wrong"}, b"{}", (401, "Unauthorized")),
        ("POST", "/v1/orders/build", {}, b"{}", (401, "Unauthorized")),
        ("GET", "/v1/vault", {"authorization": "Bearer wrong"}, None, (401, "Unauthorized")),
        ("GET", "/v1/vault", {"host": "breakwater.example"}, None, (421, "WrongHost")),
        ("GET", "/v1/vault", {"host": "127.0.0.1.example:80"}, None, (421, "WrongHost")),
        ("GET", "/v1/vault", {"host": "127.0.0.1:80:80"}, None, (421, "WrongHost")),
        ("GET", "/metrics", {"host": "breakwater.example"}, None, (421, "WrongHost")),
        ("GET", "/v1/vault", {"origin": "https://breakwater.example"}, None, (403, "WrongOrigin")),
        ("GET", "/v1/vault", {"origin": "null"}, None, (403, "WrongOrigin")),
        ("POST", "/v1/orders", BEARER | JSON, b" " * 16_385, (413, "BodyTooLarge")),
        ("POST", "/v1/orders", BEARER, b"{}", (415, "NotJson")),
        ("POST", "/v1/orders", BEARER | JSON, b"{", (400, "InvalidInput")),
        ("POST", "/v1/orders", BEARER | JSON, b"\xff", (400, "InvalidInput")),
        ("POST", "/v1/orders", BEARER | JSON, b'{"transaction":"","x":1}', (400, "InvalidInput")),
        ("POST", "/v1/orders", BEARER | JSON, b'{"transaction":7}', (400, "InvalidInput")),
        ("POST", "/v1/orders", BEARER | JSON, b'{"transaction":"?!"}', (400, "InvalidBase64")),
        ("POST", "/v1/orders", BEARER | JSON, b'{"transaction":"AAAA"}', (400, "InvalidTransaction")),
        ("DELETE", "/v1/vault", BEARER, None, (405, "MethodNotAllowed")),
        ("GET", "/v2/vault", {}, None, (404, "NotFound")),
        ("GET", "/v1/markets/987654", {}, None, (404, "NotFound")),
        ("GET", "/v1/markets/99999999999999999999999", {}, None, (404, "NotFound")),
        ("GET", "/v1/markets/-1", {}, None, (404, "NotFound")),
        ("GET", "/v1/markets?limit=0", {}, None, (400, "InvalidInput")),
        ("GET", "/v1/markets?limit=1&limit=2", {}, None, (400, "InvalidInput")),
        ("GET", "/v1/markets?color=red", {}, None, (400, "InvalidInput")),
        ("GET", "/v1/markets?status=lost", {}, None, (400, "InvalidInput")),
        ("GET", "/v1/traders/somebody", {}, None, (400, "InvalidInput")),
        ("GET", "/v1/feeds/GOLD", {}, None, (404, "NotFound")),
        ("GET", "/v1/feeds/" + "x" * 33, {}, None, (400, "InvalidInput")),
        ("GET", "/v1/orders/nonsense", {}, None, (400, "InvalidInput")),
        ("GET", "/v1/orders/" + "1" * 64, {}, None, (404, "NotFound")),
    ],
)  # fmt: skip
async def test_what_does_not_belong_is_refused(
    raw: httpx.AsyncClient,
    method: str,
    path: str,
    headers: dict[str, str],
    content: bytes | None,
    expected: tuple[int, str],
) -> None:
    response = await raw.request(method, path, headers=headers, content=content)
    status, name, message = refusal(response)
    assert (status, name) == expected
    assert message.endswith(".")
    assert TOKEN not in response.text
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    "query",
    [
        "",
        "side=buy&outcome=7&shares=1",
        "side=buy&outcome=1&shares=1.1234567",
        "side=buy&outcome=1&shares=1&spend=1",
        "side=buy&outcome=1",
        "side=sell&outcome=1&spend=1",
        "side=hold&outcome=1&shares=1",
        f"side=buy&outcome=1&shares=1&owner={'x' * 40}",
        "side=buy&outcome=1&shares=1&slippage_bps=10001",
    ],
)
async def test_a_quote_of_nonsense_is_refused(
    raw: httpx.AsyncClient, market: trading.MarketView, query: str
) -> None:
    response = await raw.get(f"/v1/markets/{market.id}/quote?{query}")
    assert refusal(response)[:2] == (400, "InvalidInput")


async def test_a_body_without_a_length_is_cut_off_too(raw: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1_000

    response = await raw.post("/v1/orders", content=endless(), headers=BEARER | JSON)
    assert refusal(response)[:2] == (413, "BodyTooLarge")


async def test_only_our_programs_are_called_and_only_for_those_who_signed(
    world: World, market: trading.MarketView, raw: httpx.AsyncClient
) -> None:
    pay = transfer(TransferParams(from_pubkey=world.owner, to_pubkey=Pubkey.new_unique(), lamports=10**9))
    buy = ix.buy(world.owner, market.id, 1, trading.UNIT, trading.UNIT)
    message = Message.new_with_blockhash([buy], world.owner, world.engine.clock.blockhash.hash)
    forged = Keypair().sign_message(to_bytes_versioned(message))
    by_another = bytes(VersionedTransaction.populate(message, [forged]))
    order = schemas.BuildRequest(str(world.owner), market.id, "buy", 1, "1")
    built = await raw.post("/v1/orders/build", content=msgspec.json.encode(order), headers=BEARER | JSON)
    cases = {
        packed(world, pay): (403, "ForeignProgram"),
        packed(world, buy, pay): (403, "ForeignProgram"),
        packed(world, set_compute_unit_limit(1_000)): (400, "EmptyTransaction"),
        base64.b64encode(by_another).decode(): (400, "SignatureFailure"),
        built.json()["transaction"]: (400, "SignatureFailure"),
    }
    before = world.engine.get_account(world.owner)
    for text, expected in cases.items():
        response = await raw.post("/v1/orders", json={"transaction": text}, headers=BEARER)
        assert refusal(response)[:2] == expected
    assert world.engine.get_account(world.owner) == before


async def test_our_client_keeps_what_the_server_says(api: ApiClient, market: trading.MarketView) -> None:
    with pytest.raises(Fatal, match="there is no market 987654"):
        await api.market(987_654)
    with pytest.raises(Fatal, match="Open a trader account first"):
        await api.trade(Keypair(), market=market.id, side="buy", outcome=1, shares="1")


# Running it


async def test_reads_of_one_slot_ask_the_chain_once(
    world: World, market: trading.MarketView, serve: Serve
) -> None:
    async with (
        serve(market_requests=1_000, cache_slots=25) as running,
        httpx.AsyncClient(base_url=running.url) as raw,
    ):
        path, account = f"/v1/markets/{market.id}", {"kind": "account"}
        await asyncio.gather(*(raw.get(path) for _ in range(40)))
        sample = running.metrics.registry.get_sample_value
        hits = sample("breakwater_api_cache_hits_total", account)
        assert hits is not None
        assert hits >= 40
        first = sample("breakwater_api_cache_misses_total", account)
        await asyncio.gather(*(raw.get(path) for _ in range(40)))
        assert sample("breakwater_api_cache_misses_total", account) == first
        world.engine.advance_slots(25)
        await raw.get(path)
        assert first is not None
        assert sample("breakwater_api_cache_misses_total", account) == first + 3, "market, shard and feed"


async def test_the_document_describes_every_route(raw: httpx.AsyncClient) -> None:
    text = (await raw.get("/openapi.json")).text
    document = json.loads(text)
    routes = Endpoints(None, None, None).routes()  # type: ignore[arg-type]
    patterns = {each.path.replace(":int", "").replace(":path", "") for each in routes}
    assert set(document["paths"]) == patterns - {"/openapi.json"}
    parts = {word.split('"')[0] for word in text.split("#/components/schemas/")[1:]}
    assert parts <= set(document["components"]["schemas"])
    assert document["components"]["schemas"]["OrderRequest"]["required"] == ["transaction"]


async def test_the_end_lets_requests_finish_and_leaves_the_store_free(
    world: World, market: trading.MarketView, serve: Serve, tmp_path: Path
) -> None:
    async with serve() as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        body = b'{"transaction":"AAAA"}'
        head = f"POST /v1/orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body[:5])
        await writer.drain()
        await asyncio.sleep(0.1)  # the request is in flight, and the block ends now
        asyncio.get_running_loop().call_later(0.5, writer.write, body[5:])
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"InvalidTransaction" in answer
    writer.close()
    assert not (tmp_path / "orders.sqlite-wal").exists(), "everything is in the file itself"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"host": "0.0.0.0"}, "Add --allow-remote and a --token-file to listen for other machines."),  # noqa: S104
        ({"host": "0.0.0.0", "allow_remote": True}, "Add --name with the host name"),  # noqa: S104
        ({"host": "example.com"}, "Give --host as an IP address"),
        ({"host": "192.0.2.1", "allow_remote": True, "names": frozenset({"x"})}, "Choose another --port"),
    ],
)  # fmt: skip
async def test_other_machines_are_served_on_request_only(
    serve: Serve, more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidInput, match=f"^{sentence}"):
        async with serve(**more):
            pass


def _micro(amount: str | None) -> int:
    assert amount is not None
    return int(amount.replace(".", ""))
