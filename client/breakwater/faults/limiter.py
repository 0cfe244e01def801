"""How often an endpoint answers: windows over exact times, of all requests and of each method."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .manners import Limit

__all__ = ["Limiter"]


class Limiter:
    """Remembers what was answered in the last window."""

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = {}

    def take(self, calls: Sequence[Mapping[str, Any]], limit: Limit | None) -> int | None:
        """Whole seconds to wait, if these calls of one request are too much; else they count."""
        if limit is None:
            return None
        now = asyncio.get_running_loop().time()
        wanted = {"": len(calls) if limit.calls_count else 1}
        bounds = {"": limit.requests}
        if limit.per_method is not None:
            methods = Counter(str(each.get("method")) for each in calls)
            wanted.update(methods if limit.calls_count else dict.fromkeys(methods, 1))
            bounds.update(dict.fromkeys(methods, limit.per_method))
        pause = 0.0
        for name, count in wanted.items():
            times = self._times.setdefault(name, deque())
            while times and times[0] <= now - limit.period_s:
                times.popleft()
            if len(times) + count > bounds[name]:
                pause = max(pause, times[0] + limit.period_s - now if times else limit.period_s)
        if pause:
            return int(pause) + 1
        for name, count in wanted.items():
            self._times[name].extend([now] * count)
        return None
