"""`breakwater local`: a sandbox on this machine, to try everything on."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from ._options import JsonOption

app = typer.Typer(
    no_args_is_help=True, help="A validator on this machine with a complete exchange, to try on."
)


@app.command()
def start(
    interval: Annotated[
        float, typer.Option(min=0.5, max=60, metavar="SECONDS", help="Between two prices of the feed.")
    ] = 5.0,
    as_json: JsonOption = False,
) -> None:
    """Start the sandbox and leave it running."""
    from rich.console import Console

    from .. import localnet
    from . import _local_view as view

    with Console(stderr=True).status("starting") as status:
        sandbox, fresh = localnet.start(interval, progress=status.update)
    view.print_sandbox(sandbox, fresh=fresh, as_json=as_json)


@app.command()
def stop(as_json: JsonOption = False) -> None:
    """Stop the sandbox; exit 1 if none runs."""
    from .. import localnet
    from . import _local_view as view

    stopped = localnet.stop()
    view.print_stopped(stopped=stopped, as_json=as_json)
    raise typer.Exit(0 if stopped else 1)


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Show the sandbox; exit 1 if none runs."""
    from .. import localnet
    from ..config import settings
    from . import _local_view as view

    sandbox = localnet.current(settings().cache)
    asyncio.run(view.print_status(sandbox, as_json=as_json))
    raise typer.Exit(0 if sandbox is not None else 1)
