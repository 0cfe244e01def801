"""`breakwater bench`: the figures we claim, measured here and now."""

from __future__ import annotations

import asyncio
import json
import sys
from enum import StrEnum
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Measure what we claim.")


class Engines(StrEnum):
    """Where to measure."""

    EMBEDDED = "embedded"
    LOCAL = "local"
    ALL = "all"


@app.callback()
def _bench() -> None:
    """Measure what we claim."""


@app.command()
def cu(
    engine: Annotated[Engines, typer.Option(help="Where to measure.")] = Engines.EMBEDDED,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compute units of every instruction; exit 1 if one is above its ceiling."""
    from rich.console import Console
    from rich.status import Status

    from .. import bench
    from . import _bench_view as view

    names = (
        [each.value for each in Engines if each is not Engines.ALL]
        if engine is Engines.ALL
        else [engine.value]
    )
    errors = Console(stderr=True)
    measured = {}
    for name in names:
        with errors.status(f"measuring on {name}") as status:

            def show(step: str, *, engine: str = name, line: Status = status) -> None:
                line.update(f"{engine}: {step}")

            measured[name] = asyncio.run(bench.measure_compute(name, progress=show))
    if as_json:
        typer.echo(json.dumps(view.compute_dict(measured)))
    else:
        Console(file=sys.stdout).print(view.compute_table(measured))
    above = view.above_ceiling(measured)
    for sentence in above:
        typer.echo(f"breakwater: {sentence}", err=True)
    raise typer.Exit(1 if above else 0)


@app.command()
def math(
    seed: Annotated[int, typer.Option(min=0, help="Of the random arguments.")] = 1,
    samples: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="Random arguments a function, besides all edges.")
    ] = 1_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Errors, iterations and compute units of the mathematics beside solmath; exit 1 if a bound is broken."""
    from rich.console import Console

    from .. import bench
    from . import _math_view as view

    with Console(stderr=True).status("measuring the mathematics") as status:
        figures = bench.measure_math(
            seed=seed, samples=samples, progress=lambda name: status.update(f"measuring {name}")
        )
    failures = figures.failures()
    if as_json:
        typer.echo(json.dumps(view.math_dict(figures)))
    else:
        out = Console(file=sys.stdout)
        out.print(view.math_table(figures))
        out.print(view.math_summary(figures), highlight=False)
    for sentence in failures:
        typer.echo(f"breakwater: {sentence}", err=True)
    raise typer.Exit(1 if failures else 0)


@app.command()
def cascade(
    part: Annotated[float, typer.Option(min=0.02, max=1.0, help="Of the usual number of runs.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Speed and memory of the cascade engine beside published figures; exit 1 if a target is missed."""
    from rich.console import Console

    from .. import cascade as service
    from . import _bench_view as view

    with Console(stderr=True).status("measuring the cascade engine") as status:
        figures = service.measure(part=part, progress=lambda name: status.update(f"measuring {name}"))
    if as_json:
        typer.echo(json.dumps(figures.as_dict()))
    else:
        Console(file=sys.stdout).print(view.cascade_table(figures.as_dict()))
    for sentence in figures.failures():
        typer.echo(f"breakwater: {sentence}", err=True)
    raise typer.Exit(1 if figures.failures() else 0)


@app.command()
def archive(
    positions: Annotated[int, typer.Option(min=500, max=100_000, help="To prune.")] = 10_000,
    markets: Annotated[int, typer.Option(min=100, max=100_000, help="Of the snapshot.")] = 21_000,
    seed: Annotated[int, typer.Option(min=0, help="Of the accounts.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Cost, speed and size of the archive beside published figures; exit 1 if a target is missed."""
    from rich.console import Console

    from .. import archive as service
    from . import _bench_view as view

    with Console(stderr=True).status("measuring the archive") as status:
        measured = service.measure(positions=positions, markets=markets, seed=seed, progress=status.update)
        figures = asyncio.run(measured)
    if as_json:
        typer.echo(json.dumps(figures.as_dict()))
    else:
        Console(file=sys.stdout).print(view.archive_table(figures.as_dict()))
    for sentence in figures.failures():
        typer.echo(f"breakwater: {sentence}", err=True)
    raise typer.Exit(1 if figures.failures() else 0)


@app.command()
def addresses(
    count: Annotated[int, typer.Option(min=1_000, max=100_000_000, help="Addresses to derive.")] = 1_000_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Derive addresses of every kind of account and look for two that are the same; exit 1 if there are."""
    from rich.console import Console

    from .. import bench
    from . import _bench_view as view

    with Console(stderr=True).status(f"deriving {count:,} addresses"):
        figures = bench.derive_many(count)
    if as_json:
        typer.echo(json.dumps(figures.as_dict()))
    else:
        out = Console(file=sys.stdout)
        out.print(view.addresses_table(figures))
        out.print(view.addresses_summary(figures), highlight=False, soft_wrap=True)
    if figures.collisions:
        typer.echo(f"breakwater: {figures.collisions:,} addresses are the same as another.", err=True)
    raise typer.Exit(1 if figures.collisions else 0)


@app.command()
def send(
    engine: Annotated[str, typer.Option(help="local: a validator is started for it.")] = "local",
    transactions: Annotated[int, typer.Option(min=200, max=100_000, help="For the sender.")] = 8_000,
    baseline: Annotated[int, typer.Option(min=50, max=10_000, help="For solana-py, one call each.")] = 600,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Transactions a second beside solana-py's send_raw_transaction; exit 1 if a bound is broken."""
    from rich.console import Console

    from .. import bench
    from . import _bench_view as view

    with Console(stderr=True).status("measuring the sender") as status:
        figures = asyncio.run(bench.measure_sending(engine, transactions, baseline, progress=status.update))
    if as_json:
        typer.echo(json.dumps(figures.as_dict()))
    else:
        Console(file=sys.stdout).print(view.send_table(figures))
    for sentence in figures.broken:
        typer.echo(f"breakwater: {sentence}", err=True)
    raise typer.Exit(1 if figures.broken else 0)


@app.command()
def tps(
    trades: Annotated[
        int, typer.Option(min=500, max=1_000_000, help="Of each process, on the embedded engine.")
    ] = 20_000,
    processes: Annotated[int, typer.Option(min=1, max=64, help="With an embedded engine each.")] = 2,
    local_trades: Annotated[
        int, typer.Option(min=100, max=100_000, help="And as many transfers, on a validator.")
    ] = 6_000,
    local: Annotated[bool, typer.Option(help="Measure on a validator as well.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Leveraged trades a second, signed and verified, and landed beside transfers; exit 1 if too few."""
    from rich.console import Console

    from .. import stress as service
    from . import _bench_view as view

    with Console(stderr=True).status("measuring trades") as status:
        figures = asyncio.run(
            service.measure_tps(trades, processes, local_trades, local=local, progress=status.update)
        )
    if as_json:
        typer.echo(json.dumps(figures.as_dict()))
    else:
        Console(file=sys.stdout).print(view.tps_table(figures.as_dict()))
    for sentence in figures.broken:
        typer.echo(f"breakwater: {sentence}", err=True)
    raise typer.Exit(1 if figures.broken else 0)


@app.command()
def slo(
    part: Annotated[float, typer.Option(min=0.02, max=1.0, help="Of the usual number of operations.")] = 1.0,
    soak: Annotated[float, typer.Option(min=1, max=86_400, help="Seconds of orders to watch memory.")] = 20.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Service levels by percentiles: HTTP, store, cache, RPC, chain, streams; exit 1 if one is missed."""
    import logging

    import structlog
    from rich.console import Console

    from .. import levels as service
    from . import _bench_view as view

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with Console(stderr=True).status("measuring") as status:
        measured = asyncio.run(
            service.measure(part=part, soak_s=soak, progress=lambda what: status.update(f"measuring {what}"))
        )
    if as_json:
        typer.echo(json.dumps(measured.as_dict()))
    else:
        Console(file=sys.stdout).print(view.levels_table(measured.as_dict()))
    for sentence in measured.missed:
        typer.echo(f"breakwater: {sentence}", err=True)
    raise typer.Exit(1 if measured.missed else 0)
