"""`breakwater genesis`: an exchange from a file, onto deployed programs, for good."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ._options import KeypairOption, YesOption


def genesis(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Rules, keys and feeds (TOML); by default the launch's."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster",
            "--engine",
            metavar="URL|local|devnet|mainnet",
            help="Which chain; by default BREAKWATER_RPC_URL, else the running sandbox (local).",
            show_default=False,
        ),
    ] = None,
    keypair: KeypairOption = None,
    signer: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Key pair of a feed's authority; may be given again."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Compare the file with the chain, and send nothing.")
    ] = False,
    print_defaults: Annotated[
        bool, typer.Option("--print-defaults", help="Print a file with every name in it, and stop.")
    ] = False,
    journal: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Where every step is noted; by default in the cache.", show_default=False
        ),
    ] = None,
    yes: YesOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; amounts in lamports.")] = False,
) -> None:
    """Set up exchange, MMT and feeds as the file says, and give up the power over them.

    What is on the chain already is compared, and what it costs is shown first. Run it again after an
    interruption: it continues; after its end it does nothing. Exit status of --dry-run: 1 if the chain
    contradicts the file.
    """
    from ..charter import default_text
    from . import _genesis_view as view

    if print_defaults:
        typer.echo(default_text(), nl=False)
        return
    wanted = view.Wanted(file, cluster, keypair, tuple(signer or ()), journal, yes)
    if dry_run:
        plan = asyncio.run(view.look(wanted))
        view.print_plan(plan, as_json=as_json)
        raise typer.Exit(1 if plan.conflicts else 0)
    view.print_outcome(asyncio.run(view.run(wanted)), as_json=as_json)
