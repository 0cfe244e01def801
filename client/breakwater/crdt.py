"""Statistics that merge: workers count by themselves, and all who hear of them come to the same figures.

State-based CRDTs (Shapiro et al., 2011): `merge` is commutative, associative and idempotent, so that a
report may be late, lost or come twice; the next one makes up for it. A worker changes only its own part of a
value, which only grows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GCounter", "Histogram", "Tally", "VectorClock"]

STEPS: Final = 64
"""Buckets an octave: a percentile is at most 1.1 % too high."""

SMALLEST: Final = 1e-7
"""Seconds; what is shorter counts as this."""


@dataclass(slots=True)
class GCounter:
    """A counter that grows; `parts` are what each worker has counted."""

    parts: dict[str, int] = field(default_factory=dict)

    def add(self, worker: str, count: int = 1) -> None:
        """Count.

        Raises:
            ValueError: it would become less.
        """
        if count < 0:
            raise ValueError("a counter only grows")
        self.parts[worker] = self.parts.get(worker, 0) + count

    @property
    def total(self) -> int:
        """What all workers have counted."""
        return sum(self.parts.values())

    def merge(self, other: GCounter) -> GCounter:
        """What both know."""
        names = sorted(self.parts.keys() | other.parts.keys())
        return GCounter({name: max(self.parts.get(name, 0), other.parts.get(name, 0)) for name in names})


@dataclass(slots=True)
class Histogram:
    """How long things took: counters by bucket, each `2^(1/64)` wider than the one before."""

    buckets: dict[int, GCounter] = field(default_factory=dict)

    def add(self, worker: str, seconds: float, count: int = 1) -> None:
        """Count something that took so long."""
        self.buckets.setdefault(_bucket(seconds), GCounter()).add(worker, count)

    @property
    def count(self) -> int:
        """How many."""
        return sum(each.total for each in self.buckets.values())

    def percentile(self, percent: float) -> float:
        """Seconds within which `percent` of all were done, rounded up to a bucket's end; 0 without any."""
        left = max(1, math.ceil(self.count * percent / 100))
        for bucket in sorted(self.buckets):
            left -= self.buckets[bucket].total
            if left <= 0:
                return SMALLEST * math.exp2(bucket / STEPS)
        return 0.0

    def merge(self, other: Histogram) -> Histogram:
        """What both know."""
        empty = GCounter()
        return Histogram(
            {
                bucket: self.buckets.get(bucket, empty).merge(other.buckets.get(bucket, empty))
                for bucket in sorted(self.buckets.keys() | other.buckets.keys())
            }
        )


@dataclass(slots=True)
class Tally:
    """A worker's statistics, or everybody's: counters and histograms by name."""

    counters: dict[str, GCounter] = field(default_factory=dict)
    times: dict[str, Histogram] = field(default_factory=dict)

    def add(self, worker: str, name: str, count: int = 1) -> None:
        """Count something."""
        self.counters.setdefault(name, GCounter()).add(worker, count)

    def took(self, worker: str, name: str, seconds: float) -> None:
        """Something took so long."""
        self.times.setdefault(name, Histogram()).add(worker, seconds)

    def total(self, name: str) -> int:
        """What a counter has come to."""
        return self.counters[name].total if name in self.counters else 0

    def merge(self, other: Tally) -> Tally:
        """What both know."""
        return Tally(
            {
                name: self.counters.get(name, GCounter()).merge(other.counters.get(name, GCounter()))
                for name in sorted(self.counters.keys() | other.counters.keys())
            },
            {
                name: self.times.get(name, Histogram()).merge(other.times.get(name, Histogram()))
                for name in sorted(self.times.keys() | other.times.keys())
            },
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values that `from_dict` takes."""
        return {
            "counters": {name: dict(each.parts) for name, each in self.counters.items()},
            "times": {
                name: {str(bucket): dict(each.parts) for bucket, each in times.buckets.items()}
                for name, times in self.times.items()
            },
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Tally:
        """What `as_dict` gave."""
        return cls(
            {name: GCounter(dict(parts)) for name, parts in values["counters"].items()},
            {
                name: Histogram({int(bucket): GCounter(dict(parts)) for bucket, parts in buckets.items()})
                for name, buckets in values["times"].items()
            },
        )


@dataclass(frozen=True, slots=True)
class VectorClock:
    """What somebody had heard of everybody when something happened."""

    times: Mapping[str, int] = field(default_factory=dict)

    def tick(self, who: str) -> VectorClock:
        """Something has happened to `who`."""
        return VectorClock({**self.times, who: self.times.get(who, 0) + 1})

    def merge(self, other: VectorClock) -> VectorClock:
        """After a message with the other's clock."""
        names = sorted(self.times.keys() | other.times.keys())
        return VectorClock({name: max(self.times.get(name, 0), other.times.get(name, 0)) for name in names})

    def before(self, other: VectorClock) -> bool:
        """Whether this happened before the other: everything it had heard of, the other had, and more."""
        heard = all(other.times.get(name, 0) >= time for name, time in self.times.items())
        return heard and sum(other.times.values()) > sum(self.times.values())


def _bucket(seconds: float) -> int:
    return max(0, math.ceil(math.log2(max(seconds, SMALLEST) / SMALLEST) * STEPS))
