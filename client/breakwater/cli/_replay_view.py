"""How `breakwater replay` shows itself: a bar while it runs, tables at the end, and a clean way to stop."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ..errors import InvalidInput
from ..replay import Progress as Step
from ..replay import ReplayResult
from ._session import plain_console


def require_writable(file: Path) -> None:
    """Find out before the work whether its report has a place to go to.

    Raises:
        InvalidInput: it has not.
    """
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise InvalidInput(f"Name a file in an existing directory for the report, not {file}.")


class Interrupt:
    """The first Ctrl-C asks for a partial result; the second one interrupts at once."""

    def __init__(self) -> None:
        self._set = False

    def is_set(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._set

    def __enter__(self) -> Self:
        self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._set:
            raise KeyboardInterrupt
        self._set = True


class ProgressBar:
    """A bar of settled markets on standard error."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("markets settled"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[trades]:,} trades, {task.fields[transactions]:,} transactions"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("replay", total=None, trades=0, transactions=0)

    def show(self, step: Step) -> None:
        """Move the bar."""
        self._bar.update(
            self._task,
            total=step.planned,
            completed=step.settled,
            trades=step.trades,
            transactions=step.transactions,
        )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()


def print_result(result: ReplayResult, report: Path | None) -> None:
    """The tables, on standard output."""
    console = plain_console()
    figures = Table(title=f"Replay of {result.source} on the {result.engine} engine", show_header=False)
    figures.add_column(style="bold")
    figures.add_column(justify="right")
    for name, value in _figures(result):
        figures.add_row(name, value)
    console.print(figures)
    costs = Table(title="Compute units")
    for name in ("instruction", "calls", "p50", "p99", "most"):
        costs.add_column(name, justify="left" if name == "instruction" else "right")
    for name, cost in result.compute.items():
        costs.add_row(name, *(f"{cost[key]:,}" for key in ("n", "p50", "p99", "max")))
    console.print(costs)
    for sentence in _remarks(result, report):
        console.print(sentence, highlight=False, soft_wrap=True)


def _figures(result: ReplayResult) -> list[tuple[str, str]]:
    profit = result.vault_end - result.vault_start
    feed = result.outages.as_dict()
    return [
        ("markets", f"{result.planned:,}"),
        ("settled as in reality", f"{result.settled:,}"),
        ("mismatches", f"{result.mismatches:,}"),
        ("lost units", f"{result.lost_units:,}"),
        ("trades", f"{sum(result.sides.values()):,}"),
        (
            "  " + ", ".join(sorted(result.sides)),
            ", ".join(f"{n:,}" for _, n in sorted(result.sides.items())),
        ),
        ("orders refused", f"{sum(result.rejected.values()):,}"),
        ("volume", _money(sum(row.volume for row in result.markets))),
        ("fees", _money(sum(row.fees for row in result.markets))),
        ("vault profit and loss", _money(profit)),
        ("premiums for loans", _money(sum(row.premiums for row in result.markets))),
        ("loans not repaid", _money(sum(row.bad_debt for row in result.markets))),
        ("prices published", f"{result.publications:,}"),
        ("feed outages, seconds", f"{feed['outages']}, {feed['cached_seconds']:,} on a cached price"),
        ("  degraded trading, seconds", f"{feed['stale_seconds']:,} in {feed['stale_outages']} outages"),
        ("  opens refused, then at half leverage", f"{feed['refused_stale']}, {feed['degraded_opens']}"),
        ("  recovered", f"{feed['recovered']} of {feed['stale_outages']}"),
        ("transactions", f"{result.transactions:,}"),
        ("transactions a second", f"{result.rate:,.0f}"),
    ]


def _remarks(result: ReplayResult, report: Path | None) -> list[str]:
    lines = [f"Refused {count:,} times: {name}." for name, count in sorted(result.rejected.items())]
    for reason in dict.fromkeys(reason for _, reason in result.skipped):
        count = sum(each == reason for _, each in result.skipped)
        lines.append(f"Not compared with reality: {count} markets, because {reason}.")
    if not result.exact:
        lines.append("Prices were rounded down: they do not fit into 64 bits exactly.")
    lines += [f"Market {row.id} settled otherwise than in reality." for row in result.markets if row.mismatch]
    for audit in result.audits:
        lines += [f"Off by {units:+,} units: {what}." for what, units in audit.differences]
    if result.partial:
        lines.append("Interrupted: this is the result of the markets until then.")
    if report is not None:
        lines.append(f"Report written to {report}.")
    return lines


def _money(units: int) -> str:
    return f"{units / 1e6:,.2f}"
