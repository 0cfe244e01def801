"""What every source has: a state to show, quotes made into ticks, a loop that never gives up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Protocol, TypeAlias

import stamina
import structlog

from breakwater.errors import BreakwaterError, Retryable
from breakwater.limits import back_off
from breakwater.model import Tick

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from ..settings import OracleSettings

__all__ = ["EXPONENT", "Clock", "Emit", "Quote", "Source", "Status", "keep_trying", "wall_ms"]

EXPONENT = -6
"""Unit of the ticks of Polymarket's sources; its prices have at most four decimals."""

Clock: TypeAlias = Callable[[], int]
"""Unix time in milliseconds."""

Emit: TypeAlias = Callable[[Tick], None]

log = structlog.get_logger(__name__)


def wall_ms() -> int:
    """The machine's Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class Status:
    """How a source is doing; `ok_ms` is when it last confirmed a price."""

    ok_ms: int | None = None
    answers: int = 0
    failures: int = 0
    last_error: str = ""
    breaker: str = "closed"

    def worked(self, now_ms: int) -> None:
        """A good answer."""
        self.ok_ms, self.answers, self.last_error = now_ms, self.answers + 1, ""

    def failed(self, error: BaseException) -> None:
        """No answer, or a bad one."""
        self.failures, self.last_error = self.failures + 1, str(error)


class Source(Protocol):
    """Yields ticks until cancelled or at its end, and recovers from everything in between by itself."""

    name: str
    status: Status

    async def run(self, emit: Emit) -> None:
        """Give ticks to `emit`."""


@dataclass(frozen=True, slots=True)
class Quote:
    """The two sides of a book, and its smallest step."""

    bid: Decimal
    ask: Decimal
    step: Decimal = Decimal(0)

    @property
    def sound(self) -> bool:
        """Both sides are there and do not cross."""
        return 0 < self.bid <= self.ask < 1

    def mirrored(self) -> Quote:
        """The quote of the other of two outcomes."""
        return Quote(1 - self.ask, 1 - self.bid, self.step)

    def tick(self, source: str, symbol: str, timestamp_ms: int, received_ms: int) -> Tick:
        """The middle, and half the spread, at least half a step, as confidence."""
        unit = Decimal(1).scaleb(EXPONENT)
        half = max(self.ask - self.bid, self.step) / 2
        return Tick(
            source,
            symbol,
            int(((self.bid + self.ask) / 2 / unit).to_integral_value(ROUND_HALF_EVEN)),
            EXPONENT,
            int((half / unit).to_integral_value(ROUND_CEILING)),
            timestamp_ms,
            received_ms,
        )


async def keep_trying(
    step: Callable[[], Awaitable[None]], status: Status, name: str, settings: OracleSettings
) -> None:
    """Call `step` until it succeeds once, with growing pauses, or those that a server asks for.

    An answer that is no (a market that does not exist) is asked again too, rarely: nobody is there to
    restart us when it has become a yes.
    """
    while True:
        try:
            async for attempt in stamina.retry_context(
                on=back_off,
                attempts=None,
                timeout=None,
                wait_initial=settings.wait_initial_s,
                wait_max=settings.wait_max_s,
                wait_jitter=settings.wait_initial_s,
            ):
                with attempt:
                    await _noted(step, status)
            return  # noqa: TRY300 - the loop is the body
        except Retryable:  # pragma: no cover - stamina does not end by itself without limits
            raise
        except BreakwaterError as error:
            log.warning("source_refused", source=name, error=str(error), again_in_s=settings.fatal_pause_s)
            await asyncio.sleep(settings.fatal_pause_s)


async def _noted(step: Callable[[], Awaitable[None]], status: Status) -> None:
    try:
        await step()
    except BreakwaterError as error:
        status.failed(error)
        raise
