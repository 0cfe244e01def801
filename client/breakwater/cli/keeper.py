"""`breakwater keeper`: liquidate, stop losses, resolve and tidy up, for the rewards."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from ._options import Common, EngineOption, JsonOption, common

app = typer.Typer(no_args_is_help=True, help="Liquidate, stop losses, resolve and tidy up, for the rewards.")

FreshEngine = Annotated[
    str,
    typer.Option(metavar="embedded|local", help="A chain in this process, or a validator that is started."),
]

KeeperOption = Annotated[
    str | None,
    typer.Option(
        "--keeper",
        metavar="ADDRESS",
        help="The keeper's own key, where the beneficiary signs; by default the signer.",
        show_default=False,
    ),
]


@app.command()
def run(
    keypair: Annotated[
        list[Path] | None,
        typer.Option(
            "--keypair",
            metavar="FILE",
            help="A keeper's keys; may be given again. By default the sandbox's operator there, else "
            "BREAKWATER_KEYPAIR.",
            show_default=False,
        ),
    ] = None,
    count: Annotated[
        int,
        typer.Option(
            min=1,
            max=100,
            help="How many keepers; more than key pairs are made from the first, which funds them.",
        ),
    ] = 1,
    engine: EngineOption = None,
    metrics_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Serve /metrics and /health on loopback; 0: any.")
    ] = None,
    snapshot: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="Between full snapshots while changes are pushed.")
    ] = 30.0,
    poll: Annotated[
        float, typer.Option(min=0.2, metavar="SECONDS", help="The same while they are not.")
    ] = 2.0,
    socket: Annotated[bool, typer.Option(help="Have changes pushed; without, only poll.")] = True,
    price: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FEED=SOURCE",
            help="Where a silent feed's price comes from: Polymarket's name (slug) of a market, or a "
            "ticks.csv[.gz]; may be given again. Without, silent feeds are only reported.",
            show_default=False,
        ),
    ] = None,
    publisher: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The feeds' publisher; by default the sandbox's there, else the first keeper.",
            show_default=False,
        ),
    ] = None,
    tasks: Annotated[bool, typer.Option(help="Take part in the task registry where registered.")] = True,
    once: Annotated[bool, typer.Option("--once", help="End when nothing is left to do.")] = False,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Stop after so long.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A line for each work, the summary last.")] = False,
) -> None:
    """Keep until Ctrl-C; a summary comes last. Nothing is kept on disk: the chain knows how far it came."""
    from .. import keepers as service
    from . import _keeper_view as view

    duties = service.Duties(tasks=tasks)
    pace = service.Pace(snapshot, poll, socket=socket)
    config = service.KeeperConfig(duties, pace, metrics_port, once)
    view.logs_to_stderr()
    crew = view.Crew(keypair or [], count, price or [], publisher)
    summary = asyncio.run(view.keep(engine, crew, config, seconds, as_json=as_json))
    if as_json:
        typer.echo(json.dumps({"summary": summary.as_dict()}))
    else:
        view.print_summary(summary)


@app.command()
def drill(
    keepers: Annotated[
        int | None, typer.Option(min=1, max=100, help="How many keepers.", show_default="20, local 6")
    ] = None,
    tasks: Annotated[
        int | None, typer.Option(min=5, max=5_000, help="How many tasks.", show_default="500, local 60")
    ] = None,
    kill: Annotated[
        int | None, typer.Option(min=0, help="How many die.", show_default="3, fewer of few")
    ] = None,
    engine: FreshEngine = "embedded",
    seed: Annotated[int, typer.Option(help="Of the order of the tasks.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Let a crew work off tasks of all five kinds while some of it die; exit 1 when a bound is broken."""
    from . import _drill_view as view
    from ._keeper_view import logs_to_stderr

    logs_to_stderr(quiet=True)
    crew = keepers or (6 if engine == "local" else 20)
    count = tasks or (60 if engine == "local" else 500)
    kills = min(3, crew // 6) if kill is None else kill
    with view.Status() as status:
        result = asyncio.run(view.drilled(engine, crew, count, kills, seed, status.show))
    if as_json:
        typer.echo(json.dumps(result.as_dict()))
    else:
        view.print_drill(result)
    raise typer.Exit(1 if result.broken else 0)


@app.command()
def race(
    keepers: Annotated[int, typer.Option(min=2, max=50, help="How many rivals.")] = 5,
    engine: FreshEngine = "local",
    as_json: JsonOption = False,
) -> None:
    """Let keepers that know nothing of each other go for one loan; exit 1 unless one is paid, once."""
    from . import _drill_view as view
    from ._keeper_view import logs_to_stderr

    logs_to_stderr(quiet=True)
    with view.Status("race") as status:
        result = asyncio.run(view.raced(engine, keepers, status.show))
    if as_json:
        typer.echo(json.dumps(result.as_dict()))
    else:
        view.print_race(result)
    raise typer.Exit(1 if result.broken else 0)


@app.command()
def cascade(
    positions: Annotated[int, typer.Option(min=2, max=500, help="How many chains of two legs.")] = 100,
    leverage: Annotated[int, typer.Option(min=60, max=500, help="Their effective leverage.")] = 500,
    gap: Annotated[
        float, typer.Option(min=1, max=40, help="Points of 100 by which every price falls at once, from 50.")
    ] = 10.0,
    as_json: JsonOption = False,
) -> None:
    """Let prices gap under chains at the limit and keepers work it off; exit 1 when a bound is broken.

    The books are added up independently, and every event is held against the rules.
    """
    from . import _drill_view as view
    from ._keeper_view import logs_to_stderr

    logs_to_stderr(quiet=True)
    with view.Status("cascade") as status:
        result = asyncio.run(view.cascaded(positions, leverage, gap, status.show))
    if as_json:
        typer.echo(json.dumps(result.as_dict()))
    else:
        view.print_cascade(result)
    raise typer.Exit(1 if result.broken else 0)


@app.command()
@common
def register(
    o: Common,
    bond: Annotated[
        str | None, typer.Option(metavar="MMT", help="What to bond.", show_default="the least allowed")
    ] = None,
    beneficiary: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Whose rewards and bond are.", show_default="the signer"),
    ] = None,
) -> None:
    """Put the signer on duty in the task registry."""
    from . import _keeper_view as view

    asyncio.run(view.register(o, bond, beneficiary))


@app.command()
@common
def heartbeat(o: Common) -> None:
    """Give a sign of life, or come back from a suspension that is over."""
    from . import _keeper_view as view

    asyncio.run(view.heartbeat(o))


@app.command()
@common
def unregister(o: Common) -> None:
    """Leave the task registry; the bond is free after the cool-down."""
    from . import _keeper_view as view

    asyncio.run(view.unregister(o))


@app.command()
@common
def claim(o: Common, keeper: KeeperOption = None) -> None:
    """Have what tasks have earned paid to the beneficiary."""
    from .. import keepers as service
    from . import _keeper_view as view

    asyncio.run(view.pay(o, keeper, service.claim))


@app.command()
@common
def withdraw(o: Common, keeper: KeeperOption = None) -> None:
    """Have the bond paid back to the beneficiary, once the keeper has left and the cool-down is over."""
    from .. import keepers as service
    from . import _keeper_view as view

    asyncio.run(view.pay(o, keeper, service.withdraw))


@app.command()
@common
def status(o: Common) -> None:
    """Show the task registry: who is on duty, and how everybody does."""
    from . import _keeper_view as view

    asyncio.run(view.status(o))
