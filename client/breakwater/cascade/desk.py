"""A running engine for people: live readings, the history of signals, alerts, metrics.

Events come from connections, a replay or the chain; every tenth of a second the clock closes ticks that have
become quiet. What is shown is a `View`, made at most ten times a second however many events come.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog

from breakwater.alerts import Alert, Notice, Severity, labels_of

from . import _layout as at
from .correlation import correlations
from .engine import Engine, warm
from .events import Event, Exchange
from .signals import Level, Signal

if TYPE_CHECKING:
    from collections.abc import Callable

    from breakwater.alerts import Notifier

    from .model import Model
    from .transport import Producer

__all__ = ["Desk"]

HISTORY = 500
PERIOD_S = 0.1
CLOCK_S = 1.0
SEVERITIES = {Level.WATCH: Severity.INFO, Level.WARNING: Severity.WARNING, Level.CRITICAL: Severity.CRITICAL}

log = structlog.get_logger(__name__)


class Desk:
    """Takes events, and knows what to show.

    Args:
        model: what was learnt; None takes the package's.
        notifier: where alerts go.
        producer: also writes every event to Redis.
        on_signal: is told every signal.
    """

    def __init__(
        self,
        model: Model | None = None,
        *,
        notifier: Notifier | None = None,
        producer: Producer | None = None,
        on_signal: Callable[[Signal], None] = lambda _: None,
        capacity: int = 200,
    ) -> None:
        warm()
        self.engine = Engine(model, capacity=capacity)
        self.history: deque[Signal] = deque(maxlen=HISTORY)
        self.events: dict[str, int] = {}
        self.raised: dict[tuple[str, str], int] = {}
        self.version = 0
        self._notifier, self._producer, self._on_signal = notifier, producer, on_signal
        self._waiting: list[Event] = []
        self._news = asyncio.Event()
        self._alerts: dict[str, Alert] = {}

    def take(self, event: Event) -> None:
        """Count an event; what it brings is known at once."""
        if event.symbol not in self.engine.symbols and len(self.engine.symbols) == len(self.engine.table):
            return  # liquidations come for all swaps of an exchange; the first symbols to come are followed
        name = f"{event.exchange.name.lower()}:{event.kind.name.lower()}"
        self.events[name] = self.events.get(name, 0) + 1
        if self._producer is not None:
            self._waiting.append(event)
            self._news.set()
        self._tell(self.engine.push(event))

    def clock(self, now_ms: int) -> None:
        """Close what has become quiet."""
        self._tell(self.engine.clock(now_ms))
        self.version += 1

    def worst(self) -> Level:
        """The highest level of any symbol now."""
        return Level(int(self.engine.table[:, at.LEVEL].max()))

    async def run(self) -> None:
        """Keep the clock, and write to Redis what comes, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tick())
            if self._producer is not None:
                group.create_task(self._write(self._producer))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(PERIOD_S)
            self.clock(time.time_ns() // 1_000_000)

    async def _write(self, producer: Producer) -> None:
        """Each event at once; those that come meanwhile go together."""
        told = 0.0
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), PERIOD_S)
            self._news.clear()
            some, self._waiting = self._waiting, []
            reached = await asyncio.to_thread(producer.send, some)
            if reached and time.monotonic() - told >= CLOCK_S:
                told = time.monotonic()
                reached = await asyncio.to_thread(producer.clock, time.time_ns() // 1_000_000)
            if not reached:
                await asyncio.sleep(PERIOD_S)

    def _tell(self, signals: list[Signal]) -> None:
        for signal in signals:
            self.history.append(signal)
            key = (signal.symbol, signal.level.name.lower())
            self.raised[key] = self.raised.get(key, 0) + 1
            self._on_signal(signal)
            self._alert(signal)

    def _alert(self, signal: Signal) -> None:
        if self._notifier is None:
            return
        before = self._alerts.pop(signal.symbol, None)
        at_s, value = signal.time_ms / 1000, 100 * signal.confidence
        if signal.level is Level.CALM:
            if before is not None:
                self._notifier.tell(Notice("cleared", before, at_s, value))
            return
        why = ", ".join(each.feature for each in signal.reasons) or "it is falling"
        alert = Alert(
            rule="liquidation_cascade",
            severity=SEVERITIES[signal.level],
            labels=labels_of(symbol=signal.symbol),
            says=f"A liquidation cascade is {signal.level.name.lower()} ({why}).",
            metric="breakwater_cascade_risk",
            value=value,
            since_s=at_s,
            slot=None,
        )
        self._alerts[signal.symbol] = alert
        self._notifier.tell(Notice("fired", alert, at_s, value))

    def view(self) -> dict[str, Any]:
        """What the page shows; plain values."""
        symbols = [
            each for each in self.engine.symbols if self.engine.table[self.engine.number(each), at.BEGUN]
        ]
        return {
            "time_ms": time.time_ns() // 1_000_000,
            "exchanges": [each.name.lower() for each in Exchange],
            "frames_ms": list(at.FRAME_MS),
            "symbols": [self._shown(symbol) for symbol in symbols],
            "signals": [signal.as_dict() for signal in list(self.history)[-50:]],
            "events": dict(self.events),
        }

    def _shown(self, symbol: str) -> dict[str, Any]:
        reading = self.engine.reading(symbol)
        row = self.engine.table[self.engine.number(symbol)]
        tick = int(row[at.NEWEST])
        mask = at.VENUE_RING - 1
        heat = []
        for venue in range(len(Exchange)):
            ring = at.VENUE + venue * at.VENUE_RING
            heat.append(int(row[ring + (tick & mask)] - row[ring + ((tick - 100) & mask)]))
        pairs = correlations(self.engine, symbol) if reading.level > Level.CALM else []
        return {
            "symbol": symbol,
            "level": reading.level.name.lower(),
            "risk": round(reading.risk, 3),
            "regime": reading.regime.name.lower(),
            "price": reading.price,
            "velocity": [each.velocity for each in reading.motions],
            "acceleration": [each.acceleration for each in reading.motions],
            "jerk": [each.jerk for each in reading.motions],
            "heat": heat,
            "pairs": [
                {
                    "first": each.first.name.lower(),
                    "second": each.second.name.lower(),
                    "correlation": round(each.shifted, 3),
                    "lead_ms": each.lead_ms,
                }
                for each in pairs
            ],
        }
