"""`breakwater stress`: load, misfortune, and what the exchange makes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Put the exchange under stress and hold its books to the unit.")

EngineOption = Annotated[
    str, typer.Option("--engine", help="embedded: in this process. local: a validator is started for each.")
]
UsersOption = Annotated[
    int | None, typer.Option("--users", min=1, max=10_000, help="At once.", show_default="the scenario's own")
]
DurationOption = Annotated[
    float | None,
    typer.Option("--duration", min=1, max=86_400, help="Seconds of load.", show_default="the scenario's own"),
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Of everything drawn by chance.")]
ScaleOption = Annotated[
    float, typer.Option("--scale", min=0.001, max=100, help="Multiplies the scenario's own numbers.")
]
WorkersOption = Annotated[
    int, typer.Option("--workers", min=1, max=64, help="Processes that load over HTTP comes from.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ReportOption = Annotated[
    Path | None, typer.Option("--report", metavar="FILE.html", help="Write one page with charts.")
]


@app.callback()
def _stress() -> None:
    """Put the exchange under stress and hold its books to the unit."""


@app.command(name="list")
def list_(as_json: JsonOption = False) -> None:
    """Every scenario, the engines it runs on, and where it comes from."""
    from .. import stress as service
    from . import _stress_view as view

    every = service.scenarios()
    if as_json:
        typer.echo(json.dumps(view.list_dict(every)))
    else:
        view.print_list(every)


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="As `stress list` shows it.")],
    engine: EngineOption = "embedded",
    users: UsersOption = None,
    duration: DurationOption = None,
    seed: SeedOption = 1,
    scale: ScaleOption = 1.0,
    workers: WorkersOption = 1,
    as_json: JsonOption = False,
    report: ReportOption = None,
) -> None:
    """Run one scenario; exit 1 when it fails."""
    from . import _stress_view as view

    context = view.context(engine, users, duration, seed, scale, workers, report)
    view.finish(view.conduct(context, [name]), as_json=as_json, report=report)


@app.command()
def load(
    engine: EngineOption = "local",
    users: UsersOption = None,
    duration: DurationOption = None,
    seed: SeedOption = 1,
    workers: WorkersOption = 1,
    rate: Annotated[
        float, typer.Option(min=0.1, max=1e6, help="Requests a second of all users together.")
    ] = 50.0,
    web: Annotated[
        int | None, typer.Option(metavar="PORT", min=1, max=65535, help="Serve Locust's page on loopback.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="PREFIX", help="Write Locust's CSV files.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Write Locust's report.")] = None,
    most_p95: Annotated[
        float,
        typer.Option(metavar="MS", min=1, max=1e9, help="Of all requests; above it the load has failed."),
    ] = 60_000.0,
    others: Annotated[
        int, typer.Option(min=0, max=64, help="Workers that join from elsewhere; how is printed.")
    ] = 0,
    master_port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="Where they join; 0 takes one.")
    ] = 0,
    as_json: JsonOption = False,
    report: ReportOption = None,
) -> None:
    """Load the API with Locust: its users, its page, its reports; exit 1 when a threshold breaks."""
    from . import _stress_view as view

    context = view.context(engine, users, duration, seed, 1.0, workers, report)
    done = view.loaded(context, view.Reports(rate, most_p95, web, csv, html, others, master_port))
    view.finish(done, as_json=as_json, report=report)


@app.command()
def public(
    url: Annotated[str, typer.Option("--url", help="devnet, testnet, or an http address.")] = "devnet",
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help="Pays, and holds collateral.", show_default="the keypair"),
    ] = None,
    budget: Annotated[
        float,
        typer.Option(
            min=0.01, max=1e6, help="SOL that may be out at any time, rent that comes back included."
        ),
    ] = 1.0,
    users: Annotated[int, typer.Option(min=1, max=200, help="Fewer where the budget allows no more.")] = 10,
    duration: Annotated[float, typer.Option(min=1, max=1e7, help="Seconds of trading.")] = 300.0,
    rate: Annotated[float, typer.Option(min=0.05, max=50, help="Trades a second of all users.")] = 2.0,
    collateral: Annotated[
        float, typer.Option(min=1, max=1e9, help="Units of collateral for each user.")
    ] = 100.0,
    requests: Annotated[int, typer.Option(min=5, help="HTTP requests in any 10 s.")] = 80,
    per_method: Annotated[int, typer.Option(min=2, help="Of any one method, in any 10 s.")] = 32,
    airdrop: Annotated[bool, typer.Option(help="Ask the faucet for what the payer lacks.")] = True,
    clean: Annotated[bool, typer.Option("--clean", help="Only take back what an earlier run left.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Trade on a public cluster within a budget and leave nothing behind, however it ends."""
    from . import _stress_public as view

    wanted = view.Wanted(url, key, budget, users, duration, rate, collateral, requests, per_method, airdrop)
    view.run(wanted, clean=clean, as_json=as_json)


@app.command()
def table(
    results: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[RESULTS.json]...",
            help="What suite, run or bench tps printed with --json, scripts/coverage or mutants wrote.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.md", help="Write it there.")] = None,
) -> None:
    """Every published item beside our figure, in Markdown; without results the suite is run for it."""
    from . import _stress_view as view

    view.tabulate(results or [], out)


@app.command()
def suite(
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NAME", help="May be given several times.")
    ] = None,
    engine: EngineOption = "embedded",
    users: UsersOption = None,
    duration: DurationOption = None,
    seed: SeedOption = 1,
    scale: ScaleOption = 1.0,
    workers: WorkersOption = 1,
    as_json: JsonOption = False,
    report: ReportOption = None,
) -> None:
    """Run every scenario of an engine; exit 1 when one fails."""
    from . import _stress_view as view

    context = view.context(engine, users, duration, seed, scale, workers, report)
    view.finish(view.conduct(context, only or []), as_json=as_json, report=report)
