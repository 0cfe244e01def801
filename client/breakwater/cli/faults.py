"""`breakwater faults`: bad networks and what survives them."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Inject faults: a proxy for endpoints, and drills.")


@app.callback()
def _group() -> None:
    """Inject faults: a proxy for endpoints, and drills."""


@app.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Every drill: what it strikes, and with what."""
    from . import _faults_view as view

    view.print_drills(as_json=as_json)


@app.command()
def drill(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="Which, or the target of several, or all.")
    ],
    part: Annotated[float, typer.Option(min=0.1, max=1.0, help="Of its usual size and time.")] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a line.")] = False,
) -> None:
    """Run drills: fault, recovery, and the proof that nothing was lost; exit status 1 if something was."""
    from . import _faults_view as view

    raise typer.Exit(asyncio.run(view.run_drills(names, part, as_json=as_json)))


@app.command()
def proxy(
    upstream: Annotated[str, typer.Argument(metavar="URL", help="The JSON-RPC endpoint behind it.")],
    profile: Annotated[str, typer.Option(help="honest, public, lying, slow, failing or lagging.")] = "public",
    port: Annotated[
        int, typer.Option(min=0, max=65534, help="For HTTP; WebSockets have the next one. 0 takes free ones.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of chance.")] = 0,
    latency_ms: Annotated[
        int | None, typer.Option(min=0, help="Instead of the profile's.", show_default=False)
    ] = None,
    requests: Annotated[
        int | None,
        typer.Option(
            min=1, help="Answered in any ten seconds, instead of the profile's.", show_default=False
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print where it answers as JSON.")] = False,
) -> None:
    """Stand before an endpoint, on loopback, and behave like a worse one until Ctrl-C."""
    from . import _faults_view as view

    manners = view.manners_of(profile, latency_ms, requests)
    url = asyncio.run(view.run_proxy(upstream, manners, port, seed, as_json=as_json))
    if as_json:
        typer.echo(json.dumps(url))
