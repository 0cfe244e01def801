"""The publisher on the real program: order, batches, restarts, lost answers, and no replay ever."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from solders.keypair import Keypair

from breakwater.chain.engine import EmbeddedEngine, RpcEngine
from breakwater.chain.sender import Sender
from breakwater.errors import InvalidInput, ProgramError
from breakwater.model import PriceEvent
from breakwater.oracle import Publication, Publisher, read_feed, rotate
from breakwater.oracle.publisher import BACKLOG

from .conftest import FEED, START
from .venue import Node

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from breakwater.chain.accounts import Feed


def event(number: int, *, at_ms: int | None = None) -> PriceEvent:
    stamp = START * 1000 + number if at_ms is None else at_ms
    return PriceEvent(FEED, 500_000 + number, -6, 10, 0, 0, stamp)


@asynccontextmanager
async def publishing(
    engine: EmbeddedEngine | RpcEngine, key: Keypair, done: list[Publication], **options: float
) -> AsyncIterator[Publisher]:
    quick = {"wait_initial_s": 0.02, "wait_max_s": 0.2} | options
    publisher = Publisher(Sender(engine), key, FEED, on_published=done.append, **quick)
    await publisher.resume()
    task = asyncio.create_task(publisher.run())
    try:
        yield publisher
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def noded(engine: EmbeddedEngine) -> AsyncIterator[tuple[Node, RpcEngine]]:
    node = Node(engine)
    async with node.serving():
        remote = RpcEngine(node.url, timeout=1.0)
        yield node, remote
        await remote.close()


async def feed_of(engine: EmbeddedEngine) -> Feed:
    feed = await read_feed(engine, FEED)
    assert feed is not None
    return feed


def assert_once_each(feed: Feed, done: list[Publication], prices: list[int]) -> None:
    assert [price for _, price in feed.history] == prices
    assert [each.event.price for each in done] == prices
    assert [each.event.sequence for each in done] == list(range(1, len(prices) + 1))
    assert (feed.count, feed.sequence) == (len(prices), len(prices))


async def test_ten_updates_in_one_slot_arrive_in_order(engine: EmbeddedEngine, key: Keypair) -> None:
    done: list[Publication] = []
    slot = engine.clock.slot
    async with publishing(engine, key, done) as publisher:
        for number in range(10):
            assert publisher.submit(event(number))
        assert await publisher.drain(5)
    feed = await feed_of(engine)
    assert_once_each(feed, done, [500_000 + number for number in range(10)])
    assert {each.slot for each in done} == {slot}
    assert publisher.transactions == 1
    assert (feed.slot, feed.timestamp_ms) == (slot, START * 1000 + 9)


async def test_ten_updates_in_one_slot_over_rpc(engine: EmbeddedEngine, key: Keypair) -> None:
    done: list[Publication] = []
    async with noded(engine) as (_, remote), publishing(remote, key, done) as publisher:
        for number in range(10):
            publisher.submit(event(number))
        assert await publisher.drain(10)
    assert_once_each(await feed_of(engine), done, [500_000 + number for number in range(10)])


async def test_more_than_a_transaction_holds(engine: EmbeddedEngine, key: Keypair) -> None:
    done: list[Publication] = []
    async with publishing(engine, key, done) as publisher:
        for number in range(40):
            publisher.submit(event(number))
        await publisher.drain(5)
    assert publisher.transactions == 3
    assert_once_each(await feed_of(engine), done, [500_000 + number for number in range(40)])


async def test_a_long_backlog_keeps_the_newest(engine: EmbeddedEngine, key: Keypair) -> None:
    done: list[Publication] = []
    async with publishing(engine, key, done) as publisher:
        for number in range(BACKLOG + 100):
            publisher.submit(event(number))
        await publisher.drain(5)
    assert publisher.dropped == {"backlog": 100}
    assert [each.event.price for each in done] == [500_000 + i for i in range(100, BACKLOG + 100)]


async def test_time_never_runs_back(engine: EmbeddedEngine, key: Keypair) -> None:
    done: list[Publication] = []
    async with publishing(engine, key, done) as publisher:
        assert publisher.submit(event(5))
        assert not publisher.submit(event(4))
        assert publisher.submit(event(6, at_ms=START * 1000 + 5)), "the same time is allowed"
        await publisher.drain(5)
    assert publisher.dropped == {"late": 1}
    assert len(done) == 2


async def test_a_restart_goes_on_where_the_feed_stands(engine: EmbeddedEngine, key: Keypair) -> None:
    done: list[Publication] = []
    async with publishing(engine, key, done) as publisher:
        for number in range(3):
            publisher.submit(event(number))
        await publisher.drain(5)
    async with publishing(engine, key, done) as publisher:
        assert publisher.sequence == 3
        assert not publisher.submit(event(1)), "older than the feed"
        publisher.submit(event(7))
        await publisher.drain(5)
    assert_once_each(await feed_of(engine), done, [500_000, 500_001, 500_002, 500_007])
    assert publisher.errors == {}


async def test_two_publishers_with_one_key_do_not_replay(engine: EmbeddedEngine, key: Keypair) -> None:
    first: list[Publication] = []
    second: list[Publication] = []
    async with publishing(engine, key, first) as one, publishing(engine, key, second) as other:
        for number in range(30):
            (one if number % 3 else other).submit(event(number))
            await asyncio.sleep(0.005)
        await one.drain(5)
        await other.drain(5)
    feed = await feed_of(engine)
    assert feed.count == feed.sequence == len(first) + len(second)
    assert [stamp for stamp, _ in feed.history] == sorted(stamp for stamp, _ in feed.history)
    assert len(set(feed.history)) == feed.count, "no observation twice"
    assert one.errors["SequenceNotGrowing"] + other.errors["SequenceNotGrowing"] > 0


@pytest.mark.parametrize("method", ["sendTransaction", "getSignatureStatuses"])
async def test_a_lost_answer_is_looked_up_not_sent_twice(
    engine: EmbeddedEngine, key: Keypair, method: str
) -> None:
    done: list[Publication] = []
    async with noded(engine) as (node, remote), publishing(remote, key, done, send_s=0.8) as publisher:
        node.drop_answer_of = method
        publisher.submit(event(1))
        await asyncio.sleep(0.3)
        publisher.submit(event(2))
        await asyncio.sleep(1.0)
        node.drop_answer_of = ""
        assert await publisher.drain(15)
    assert_once_each(await feed_of(engine), done, [500_001, 500_002])


@pytest.mark.parametrize("fault", ["status", "close", "malformed", "latency_s", "silent"])
async def test_the_node_fails_and_comes_back(engine: EmbeddedEngine, key: Keypair, fault: str) -> None:
    value: dict[str, object] = {"status": 503, "latency_s": 2.0}
    done: list[Publication] = []
    async with noded(engine) as (node, remote), publishing(remote, key, done, send_s=1.0) as publisher:
        setattr(node.faults, fault, value.get(fault, True))
        for number in range(20):
            publisher.submit(event(number))
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.3)
        assert publisher.published == 0
        node.faults.clear()
        assert await publisher.drain(20)
    assert_once_each(await feed_of(engine), done, [500_000 + number for number in range(20)])


async def test_half_of_the_nodes_answers_fail(engine: EmbeddedEngine, key: Keypair) -> None:
    done: list[Publication] = []
    async with noded(engine) as (node, remote), publishing(remote, key, done, send_s=4.0) as publisher:
        node.faults.failing = 0.5
        for number in range(12):
            publisher.submit(event(number))
            await asyncio.sleep(0.1)
        assert await publisher.drain(40)
    assert_once_each(await feed_of(engine), done, [500_000 + number for number in range(12)])


async def test_a_blockhash_that_has_expired_is_replaced(engine: EmbeddedEngine, key: Keypair) -> None:
    done: list[Publication] = []
    async with noded(engine) as (_, remote), publishing(remote, key, done) as publisher:
        publisher.submit(event(1))
        await publisher.drain(10)
        engine.advance_slots(200)  # the sender's cached blockhash is dead now, and it does not know
        publisher.submit(event(2))
        assert await publisher.drain(20)
    assert_once_each(await feed_of(engine), done, [500_001, 500_002])


async def test_an_empty_purse_waits_to_be_filled(engine: EmbeddedEngine) -> None:
    poor, done = Keypair(), list[Publication]()
    owner = Keypair.from_seed(b"o" * 32)
    await rotate(Sender(engine), owner, FEED, poor.pubkey())
    async with publishing(engine, poor, done) as publisher:
        publisher.submit(event(1))
        await asyncio.sleep(0.2)
        assert publisher.errors["InsufficientFunds"] > 0
        engine.fund(poor.pubkey(), 10**9)
        assert await publisher.drain(5)
    assert len(done) == 1


async def test_a_price_the_program_refuses_does_not_hold_up_the_next(
    engine: EmbeddedEngine, key: Keypair
) -> None:
    done: list[Publication] = []
    async with publishing(engine, key, done) as publisher:
        publisher.submit(PriceEvent(FEED, 0, -6, 0, 0, 0, START * 1000))
        publisher.submit(event(1))
        await publisher.drain(5)
    assert publisher.dropped == {"refused": 1}
    assert_once_each(await feed_of(engine), done, [500_001])


async def test_a_rotated_publisher_stops(engine: EmbeddedEngine, key: Keypair) -> None:
    publisher = Publisher(Sender(engine), key, FEED)
    await publisher.resume()
    await rotate(Sender(engine), key, FEED, Keypair().pubkey())
    publisher.submit(event(1))
    with pytest.raises(ProgramError, match="NotPublisher"):
        await asyncio.wait_for(publisher.run(), 5)
    with pytest.raises(InvalidInput, match="publisher's key"):
        await Publisher(Sender(engine), key, FEED).resume()
    with pytest.raises(InvalidInput, match="Create the feed"):
        await Publisher(Sender(engine), key, "OTHER").resume()
