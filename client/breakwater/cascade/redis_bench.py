"""From an event that raises a level, through a real Redis and a worker process, to its signal."""

from __future__ import annotations

import gc
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import redis

from breakwater.errors import EngineUnavailable, Fatal

from .engine import Engine
from .events import Event, Exchange, Kind, Side
from .transport import SIGNALS, Producer, RedisServer, Worker

__all__ = ["REDIS_ROUNDS", "SIGNALLED", "cascade_of", "through_redis"]

SIGNALLED = 100
REDIS_ROUNDS = 5
READY_S = 60.0
TOLD_S = 5.0
ALONE = 20
PACE_S = 0.001
"""Between the events of a feed that go through Redis one by one."""


def cascade_of(symbol: str, number: int, begin_ms: int) -> list[Event]:
    """Forty liquidations of ten a tick after a quiet minute: they raise the level for certain."""
    rng = np.random.default_rng(number)
    base = number << 20
    quiet = [begin_ms + i * 1000 for i in range(60)]
    burst = [begin_ms + 60_000 + i * 4 for i in range(400)]
    return [
        Event(
            t, Exchange(int(rng.integers(0, 4))), symbol, Kind.LIQUIDATION if t >= burst[0] else Kind.TRADE,
            Side.SELL, int(2e11), 100.0 * (1 - 1e-5 * i), base + i + 1,
        )
        for i, t in enumerate([*quiet, *burst])
    ]  # fmt: skip


def _work(url: str, ready: Any, stop: Any) -> None:
    """A worker as `breakwater cascade work` runs one."""
    worker = Worker(url, "bench", capacity=SIGNALLED * REDIS_ROUNDS)
    while not worker.owned:
        worker.step()
    gc.collect()
    gc.freeze()
    ready.set()
    while not stop.is_set():
        worker.step(100)
    worker.close()


def through_redis(sync: str, signalled: int, rounds: int) -> tuple[float, float, float]:
    """Median and 99th percentile of each signal's median, and the latter of all; milliseconds."""
    context = multiprocessing.get_context("spawn")
    ready, stop = context.Event(), context.Event()
    with tempfile.TemporaryDirectory() as directory, RedisServer(Path(directory), sync=sync) as server:
        process = context.Process(target=_work, args=(server.socket_url, ready, stop), daemon=True)
        process.start()
        try:
            if not ready.wait(READY_S):
                raise EngineUnavailable(
                    "Run it again when the machine has less to do: no worker has come up."
                )
            gc.collect()
            gc.freeze()
            took = np.array([_through(server.socket_url, nth, signalled) for nth in range(rounds)])
        finally:
            gc.unfreeze()
            stop.set()
            process.join(READY_S)
    p50, p99 = np.quantile(np.median(took, axis=0), [0.5, 0.99])
    return 1e3 * float(p50), 1e3 * float(p99), 1e3 * float(np.quantile(took, 0.99))


def _through(url: str, nth: int, signalled: int) -> list[float]:
    """Signals of one cascade after another: its last events go one by one, a thousand a second, as they would
    from a feed, and the signal of the one that raises the level is waited for."""
    took = []
    probe = Engine(capacity=SIGNALLED)
    producer = Producer(url)
    with redis.Redis.from_url(url) as client, client.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe(SIGNALS)
        channel.get_message(timeout=5)
        for number in range(signalled):
            events = cascade_of(f"S{nth}-{number}", number + 1, 1_750_000_000_000)
            last = next(i for i, event in enumerate(events) if probe.push(event))
            producer.send(events[: last - ALONE])
            for event in events[last - ALONE : last]:
                time.sleep(PACE_S)
                producer.send([event])
            time.sleep(PACE_S)
            began = time.perf_counter()
            producer.send([events[last]])
            if channel.get_message(timeout=TOLD_S) is None:
                raise Fatal(f"Report this: a signal did not come through Redis within {TOLD_S:g} s.")
            took.append(time.perf_counter() - began)
    producer.close()
    return took
