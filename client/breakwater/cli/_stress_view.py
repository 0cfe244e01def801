"""How scenarios are run from the command line, and how their results look."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .. import stress as service
from ..errors import InvalidInput
from ..trials import Context
from ._keeper_view import logs_to_stderr
from ._replay_view import require_writable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..trials import Scenario

__all__ = ["Reports", "conduct", "context", "finish", "list_dict", "loaded", "print_list", "tabulate"]


def context(
    engine: str,
    users: int | None,
    duration: float | None,
    seed: int,
    scale: float,
    workers: int,
    report: Path | None,
) -> Context:
    """What every scenario is given; where its report can't be written, nothing is begun."""
    if report is not None:
        require_writable(report)
    if engine not in service.ENGINES:
        raise InvalidInput(f"Choose an engine out of {', '.join(service.ENGINES)}, not {engine!r}.")
    return Context(engine, users, duration, seed, scale, workers)


def conduct(ctx: Context, names: Sequence[str]) -> service.Suite:
    """Run scenarios; what they are at goes to standard error, and nothing of the faults that are meant."""
    from ..simulate import quiet

    logs_to_stderr(quiet=True)
    quiet()
    errors = Console(stderr=True)
    with errors.status("opening a chain") as status:

        def told(result: service.Result) -> None:
            word = "passed" if result.outcome.passed else "FAILED"
            errors.print(f"{word}  {result.scenario.name}, {result.seconds:.1f} s", highlight=False)

        ready = replace(ctx, progress=status.update)
        return asyncio.run(service.suite(ready, only=names, on_result=told))


@dataclass(frozen=True, slots=True)
class Reports:
    """How fast Locust goes, how slow the API may be, what is shown and written, and who joins."""

    rate: float
    most_p95_ms: float
    web: int | None
    csv: Path | None
    html: Path | None
    others: int
    master_port: int


def loaded(ctx: Context, reports: Reports) -> service.Suite:
    """Load the API over HTTP."""
    from ..stress._users_http import users_over_http

    logs_to_stderr(quiet=True)
    for place in (reports.html, reports.csv):
        if place is not None:
            require_writable(place)
    errors = Console(stderr=True)

    def told(step: str) -> None:
        if "?token=" in step or " --worker " in step:  # to be used, and so to stay on the screen
            errors.print(step, highlight=False, soft_wrap=True)
        status.update(step)

    with errors.status("opening a chain") as status:
        ready = replace(ctx, progress=told)

        async def work() -> service.Suite:
            began = time.monotonic()
            outcome = await users_over_http(
                ready,
                per_second=reports.rate,
                most_p95_ms=reports.most_p95_ms,
                web_port=reports.web,
                csv=reports.csv,
                html=reports.html,
                others=reports.others,
                master_port=reports.master_port,
            )
            (scenario,) = (each for each in service.scenarios() if each.name == "concurrent-users")
            result = service.Result(scenario, ctx.engine, outcome, time.monotonic() - began)
            return service.Suite(ctx.engine, ctx.seed, [result], ctx.options | {"rate": reports.rate})

        return asyncio.run(work())


def finish(suite: service.Suite, *, as_json: bool, report: Path | None) -> None:
    """Show the results, write the page, and end with the verdict's status."""
    if as_json:
        typer.echo(json.dumps(suite.as_dict()))
    else:
        _print(suite)
    if report is not None:  # behind what it shows, which is not lost with a disk that has become full
        report.write_text(service.render_report(suite), encoding="utf-8")
    for each in suite.results:
        if not each.outcome.passed:
            typer.echo(f"breakwater: {each.scenario.name}: {each.outcome.reason}", err=True)
    raise typer.Exit(0 if suite.passed else 1)


def tabulate(results: Sequence[Path], out: Path | None) -> None:
    """Print the table of reliability, or write it."""
    if out is not None:
        require_writable(out)
    found: list[dict[str, Any]] = []
    for file in results:
        try:
            found.append(json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, UnicodeDecodeError):
            raise InvalidInput(f"Print {file} again with --json: it is not JSON.") from None
    if not found:
        found.append(conduct(Context(), []).as_dict())
    text = service.render_table(found)
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")


def list_dict(every: Sequence[Scenario]) -> list[dict[str, Any]]:
    """Plain values."""
    return [
        {"name": each.name, "title": each.title, "source": each.source, "engines": list(each.engines)}
        for each in every
    ]


def print_list(every: Sequence[Scenario]) -> None:
    """A table of what there is."""
    table = Table()
    for column in ("scenario", "what happens", "engines", "asked for in"):
        table.add_column(column, no_wrap=column == "scenario")
    for each in every:
        table.add_row(each.name, each.title, ", ".join(each.engines), each.source)
    Console(file=sys.stdout).print(table)


def _print(suite: service.Suite) -> None:
    out = Console(file=sys.stdout, markup=False)  # a reason quotes what it was told
    table = Table(title=f"Under stress on {suite.engine}")
    for column in ("scenario", "verdict", "success", "seconds", "why"):
        table.add_column(column, justify="right" if column in ("success", "seconds") else "left")
    for each in suite.results:
        outcome = each.outcome
        table.add_row(
            each.scenario.name,
            Text("passed", "green") if outcome.passed else Text("failed", "red"),
            f"{outcome.success_rate:.2%}",
            f"{each.seconds:.1f}",
            outcome.reason,
        )
    out.print(table)
    if len(suite.results) == 1:
        figures = Table(title=suite.results[0].scenario.title)
        figures.add_column("figure")
        figures.add_column("value", justify="right")
        for name, value in suite.results[0].outcome.figures.items():
            shown = (
                f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
            )
            figures.add_row(name.replace("_", " "), shown)
        out.print(figures)
