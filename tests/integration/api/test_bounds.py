"""What the API bounds and refuses: rates, guesses, bodies, programs that are not ours."""

from __future__ import annotations

import asyncio
import base64
import math
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from solders.compute_budget import set_compute_unit_limit
from solders.keypair import Keypair
from solders.message import Message, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction
from tests.integration.api.conftest import BEARER, JSON, OTHER, TOKEN, Serve, packed, refusal
from tests.unit.trading.conftest import World

from breakwater import trading
from breakwater.api import ApiClient, Serving, schemas
from breakwater.chain import instructions as ix
from breakwater.errors import Fatal, RateLimited

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
