"""How captured time passes on a chain: at once where the clock is ours, in fast motion where it is not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from breakwater.chain.engine import EmbeddedEngine, RpcEngine

    from ._plan import Plan

__all__ = ["EmbeddedPace", "Pace", "WallPace", "fastest"]

SLOT_MS = 400
FAST = 20
"""Captured seconds in one of the wall clock's: a 5-minute market takes 15."""

LEAD_MS = 2_000
POLL_S = 0.2


class Pace(Protocol):
    """Maps captured time to the chain's, increasing and affine, and waits for it. All in Unix time."""

    packed: int
    """Publications that go into one transaction."""

    fold_s: int
    """Captured seconds between two folds of the vault's ledgers."""

    def chain_ms(self, captured_ms: int) -> int:
        """The chain's time for a captured one, in milliseconds."""

    async def reach(self, captured_ms: int) -> int:
        """Wait until the chain has reached a captured time; up to which captured time things are due then."""

    async def catch_up(self, captured_ms: int) -> None:
        """Let the rest of captured time, from this moment on, begin no earlier than now.

        Nothing later may have been mapped before.
        """

    async def until(self, chain_s: int) -> None:
        """Wait until the chain's clock shows at least `chain_s` seconds."""

    async def now(self) -> int:
        """The chain's clock, in seconds."""

    async def slot(self) -> int:
        """The chain's slot."""


class EmbeddedPace:
    """The embedded engine's clock moves, in whole slots, to the captured second that is asked for."""

    packed = 1
    fold_s = 30

    def __init__(self, engine: EmbeddedEngine) -> None:
        self._engine = engine
        self._clock = engine.clock
        self._origin_ms, self._origin_slot = self._clock.unix_timestamp * 1000, self._clock.slot

    def chain_ms(self, captured_ms: int) -> int:
        """The same."""
        return captured_ms

    async def reach(self, captured_ms: int) -> int:
        """Advance the slots; returns the last millisecond of that second."""
        second = captured_ms // 1000
        self._advance(second)
        return second * 1000 + 999

    async def catch_up(self, captured_ms: int) -> None:
        """It is never late."""

    async def until(self, chain_s: int) -> None:
        """Advance the slots."""
        self._advance(chain_s)

    async def now(self) -> int:
        """The engine's clock."""
        return self._clock.unix_timestamp

    async def slot(self) -> int:
        """The engine's slot."""
        return self._clock.slot

    def _advance(self, second: int) -> None:
        missing_ms = second * 1000 - self._origin_ms - (self._clock.slot - self._origin_slot) * SLOT_MS
        if missing_ms > 0:
            self._engine.advance_slots(-(-missing_ms // SLOT_MS))


class WallPace:
    """A cluster's own clock; captured time begins a little after now and runs `factor` times as fast.

    Where sending takes longer than that, `catch_up` puts the next market off: the map is affine in pieces,
    and still increasing.

    Args:
        engine: the cluster.
        start_ms: captured time to begin with.
        factor: captured seconds per second.
        chain_s: the chain's clock now.
    """

    packed = 16
    fold_s = 150

    def __init__(self, engine: RpcEngine, start_ms: int, factor: int, chain_s: int) -> None:
        self._engine = engine
        self._factor = factor
        self._pieces = [(start_ms, chain_s * 1000 + LEAD_MS)]
        self._offset_ms = chain_s * 1000 - self._wall_ms()

    @staticmethod
    def _wall_ms() -> int:
        return int(asyncio.get_running_loop().time() * 1000)

    def chain_ms(self, captured_ms: int) -> int:
        """Rounded down, so that the order of any two moments is kept."""
        start, origin = next(
            (piece for piece in reversed(self._pieces) if piece[0] <= captured_ms), self._pieces[0]
        )
        return origin + (captured_ms - start) // self._factor

    async def reach(self, captured_ms: int) -> int:
        """Sleep until then."""
        wait = self.chain_ms(captured_ms) - self._offset_ms - self._wall_ms()
        if wait > 0:
            await asyncio.sleep(wait / 1000)
        start, origin = self._pieces[-1]
        now = self._wall_ms() + self._offset_ms
        return max(captured_ms, start + (now - origin) * self._factor)

    async def catch_up(self, captured_ms: int) -> None:
        """Move what is still to come, if the chain is already beyond it."""
        late = await self.now() * 1000 - self.chain_ms(captured_ms)
        if late > 0 and captured_ms >= self._pieces[-1][0]:
            piece = (captured_ms, self.chain_ms(captured_ms) + late)
            if captured_ms == self._pieces[-1][0]:
                self._pieces.pop()
            self._pieces.append(piece)

    async def until(self, chain_s: int) -> None:
        """Poll the chain's clock, which may lag behind the wall's."""
        while await self.now() < chain_s:  # noqa: ASYNC110 - another process's clock has no event
            await asyncio.sleep(POLL_S)

    async def now(self) -> int:
        """Ask the chain; the estimate of its clock between questions follows."""
        now = await self._engine.now()
        behind = now * 1000 - (self._wall_ms() + self._offset_ms)
        if not -1_000 < behind < 1_000:  # the chain's clock has whole seconds only
            self._offset_ms += behind
        return now

    async def slot(self) -> int:
        """Ask the chain."""
        return await self._engine.slot()


def fastest(plan: Plan) -> int:
    """The highest factor up to `FAST` at which no tick before a close gets the close's own millisecond."""
    return max(1, min([FAST, *_distances(plan)]))


def _distances(plan: Plan) -> Iterable[int]:
    closes = {planned.market.close_s * 1000 for planned in plan.markets}
    for close in closes:
        before = [tick.timestamp_ms for tick in plan.ticks if tick.timestamp_ms < close]
        if before:
            yield close - before[-1]
