"""Checks: functions from a view to readings. The built-in ones, and those other packages bring.

A check is a pure function `(View) -> Iterable[Reading]` with the table of the metrics it reads::

    from breakwater.alerts import Reading
    from breakwater.monitor import Check, Metric, View

    def idle(view: View):
        yield Reading("idle_markets", sum(not any(m.shares) for m in view.open_markets.values()))

    CHECK = Check("idle", idle, (Metric("idle_markets", "count", "Open markets nobody holds shares of."),))

A package makes it known by an entry point in the group `breakwater.monitor.checks`::

    [project.entry-points."breakwater.monitor.checks"]
    idle = "my_package:CHECK"

From then on its metrics are in /metrics and in `--json`, and rules may name them. A check that raises is
reported by the metric `check_failed` and stops nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Final

import structlog

from breakwater.alerts import Reading, labels_of
from breakwater.errors import InvalidInput

from . import _chain_checks as chain
from . import _vault_checks as vault
from .metrics import METRICS, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .view import View

__all__ = ["FAILED", "GROUP", "Check", "all_checks", "built_in", "known_metrics", "readings_of"]

GROUP: Final = "breakwater.monitor.checks"
FAILED: Final = Metric("check_failed", "flag", "Whether the check raised an error.", ("check",), "Checks")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """A check.

    Attributes:
        name: what messages call it.
        read: what it reads off a view; metrics it yields nothing for are not known now.
        metrics: every metric it may read.
    """

    name: str
    read: Callable[[View], Iterable[Reading]]
    metrics: tuple[Metric, ...]


def built_in() -> list[Check]:
    """The checks of this package."""
    table = {each.name: each for each in METRICS}
    functions: dict[str, tuple[Callable[[View], Iterable[Reading]], tuple[str, ...]]] = {
        "vault": (vault.vault, vault.VAULT),
        "markets": (vault.markets, vault.MARKETS),
        "node": (chain.node, chain.NODE),
        "keepers": (chain.keepers, chain.KEEPERS),
        "feeds": (chain.feeds, chain.FEEDS),
        "programs": (chain.programs, chain.PROGRAMS),
    }
    return [
        Check(name, read, tuple(table[each] for each in names)) for name, (read, names) in functions.items()
    ]


def all_checks() -> list[Check]:
    """The built-in checks and those of installed packages.

    Raises:
        InvalidInput: an entry point is no check, or reads a metric that another check has.
    """
    found = built_in()
    for point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        try:
            check = point.load()
        except (ImportError, AttributeError) as error:
            raise InvalidInput(f"Remove or mend the check {point.name}: {error}.") from None
        if not isinstance(check, Check):
            raise InvalidInput(f"Let the entry point {point.name} name a breakwater.monitor.Check.")
        found.append(check)
    names = [metric.name for check in found for metric in check.metrics]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInput(f"Rename the metric {name}: two checks read it.")
    return found


def known_metrics(checks: Sequence[Check]) -> dict[str, Metric]:
    """Every metric there is, by name."""
    return {each.name: each for check in checks for each in check.metrics} | {FAILED.name: FAILED}


def readings_of(view: View, checks: Sequence[Check]) -> list[Reading]:
    """What all checks read, and which of them failed."""
    found: list[Reading] = []
    for check in checks:
        try:
            found += check.read(view)
            failed = 0
        except Exception as error:  # noqa: BLE001 - somebody else's check must not end the watch
            failed = 1
            log.warning("check_failed", check=check.name, error=f"{type(error).__name__}: {error}")
        found.append(Reading(FAILED.name, failed, labels_of(check=check.name)))
    return found
