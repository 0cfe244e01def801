"""How often somebody may ask, and how long to wait: for those who ask and for those who answer.

`RequestLimiter` is the limit of both sides: our sources and our API client keep to it, our API server holds
its clients to it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from aiolimiter import AsyncLimiter

from .errors import RateLimited, Retryable

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "MARKET_REQUESTS",
    "ORDER_REQUESTS",
    "PERIOD_S",
    "RequestLimiter",
    "back_off",
    "market_limiter",
    "order_limiter",
    "retry_after",
]

MARKET_REQUESTS = 50
ORDER_REQUESTS = 500
PERIOD_S = 10.0

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 300.0
"""No server's Retry-After makes us wait shorter or longer."""


class RequestLimiter:
    """At most `limit` requests in any `period_s` seconds.

    A window of the exact times decides. aiolimiter's bucket alone would let twice the limit through in its
    first period (the burst, and what leaks meanwhile); it paces those who wait, so that they do not all
    start in the moment the window opens.

    Args:
        kind: what messages call the requests.
        limit: how many.
        period_s: in how many seconds.
        clock: seconds, from any origin.
    """

    def __init__(
        self,
        kind: str,
        limit: int,
        period_s: float = PERIOD_S,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.kind, self.limit, self.period_s = kind, limit, period_s
        self.refused = 0
        self._clock = clock
        self._times: deque[float] = deque(maxlen=limit)
        self._paused_until = float("-inf")
        self._pace = AsyncLimiter(max(1, limit // 10), period_s / 10)

    def wait_s(self) -> float:
        """Seconds until the next request may start; 0 is now."""
        now = self._clock()
        window = self._times[0] + self.period_s - now if len(self._times) == self.limit else 0.0
        return max(0.0, window, self._paused_until - now)

    def take(self) -> None:
        """Count one request that starts now.

        Raises:
            RateLimited: it may not; `retry_after` says how long to wait.
        """
        wait = self.wait_s()
        if wait > 0:
            self.refused += 1
            raise RateLimited(
                f"Wait {wait:.1f} s: {self.limit} {self.kind} requests are allowed in {self.period_s:g} s.",
                retry_after=wait,
            )
        self._times.append(self._clock())

    async def acquire(self) -> None:
        """Wait for one's turn instead of being refused."""
        while (wait := self.wait_s()) > 0:
            await asyncio.sleep(wait)
            await self._pace.acquire()
        self.take()

    def pause(self, seconds: float) -> None:
        """Start nothing for `seconds`: a server has asked for it."""
        self._paused_until = max(self._paused_until, self._clock() + min(seconds, LONGEST_PAUSE_S))


def market_limiter(clock: Callable[[], float] = time.monotonic) -> RequestLimiter:
    """50 market requests in 10 s."""
    return RequestLimiter("market", MARKET_REQUESTS, clock=clock)


def order_limiter(clock: Callable[[], float] = time.monotonic) -> RequestLimiter:
    """500 order requests in 10 s."""
    return RequestLimiter("order", ORDER_REQUESTS, clock=clock)


def retry_after(header: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for, whether it counts them or names a date."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())


def back_off(error: Exception) -> bool | float:
    """For stamina: whether to try again, and after how many seconds if somebody said so."""
    if not isinstance(error, Retryable):
        return False
    if error.retry_after is None:
        return True
    return min(max(error.retry_after, SHORTEST_PAUSE_S), LONGEST_PAUSE_S)
