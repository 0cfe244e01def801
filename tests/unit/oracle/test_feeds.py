"""Feeds read, created and handed over; what cannot be is refused before anything is sent."""

from __future__ import annotations

import pytest
from solders.keypair import Keypair

from breakwater.chain.engine import EmbeddedEngine, RpcEngine
from breakwater.chain.sender import Sender
from breakwater.errors import InvalidInput, Unreachable
from breakwater.oracle import create, read_feed, rotate, show
from breakwater.oracle.telemetry import LOOPBACK

from .conftest import FEED
from .venue import Http, Node


async def test_a_feed_reads_the_same_here_and_over_rpc(engine: EmbeddedEngine, key: Keypair) -> None:
    node = Node(engine)
    async with node.serving():
        remote = RpcEngine(node.url)
        assert await show(remote, FEED) == await show(engine, FEED)
        assert await read_feed(remote, "none") is None
        await remote.close()


@pytest.mark.parametrize("result", [b"null", b"7", b'{"value": 7}', b'{"value": {"data": ["!"]}}'])
async def test_an_answer_that_is_no_account_may_be_asked_again(result: bytes) -> None:
    async def nonsense(_: str, __: str, body: bytes) -> tuple[int, bytes]:
        ident = body.split(b'"id":')[1].split(b",")[0]
        return 200, b'{"jsonrpc":"2.0","id":' + ident + b',"result":' + result + b"}"

    node = Http(nonsense)
    async with node.serving():
        remote = RpcEngine(node.url)
        with pytest.raises(Unreachable, match="no account"):
            await read_feed(remote, FEED)
        await remote.close()


@pytest.mark.parametrize(
    ("name", "exponent", "max_age_s"),
    [
        ("", -8, 30),
        ("x" * 33, -8, 30),
        ("é" * 17, -8, 30),
        ("A", 1, 30),
        ("A", -31, 30),
        ("A", -8, 0),
        (FEED, -6, 30),
    ],
)
async def test_impossible_feeds(
    engine: EmbeddedEngine, key: Keypair, name: str, exponent: int, max_age_s: int
) -> None:
    before = len(engine.history)
    with pytest.raises(InvalidInput):
        await create(Sender(engine), key, name, key.pubkey(), exponent=exponent, max_age_s=max_age_s)
    assert len(engine.history) == before


async def test_only_the_authority_hands_over(engine: EmbeddedEngine) -> None:
    thief = Keypair()
    engine.fund(thief.pubkey(), 10**9)
    with pytest.raises(InvalidInput, match="authority"):
        await rotate(Sender(engine), thief, FEED, thief.pubkey())


def test_metrics_never_leave_the_machine() -> None:
    assert LOOPBACK == "127.0.0.1"
