"""What the engine says: a level with its confidence, and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any

__all__ = ["Level", "Reason", "Regime", "Signal"]


class Level(IntEnum):
    """How near a cascade is; each level has a threshold of its own, learnt from data."""

    CALM = 0
    WATCH = 1
    WARNING = 2
    CRITICAL = 3


class Regime(IntEnum):
    """How the market moves, by its volatility over 10 s beside that over 10 minutes."""

    QUIET = 0
    TRENDING = 1
    VOLATILE = 2
    STRESSED = 3


@dataclass(frozen=True, slots=True)
class Reason:
    """A feature that speaks for the level, its value, and its part of the evidence (log odds)."""

    feature: str
    value: float
    weight: float


@dataclass(frozen=True, slots=True)
class Signal:
    """A symbol's level has changed.

    `time_ms` is the end of the tick that changed it, in Unix milliseconds of the events' own clock.
    `confidence` is the calibrated probability that a cascade is under way, from 0 to 1.
    """

    symbol: str
    time_ms: int
    level: Level
    before: Level
    confidence: float
    regime: Regime
    reasons: tuple[Reason, ...]

    @property
    def raised(self) -> bool:
        """Whether it is worse than before."""
        return self.level > self.before

    def as_dict(self) -> dict[str, Any]:
        """For JSON: levels and regime by name."""
        return {
            "symbol": self.symbol,
            "time_ms": self.time_ms,
            "level": self.level.name.lower(),
            "before": self.before.name.lower(),
            "confidence": self.confidence,
            "regime": self.regime.name.lower(),
            "reasons": [asdict(each) for each in self.reasons],
        }
