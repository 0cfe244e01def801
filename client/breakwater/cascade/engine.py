"""The engine: events in, signals out, with the same result in whatever order they come.

Definition. Time is divided into ticks of 100 ms of the events' own clock. A symbol's tick is evaluated once,
when an event of the symbol is at least `lateness_ms` past its end (or `clock` says so), from all events that
have come until then. So

- events that come at most `lateness_ms` out of order give the same signals as in order;
- later ones, up to 20 s, are added to their own tick: all sums are as if they had come in time, and signals
  given meanwhile stay; older ones are dropped and counted;
- an event counts once while its identity is among the last eight of its set of 128, about the last thousand
  of its symbol.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from breakwater.errors import InvalidInput

from . import _layout as at
from ._detector import M_CENTRE, M_SCALE, M_WEIGHTS, SIGNAL_WIDTH, TRACE_WIDTH, batch, close, one
from ._features import FEATURES, NAMES, motion
from .events import EVENT, Event, Events, Exchange, Kind, Side, pack
from .model import Model, shipped_model
from .signals import Level, Reason, Regime, Signal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["Engine", "Motion", "Reading", "warm"]

MOST_SIGNALS = 4096
REASONS = 4
LONGEST_LATENESS_MS = (at.SLOTS - 2) * at.TICK_MS


@dataclass(frozen=True, slots=True)
class Motion:
    """Liquidated notional of one timeframe: dollars a second, and its two derivatives."""

    frame_ms: int
    velocity: float
    acceleration: float
    jerk: float
    events_per_second: float


@dataclass(frozen=True, slots=True)
class Reading:
    """Where a symbol stands at its last evaluated tick; `risk` is from 0 to 100."""

    symbol: str
    time_ms: int
    level: Level
    risk: float
    regime: Regime
    price: float
    motions: tuple[Motion, ...]
    counted: int
    duplicates: int
    late: int
    dropped: int


class Engine:
    """Follows up to `capacity` symbols in one block of memory.

    Args:
        model: what was learnt; None takes the package's.
        capacity: most symbols.
        lateness_ms: how long a tick waits for events that come out of order.
    """

    def __init__(self, model: Model | None = None, *, capacity: int = 100, lateness_ms: int = 200) -> None:
        if not 0 <= lateness_ms <= LONGEST_LATENESS_MS:
            raise InvalidInput(f"Choose a lateness from 0 to {LONGEST_LATENESS_MS} ms, not {lateness_ms}.")
        if capacity < 1:
            raise InvalidInput("Give the engine room for one symbol at least.")
        self.model = model or shipped_model()
        self.lateness_ms = lateness_ms
        self.table: NDArray[np.int64] = np.zeros((capacity, at.WIDTH), np.int64)
        self.floats: NDArray[np.float64] = self.table.view(np.float64)
        self.symbols: list[str] = []
        self._numbers: dict[str, int] = {}
        self._row = self.model.row()
        self._x = np.zeros((1, TRACE_WIDTH))
        self._out = np.zeros((MOST_SIGNALS, SIGNAL_WIDTH))

    @property
    def memory_bytes(self) -> int:
        """What the state of all symbols and the buffers take."""
        return int(self.table.nbytes + self._out.nbytes + self._x.nbytes + self._row.nbytes)

    def number(self, symbol: str) -> int:
        """A symbol's row; the first call for a symbol takes the next free one.

        Raises:
            InvalidInput: there is none left.
        """
        found = self._numbers.get(symbol)
        if found is not None:
            return found
        if len(self.symbols) == len(self.table):
            raise InvalidInput(f"Give the engine more room: it follows {len(self.table)} symbols already.")
        self._numbers[symbol] = len(self.symbols)
        self.symbols.append(symbol)
        return self._numbers[symbol]

    def push(self, event: Event) -> list[Signal]:
        """Take one event; the signals it brings."""
        time_ms, exchange, symbol, kind, side, micro_usd, value, identity = event
        number = self._numbers.get(symbol)
        if number is None:
            number = self.number(symbol)
        emitted = one(
            self.table, self._row, self._x, self._out, self.lateness_ms,
            number, exchange._value_, kind._value_, side._value_, time_ms, micro_usd, value, identity,
        )  # fmt: skip
        return self._signals(emitted) if emitted else []

    def feed(self, events: Iterable[Event]) -> list[Signal]:
        """Take several events."""
        return self.process(pack(events, self.number))

    def process(self, events: Events) -> list[Signal]:
        """Take an array of events, whose symbols are this engine's numbers; tells 4,096 signals at most."""
        if not self._sound(events):
            raise InvalidInput("Number the events' symbols with Engine.number.")
        emitted = batch(self.table, self.floats, self._row, self._x, self._out, self.lateness_ms, events)
        return self._signals(min(emitted, MOST_SIGNALS))

    def trace(self, events: Events, room: int) -> NDArray[np.float64]:
        """Take an array of events; features, symbol, tick and evidence of the first `room` ticks."""
        if not self._sound(events):
            raise InvalidInput("Number the events' symbols with Engine.number.")
        x = np.zeros((room + 1, TRACE_WIDTH))
        batch(self.table, self.floats, self._row, x, self._out, self.lateness_ms, events)
        return x[1 : int(x[0, FEATURES]) + 1]

    def _sound(self, events: Events) -> bool:
        # the kernels do not check indices
        if events.dtype != EVENT:
            return False
        return not len(events) or 0 <= events["symbol"].min() <= events["symbol"].max() < len(self.table)

    def clock(self, time_ms: int) -> list[Signal]:
        """No event before `time_ms` less the lateness is to be waited for any more; the signals this
        brings."""
        emitted = 0
        tick = (time_ms - self.lateness_ms) // at.TICK_MS - 1
        for number in range(len(self.symbols)):
            row = self.table[number]
            if row[at.BEGUN] and tick > row[at.CLOSED] and emitted < MOST_SIGNALS:
                emitted = close(
                    row, self.floats[number], self._row, number, tick, self._x, self._out, emitted
                )
        return self._signals(emitted)

    def _signals(self, emitted: int) -> list[Signal]:
        return [self._signal(row) for row in self._out[:emitted]]

    def _signal(self, row: NDArray[np.float64]) -> Signal:
        raised = row[at.S_LEVEL] > row[at.S_BEFORE]
        return Signal(
            symbol=self.symbols[int(row[at.S_SYMBOL])],
            time_ms=(int(row[at.S_TICK]) + 1) * at.TICK_MS,
            level=Level(int(row[at.S_LEVEL])),
            before=Level(int(row[at.S_BEFORE])),
            confidence=float(row[at.S_PROBABILITY]),
            regime=Regime(int(row[at.S_REGIME])),
            # a level falls because nothing speaks for it any more
            reasons=self._reasons(row[at.S_FEATURES :]) if raised else (),
        )

    def _reasons(self, x: NDArray[np.float64]) -> tuple[Reason, ...]:
        row = self._row
        scaled = (x - row[M_CENTRE : M_CENTRE + FEATURES]) * row[M_SCALE : M_SCALE + FEATURES]
        parts = scaled * row[M_WEIGHTS : M_WEIGHTS + FEATURES]
        order = parts.argsort()[::-1][:REASONS]
        return tuple(Reason(NAMES[i], float(x[i]), float(parts[i])) for i in order.tolist() if parts[i] > 0)

    def reading(self, symbol: str) -> Reading:
        """Where a symbol stands.

        Raises:
            InvalidInput: no event of it has come.
        """
        number = self._numbers.get(symbol)
        if number is None or not self.table[number, at.BEGUN]:
            raise InvalidInput(f"Wait for events: none of {symbol} has come.")
        row, floats = self.table[number], self.floats[number]
        tick = min(int(row[at.CLOSED]), int(row[at.NEWEST]))
        return Reading(
            symbol=symbol,
            time_ms=(tick + 1) * at.TICK_MS,
            level=Level(int(row[at.LEVEL])),
            risk=100 * float(floats[at.PROBABILITY]),
            regime=Regime(int(row[at.REGIME])),
            price=float(floats[at.LAST_PRICE]),
            motions=tuple(_motion(row, tick, ticks) for ticks in at.FRAMES),
            counted=int(row[at.COUNTED]),
            duplicates=int(row[at.DUPLICATES]),
            late=int(row[at.LATE]),
            dropped=int(row[at.DROPPED]),
        )

    def checkpoint(self, symbol: str) -> bytes:
        """A symbol's whole state."""
        return bytes(self.table[self.number(symbol)])

    def restore(self, symbol: str, state: bytes) -> None:
        """Take over a checkpoint.

        Raises:
            InvalidInput: it is of another version.
        """
        if len(state) != self.table[0].nbytes:
            raise InvalidInput("Start with a new checkpoint: this one is of another version.")
        self.table[self.number(symbol)] = np.frombuffer(state, np.int64)


def _motion(row: NDArray[Any], tick: int, ticks: int) -> Motion:
    seconds = ticks * at.TICK_MS / 1000
    s0, s1, s2 = (float(part) / 1e6 for part in motion(row, at.USD, tick, ticks))
    return Motion(
        frame_ms=ticks * at.TICK_MS,
        velocity=s0 / seconds,
        acceleration=(s0 - s1) / seconds**2,
        jerk=(s0 - 2 * s1 + s2) / seconds**3,
        events_per_second=float(motion(row, at.COUNT, tick, ticks)[0]) / seconds,
    )


@cache
def warm() -> None:
    """Load the compiled functions, a fifth of a second, before an event waits for them."""
    engine = Engine(capacity=1)
    engine.push(Event(1, Exchange.BINANCE, "", Kind.TRADE, Side.BUY, 1, 1.0, 1))
    engine.process(np.zeros(1, EVENT))
    engine.clock(1_000)
