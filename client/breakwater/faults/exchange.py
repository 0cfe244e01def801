"""Drills between a feed and its exchange, and between the oracle and its source."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any, Final

from websockets.asyncio.server import ServerConnection, broadcast, serve

from breakwater.cascade.feeds import Binance, Connection, Patience

from .model import Drill, DrillResult
from .weather import CLEAR, Weather
from .wire import Wire

if TYPE_CHECKING:
    from breakwater.cascade import Event

__all__ = ["DRILLS"]

SYMBOL: Final = "BTCUSDT"
EVERY_S: Final = 0.02
BEFORE_S: Final = 1.0
FAULT_S: Final = 3.0
AFTER_S: Final = 1.0
PATIENCE_S: Final = 60.0
START_MS: Final = 1_750_000_000_000


class _Venue:
    """An exchange that numbers its trades, whoever listens."""

    def __init__(self) -> None:
        self.number = 0
        self.listeners: set[ServerConnection] = set()

    async def serve(self, socket: ServerConnection) -> None:
        """Tell one client what happens from now on."""
        await socket.recv()
        self.listeners.add(socket)
        try:
            await socket.wait_closed()
        finally:
            self.listeners.discard(socket)

    async def trade(self) -> None:
        """Trade until cancelled."""
        while True:
            self.number += 1
            number = self.number
            body = {"e": "aggTrade", "s": SYMBOL, "a": number, "p": "10", "q": str(number)}
            body |= {"T": START_MS + number, "m": False}
            message = json.dumps({"stream": f"{SYMBOL.lower()}@aggTrade", "data": body})
            broadcast(self.listeners, message)
            await asyncio.sleep(EVERY_S)


async def _through(name: str, part: float, weather: Weather, *, cut: bool) -> DrillResult:
    """Follow before, during and after; afterwards every trade has to be heard, once and in order."""
    result, venue, heard = DrillResult(name), _Venue(), list[int]()
    scale = max(part, 0.3)

    def emit(event: Event) -> None:
        heard.append(event.time_ms - START_MS)

    async with serve(venue.serve, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with Wire("127.0.0.1", port, seed=1) as wire:
            connection = Connection(
                Binance(),
                [SYMBOL],
                emit,
                url=f"ws://127.0.0.1:{wire.port}",
                patience=Patience(0.05, 1.0, 1.0, 60.0, 1.0),
                clock=lambda: START_MS + venue.number,
                seed=1,
            )
            tasks = [asyncio.create_task(each) for each in (venue.trade(), connection.run())]
            try:
                await asyncio.sleep(BEFORE_S * scale)
                before, began, known = venue.number, time.monotonic(), len(heard)
                wire.weather = weather
                while time.monotonic() - began < FAULT_S * scale:
                    await asyncio.sleep(0.1)
                    if cut:
                        wire.cut()
                wire.weather, result.struck = CLEAR, wire.struck
                healed, last = time.monotonic(), venue.number
                result.fault_s = healed - began
                await _until(lambda: bool(heard) and heard[-1] > last)
                result.recovery_s = time.monotonic() - healed
                back = heard[-1]
                await asyncio.sleep(AFTER_S * scale)
                end = venue.number
                await _until(lambda: heard[-1] >= end)
            finally:
                for each in tasks:
                    each.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    missed = [each for each in range(back, end + 1) if each not in set(heard)]
    result.operations = end - back + 1
    result.lost = len(missed)
    result.repeated = len(heard) - len(set(heard))
    result.succeeded = result.operations - result.lost
    if heard != sorted(heard):
        result.wrong.append("Trades came out of order.")
    if not known:
        result.wrong.append("Nothing was heard before the fault.")
    result.figures = {
        "sessions": connection.counts["sessions"],
        "silences": connection.counts["silences"],
        "traded_meanwhile": last - before,
        "heard_meanwhile": sum(before < each <= last for each in heard),
    }
    return result


async def _until(true: Any) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110 - a list has no event
            await asyncio.sleep(0.01)


def _drill(name: str, what: str, weather: Weather = CLEAR, *, cut: bool = False) -> Drill:
    return Drill(name, "exchange", what, lambda part: _through(name, part, weather, cut=cut))


DRILLS: Final = (
    _drill("exchange-latency", "every piece takes up to 400 ms", Weather(latency_s=0.1, jitter_s=0.3)),
    _drill("exchange-reset", "a fiftieth of the pieces resets the connection", Weather(reset=0.02)),
    _drill("exchange-cut", "all connections are cut ten times a second", cut=True),
    _drill("exchange-silence", "nothing passes, and nobody is told", Weather(hole=True)),
    _drill("exchange-refused", "connections are refused", Weather(refuse=True, reset=1.0)),
)
"""Between a feed and its exchange."""
