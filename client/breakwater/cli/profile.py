"""`breakwater profile`: where compute units and time go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def profile(
    scenario: Annotated[
        str,
        typer.Argument(metavar="[SCENARIO]", help="Which one; without it, or with list, they are listed."),
    ] = "list",
    engine: Annotated[
        str,
        typer.Option(
            metavar="embedded|local|URL",
            help="local is a validator of its own, a URL a node without an exchange.",
        ),
    ] = "embedded",
    repeat: Annotated[
        int | None,
        typer.Option(min=1, max=1_000, metavar="N", help="Rounds.", show_default="20 on embedded, else 1"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the amounts, from the second round on.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the profile as JSON.")] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="Write a page with a flame picture, for any browser."),
    ] = None,
) -> None:
    """Compute units by instruction and call, latency, and the bottleneck of a scenario on real programs."""
    import asyncio

    from .. import profile as service
    from . import _profile_view as view

    if scenario == "list":
        view.print_list(service.registry().values(), as_json=as_json)
        return
    if report is not None:
        view.require_writable(report)
    with view.StepLine(f"{scenario} on {engine}") as line:
        result = asyncio.run(service.profile(scenario, engine, repeat=repeat, seed=seed, progress=line.show))
    if report is not None:
        report.write_text(service.render_report(result), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(result.as_dict()))
    else:
        view.print_profile(result, report)
