"""The price side of a replay: ticks become publications, and what follows from them for everybody else."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from breakwater.chain import instructions as ix
from breakwater.model import PriceEvent

from ._desk import Desk, Job
from ._pricing import Volatility
from ._stage import MAX_AGE_S, Stage
from .capture import SYMBOL
from .outages import Outages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breakwater.model import Tick

    from ._pace import Pace

__all__ = ["Ticker"]

COMPUTE, COMPUTE_EACH = 1_000, 200
"""Compute limit of a transaction with publications, and more for each."""


class Ticker:
    """Publishes.

    Args:
        stage: with the publisher.
        desk: sends.
        pace: maps captured times to the chain's.
    """

    def __init__(self, stage: Stage, desk: Desk, pace: Pace) -> None:
        self._desk, self._pace = desk, pace
        self._key, self._publisher = stage.publisher, stage.publisher.pubkey()
        self._stamps: list[int] = []
        self._volatility = Volatility()
        self.price = 0
        self.outages = Outages(MAX_AGE_S)

    @property
    def count(self) -> int:
        """Publications so far."""
        return len(self._stamps)

    @property
    def newest_ms(self) -> int:
        """The chain's time of the newest price; 0 before the first one."""
        return self._stamps[-1] if self._stamps else 0

    @property
    def sigma(self) -> float:
        """Realised volatility of the logarithm over the square root of a second."""
        return self._volatility.sigma

    def first_at_or_after(self, chain_ms: int) -> int:
        """Number of the publication that settles a market with that close, from 0."""
        return bisect_left(self._stamps, chain_ms)

    async def opening(self, captured_ms: int, price: int) -> None:
        """Publish the observation that precedes the capture."""
        stamp = self._pace.chain_ms(captured_ms)
        await self._send([self._event(price, stamp, await self._pace.slot())])
        self.price = price

    async def publish(self, ticks: Sequence[Tick], now_s: int) -> None:
        """Publish ticks in their order, each exactly as it was captured."""
        slot = await self._pace.slot()
        for begin in range(0, len(ticks), self._pace.packed):
            events = []
            for tick in ticks[begin : begin + self._pace.packed]:
                stamp = self._pace.chain_ms(tick.timestamp_ms)
                events.append(self._event(tick.price, stamp, slot))
                self._volatility.observe(tick.timestamp_ms, tick.price)
                self.outages.published(now_s, stamp)
            await self._send(events)
            self.price = ticks[min(begin + self._pace.packed, len(ticks)) - 1].price

    def _event(self, price: int, stamp: int, slot: int) -> PriceEvent:
        self._stamps.append(stamp)
        return PriceEvent(SYMBOL, price, 0, 0, len(self._stamps), slot, stamp)

    async def _send(self, events: list[PriceEvent]) -> None:
        instructions = [ix.publish(self._publisher, each) for each in events]
        job = Job(("oracle.publish",) * len(events), instructions, [self._key])
        await self._desk.one(job, COMPUTE + COMPUTE_EACH * len(events))
