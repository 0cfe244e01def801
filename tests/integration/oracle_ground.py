"""An oracle under way in this process, and a source that says what a test says."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
from solders.keypair import Keypair

from breakwater import oracle
from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine, RpcEngine
from breakwater.chain.sender import Sender
from breakwater.model import Tick
from breakwater.oracle.sources import Emit, Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from breakwater.oracle import OracleConfig, Publication, Summary
    from breakwater.oracle.sources import Source

FEED = "made-up"
START = 1_700_000_000


async def chain(key: Keypair, *, start: int | None = None, max_age_s: int = 30) -> EmbeddedEngine:
    engine = EmbeddedEngine(programs.embedded_programs(), start_time=start)
    engine.fund(key.pubkey(), 100 * 10**9)
    await oracle.create(Sender(engine), key, FEED, key.pubkey(), exponent=-6, max_age_s=max_age_s)
    return engine


async def until(true: Callable[[], object], seconds: float = 20.0) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not true():
        assert loop.time() - began < seconds, "it did not happen"
        await asyncio.sleep(0.01)
    return loop.time() - began


class Running:
    """An oracle under way in this process."""

    def __init__(self) -> None:
        self.done: list[Publication] = []
        self.port = 0
        self.stop = asyncio.Event()
        self.task: asyncio.Task[Summary]

    async def health(self) -> tuple[int, dict[str, Any]]:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{self.port}/health")
            return answer.status_code, answer.json()

    async def metrics(self) -> str:
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(f"http://127.0.0.1:{self.port}/metrics")).text

    async def summary(self) -> Summary:
        self.stop.set()
        return await asyncio.wait_for(self.task, 15)


@asynccontextmanager
async def running(
    engine: EmbeddedEngine | RpcEngine,
    config: OracleConfig,
    key: Keypair,
    sources: list[Source],
    **more: Any,
) -> AsyncIterator[Running]:
    found = Running()
    found.task = asyncio.create_task(
        oracle.run(
            engine,
            config,
            key,
            sources,
            on_publication=found.done.append,
            on_listening=lambda port: setattr(found, "port", port),
            stop=found.stop,
            **more,
        )
    )
    try:
        yield found
    finally:
        found.stop.set()
        await asyncio.wait([found.task], timeout=15)
    found.task.result()


class Script:
    """A source that says what the test says."""

    name = "script"

    def __init__(self) -> None:
        self.status = Status()
        self.ticks: asyncio.Queue[Tick | None] = asyncio.Queue()

    async def run(self, emit: Emit) -> None:
        while (tick := await self.ticks.get()) is not None:
            self.status.worked(tick.received_ms)
            emit(tick)

    def say(self, price: int, at_ms: int) -> None:
        self.ticks.put_nowait(Tick(self.name, FEED, price, -6, 100, at_ms, at_ms))


async def assert_no_replay(engine: EmbeddedEngine, done: list[Publication]) -> None:
    feed = await oracle.read_feed(engine, FEED)
    assert feed is not None
    assert feed.count == feed.sequence, "every sequence was used once"
    assert all(a.event.sequence < b.event.sequence for a, b in pairwise(done))
    stamps = [stamp for stamp, _ in feed.history]
    assert stamps == sorted(stamps)
    assert (feed.price, feed.sequence) == (done[-1].event.price, done[-1].event.sequence)
