"""`breakwater launch`: the whole launch on a chain of this machine, and every attempt to undo it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def launch(
    engine: Annotated[
        str,
        typer.Option(
            "--engine",
            metavar="local|URL",
            help="local starts a fresh validator for it; or a fresh one's address on this machine.",
        ),
    ] = "local",
    file: Annotated[
        Path | None,
        typer.Option("--genesis", metavar="FILE", help="Rules and feeds (TOML); by default the launch's."),
    ] = None,
    place: Annotated[
        Path | None,
        typer.Option(
            "--place",
            metavar="DIR",
            help="For keys, journals and the signed summary; by default in the cache.",
            show_default=False,
        ),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the validator running until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Deploy, verify, genesis, first trades, monitor; then try to change what nobody may change.

    A rehearsal: the keys are its own, and so is the collateral. On a public cluster take the steps one by
    one: breakwater deploy, genesis, verify.
    """
    from . import _launch_view as view

    asyncio.run(view.run(engine, file, place, keep=keep, as_json=as_json))
