"""When we stop asking, and how long an old answer is still an answer."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from breakwater.errors import InvalidInput, RateLimited, Unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Hashable

__all__ = ["USABLE_S", "Breaker", "Cache", "Cached", "Freshness", "freshness"]

USABLE_S = 300.0
"""Age up to which a price that is no longer fresh is still used; the feed's own rule on the chain."""

T = TypeVar("T")


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
