"""How stale the feed was, for how long, what that stopped, and how trading recovered."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["CACHE_SECONDS", "Outage", "Outages"]

CACHE_SECONDS = 300
"""Age in seconds up to which the program trades on a price; beyond it leverage is halved."""


@dataclass(slots=True)
class Outage:
    """A time without a fresh price; all in seconds, `begin_s` and `end_s` Unix time on the chain.

    `cached` were traded as ever, `stale` in degraded mode. `refused` orders were too highly leveraged for
    that, `degraded_opens` were not. `recovery` is how long after the feed's return the first open above half
    the cap went through; None when there was none, or nothing to recover from.
    """

    begin_s: int
    end_s: int
    cached: int = 0
    stale: int = 0
    refused: int = 0
    degraded_opens: int = 0
    recovery: float | None = None


@dataclass(slots=True)
class Outages:
    """Watches a feed whose price is fresh for `max_age_s` seconds."""

    max_age_s: int
    list: list[Outage] = field(default_factory=list)
    _timestamp_s: int | None = None
    _published_s: int = 0
    _current: Outage | None = None

    def published(self, now_s: int, timestamp_ms: int) -> None:
        """A price of `timestamp_ms` reached the chain at `now_s`."""
        if self.age(now_s) > self.max_age_s:
            self._observe(now_s)
        self._current = None
        self._timestamp_s, self._published_s = timestamp_ms // 1000, now_s

    def age(self, now_s: int) -> int:
        """Age of the newest price in whole seconds, as the program counts it; 0 before the first one."""
        return 0 if self._timestamp_s is None else max(0, now_s - self._timestamp_s)

    def stale(self, now_s: int) -> bool:
        """Whether the program is in degraded mode."""
        return self.age(now_s) > CACHE_SECONDS

    def refused(self, now_s: int) -> None:
        """An open was refused with OracleStale."""
        self._observe(now_s).refused += 1

    def opened(self, now_s: int, leverage_x100: int, cap_x100: int) -> None:
        """An open went through under a cap of `cap_x100` hundredths."""
        if self.stale(now_s):
            self._observe(now_s).degraded_opens += 1
        elif leverage_x100 > max(100, cap_x100 // 2):
            for each in self.list:
                if each.stale and each.recovery is None and each is not self._current:
                    each.recovery = float(now_s - each.end_s)

    def finish(self, now_s: int) -> None:
        """The replay ends at `now_s`."""
        if self.age(now_s) > self.max_age_s:
            self._observe(now_s)

    def _observe(self, now_s: int) -> Outage:
        # a price may be old when it comes, and another outage end with it
        first = max(self._published_s, (self._timestamp_s or now_s) + self.max_age_s + 1)
        if self._current is None:
            self._current = Outage(first, now_s)
            self.list.append(self._current)
        stale_from = (self._timestamp_s or now_s) + CACHE_SECONDS + 1
        self._current.end_s = now_s
        self._current.cached = max(0, min(now_s, stale_from) - first)
        self._current.stale = max(0, now_s - max(first, stale_from))
        return self._current

    def as_dict(self) -> dict[str, object]:
        """The figures for people and machines; seconds are the chain's."""
        stale = [each for each in self.list if each.stale]
        recoveries = [each.recovery for each in stale if each.recovery is not None]
        return {
            "max_age_s": self.max_age_s,
            "cache_s": CACHE_SECONDS,
            "outages": len(self.list),
            "cached_seconds": sum(each.cached for each in self.list),
            "stale_outages": len(stale),
            "stale_seconds": sum(each.stale for each in stale),
            "refused_stale": sum(each.refused for each in stale),
            "degraded_opens": sum(each.degraded_opens for each in stale),
            "recovered": len(recoveries),
            "longest_recovery_s": max(recoveries, default=None),
        }
