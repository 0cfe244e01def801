"""What is known right now: the newest tick of each source, the last price they made, and how good it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from .aggregate import Refused, Rules, aggregate
from .limits import USABLE_S, Freshness, freshness

if TYPE_CHECKING:
    from breakwater.chain.accounts import Feed
    from breakwater.model import PriceEvent, Tick

    from .sources import Clock

__all__ = ["Board"]

log = structlog.get_logger(__name__)


class Board:
    """Decides what is worth publishing.

    Args:
        feed: where it goes; its exponent and maximum age rule.
        name: the feed's.
        rules: what is acceptable.
        heartbeat_s: an unchanged price is worth it again after so long.
        clock: our time.
    """

    def __init__(self, feed: Feed, name: str, rules: Rules, heartbeat_s: float, clock: Clock) -> None:
        self.ticks = 0
        self.by_source: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.state = Freshness.DEGRADED
        self.degraded = self.recovered = 0
        self.longest_gap_s = 0.0
        self._feed, self._name, self._rules, self._clock = feed, name, rules, clock
        self._heartbeat_ms = round(heartbeat_s * 1000)
        self._newest: dict[str, Tick] = {}
        self._offered: PriceEvent | None = None
        # a feed that was published before us goes on ageing from there
        self._published_ms: int | None = feed.timestamp_ms if feed.count else None
        self._refusal = ""
        self.look()

    def take(self, tick: Tick) -> PriceEvent | None:
        """A new tick; the price to publish if it made another one."""
        self.ticks += 1
        self.by_source[tick.source] += 1
        self._newest[tick.source] = tick
        event = self._price(count=True)
        if event is None or self._same(event):
            return None
        return self._offer(event)

    def beat(self) -> PriceEvent | None:
        """The unchanged price, if it is time to confirm it and the sources still do."""
        last = self._offered
        if last is not None and self._clock() - last.timestamp_ms < self._heartbeat_ms:
            return None
        event = self._price()
        if event is None or (last is not None and event.timestamp_ms <= last.timestamp_ms):
            return None
        return self._offer(event)

    def published(self, event: PriceEvent) -> None:
        """An event is on the chain."""
        if self._published_ms is not None:
            self.longest_gap_s = max(self.longest_gap_s, (event.timestamp_ms - self._published_ms) / 1000)
        self._published_ms = event.timestamp_ms
        self.look()

    @property
    def age_s(self) -> float | None:
        """Age of the newest price on the chain; None before the first."""
        return None if self._published_ms is None else max(0, self._clock() - self._published_ms) / 1000

    def look(self) -> Freshness:
        """The feed's state now; a change is logged."""
        state = freshness(self.age_s, self._feed.max_age_s, USABLE_S)
        if state is not self.state:
            log.info("feed_state", feed=self._name, was=self.state.value, now=state.value, age_s=self.age_s)
            if state is Freshness.DEGRADED:
                self.degraded += 1
            elif state is Freshness.FRESH and self.degraded > self.recovered:
                self.recovered += 1
            self.state = state
        return state

    def _price(self, *, count: bool = False) -> PriceEvent | None:
        if not self._newest:
            return None
        made = aggregate(
            self._newest.values(),
            feed=self._name,
            exponent=self._feed.exponent,
            now_ms=self._clock(),
            rules=self._rules,
        )
        if not isinstance(made, Refused):
            self._refusal = ""
            return made
        if count:
            self.refused[made.reason.value] += 1
        if made.reason.value != self._refusal:
            log.warning("price_refused", feed=self._name, reason=made.reason.value, detail=made.detail)
        self._refusal = made.reason.value
        return None

    def _same(self, event: PriceEvent) -> bool:
        last = self._offered
        return last is not None and (event.price, event.confidence) == (last.price, last.confidence)

    def _offer(self, event: PriceEvent) -> PriceEvent:
        if self._offered is not None and event.timestamp_ms < self._offered.timestamp_ms:
            # the newest source has dropped out; what the others say holds now, not in the past
            event = replace(event, timestamp_ms=self._offered.timestamp_ms)
        self._offered = event
        return event
