"""`breakwater oracle`: open price feeds, publish to them, look at them."""

from __future__ import annotations

import asyncio
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Open price feeds, publish to them, look at them.")

Feed = Annotated[str, typer.Argument(help="Name of the feed, at most 32 bytes.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
EngineName = Annotated[
    str | None,
    typer.Option(
        "--engine",
        help="devnet, testnet, mainnet or an http address.",
        show_default="BREAKWATER_RPC_URL",
    ),
]
Keys = Annotated[
    Path | None,
    typer.Option("--keypair", help="Who signs and pays.", show_default="BREAKWATER_KEYPAIR"),
]
Exponent = Annotated[int, typer.Option(min=-30, max=0, help="Prices count units of 10^EXPONENT.")]
MaxAge = Annotated[int, typer.Option(min=1, help="Seconds after which a price is no longer fresh.")]


class Kind(StrEnum):
    """Polymarket's interfaces."""

    GAMMA = "gamma"
    CLOB = "clob"
    STREAM = "stream"


@app.command()
def run(
    feed: Feed,
    engine: Annotated[
        str, typer.Option(help="embedded (creates the feed), devnet, testnet, mainnet or an http address.")
    ] = "embedded",
    market: Annotated[str | None, typer.Option(help="Polymarket's name (slug) of a market.")] = None,
    outcome: Annotated[str | None, typer.Option(help="Its outcome.", show_default="the first")] = None,
    token: Annotated[str | None, typer.Option(help="An outcome's token, instead of a market.")] = None,
    source: Annotated[
        list[Kind] | None, typer.Option(help="Where to ask; may be given again.", show_default="all")
    ] = None,
    capture: Annotated[Path | None, typer.Option(help="Play a ticks.csv[.gz] instead.")] = None,
    speed: Annotated[float, typer.Option(min=0.01, help="How many times as fast to play it.")] = 1.0,
    ticks: Annotated[int | None, typer.Option(min=1, help="Play only so many ticks.")] = None,
    keypair: Keys = None,
    heartbeat: Annotated[
        float | None,
        typer.Option(min=0.1, help="Seconds to an unchanged price.", show_default="a third of the age"),
    ] = None,
    min_sources: Annotated[int, typer.Option(min=1, help="Sources that a price needs.")] = 1,
    max_skew: Annotated[float, typer.Option(min=0, help="Seconds a tick may be ahead of us.")] = 2.0,
    max_tick_age: Annotated[float, typer.Option(min=0.1, help="Seconds a source's tick counts.")] = 30.0,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Stop after so long.")] = None,
    metrics_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Serve /metrics and /health on loopback; 0: any.")
    ] = None,
    exponent: Exponent = -8,
    max_age: MaxAge = 30,
    as_json: Annotated[
        bool, typer.Option("--json", help="A line for each publication, the summary last.")
    ] = False,
) -> None:
    """Publish the median of the sources until Ctrl-C; a summary comes last.

    EXPONENT and MAX-AGE are for a feed that is created here. Exit status 1 when nothing was published.
    """
    from .. import oracle as service
    from . import _oracle_view as view

    wanted = service.Wanted(
        feed,
        market,
        outcome,
        token,
        tuple(each.value for each in source or Kind),
        capture,
        speed,
        ticks,
    )
    config = service.OracleConfig(
        feed,
        service.Rules(
            max_age_ms=round(max_tick_age * 1000),
            max_skew_ms=round(max_skew * 1000),
            probability=capture is None,
            min_sources=min_sources,
        ),
        heartbeat,
        metrics_port,
    )
    view.logs_to_stderr()
    summary = asyncio.run(
        view.publish(engine, keypair, wanted, config, exponent, max_age, seconds, as_json=as_json)
    )
    if as_json:
        typer.echo(json.dumps({"summary": summary.as_dict()}))
    else:
        view.print_summary(summary)
    raise typer.Exit(0 if summary.publications else 1)


@app.command()
def show(feed: Feed, engine: EngineName = None, as_json: Json = False) -> None:
    """Price, age, freshness and publisher of a feed; exit 1 when it is degraded."""
    from . import _oracle_view as view

    found = asyncio.run(view.look(engine, feed))
    if as_json:
        typer.echo(json.dumps(found.as_dict()))
    else:
        view.print_feed(found)
    raise typer.Exit(1 if found.freshness == "degraded" else 0)


@app.command()
def create(
    feed: Feed,
    publisher: Annotated[
        str | None, typer.Option(help="Address that may publish.", show_default="the signer")
    ] = None,
    exponent: Exponent = -8,
    max_age: MaxAge = 30,
    engine: EngineName = None,
    keypair: Keys = None,
    as_json: Json = False,
) -> None:
    """Open a feed; the signer becomes its authority."""
    from . import _oracle_view as view

    view.print_receipt(
        asyncio.run(view.open_feed(engine, keypair, feed, publisher, exponent, max_age)), as_json=as_json
    )


@app.command()
def rotate(
    feed: Feed,
    publisher: Annotated[str, typer.Argument(help="Address that may publish from now on.")],
    engine: EngineName = None,
    keypair: Keys = None,
    as_json: Json = False,
) -> None:
    """Hand publishing over to another key; the feed's authority signs."""
    from . import _oracle_view as view

    view.print_receipt(asyncio.run(view.hand_over(engine, keypair, feed, publisher)), as_json=as_json)
