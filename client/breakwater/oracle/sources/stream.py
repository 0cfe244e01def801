"""The CLOB's market channel: books and their changes, pushed over a WebSocket.

A silent book is still a book: the server answers our PING with PONG, and each PONG confirms the last quote.
Two PINGs without any frame, no snapshot in time after subscribing, a frame that is not what is documented, or
a closed socket end the session; the next one begins with a new snapshot.
"""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import TYPE_CHECKING

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from breakwater.errors import RateLimited, Retryable, Unreachable
from breakwater.limits import retry_after

from ..limits import Breaker
from ..wire import (
    BookEvent,
    Event,
    LastTradePrice,
    PriceChange,
    PriceChangeEvent,
    TickSizeChange,
    events,
    time_ms,
)
from ._base import Clock, Emit, Quote, Status, keep_trying, wall_ms

if TYPE_CHECKING:
    from ..settings import OracleSettings

__all__ = ["Depth", "StreamSource"]

STEP = Decimal("0.01")
SKEW_MS = 2_000
PAUSE_S = 10.0

log = structlog.get_logger(__name__)


class Depth:
    """One token's book, kept from snapshots and changes."""

    def __init__(self, step: Decimal = STEP) -> None:
        self.step = step
        self.known = False
        self.last_trade: Decimal | None = None
        self._sides: dict[str, dict[Decimal, Decimal]] = {"BUY": {}, "SELL": {}}
        self._best: tuple[Decimal | None, Decimal | None] = (None, None)

    def apply(self, event: BookEvent | PriceChange) -> None:
        """Take over a snapshot or a change; the best prices that a change states count before our own."""
        self.known = True
        if isinstance(event, BookEvent):
            self._sides = {
                "BUY": {each.price: each.size for each in event.bids if each.size > 0},
                "SELL": {each.price: each.size for each in event.asks if each.size > 0},
            }
            self._best = self._own()
            return
        side = self._sides.get(event.side.upper())
        if side is None:
            raise Unreachable(f"Subscribe again: an order has the side {event.side[:20]!r}.")
        if event.size > 0:
            side[event.price] = event.size
        else:
            side.pop(event.price, None)
        bid, ask = self._own()
        self._best = (event.best_bid or bid, event.best_ask or ask)

    def _own(self) -> tuple[Decimal | None, Decimal | None]:
        return max(self._sides["BUY"], default=None), min(self._sides["SELL"], default=None)

    def quote(self) -> Quote | None:
        """The best prices, if both sides have one."""
        bid, ask = self._best
        if bid is None or ask is None:
            return None
        quote = Quote(bid, ask, self.step)
        return quote if quote.sound else None


class StreamSource:
    """Follows one token.

    Args:
        url: the market channel.
        symbol: of the ticks.
        token: the outcome's token.
        settings: patience.
        clock: our time.
    """

    def __init__(
        self, url: str, symbol: str, token: str, settings: OracleSettings, clock: Clock = wall_ms
    ) -> None:
        self.name = "stream"
        self.status = Status()
        self.sessions = 0
        self.depth = Depth()
        self._breaker = Breaker(self.name, settings.breaker_threshold, settings.breaker_s)
        self._url, self._symbol, self._token = url, symbol, token
        self._settings, self._clock = settings, clock

    async def run(self, emit: Emit) -> None:
        """Follow until cancelled."""

        async def session() -> None:
            try:
                async with self._breaker.guard():
                    await self._while_it_works(emit)
            finally:
                self.status.breaker = self._breaker.state

        while True:
            await keep_trying(session, self.status, self.name, self._settings)
            await asyncio.sleep(self._settings.wait_initial_s)

    async def _while_it_works(self, emit: Emit) -> None:
        before = self.status.answers
        try:
            await self._session(emit)
        except Retryable as error:
            if self.status.answers == before:
                raise
            # it did work: no failure of the circuit's, and the next pause need not have grown
            self.status.failed(error)
            log.warning("stream_ended", error=str(error))

    async def _session(self, emit: Emit) -> None:
        try:
            async with connect(
                self._url, open_timeout=self._settings.timeout_s, close_timeout=1, ping_interval=None
            ) as socket:
                self.sessions += 1
                self.depth = Depth(self.depth.step)
                await socket.send(json.dumps({"assets_ids": [self._token], "type": "market"}))
                await self._follow(socket, emit)
        except InvalidStatus as error:
            response = error.response
            if response.status_code == 429:
                wait = retry_after(response.headers.get("retry-after")) or PAUSE_S
                raise RateLimited(f"Wait {wait:g} s: the stream is full.", retry_after=wait) from None
            raise Unreachable(f"Wait for the stream: it answers HTTP {response.status_code}.") from None
        except (ConnectionClosed, InvalidHandshake, OSError, TimeoutError) as error:
            raise Unreachable(f"Connect to the stream again: {type(error).__name__}.") from error

    async def _follow(self, socket: ClientConnection, emit: Emit) -> None:
        silent = 0
        while True:
            try:
                async with asyncio.timeout(
                    self._settings.ping_s if self.depth.known else self._settings.timeout_s
                ):
                    frame = await socket.recv()
            except TimeoutError:
                silent += 1
                if silent > 2 or not self.depth.known:
                    raise Unreachable("Connect to the stream again: it has fallen silent.") from None
                await socket.send("PING")
                continue
            if frame in ("PONG", b"PONG"):
                self._confirm(emit, self._clock())
            else:
                for event in events(frame):
                    self._apply(event, emit)
            silent = 0

    def _apply(self, event: Event, emit: Emit) -> None:
        now, stamp = self._clock(), time_ms(event.timestamp)
        if isinstance(event, PriceChangeEvent):
            mine = [each for each in event.price_changes if each.asset_id == self._token]
            for change in mine:
                self.depth.apply(change)
        elif event.asset_id != self._token:
            return
        elif isinstance(event, BookEvent):
            self.depth.apply(event)
        elif isinstance(event, TickSizeChange):
            self.depth.step = event.new_tick_size
        elif isinstance(event, LastTradePrice):
            self.depth.last_trade = event.price
        # what was pushed holds from now on; a stamp from the future is for the aggregation to drop
        self._confirm(emit, stamp if stamp > now + SKEW_MS else now)

    def _confirm(self, emit: Emit, at_ms: int) -> None:
        if not self.depth.known:
            return
        now = self._clock()
        quote = self.depth.quote()
        self.status.worked(now)
        if quote is not None:
            emit(quote.tick(self.name, self._symbol, at_ms, now))
