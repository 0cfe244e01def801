"""`breakwater pools`: pools at a fixed ratio, and the service that works in them."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from ._options import JsonOption

app = typer.Typer(
    no_args_is_help=True, help="Work in fixed-ratio pools, with books that come out to the unit."
)

EndpointOption = Annotated[
    list[str] | None,
    typer.Option(
        "--endpoint",
        metavar="URL",
        help="An RPC endpoint; may be given again. By default BREAKWATER_RPC_URL.",
        show_default=False,
    ),
]
StateOption = Annotated[
    Path | None,
    typer.Option("--state", metavar="DIR", help="What is remembered.", show_default="in the cache"),
]


@app.command()
def serve(
    endpoint: EndpointOption = None,
    quorum: Annotated[int, typer.Option(min=1, help="How many endpoints have to agree on what is read.")] = 1,
    connections: Annotated[int, typer.Option(min=1, max=1_000, help="Kept to each endpoint.")] = 32,
    state: StateOption = None,
    core: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Keys of the wallet that funds and mints.", show_default="BREAKWATER_KEYPAIR"
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="IP address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8091,
    name: Annotated[
        list[str] | None, typer.Option(help="A host name the server may be called by; may be given again.")
    ] = None,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Listen for other machines; needs --name.")
    ] = False,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The API's token; made where absent.", show_default="in the state"),
    ] = None,
    cpu: Annotated[list[int] | None, typer.Option(help="Run on this processor; may be given again.")] = None,
    memory: Annotated[int, typer.Option(min=0, help="MiB beyond which nothing new begins; 0: no limit.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print where it serves as JSON.")] = False,
) -> None:
    """Serve API and dashboard until SIGTERM or Ctrl-C, which let moves under way end."""
    from . import _pools_view as view

    wanted = view.Wanted(
        endpoint or [], quorum, connections, state, core, host, port, frozenset(name or ()), allow_remote,
        token_file, cpu or [], memory * 1024 * 1024,
    )  # fmt: skip
    view.logs_to_stderr(as_json=as_json)
    view.run(view.serve(wanted, as_json=as_json))


@app.command()
def drill(
    engine: Annotated[str, typer.Option(help="local, or embedded for simulated time.")] = "local",
    pools: Annotated[int, typer.Option(min=1, max=100)] = 3,
    threads: Annotated[int, typer.Option(min=1, max=1_000)] = 30,
    seconds: Annotated[float, typer.Option(min=1, help="Of work; on embedded simulated.")] = 120.0,
    kill: Annotated[bool, typer.Option(help="Kill the service halfway; only on local.")] = True,
    seed: Annotated[int | None, typer.Option(help="Of amounts and pauses; only on embedded.")] = None,
    pace: Annotated[
        float, typer.Option(min=0.01, max=1_000, help="Makes pauses so many times as long; only on embedded.")
    ] = 1.0,
    clients: Annotated[
        int, typer.Option(min=0, max=500, help="Read once a second over the API; only on local.")
    ] = 100,
    as_json: JsonOption = False,
) -> None:
    """Let threads work, kill the service halfway, and reconcile; exit 1 when a bound is broken."""
    from .. import pools as service
    from . import _pools_view as view

    view.logs_to_stderr(as_json=True, quiet=True)
    config = service.DrillConfig(engine, pools, threads, seconds, kill, seed, pace, clients)
    with view.Status() as status:
        if engine == "embedded":
            result = service.run_simulated(service.drill(config, status.show))
        else:
            result = asyncio.run(view.drilled(config, status.show))
    if as_json:
        typer.echo(json.dumps(result.as_dict()))
    else:
        view.print_drill(result)
    for sentence in result.broken:
        typer.echo(f"breakwater: {sentence}.", err=True)
    raise typer.Exit(1 if result.broken else 0)


@app.command()
def call(
    method: Annotated[str, typer.Argument(help="Such as threads.list; rpc.discover lists them all.")],
    params: Annotated[str, typer.Argument(help="Its parameters as a JSON object.")] = "{}",
    url: Annotated[str, typer.Option(help="Where the service is.")] = "http://127.0.0.1:8091",
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its token.", show_default="in the default state")
    ] = None,
) -> None:
    """Ask a running service for something; the answer is JSON."""
    from . import _pools_view as view

    typer.echo(json.dumps(view.call(url, token_file, method, params), indent=2))


@app.command()
def unit(
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[-- OPTIONS]", help="Options of `pools serve`.")
    ] = None,
    memory: Annotated[str, typer.Option(help="What the process may hold.")] = "2G",
) -> None:
    """Print a systemd unit for the service."""
    from ..pools import unit_text

    program = Path(sys.argv[0]).resolve()
    typer.echo(unit_text(program, arguments or [], memory), nl=False)
