"""CLOB REST: order books, midpoints and prices of one token."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from breakwater.errors import Unreachable

from ..wire import Book, Midpoint, Price, time_ms
from ._base import Clock, Emit, Quote, Status, keep_trying, wall_ms

if TYPE_CHECKING:
    from breakwater.model import Tick

    from ..settings import OracleSettings
    from ._rest import Rest

__all__ = ["Clob", "ClobSource"]

STEP = Decimal("0.01")
SKEW_MS = 2_000


class Clob:
    """The public read endpoints."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def book(self, token: str) -> Book:
        """The resting orders."""
        book = await self._rest.get("/book", {"token_id": token}, Book)
        if book.asset_id != token:
            raise Unreachable("Ask again: the book is another token's.")
        return book

    async def midpoint(self, token: str) -> Decimal:
        """The middle of the book."""
        return (await self._rest.get("/midpoint", {"token_id": token}, Midpoint)).mid

    async def price(self, token: str, side: Literal["BUY", "SELL"]) -> Decimal:
        """The best price of one side."""
        return (await self._rest.get("/price", {"token_id": token, "side": side}, Price)).price

    async def quote(self, token: str) -> tuple[Quote, int | None]:
        """Best bid and ask with the book's own time; where the book has a side only, what `/price` says.

        The documentation has called both prices of `/price` by either side's name, so the lower one is
        taken as the bid; a midpoint outside of the two refutes them.

        Raises:
            Unreachable: there is no two-sided price.
        """
        book = await self.book(token)
        step = book.tick_size or STEP
        if book.bids and book.asks:
            bid, ask = max(each.price for each in book.bids), min(each.price for each in book.asks)
            quote = Quote(bid, ask, step)
            stamp: int | None = time_ms(book.timestamp)
        else:
            low, high = sorted([await self.price(token, "BUY"), await self.price(token, "SELL")])
            quote, stamp = Quote(low, high, step), None
            if not low <= await self.midpoint(token) <= high:
                raise Unreachable("Ask again: midpoint and prices contradict each other.")
        if not quote.sound:
            raise Unreachable("Wait for orders: the book is crossed or has no second side.")
        return quote, stamp


class ClobSource:
    """Polls one token's book.

    Args:
        rest: the host.
        symbol: of the ticks.
        token: the outcome's token.
        settings: patience.
        clock: our time.
    """

    def __init__(
        self, rest: Rest, symbol: str, token: str, settings: OracleSettings, clock: Clock = wall_ms
    ) -> None:
        self.name = "clob"
        self.status = Status()
        self.clob = Clob(rest)
        self._rest, self._symbol, self._token = rest, symbol, token
        self._settings, self._clock = settings, clock

    async def poll(self) -> Tick:
        """One tick, now: a book that has not changed for an hour is still the book.

        A book from the future keeps its own time, and the aggregation drops it.
        """
        quote, stamp = await self.clob.quote(self._token)
        now = self._clock()
        at = stamp if stamp is not None and stamp > now + SKEW_MS else now
        return quote.tick(self.name, self._symbol, at, now)

    async def run(self, emit: Emit) -> None:
        """Poll until cancelled."""

        async def once() -> None:
            try:
                emit(await self.poll())
                self.status.worked(self._clock())
            finally:
                self.status.breaker = self._rest.breaker.state

        while True:
            await keep_trying(once, self.status, self.name, self._settings)
            await asyncio.sleep(self._settings.poll_s)
