"""One exchange's connection: subscribes, pings, notices silence, comes back, and repairs single symbols.

A symbol whose sequence broke is subscribed anew on the same socket; the others go on. A socket that says
nothing for `silence_s` although it was pinged is closed. Pauses between attempts double up to a cap, each
drawn between half of that and the whole, so that many clients do not come back at once.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from ._frame import Parser, Venue

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..events import Event

__all__ = ["Connection", "Patience", "Skew"]

FURTHEST_MS = 600_000
LEARNT = 32
AHEAD_MS = 60_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: first and longest pause, silence that ends a session, and between two repairs of a symbol."""

    first_pause_s: float = 0.5
    longest_pause_s: float = 60.0
    silence_s: float = 60.0
    repair_s: float = 5.0
    open_s: float = 10.0

    def pause(self, failures: int, draw: float) -> float:
        """Before the next attempt, after so many in vain; `draw` is from 0 to 1."""
        whole = min(self.longest_pause_s, self.first_pause_s * 2 ** min(failures, 30))
        return float(whole * (0.5 + draw / 2))


class Skew:
    """How far an exchange's clock is from ours, by the quickest of its last 512 events.

    A clock within the allowance is left alone; times of another are moved by its whole difference, so that
    events of several exchanges lie on one time. Nothing is moved before 32 events have come, and what lies
    further from now than ten minutes says nothing about a clock.
    """

    def __init__(self, allowance_ms: int = 250) -> None:
        self.allowance_ms = allowance_ms
        self._delays: deque[int] = deque(maxlen=512)
        self.quickest_ms = 0

    def corrected(self, time_ms: int, received_ms: int) -> int:
        """The event's time on our clock."""
        delay = received_ms - time_ms
        if abs(delay) > FURTHEST_MS:
            return time_ms
        if len(self._delays) == self._delays.maxlen and self._delays[0] == self.quickest_ms:
            self._delays.append(delay)
            self.quickest_ms = min(self._delays)
        else:
            self.quickest_ms = min(self.quickest_ms, delay) if self._delays else delay
            self._delays.append(delay)
        return self.moved(time_ms)

    def moved(self, time_ms: int) -> int:
        """The same for what says nothing about the clock, because it is old."""
        known = len(self._delays) >= LEARNT
        return time_ms + self.quickest_ms if known and abs(self.quickest_ms) > self.allowance_ms else time_ms


class Connection:
    """Follows the symbols of one exchange until cancelled.

    Args:
        venue: the exchange.
        symbols: as the exchange names them.
        emit: is given every event.
        url: instead of the exchange's own.
        patience: how long to wait for what.
        clock: our time, Unix milliseconds.
    """

    def __init__(
        self,
        venue: Venue,
        symbols: list[str],
        emit: Callable[[Event], None],
        *,
        url: str | None = None,
        patience: Patience | None = None,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        seed: int | None = None,
    ) -> None:
        self.parser = Parser(venue)
        self.skew = Skew()
        self.counts: Counter[str] = Counter()
        self.last_error = ""
        self.last_frame_ms = 0
        self._venue, self._symbols, self._emit = venue, symbols, emit
        self._url, self._patience, self._clock = url or venue.url, patience or Patience(), clock
        self._random = random.Random(seed)
        self._repaired: dict[str, float] = {}

    async def run(self) -> None:
        """Connect, follow, come back."""
        failures = 0
        while True:
            worked = self.parser.frames
            try:
                await self._session()
            except (OSError, TimeoutError, WebSocketException, InvalidHandshake) as error:
                self.last_error = f"{type(error).__name__}: {error}"[:200]
            self.counts["sessions_ended"] += 1
            failures = 0 if self.parser.frames > worked else failures + 1
            pause = self._patience.pause(failures, self._random.random())
            log.warning(
                "feed_ended", exchange=self._venue.exchange.name, error=self.last_error, again_in_s=pause
            )
            await asyncio.sleep(pause)

    async def _session(self) -> None:
        async with connect(
            self._url, open_timeout=self._patience.open_s, close_timeout=1, max_size=2**24, ping_interval=None
        ) as socket:
            self.counts["sessions"] += 1
            self._venue.forget()
            self._repaired.clear()
            for message in self._venue.subscribe(self._symbols):
                await socket.send(message)
            await self._follow(socket)

    async def _follow(self, socket: ClientConnection) -> None:
        heard = pinged = time.monotonic()
        wait = min(self._venue.ping_s, self._patience.silence_s / 2)
        while True:
            frame: bytes | str | None = None
            try:
                async with asyncio.timeout(wait):
                    frame = await socket.recv()
            except TimeoutError:
                pass
            now = time.monotonic()
            if frame is not None:
                heard = now
                await self._take(frame, socket, now)
            elif now - heard >= self._patience.silence_s:
                self.counts["silences"] += 1
                raise TimeoutError("the exchange has fallen silent")
            if now - pinged >= wait:
                pinged = now
                self.counts["pings"] += 1
                await (socket.send(self._venue.ping) if self._venue.ping else socket.ping())

    async def _take(self, data: bytes | str, socket: ClientConnection, now: float) -> None:
        frame = self.parser.read(data)
        received = self.last_frame_ms = self._clock()
        for event in frame.events:
            if frame.history:
                time_ms = self.skew.moved(event.time_ms)
            else:
                time_ms = self.skew.corrected(event.time_ms, received)
            if time_ms > received + AHEAD_MS:
                # a symbol's time never goes back: one such event would make all that follow too old
                self.counts["from_the_future"] += 1
                continue
            self._emit(event._replace(time_ms=time_ms))
        for symbol in frame.broken:
            self.counts["gaps"] += 1
            if now - self._repaired.get(symbol, float("-inf")) < self._patience.repair_s:
                continue
            self._repaired[symbol] = now
            self.counts["repairs"] += 1
            self._venue.forget(symbol)
            for message in (*self._venue.unsubscribe([symbol]), *self._venue.subscribe([symbol])):
                await socket.send(message)
