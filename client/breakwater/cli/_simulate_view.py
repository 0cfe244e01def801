"""How simulations look in a terminal."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress as Bar
from rich.table import Table

from ..simulate import BREAKS, Report, SeedResult

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import TextIO

__all__ = ["Progress", "note", "print_report", "seed_text", "status", "writing"]

SHOWN = 3
"""Seeds with violations that are shown with what happened last."""


def note(what: str) -> None:
    """Say what is going on."""
    print(what, file=sys.stderr)


def status(caught: bool, broken: bool) -> int:
    """The exit status: what is broken has to be caught, what is not must not be."""
    return int(caught != broken)


@contextmanager
def writing(file: Path | None) -> Iterator[TextIO | None]:
    """The file to write to, if there is one."""
    if file is None:
        yield None
        return
    with file.open("w") as opened:
        yield opened


class Progress:
    """A bar on standard error."""

    def __init__(self, seeds: int) -> None:
        self._bar = Bar(console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("seeds", total=seeds)

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show(self, result: SeedResult) -> None:
        """A seed is done."""
        self._bar.advance(self._task)
        if result.violations:
            self._bar.console.print(f"seed {result.seed}: {result.violations[0]}", highlight=False)


def seed_text(result: SeedResult) -> str:
    """One seed, line by line."""
    lines = [
        f"seed {result.seed}: {'no violation' if result.ok else 'VIOLATED'}, trace {result.trace_hash}",
        f"{result.simulated_s:.0f} simulated seconds in {result.wall_s:.1f}; {result.landed} transactions "
        f"landed and {result.failed} failed, {result.settled} of {result.markets} markets settled",
    ]
    return "\n".join([*lines, *result.violations, *(result.last if result.violations else ())])


def print_report(report: Report, broken: str | None) -> None:
    """What came of all seeds."""
    out = Console(file=sys.stdout)
    table = Table(title=f"{report.seeds} seeds", show_header=False)
    hours = report.simulated_s / 3600
    rows = {
        "simulated": f"{hours:.1f} h in {report.wall_s:.0f} s",
        "transactions": f"{report.landed:,} landed, {report.failed:,} failed",
        "checks": f"{report.checked:,} of all rules",
        "markets": f"{report.settled:,} of {report.markets:,} settled",
        "orders through the relay": _counts(report.orders),
        "faults": _counts({name: report.events[name] for name in report.events if name in FAULTS}),
        "deeds": _counts(report.deeds),
        "violations": ", ".join(f"seed {each.seed}" for each in report.caught) or "none",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    out.print(table)
    for each in report.caught[:SHOWN]:
        out.print(f"seed {each.seed}: {each.violations[0]}", highlight=False, soft_wrap=True)
    if broken is not None:
        caught = f"caught by seed {report.caught[0].seed}" if report.caught else "NOT caught"
        out.print(f"broken on purpose ({BREAKS[broken].what}): {caught}", highlight=False, soft_wrap=True)
    elif report.caught:
        out.print(f"replay: breakwater simulate --seed {report.caught[0].seed} --trace FILE", highlight=False)


FAULTS = (
    *("clog", "clock", "keeper-killed", "relay-killed", "late", "lost", "thrown-away", "blind"),
    *("swizzle-clog", "lag", "outage", "storm", "stall"),
)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"
