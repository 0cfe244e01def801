"""Drills between the cascade engine and Redis: no event is lost, no signal comes twice."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import redis

from breakwater import cascade
from breakwater.cascade.bench import as_values
from breakwater.cascade.transport.streams import PARTITIONS, SIGNALS, signal_json

from .model import Drill, DrillResult
from .weather import CLEAR, Weather
from .wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from breakwater.cascade import Event, RedisServer

__all__ = ["DRILLS"]

SYMBOLS: Final = 4
SECONDS: Final = 90
PARTS: Final = 16
WORKERS: Final = 3
FAULT_S: Final = 3.0
DRAIN_S: Final = 60.0
LATER_MS: Final = 60_000
QUIET: Final = 3


def _events(part: float) -> list[Event]:
    """Crashes of several symbols at once, by arrival."""
    found: list[tuple[int, Event]] = []
    for i in range(max(2, round(SYMBOLS * part))):
        made = cascade.generate(cascade.ScenarioKind.FLASH_CRASH, 40 + i, seconds=SECONDS)
        found += zip(made.arrivals.tolist(), as_values(made.events, (f"SYM{i}",)), strict=True)
    return [event for _, event in sorted(found, key=lambda each: (each[0], each[1]))]


def _expected(events: Sequence[Event]) -> Counter[bytes]:
    """What one engine says in one process."""
    engine = cascade.Engine(capacity=SYMBOLS)
    said = engine.feed(events) + engine.clock(max(each.time_ms for each in events) + LATER_MS)
    return Counter(map(signal_json, said))


@dataclass(slots=True)
class _Line:
    """Producer and workers behind one address; everything here blocks, so it has a thread."""

    url: str
    events: Sequence[Event]
    between: Callable[[int], None] = lambda _: None
    done: int = 0
    given_up: int = 0
    stopped: bool = False
    caught_up: list[float] = field(default_factory=list)
    """When everything produced so far had reached Redis."""

    def run(self) -> None:
        """Produce and consume by turns until nothing is left."""
        producer = cascade.Producer(self.url)
        workers = [
            cascade.Worker(self.url, f"w{i}", most=-(-PARTITIONS // WORKERS), capacity=SYMBOLS)
            for i in range(WORKERS)
        ]
        size = -(-len(self.events) // PARTS)
        for number in range(PARTS):
            if self.stopped:
                return
            self.between(number)
            if producer.send(self.events[number * size : (number + 1) * size]):
                self.caught_up.append(time.monotonic())
            for each in workers:
                each.step(1)
            self.done = number + 1
            time.sleep(0.05)
        end = time.monotonic() + DRAIN_S
        while not producer.drain(1.0):
            if self.stopped or time.monotonic() > end:
                return
        self.caught_up.append(time.monotonic())
        while not self.stopped and not producer.clock(max(each.time_ms for each in self.events) + LATER_MS):
            time.sleep(0.05)
        quiet = 0
        while quiet < QUIET and not self.stopped:
            quiet = 0 if sum(each.step(20) for each in workers) else quiet + 1
        self.given_up = producer.given_up
        for each in workers:
            each.close()
        producer.close()


def _told(server: RedisServer) -> Counter[bytes]:
    with redis.Redis.from_url(server.url) as client:
        entries: list[tuple[bytes, dict[bytes, bytes]]] = client.xrange(SIGNALS)
    return Counter(fields[b"signal"] for _, fields in entries)


async def _through(name: str, part: float, weather: Weather, *, cut: bool, kill: bool) -> DrillResult:
    result, events = DrillResult(name), _events(part)
    expected = await asyncio.to_thread(_expected, events)
    with tempfile.TemporaryDirectory(prefix="breakwater-redis-") as directory:
        server = cascade.RedisServer(Path(directory))
        server.start()  # in no thread: whoever is cancelled meanwhile would leave it running
        try:
            async with Wire("127.0.0.1", server.port, seed=1) as wire:
                line = _Line(server.url.replace(f":{server.port}/", f":{wire.port}/"), events)
                killed, started = list[float](), list[float]()
                if kill:

                    def between(number: int) -> None:
                        if number in (PARTS // 3, 2 * PARTS // 3):
                            server.kill()
                            killed.append(time.monotonic())
                        elif number in (PARTS // 3 + 2, 2 * PARTS // 3 + 2):
                            server.start()
                            started.append(time.monotonic())
                            result.fault_s += started[-1] - killed[-1]

                    line.between = between
                working = asyncio.create_task(asyncio.to_thread(line.run))
                try:
                    while not (line.done or working.done()):  # noqa: ASYNC110 - engines may have to be compiled first
                        await asyncio.sleep(0.01)
                    healed = await _fault(wire, weather, working, result, cut=cut, part=part)
                    await asyncio.wait({working})
                finally:
                    line.stopped, wire.weather = True, CLEAR
                    await asyncio.wait({working})  # it starts servers, too
                working.result()
                healed = max([healed, *started])
                result.struck = wire.struck + len(killed)
                result.recovery_s = next((at for at in line.caught_up if at >= healed), healed) - healed
                told = await asyncio.to_thread(_told, server)
                result.figures = {"events": len(events), "resets": wire.resets, "given_up": line.given_up}
        finally:
            server.kill()
    result.operations = expected.total()
    result.lost, result.repeated = (expected - told).total(), (told - expected).total()
    result.succeeded = (expected & told).total()
    if line.given_up:
        result.wrong.append(f"{line.given_up} entries were given up.")
    return result


async def _fault(
    wire: Wire, weather: Weather, working: asyncio.Task[None], result: DrillResult, *, cut: bool, part: float
) -> float:
    """Let the fault happen; when it ended."""
    if weather == CLEAR and not cut:
        return time.monotonic()
    began = time.monotonic()
    wire.weather = weather
    end = began + FAULT_S * max(part, 0.3)
    while time.monotonic() < end and not working.done():
        await asyncio.sleep(0.1)
        if cut:
            wire.cut()
    wire.weather = CLEAR
    result.fault_s = time.monotonic() - began
    return time.monotonic()


def _drill(name: str, what: str, weather: Weather = CLEAR, *, cut: bool = False, kill: bool = False) -> Drill:
    return Drill(name, "redis", what, lambda part: _through(name, part, weather, cut=cut, kill=kill))


DRILLS: Final = (
    _drill("redis-latency", "every piece takes 50 ms each way", Weather(latency_s=0.05)),
    _drill("redis-reset", "a hundredth of the pieces resets the connection", Weather(reset=0.01)),
    _drill("redis-cut", "all connections are cut ten times a second", cut=True),
    _drill("redis-hole", "nothing passes, and nobody is told", Weather(hole=True)),
    _drill("redis-kill", "Redis is killed twice and started again", kill=True),
)
"""Between the cascade engine and Redis."""
