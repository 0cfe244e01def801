"""Measures the paths of a running exchange: HTTP, store, cache, RPC, chain, streams; then lets it run."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

from breakwater import cascade
from breakwater.api import ApiConfig, Tokens, serving
from breakwater.api.reader import CachedEngine
from breakwater.api.schemas import OrderStatus
from breakwater.api.store import Pending, Store
from breakwater.cascade.bench import as_values
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain.engine import RpcEngine
from breakwater.chain.sender import Sender
from breakwater.faults.busy import SHARES, Busy
from breakwater.faults.node import served

from .memory import bulk, soak
from .model import Levels, Times

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["measure"]

TOKEN: Final = "a token of the measurement"  # noqa: S105 - of a server on loopback, for seconds
PATHS: Final = ("/v1/markets/1", "/v1/markets", "/v1/vault", "/health")
MANY: Final = 10**7
CLIENTS: Final = 16
BULK_MB: Final = 100
ACCOUNTS: Final = 100
REMEMBERED: Final = 64
"""Transactions that the chain keeps; more would look like memory that the server loses."""


async def measure(
    *, part: float = 1.0, soak_s: float = 20.0, progress: Callable[[str], None] = lambda _: None
) -> Levels:
    """Measure everything.

    Args:
        part: of the usual numbers, from 0 to 1.
        soak_s: how long orders go on for the look at the memory.
        progress: told what is measured.

    Raises:
        EngineUnavailable: there is no redis-server.
    """
    began, levels = time.monotonic(), Levels()

    def some(count: int) -> int:
        return max(20, round(count * part))

    busy = Busy(history=REMEMBERED)
    await busy.open()
    progress("the store")
    await _store(levels, some(2_000))
    await bulk(levels, max(1, round(BULK_MB * min(1.0, 4 * part))))
    progress("the cache")
    await _cache(levels, busy, some(2_000))
    progress("the chain")
    await _chain(levels, busy, some(2_000))
    progress("RPC")
    await _rpc(levels, busy, some(1_000))
    progress("HTTP")
    await _http(levels, busy, some(4_000), some(600), soak_s, progress)
    progress("streams")
    await asyncio.to_thread(_streams, levels, part)
    levels.wrong += await busy.wrong()
    levels.seconds = time.monotonic() - began
    return levels


async def _store(levels: Levels, count: int) -> None:
    times, wire = Times(), bytes(600)
    with tempfile.TemporaryDirectory(prefix="breakwater-levels-") as directory:
        store = Store(Path(directory) / "orders.sqlite")
        began = time.perf_counter()
        for number in range(count):
            with times.one():
                await store.accept(Pending(f"order {number}", wire, number))
            with times.one():
                await store.settle(OrderStatus(f"order {number}", "landed", number))
        seconds = time.perf_counter() - began
        await store.close()
    levels.add("store_p95", times.percentile_ms(95))
    levels.add("ingested_per_s", count / seconds)
    levels.add("thousand_writes_s", seconds / times.count * 1_000)
    levels.operations += times.count


async def _cache(levels: Levels, busy: Busy, count: int) -> None:
    cached, hits, misses = CachedEngine(busy.engine), Times(), Times()
    address = at.market(1)
    for _ in range(count):
        busy.engine.advance_slots(1)
        with misses.one():
            await cached.accounts.one(address)
        with hits.one():
            await cached.accounts.one(address)
    many = count * 20
    began = time.perf_counter()
    for _ in range(many):
        await cached.accounts.one(address)
    levels.add("cache_per_s", many / (time.perf_counter() - began))
    levels.add("cache_hit_p95", hits.percentile_ms(95))
    levels.add("cache_miss_p95", misses.percentile_ms(95))
    levels.operations += 2 * count + many


async def _chain(levels: Levels, busy: Busy, count: int) -> None:
    sender, times, own = Sender(busy.engine), Times(), busy.trader.pubkey()
    bought = ix.buy(own, 1, 0, SHARES, 10**9)
    began = time.perf_counter()
    for _ in range(count):
        with times.one():
            await sender.send([bought], [busy.trader])
    levels.add("trades_per_s", count / (time.perf_counter() - began))
    levels.add("chain_p95", times.percentile_ms(95))
    levels.operations += count


async def _rpc(levels: Levels, busy: Busy, count: int) -> None:
    times = Times()
    async with served(busy.engine, speed=0) as url:
        engine = RpcEngine(url)
        config = {"encoding": "base64"}
        for number in range(count):
            with times.one():
                if number % 2:
                    await engine.rpc.call("getAccountInfo", str(at.market(1)), config)
                else:
                    await engine.slot()
        one, many = Times(), Times()
        for _ in range(max(5, count // 20)):
            for times_of, size in ((one, 1), (many, ACCOUNTS)):
                with times_of.one():
                    await engine.rpc.call("getMultipleAccounts", [str(at.market(1))] * size, config)
        await engine.close()
    levels.add("size_ratio", many.percentile_ms(50) / one.percentile_ms(50))
    levels.add("rpc_p95", times.percentile_ms(95))
    levels.operations += count


def _client(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=url, headers={"authorization": f"Bearer {TOKEN}"}, timeout=60.0, trust_env=False
    )


async def _http(
    levels: Levels, busy: Busy, gets: int, posts: int, soak_s: float, progress: Callable[[str], None]
) -> None:
    reads, writes = Times(), Times()
    with tempfile.TemporaryDirectory(prefix="breakwater-levels-") as directory:
        config = ApiConfig(
            Tokens([TOKEN]),
            Path(directory) / "orders.sqlite",
            market_requests=MANY,
            order_requests=MANY,
        )
        async with serving(busy.engine, config) as server, _client(server.url) as client:
            for number in range(gets // 4):
                with reads.one():
                    (await client.get(PATHS[number % len(PATHS)])).raise_for_status()
            for _ in range(posts):
                order = busy.order()
                with writes.one():
                    answer = await client.post("/v1/orders", json={"transaction": order})
                answer.raise_for_status()
            per_second, per_answer = await _rush(server.url, PATHS, gets)
            levels.add("requests_per_s", per_second)
            levels.counts |= {"rush": gets // CLIENTS * CLIENTS, "clients": CLIENTS}
            levels.add("mbit_per_s", per_second * per_answer * 8 / 1e6)
            pool: Any = client._transport
            levels.add("connections", len(pool._pool.connections))
            await _tasks(levels)
            await _limits(levels, busy, Path(directory))
            progress("a soak")
            await soak(levels, busy, client, soak_s)
    for name, percent in (("get_p50", 50), ("get_p95", 95), ("get_p99", 99), ("get_max", 100)):
        levels.add(name, reads.percentile_ms(percent))
    levels.add("post_p95", writes.percentile_ms(95))
    levels.operations += reads.count + writes.count + gets


async def _tasks(levels: Levels) -> None:
    """A hundred pieces of work for threads."""
    began = time.perf_counter()
    work = (asyncio.to_thread(hashlib.sha256, bytes(100_000)) for _ in range(100))
    await asyncio.gather(*work)
    levels.add("hundred_tasks_s", time.perf_counter() - began)


async def _limits(levels: Levels, busy: Busy, directory: Path) -> None:
    """Eighty requests at once at a server that takes fifty."""
    config = ApiConfig(Tokens([TOKEN]), directory / "limited.sqlite", market_requests=50)
    async with serving(busy.engine, config) as server, _client(server.url) as client:
        answers = await asyncio.gather(*(client.get("/v1/markets/1") for _ in range(80)))
    told = sum(each.status_code == httpx.codes.TOO_MANY_REQUESTS for each in answers)
    levels.add("limited", told)


async def _rush(url: str, paths: Sequence[str], gets: int) -> tuple[float, float]:
    """Requests a second of many clients, in this process beside the server, and bytes of an answer."""
    carried = 0

    async def work(client: httpx.AsyncClient) -> None:
        nonlocal carried
        for number in range(gets // CLIENTS):
            answer = await client.get(paths[number % len(paths)])
            answer.raise_for_status()
            carried += len(answer.content)

    clients = [_client(url) for _ in range(CLIENTS)]
    began = time.perf_counter()
    await asyncio.gather(*map(work, clients))
    seconds = time.perf_counter() - began
    for each in clients:
        await each.aclose()
    done = max(1, gets // CLIENTS * CLIENTS)
    return done / seconds, carried / done


def _streams(levels: Levels, part: float) -> None:
    """Events through a real Redis to an engine that has consumed them all."""
    made = cascade.generate(cascade.ScenarioKind.FLASH_CRASH, 1, seconds=max(30, round(300 * part)))
    events = as_values(made.events, ("DRILL",))
    with tempfile.TemporaryDirectory(prefix="breakwater-levels-") as name:
        directory = Path(name)
        with cascade.RedisServer(directory) as server:
            producer, worker = cascade.Producer(server.url), cascade.Worker(server.url, "one", capacity=1)
            producer.send(events[:100])
            while worker.step(20):  # the leases are taken, and the engine is compiled
                pass
            done, began = worker.entries, time.perf_counter()
            for i in range(100, len(events), 100):
                producer.send(events[i : i + 100])
            sent = -(-(len(events) - 100) // 100)
            while worker.entries - done < sent:
                worker.step(20)
            seconds = time.perf_counter() - began
            worker.close()
            producer.close()
    levels.add("messages_per_s", (len(events) - 100) / seconds)
    levels.operations += len(events)
