"""Gamma REST: what markets there are, and their displayed prices."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

from breakwater.errors import InvalidInput, Retryable, Unreachable

from ..limits import Cache, Freshness
from ..wire import Market
from ._base import Clock, Emit, Quote, Status, keep_trying, wall_ms

if TYPE_CHECKING:
    from breakwater.model import Tick

    from ..settings import OracleSettings
    from ._rest import Rest

__all__ = ["Gamma", "GammaSource"]

STEP = Decimal("0.01")
MARKET_FRESH_S = 1.0


class Gamma:
    """Looks markets up; an answer stands in for a new one for five minutes."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self.cache: Cache[Market] = Cache(MARKET_FRESH_S)

    async def market(self, slug: str) -> Market:
        """The market as it is now.

        Raises:
            InvalidInput: there is none of that name.
            Retryable: no answer.
        """
        found = await self._rest.get("/markets", {"slug": slug}, list[Market])
        if not found:
            raise InvalidInput(f"Check the market's name: Gamma knows no {slug!r}.")
        self.cache.put(slug, found[0])
        return found[0]

    async def known(self, slug: str) -> tuple[Market, Freshness]:
        """The market, from the cache where Gamma does not answer.

        Raises:
            InvalidInput: there is none of that name.
            Retryable: no answer, and what is known is too old.
        """
        cached = self.cache.get(slug)
        if cached is not None and cached.state is Freshness.FRESH:
            return cached.value, cached.state
        try:
            return await self.market(slug), Freshness.FRESH
        except Retryable:
            if cached is None or cached.state is Freshness.DEGRADED:
                raise
            return cached.value, cached.state


class GammaSource:
    """Polls one market.

    Args:
        rest: the host.
        symbol: of the ticks.
        slug: the market.
        outcome: by name; None is the first.
        settings: patience.
        clock: our time.
    """

    def __init__(
        self,
        rest: Rest,
        symbol: str,
        slug: str,
        outcome: str | None,
        settings: OracleSettings,
        clock: Clock = wall_ms,
    ) -> None:
        self.name = "gamma"
        self.status = Status()
        self.gamma = Gamma(rest)
        self._rest, self._symbol, self._slug, self._outcome = rest, symbol, slug, outcome
        self._settings, self._clock = settings, clock

    async def poll(self) -> Tick:
        """One tick, now.

        Raises:
            InvalidInput: the market is unknown or over.
            Retryable: no price at the moment.
        """
        market = await self.gamma.market(self._slug)
        if market.closed:
            raise InvalidInput(f"Choose another market: {self._slug} is closed.")
        now = self._clock()
        return self._quote(market).tick(self.name, self._symbol, now, now)

    def _quote(self, market: Market) -> Quote:
        index, prices = market.index(self._outcome), market.prices()
        step = market.order_price_min_tick_size or STEP
        if len(prices) == 2 and market.best_bid is not None and market.best_ask is not None:
            quote = Quote(market.best_bid, market.best_ask, step)
            if quote.sound:
                return quote if index == 0 else quote.mirrored()
        if index >= len(prices) or not 0 < prices[index] < 1:
            raise Unreachable(f"Wait for orders: {self._slug} has no price.")
        return Quote(prices[index], prices[index], STEP)

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
