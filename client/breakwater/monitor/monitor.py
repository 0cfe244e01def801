"""The monitor itself: look, read, judge. One call is one sample; what becomes of it is the caller's."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Self

from breakwater.alerts import Alarms, Severity, load, parse

from .checks import all_checks, known_metrics, readings_of
from .look import Looker
from .tables import tables_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from breakwater.alerts import Alert, Book, Notice, Reading
    from breakwater.chain.engine import EmbeddedEngine, RpcEngine

    from .checks import Check
    from .metrics import Metric
    from .view import View

__all__ = ["Monitor", "Sample", "default_rules_text", "read_rules"]


def default_rules_text() -> str:
    """The file of rules that is used when none is named."""
    return files(__package__).joinpath("rules.toml").read_text()


def read_rules(file: Path | None = None, checks: Sequence[Check] | None = None) -> Book:
    """A file of rules, its metrics' names checked; None takes the shipped one.

    Raises:
        InvalidInput: it is absent or wrong.
    """
    known = known_metrics(all_checks() if checks is None else checks)
    if file is None:
        return parse(default_rules_text(), "the shipped rules", known=known)
    return load(file, known=known)


@dataclass(frozen=True, slots=True)
class Sample:
    """One look and what it means: `notices` are what has changed, `alerts` everything that holds."""

    view: View
    readings: tuple[Reading, ...]
    alerts: tuple[Alert, ...]
    notices: tuple[Notice, ...]

    @property
    def values(self) -> dict[str, float]:
        """The figures without labels that are known, by name."""
        return {
            each.metric: each.value for each in self.readings if not each.labels and each.value is not None
        }

    @property
    def worst(self) -> Severity | None:
        """The severest alert's; None without any."""
        return max((each.severity for each in self.alerts), key=lambda each: each.rank, default=None)

    def series(self, metric: str) -> dict[tuple[tuple[str, str], ...], float]:
        """A metric's known values by labels."""
        return {
            each.labels: each.value
            for each in self.readings
            if each.metric == metric and each.value is not None
        }

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        view = self.view
        return {
            "time_s": round(view.time_s, 3),
            "engine": view.engine,
            "slot": view.slot,
            "chain_time_s": view.now_s,
            "complete": view.complete,
            "error": view.node.error,
            "worst": None if self.worst is None else self.worst.value,
            "values": self.values,
            "series": [
                {"metric": each.metric, "labels": dict(each.labels), "value": each.value}
                for each in self.readings
                if each.labels
            ],
            "alerts": [
                {
                    "rule": each.rule,
                    "severity": each.severity.value,
                    "labels": dict(each.labels),
                    "says": each.says,
                    "metric": each.metric,
                    "value": each.value,
                    "since_s": round(each.since_s, 3),
                    "slot": each.slot,
                }
                for each in self.alerts
            ],
            "tables": tables_of(view),
        }


class Monitor:
    """Watches one exchange.

    Args:
        engine: where it is.
        rules: what to look for; None takes the shipped rules.
        checks: what to read; None takes the built-in checks and those of installed packages.
        active: alerts that had fired before a restart.
        looker: how to look; None looks at everything each time.
    """

    def __init__(
        self,
        engine: EmbeddedEngine | RpcEngine,
        rules: Book | None = None,
        *,
        checks: Sequence[Check] | None = None,
        active: Iterable[Alert] = (),
        looker: Looker | None = None,
    ) -> None:
        self.engine = engine
        self.checks = list(all_checks() if checks is None else checks)
        self.rules = read_rules(None, self.checks) if rules is None else rules
        self.alarms = Alarms(self.rules.rules, active)
        self._looker = looker or Looker(engine)

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Every metric by name."""
        return known_metrics(self.checks)

    def resume(self, active: Iterable[Alert]) -> Self:
        """Go on from alerts that had fired before a restart."""
        self.alarms = Alarms(self.rules.rules, active)
        return self

    async def sample(self, *, at_once: bool = False) -> Sample:
        """Look once.

        Args:
            at_once: let every rule fire that holds now, however long it should hold: for a single look.
        """
        return self.judge(await self._looker.look(), at_once=at_once)

    def judge(self, view: View, *, at_once: bool = False) -> Sample:
        """What a view means, after everything that was seen before it."""
        readings = readings_of(view, self.checks)
        notices = self.alarms.judge(
            readings, slot=view.slot, time_s=view.time_s, complete=view.complete, at_once=at_once
        )
        return Sample(view, tuple(readings), tuple(self.alarms.active), tuple(notices))
