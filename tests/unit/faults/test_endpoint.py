"""An endpoint with manners, in front of a node that counts slots."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from breakwater.chain.engine import EmbeddedEngine, RpcEngine
from breakwater.errors import Fatal, InvalidInput, RateLimited, Unreachable
from breakwater.faults import HONEST, Endpoint, Limit, Manners
from breakwater.faults.node import served
from breakwater.serving import Server, bound, url_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request


class Node:
    """The embedded engine behind HTTP."""

    def __init__(self) -> None:
        self.engine = EmbeddedEngine(start_time=1_800_000_000)
        self.asked: list[str] = []
        self.url = ""

    async def answer(self, request: Request) -> Response:
        body = (await request.body()).decode()
        parsed = json.loads(body)
        self.asked += [each["method"] for each in (parsed if isinstance(parsed, list) else [parsed])]
        return Response(self.engine.client._provider.answer(body), media_type="application/json")  # type: ignore[attr-defined]


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    made, listener = Node(), bound("127.0.0.1", 0)
    made.url = url_of(*listener.getsockname()[:2])
    config = uvicorn.Config(
        Starlette(routes=[Route("/", made.answer, methods=["POST"])]),
        ws="none",
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    server = Server(config)
    running = asyncio.create_task(server.serve([listener]))
    await server.listening.wait()
    yield made
    server.should_exit = True
    await running


def rpc(endpoint: Endpoint, **options: Any) -> RpcEngine:
    engine = RpcEngine(endpoint.url, **options)
    engine.rpc._attempts = 1
    return engine


async def test_an_honest_endpoint_answers_what_the_node_says(node: Node) -> None:
    async with Endpoint(node.url, HONEST) as endpoint:
        engine = rpc(endpoint)
        assert await engine.slot() == 1
        node.engine.advance_slots(6)
        assert [await engine.slot(), (await engine.latest_blockhash()).hash] == [
            7,
            node.engine.clock.blockhash.hash,
        ]
        await engine.close()


@pytest.mark.parametrize(
    "body", ["3", "[3]", "[]", "no JSON", '{"method": "sendTransaction", "params": ["?"]}']
)
async def test_what_is_no_call_is_answered_all_the_same(body: str) -> None:
    async with (
        served(EmbeddedEngine(), 0) as url,
        Endpoint(url, Manners(swallowing=1.0)) as endpoint,
        httpx.AsyncClient() as client,
    ):
        answer = await client.post(endpoint.url, content=body)
    assert answer.status_code == 200
    assert endpoint.counts["swallowed"] == 0


async def test_beyond_its_limit_it_answers_429_and_says_how_long_to_wait(node: Node) -> None:
    async with Endpoint(node.url, Manners(limit=Limit(requests=3, per_method=None))) as endpoint:
        engine = rpc(endpoint)
        assert [await engine.slot() for _ in range(3)] == [1, 1, 1]
        with pytest.raises(RateLimited) as refused:
            await engine.slot()
        assert refused.value.retry_after is not None
        assert 1 <= refused.value.retry_after <= 11
        assert endpoint.counts["limited"] == 1
        assert len(node.asked) == 3
        await engine.close()


async def test_a_method_has_a_limit_of_its_own_and_arrays_may_count_by_their_calls(node: Node) -> None:
    limit = Limit(requests=100, per_method=2, calls_count=True)
    async with Endpoint(node.url, Manners(limit=limit)) as endpoint:
        engine = rpc(endpoint)
        with pytest.raises(RateLimited):
            await engine.rpc.batch([("getSlot", [])] * 3)
        assert await engine.rpc.batch([("getSlot", [])] * 2) == [1, 1]
        assert await engine.rpc.batch([("getHealth", [])]) == ["ok"]
        await engine.close()


async def test_a_replica_that_lags_tells_slot_status_and_accounts_as_they_were(node: Node) -> None:
    key = next(iter(dict(node.engine.index.existing())))
    async with Endpoint(node.url, Manners(lag_slots=(5,))) as endpoint:
        engine = rpc(endpoint)

        async def seen(slot: int) -> None:
            async with asyncio.timeout(20):
                while endpoint._slot != slot:  # noqa: ASYNC110 - another machine's clock
                    await asyncio.sleep(0.01)

        await seen(1)
        lamports = (await engine.client.get_balance(key)).value
        await engine.slot()
        receipt = node.engine.fund(key, 1_000)
        node.engine.advance_slots(3)
        await seen(4)
        assert (await engine.client.get_balance(key)).value == lamports
        assert await engine.statuses([receipt.signature]) == [None]
        node.engine.advance_slots(7)
        await seen(11)
        (status,) = await engine.statuses([receipt.signature])
        assert status is not None
        assert status.slot == 1
        assert await engine.slot() <= 11
        await engine.close()


async def test_what_is_swallowed_is_accepted_and_never_lands(node: Node) -> None:
    from solders.keypair import Keypair
    from solders.message import Message
    from solders.system_program import TransferParams, transfer
    from solders.transaction import Transaction

    payer = Keypair()
    node.engine.fund(payer.pubkey(), 10**9)
    pay = transfer(TransferParams(from_pubkey=payer.pubkey(), to_pubkey=payer.pubkey(), lamports=1))
    hash_ = node.engine.clock.blockhash.hash
    tx = Transaction([payer], Message.new_with_blockhash([pay], payer.pubkey(), hash_), hash_)
    async with Endpoint(node.url, Manners(swallowing=1.0)) as endpoint:
        engine = rpc(endpoint)
        assert await engine.submit([bytes(tx)], preflight=False) == [None]
        assert endpoint.counts["swallowed"] == 1
        assert node.engine.landed(tx.signatures[0]) is None
        await engine.close()


async def test_a_liar_is_found_out_or_repeated_but_never_believed(node: Node) -> None:
    async with Endpoint(node.url, Manners(wrong=1.0), seed=3) as endpoint:
        engine = rpc(endpoint)
        for _ in range(12):
            with pytest.raises((Fatal, Unreachable)):
                await engine.slot()
        assert endpoint.counts["wrong"] == 12
        await engine.close()


async def test_an_answer_that_vanishes_was_carried_out(node: Node) -> None:
    async with Endpoint(node.url, Manners(vanishing=1.0)) as endpoint:
        engine = rpc(endpoint, timeout=0.2)
        with pytest.raises(Unreachable, match="ReadTimeout"):
            await engine.slot()
        assert node.asked == ["getSlot"]
        await engine.close()


async def test_a_node_that_is_away_is_a_502(node: Node) -> None:
    async with httpx.AsyncClient() as client, Endpoint("http://127.0.0.1:9") as endpoint:
        answer = await client.post(endpoint.url, content=b'{"method":"getSlot","id":1}')
        assert answer.status_code == 502


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(
        InvalidInput, match=r"^Give the endpoint behind the proxy as an http address, not 'x'\.$"
    ):
        Endpoint("x")
