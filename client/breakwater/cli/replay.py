"""`breakwater replay`: a day of real markets on our own programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def replay(
    directory: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]",
            help="A capture: *markets*.jsonl.gz and *ticks*.csv.gz. Without it, a generated day is replayed.",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[str, typer.Option(help="embedded or local (a validator of its own).")] = "embedded",
    markets: Annotated[
        int | None, typer.Option(min=1, help="Only the first N markets.", show_default="all")
    ] = None,
    trades: Annotated[int, typer.Option(min=0, max=10_000, help="Orders tried in each market.")] = 100,
    traders: Annotated[int, typer.Option(min=1, max=200, help="Traders that take turns.")] = 16,
    seed: Annotated[int, typer.Option(help="Seed of the traders, and of a generated day.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Write a report: one page with charts, for any browser."),
    ] = None,
) -> None:
    """Open, price, trade, settle and reconcile every market of a day, to the last unit.

    Exit status 1 when a market settles otherwise than in reality or a unit is lost, 130 when interrupted.
    """
    import asyncio

    from .. import replay as service
    from . import _replay_view as view

    if report is not None:
        view.require_writable(report)
    capture = service.generate_day(seed) if directory is None else service.read_capture(directory)
    options = service.Options(engine, markets, trades, traders, seed, record=report is not None)
    with view.Interrupt() as interrupted, view.ProgressBar() as bar:
        result = asyncio.run(service.replay(capture, options, progress=bar.show, stop=interrupted.is_set))
    if report is not None:
        report.write_text(service.render_report(result), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(result.as_dict()))
    else:
        view.print_result(result, report)
    raise typer.Exit(130 if result.partial else 0 if result.ok else 1)
