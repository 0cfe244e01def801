"""How often we may ask, when we stop asking, and how long an old answer is still an answer."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from aiolimiter import AsyncLimiter
from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from breakwater.errors import InvalidInput, RateLimited, Retryable, Unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Hashable

__all__ = [
    "MARKET_REQUESTS",
    "ORDER_REQUESTS",
    "PERIOD_S",
    "USABLE_S",
    "Breaker",
    "Cache",
    "Cached",
    "Freshness",
    "RequestLimiter",
    "back_off",
    "freshness",
    "market_limiter",
    "order_limiter",
    "retry_after",
]

MARKET_REQUESTS = 50
ORDER_REQUESTS = 500
PERIOD_S = 10.0

USABLE_S = 300.0
"""Age up to which a price that is no longer fresh is still used; the feed's own rule on the chain."""

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 300.0
"""No server's Retry-After makes us wait shorter or longer."""

T = TypeVar("T")


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


class Breaker:
    """A circuit breaker: after failures in a row nothing is asked for a while, then one request tries.

    Being told to slow down is no failure, and neither is an answer that is no.

    Args:
        name: the source's.
        threshold: failures in a row that open it.
        rest_s: how long it stays open.
    """

    def __init__(self, name: str, threshold: int, rest_s: float) -> None:
        self.name, self._rest_s, self._threshold = name, rest_s, threshold
        self._factory = AsyncCircuitBreakerFactory(threshold, rest_s, exclude=[RateLimited, InvalidInput])
        self._state = "closed"

    @property
    def state(self) -> str:
        """closed, opened or half-opened."""
        return self._state

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Run the block if the circuit is closed.

        Raises:
            Unreachable: it is open.
        """
        breaker = await self._factory.get_breaker(self.name)
        try:
            async with breaker:
                yield
        except OpenedState as opened:
            wait = max(0.1, opened.opened_at + self._rest_s - time.time())
            raise Unreachable(
                f"Leave {self.name} alone for {wait:.0f} s: it failed {self._threshold} times in a row.",
                retry_after=wait,
            ) from None
        finally:
            self._state = breaker.context.state


class Freshness(StrEnum):
    """How good an answer or a price is: its own age, or older but usable, or too old."""

    FRESH = "fresh"
    CACHED = "cached"
    DEGRADED = "degraded"


def freshness(age_s: float | None, fresh_s: float, usable_s: float = USABLE_S) -> Freshness:
    """The state of something `age_s` seconds old; None was never there. Both limits are inclusive."""
    if age_s is None or age_s > usable_s:
        return Freshness.DEGRADED
    return Freshness.FRESH if age_s <= fresh_s else Freshness.CACHED


@dataclass(frozen=True, slots=True)
class Cached(Generic[T]):
    """A remembered answer, how old it is and what that makes it."""

    value: T
    age_s: float
    state: Freshness


class Cache(Generic[T]):
    """Remembers the last good answer to each question.

    Args:
        fresh_s: age up to which it stands for a new one.
        usable_s: age up to which it may be used while there is no new one.
        clock: seconds, from any origin.
    """

    def __init__(
        self,
        fresh_s: float,
        usable_s: float = USABLE_S,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fresh_s, self._usable_s, self._clock = fresh_s, usable_s, clock
        self._known: dict[Hashable, tuple[float, T]] = {}

    def put(self, key: Hashable, value: T) -> None:
        """Remember `value` as of now."""
        self._known[key] = (self._clock(), value)

    def get(self, key: Hashable) -> Cached[T] | None:
        """What is known, whatever its state; None if nothing ever was."""
        if key not in self._known:
            return None
        at, value = self._known[key]
        age = self._clock() - at
        return Cached(value, age, freshness(age, self._fresh_s, self._usable_s))
