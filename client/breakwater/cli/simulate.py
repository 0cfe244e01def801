"""`breakwater simulate`: everything goes wrong, and every rule holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

SEEDS = 20


def simulate(
    seeds: Annotated[
        int | None,
        typer.Option(min=1, max=1_000_000, help="How many seeds, from 1 on.", show_default=str(SEEDS)),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Only this one; the same seed does the same.", show_default=False),
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --seed: write down everything that happens.")
    ] = None,
    broken: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Simulate an exchange built without a check (solvency, sale, loan) until it is caught.",
        ),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes.", show_default="one a CPU")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Simulate exchanges under faults, in one process each, and hold every transaction against the rules.

    Exit status 1 when a rule is broken; with --broken, when none is.
    """
    import os

    from .. import simulate as service
    from ..config import settings
    from ..errors import InvalidInput
    from . import _simulate_view as view

    if trace is not None and seed is None:
        raise InvalidInput("Name the --seed that --trace is to be written of.")
    if seed is not None and seeds is not None:
        raise InvalidInput("Give one --seed, or how many --seeds.")
    count = SEEDS if seeds is None else seeds
    exchange = None
    if broken is not None:
        exchange = service.build_broken(broken, cache=settings().cache, progress=view.note)
    if seed is not None:
        service.quiet()
        with view.writing(trace) as file:
            result = service.simulate_seed(seed, exchange=exchange, to=file)
        typer.echo(json.dumps(result.as_dict()) if as_json else view.seed_text(result))
        raise typer.Exit(view.status(bool(result.violations), broken is not None))
    with view.Progress(count) as progress:
        report = service.simulate(
            range(1, count + 1),
            exchange=exchange,
            jobs=min(jobs or os.cpu_count() or 1, count),
            until_caught=broken is not None,
            progress=progress.show,
        )
    if as_json:
        typer.echo(json.dumps({**report.as_dict(), "broken": broken}))
    else:
        view.print_report(report, broken)
    raise typer.Exit(view.status(bool(report.caught), broken is not None))
