"""A real server on a loopback port, real programs behind it, and clients with and without manners."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message, to_bytes_versioned
from solders.transaction import VersionedTransaction
from tests.unit.trading.conftest import World, make_world

from breakwater import trading
from breakwater.api import ApiClient, ApiConfig, Serving, Tokens, schemas, serving

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
