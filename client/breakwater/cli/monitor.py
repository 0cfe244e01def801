"""`breakwater monitor`: watch the exchange, raise alerts, show it all."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ._options import HostOption, NamesOption, NodeOption, PortOption, RemoteOption


def monitor(
    engine: NodeOption = None,
    rules: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Alert rules and sinks, TOML; by default the shipped ones."),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Look, print, end; status 1 if a critical alert holds.")
    ] = False,
    serve: Annotated[bool, typer.Option("--serve", help="Serve the page and /metrics.")] = False,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8090,
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Tokens for the page, one a line, closed to others; by default one is made in the cache.",
            show_default=False,
        ),
    ] = None,
    allow_remote: RemoteOption = False,
    name: NamesOption = None,
    terminal: Annotated[bool, typer.Option("--terminal", help="Show it live in the terminal.")] = False,
    interval: Annotated[float, typer.Option(min=0.2, metavar="SECONDS", help="Between two looks.")] = 1.0,
    scan: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="Between two searches for markets and keepers.")
    ] = 5.0,
    history: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Where history is kept.", show_default="in the cache, with --serve"
        ),
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Stop after so long.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="A line of JSON for every look; with --serve where it serves.")
    ] = False,
    print_rules: Annotated[
        bool, typer.Option("--print-rules", help="Print the shipped rules, to make your own of.")
    ] = False,
    print_grafana: Annotated[
        bool, typer.Option("--print-grafana", help="Print the Grafana dashboard.")
    ] = False,
) -> None:
    """Watch vault, markets, oracle, keepers, programs and node until Ctrl-C; alerts go to sinks."""
    from .. import monitor as service
    from ..errors import InvalidInput
    from . import _monitor_view as view
    from ._session import note

    if print_rules or print_grafana:
        text = service.default_rules_text() if print_rules else service.dashboard_text()
        typer.echo(text, nl=False)
        return
    if once and (serve or terminal):
        raise InvalidInput("Leave out --once: --serve and --terminal watch.")
    if terminal and as_json:
        raise InvalidInput("Choose between --terminal and --json.")
    if terminal and not sys.stdout.isatty():
        raise InvalidInput("Leave out --terminal: standard output is no terminal.")
    if allow_remote and token_file is None:
        raise InvalidInput("Add --token-file: other machines need a token that you chose.")
    book = service.read_rules(rules)
    if not book.rules:
        note(f"{rules} has no rules, so nothing will be an alert; --print-rules prints the shipped ones.")
    pace = view.Pace(interval, scan, seconds)
    if once:
        if not view.run_once(engine, book, as_json=as_json):
            raise typer.Exit(1)
        return
    names = frozenset(name or ()) if allow_remote else None
    page = view.Page(host, port, token_file, names) if serve else None
    view.run_watch(engine, book, pace, page, history, terminal=terminal, as_json=as_json)
