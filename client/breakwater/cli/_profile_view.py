"""How a profile looks to people."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import typer
from rich.live import Live
from rich.table import Table

from ..profile import Inner, Profile, Row, Scene, Spread
from ._replay_view import require_writable
from ._session import plain_console, show

__all__ = ["StepLine", "print_list", "print_profile", "require_writable"]


REDRAW_SECONDS = 0.1


class StepLine:
    """What is being sent, on standard error.

    It is drawn between two transactions and never from a thread of its own, which would disturb the times.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._drawn = 0.0
        self._live = Live(console=plain_console(stderr=True), auto_refresh=False, transient=True)

    def show(self, step: str) -> None:
        """Name the step."""
        if (now := time.monotonic()) - self._drawn > REDRAW_SECONDS:
            self._drawn = now
            self._live.update(f"profiling {self._title}: {step}", refresh=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()


def print_list(scenes: Iterable[Scene], *, as_json: bool) -> None:
    """The scenarios, a sentence each."""
    if as_json:
        typer.echo(json.dumps({each.name: each.sentence for each in scenes}))
        return
    table = Table(title="Scenarios: breakwater profile SCENARIO")
    table.add_column("scenario", style="bold")
    table.add_column("what happens")
    for each in scenes:
        table.add_row(each.name, each.sentence)
    show(table)


def print_profile(result: Profile, report: Path | None) -> None:
    """The tables and the sentences, on standard output."""
    console = plain_console()
    console.print(_compute(result), highlight=False)
    console.print(_time(result), highlight=False)
    console.print(_accounts(result), highlight=False)
    for sentence in _sentences(result, report):
        console.print(sentence, highlight=False, soft_wrap=True)


def _compute(result: Profile) -> Table:
    table = Table(title=f"Compute units: {result.scenario} on {result.engine}, {_rounds(result.repeat)}")
    table.add_column("instruction, and what it calls", min_width=24)
    for name in ("calls", "mean", "most", "own", "total", "share"):
        table.add_column(name, justify="right")
    whole = result.compute_units or 1
    for group in dict.fromkeys(row.group for row in result.rows):
        for row in (each for each in result.rows if each.group == group):
            total = row.cu.total if row.cu else 0
            table.add_row(
                row.title,
                f"{row.calls:,}",
                *_units(row.cu),
                _whole(row.own.mean) if row.own else "",
                _whole(total),
                f"{total / whole:.1%}",
            )
            for inner in row.inner:
                table.add_row(*_inner(inner), style="dim")
        table.add_section()
    return table


def _rounds(count: int) -> str:
    return "1 round" if count == 1 else f"{count:,} rounds"


def _inner(inner: Inner) -> tuple[str, ...]:
    total = _whole(inner.cu.total) if inner.cu else "not logged"
    return f"  {inner.name}", f"{inner.calls:,}", *_units(inner.cu), "", total, ""


def _units(spread: Spread | None) -> tuple[str, str]:
    return (_whole(spread.mean), _whole(spread.most)) if spread else ("", "")


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _time(result: Profile) -> Table:
    embedded = any(row.execution for row in result.rows)
    table = Table(
        title="Milliseconds from sending to confirmation; accounts, written, signing; bytes",
    )
    table.add_column("instruction", min_width=22)
    for name in ("mean", "p50", "p99", "most", *(["runs"] if embedded else []), "a/w/s", "bytes"):
        table.add_column(name, justify="right")
    for row in sorted(result.rows, key=lambda each: -each.latency.p99):
        table.add_row(row.title, *_times(row, embedded=embedded), *_sizes(row))
    return table


def _times(row: Row, *, embedded: bool) -> list[str]:
    spread = row.latency
    values = [spread.mean, spread.p50, spread.p99, spread.most]
    if embedded and row.execution:
        values.append(row.execution.mean)
    return [f"{value:,.2f}" if value < 100 else f"{value:,.0f}" for value in values]


def _sizes(row: Row) -> list[str]:
    return [f"{row.accounts}/{row.writable}/{row.signers}", f"{row.size:,}"]


def _accounts(result: Profile) -> Table:
    table = Table(title=f"Accounts written by the {len(result.samples):,} transactions, fee payers left out")
    table.add_column("account")
    table.add_column("address", overflow="fold")
    table.add_column("", justify="left")
    table.add_column("writes", justify="right")
    table.add_column("share", justify="right")
    for each in result.accounts[:8]:
        share = f"{each.writes / len(result.samples):.0%}"
        table.add_row(
            each.name, each.address, "shared" if each.shared else "one user's", f"{each.writes:,}", share
        )
    return table


def _sentences(result: Profile, report: Path | None) -> list[str]:
    lines = list(result.bottlenecks().values())
    if result.truncated:
        lines.append(
            f"The logs of {result.truncated:,} transactions were truncated: their last calls are not counted."
        )
    if report is not None:
        lines.append(f"Report written to {report}.")
    return lines
