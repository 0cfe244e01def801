"""The API as its operator meets it: one question a slot, a document of itself, an end that loses nothing."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.api.conftest import TOKEN, Serve
from tests.unit.trading.conftest import World

from breakwater import trading
from breakwater.api.routes import Endpoints
from breakwater.errors import InvalidInput

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
