"""What is measured, and what it has to be."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["TARGETS", "Level", "Levels", "Times"]


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure has to be: below `most`, or above `least`; `seed` is what was asked at first."""

    what: str
    unit: str
    most: float | None = None
    least: float | None = None
    seed: str = ""


TARGETS: Final = {
    "get_p95": Target("GET over HTTP, 95 of 100", "ms", most=20, seed="< 100 ms"),
    "get_p50": Target("GET over HTTP, half", "ms", most=50, seed="< 50 ms"),
    "get_p99": Target("GET over HTTP, 99 of 100", "ms", most=200, seed="< 200 ms"),
    "get_max": Target("GET over HTTP, the slowest", "ms", most=500, seed="< 500 ms"),
    "post_p95": Target(
        "POST of a signed order until it has landed, 95 of 100", "ms", most=50, seed="< 200 ms"
    ),
    "store_p95": Target("a commit of the store, 95 of 100", "ms", most=10, seed="< 50 ms"),
    "cache_hit_p95": Target("a read that a snapshot answers, 95 of 100", "ms", most=1, seed="< 5 ms"),
    "cache_miss_p95": Target("a read that the chain answers, 95 of 100", "ms", most=5, seed="< 10 ms"),
    "rpc_p95": Target("a JSON-RPC call over HTTP, 95 of 100", "ms", most=20, seed="< 500 ms"),
    "chain_p95": Target("an order signed, sent and confirmed on the engine, 95 of 100", "ms", most=10),
    "requests_per_s": Target("GETs over HTTP", "/s", least=500, seed="> 50/s"),
    "trades_per_s": Target("orders signed and carried out on the engine", "/s", least=1_000, seed="> 20/s"),
    "messages_per_s": Target(
        "events through Redis and the cascade engine", "/s", least=1_000, seed="> 100/s"
    ),
    "cache_per_s": Target("reads that a snapshot answers", "/s", least=50_000, seed="> 1,000/s"),
    "ingested_per_s": Target("orders written to the store", "/s", least=100, seed="> 10/s"),
    "thousand_writes_s": Target("a thousand commits of the store", "s", most=5, seed="< 5 s"),
    "errors": Target("requests of the soak that failed", "%", most=1, seed="< 1 %"),
    "cpu_percent": Target("processor time of the soak", "% of a core", most=101, seed="< 80 %"),
    "mbit_per_s": Target("answers over HTTP", "Mbit/s", least=1, seed="> 1 Mbps"),
    "hundred_tasks_s": Target("a hundred tasks in threads", "s", most=5, seed="< 5 s"),
    "connections": Target("connections of a client", "", most=11, seed="<= 10"),
    "limited": Target("of 80 requests told to wait at a limit of 50", "", least=29, most=31),
    "size_ratio": Target("a call for a hundred accounts over one for one", "times", most=100, seed="linear"),
    "memory_kib": Target("memory grown by a thousand orders of the soak", "KiB", most=256, seed="< 100 MB"),
}
"""By name, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Level:
    """A figure beside its target."""

    name: str
    value: float
    target: Target

    @property
    def bound(self) -> str:
        """What the value has to be, with its unit."""
        least, most = self.target.least, self.target.most
        signs = ([] if least is None else [f"> {least:,g}"]) + ([] if most is None else [f"< {most:,g}"])
        return f"{' and '.join(signs)} {self.target.unit}".rstrip()

    @property
    def shown(self) -> str:
        """The value, with its unit."""
        return f"{self.value:,.3f} {self.target.unit}".rstrip()

    @property
    def passed(self) -> bool:
        """Whether it is what it has to be."""
        most, least = self.target.most, self.target.least
        return (most is None or self.value < most) and (least is None or self.value > least)

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        words = {"shown": self.shown, "bound": self.bound}
        return {"name": self.name, "value": self.value, **asdict(self.target), **words, "passed": self.passed}


@dataclass(slots=True)
class Levels:
    """Everything that was measured; `counts` is what has no target, `wrong` what does not add up."""

    levels: list[Level] = field(default_factory=list)
    counts: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0
    operations: int = 0

    def add(self, name: str, value: float) -> None:
        """A figure."""
        self.levels.append(Level(name, round(value, 4), TARGETS[name]))

    @property
    def missed(self) -> list[str]:
        """Targets that are missed, and what is wrong besides, each as a sentence."""
        return self.wrong + [
            f"{each.target.what}: {each.shown}, the target is {each.bound}."
            for each in self.levels
            if not each.passed
        ]

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        order = list(TARGETS)
        shown = sorted(self.levels, key=lambda each: order.index(each.name))
        return {
            "passed": not self.missed,
            "seconds": round(self.seconds, 1),
            "operations": self.operations,
            "counts": self.counts,
            "wrong": self.wrong,
            "levels": [each.as_dict() for each in shown],
        }


class Times:
    """How long things took, exactly."""

    def __init__(self) -> None:
        self._seconds: list[float] = []

    @contextmanager
    def one(self) -> Iterator[None]:
        """Measure one."""
        began = time.perf_counter()
        yield
        self._seconds.append(time.perf_counter() - began)

    @property
    def count(self) -> int:
        """How many."""
        return len(self._seconds)

    def percentile_ms(self, percent: float) -> float:
        """Milliseconds within which `percent` of all were done."""
        ordered = sorted(self._seconds)
        return 1_000 * ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
