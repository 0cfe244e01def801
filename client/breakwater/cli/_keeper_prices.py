"""Prices for `breakwater keeper run`: the oracle's sources, asked when a feed has gone silent."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import structlog
from solders.keypair import Keypair

from .. import oracle
from ..chain.accounts import Feed
from ..errors import BreakwaterError, InvalidInput
from ..model import PriceEvent, Tick

__all__ = ["Quotes", "quotes"]

log = structlog.get_logger(__name__)


class Quotes:
    """The newest tick of each source by feed, and the price that they make.

    Args:
        publisher: signs for the feeds.
        rules: what makes a feed's price publishable, by its name.
    """

    def __init__(self, publisher: Keypair, rules: dict[str, oracle.Rules]) -> None:
        self.publisher = publisher
        self._rules = rules
        self._ticks: dict[str, dict[str, Tick]] = defaultdict(dict)

    def take(self, tick: Tick) -> None:
        """A new tick of a source."""
        self._ticks[tick.symbol][tick.source] = tick

    def next(self, feed: Feed, slot: int, now_s: int) -> PriceEvent | None:
        """The median of the sources, if it is newer than the feed's price; `now_s` is the chain's."""
        rules, ticks = self._rules.get(feed.name), self._ticks.get(feed.name)
        if rules is None or not ticks:
            return None
        now_ms = time.time_ns() // 1_000_000
        made = oracle.aggregate(
            ticks.values(), feed=feed.name, exponent=feed.exponent, now_ms=now_ms, rules=rules
        )
        if isinstance(made, oracle.Refused):
            log.warning("keeper_has_no_price", feed=feed.name, reason=made.reason.value, detail=made.detail)
            return None
        # the program refuses what is ahead of the chain's clock, which may lag behind ours
        at_ms = min(made.timestamp_ms, now_s * 1000)
        if feed.count and at_ms < feed.timestamp_ms:
            return None
        return replace(made, sequence=feed.sequence + 1, slot=slot, timestamp_ms=at_ms)


@asynccontextmanager
async def quotes(
    wanted: Sequence[str], publisher: Keypair, on_end: Callable[[], None]
) -> AsyncIterator[Quotes | None]:
    """Quotes that are kept up to date while the block runs; None where none are wanted.

    Args:
        wanted: `FEED=SOURCE`, where the source is a file of ticks or Polymarket's name of a market.
        publisher: signs for the feeds.
        on_end: called when a source has failed for good; the block's end raises its error.

    Raises:
        InvalidInput: a wish or a source is not what it should be.
    """
    if not wanted:
        yield None
        return
    wishes = [_wish(each) for each in wanted]
    rules = {each.symbol: oracle.Rules(probability=each.capture is None) for each in wishes}
    found = Quotes(publisher, rules)
    running = [asyncio.create_task(_supply(each, found.take)) for each in wishes]
    for each in running:
        each.add_done_callback(lambda done: on_end() if not done.cancelled() and done.exception() else None)
    try:
        yield found
    finally:
        for each in running:
            each.cancel()
        ended = await asyncio.gather(*running, return_exceptions=True)
    for error in ended:
        if isinstance(error, BreakwaterError):
            raise error


def _wish(text: str) -> oracle.Wanted:
    feed, equals, source = text.partition("=")
    if not (feed and equals and source):
        raise InvalidInput(f"Give a price as FEED=SOURCE, such as BTC/USD=ticks.csv, not {text!r}.")
    file = Path(source)
    if file.name.endswith((".csv", ".csv.gz")):
        if not file.exists():
            raise InvalidInput(f"Name a file of ticks that exists, not {source!r}.")
        return oracle.Wanted(feed, capture=file)
    return oracle.Wanted(feed, market=source)


async def _supply(wanted: oracle.Wanted, take: Callable[[Tick], None]) -> None:
    async with oracle.open_sources(wanted) as sources:
        await asyncio.gather(*(each.run(take) for each in sources))
