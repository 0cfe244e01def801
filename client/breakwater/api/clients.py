"""Who asks, by token or by address, and how often each may."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal

from breakwater.errors import RateLimited
from breakwater.limits import MARKET_REQUESTS, ORDER_REQUESTS, PERIOD_S, RequestLimiter
from breakwater.serving import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Kind", "Limits", "Tokens"]

Kind = Literal["market", "order"]

MOST_CLIENTS = 50_000
"""Clients within one period beyond which new ones have to wait: memory ends, too."""


class Limits:
    """An exact window a client and kind of request.

    Args:
        market, order: requests in any 10 s.
        clock: seconds, from any origin.
    """

    def __init__(
        self,
        market: int = MARKET_REQUESTS,
        order: int = ORDER_REQUESTS,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most: dict[Kind, int] = {"market": market, "order": order}
        self._clock = clock
        self._known: OrderedDict[tuple[Kind, str], tuple[float, RequestLimiter]] = OrderedDict()

    def __len__(self) -> int:
        """Windows that are kept."""
        return len(self._known)

    def take(self, kind: Kind, client: str) -> None:
        """Count a request.

        Raises:
            RateLimited: the client has used its requests up; `retry_after` says how long to wait.
        """
        now, key = self._clock(), (kind, client)
        known = self._known.pop(key, None)
        if known is None:
            self._make_room(now)
            limiter = RequestLimiter(kind, self._most[kind], clock=self._clock)
        else:
            limiter = known[1]
        self._known[key] = (now, limiter)
        limiter.take()

    def _make_room(self, now: float) -> None:
        """Drop the windows that have emptied; they are kept in the order of their last request."""
        while self._known:
            at, _ = next(iter(self._known.values()))
            if now - at < PERIOD_S:
                break
            self._known.popitem(last=False)
        if len(self._known) >= MOST_CLIENTS:
            raise RateLimited(
                f"Wait {PERIOD_S:.0f} s: more clients than the server can count.", retry_after=PERIOD_S
            )
