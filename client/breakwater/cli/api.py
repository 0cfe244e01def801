"""`breakwater api`: the exchange over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._options import HostOption, NamesOption, NodeOption, PortOption, RemoteOption

app = typer.Typer(no_args_is_help=True, help="Serve the exchange over HTTP.")


@app.callback()
def _group() -> None:
    """Serve the exchange over HTTP."""


@app.command()
def serve(
    engine: NodeOption = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8080,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Tokens that may order, one a line, closed to others; by default one is made in the cache.",
            show_default=False,
        ),
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where orders are remembered.", show_default="in the cache"),
    ] = None,
    allow_remote: RemoteOption = False,
    name: NamesOption = None,
    cache_slots: Annotated[
        int, typer.Option(min=1, max=25, help="For how many slots an answer of the chain stands.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print where it serves as JSON.")] = False,
) -> None:
    """Serve /v1 until Ctrl-C, which lets requests in flight end."""
    from ..errors import InvalidInput
    from . import _api_view as view

    if allow_remote and token_file is None:
        raise InvalidInput("Add --token-file: other machines need a token that you chose.")
    view.run(
        engine,
        view.Wanted(host, port, token_file, store, allow_remote, frozenset(name or ()), cache_slots),
        as_json=as_json,
    )
