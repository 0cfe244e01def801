"""`breakwater deploy`: the programs onto a cluster, for good if asked to."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ._options import KeypairOption, YesOption


class Programs(StrEnum):
    """What to deploy."""

    ORACLE = "oracle"
    EXCHANGE = "exchange"
    ALL = "all"


def deploy(
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster",
            "--engine",
            metavar="URL|local|devnet|mainnet",
            help="Where to; by default BREAKWATER_RPC_URL, else the running sandbox (local).",
            show_default=False,
        ),
    ] = None,
    keypair: KeypairOption = None,
    program: Annotated[Programs, typer.Option(help="What to deploy.")] = Programs.ALL,
    program_keys: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Key pairs of the programs' addresses, NAME.json; by default the development keys.",
            show_default=False,
        ),
    ] = None,
    immutable: Annotated[
        bool, typer.Option("--immutable", help="Burn the upgrade authority at the end; else genesis does.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="First build from source, and stop if a byte differs.")
    ] = False,
    root: Annotated[
        Path | None, typer.Option(help="The repository to rebuild; by default the one around you.")
    ] = None,
    repository: Annotated[
        str | None, typer.Option(metavar="URL", help="Public sources, for the record explorers read.")
    ] = None,
    commit: Annotated[str | None, typer.Option(metavar="SHA", help="Their commit.")] = None,
    public_record: Annotated[
        bool, typer.Option("--public-record/--no-public-record", help="Write the record explorers read.")
    ] = True,
    journal: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Where every step is noted; by default in the cache.", show_default=False
        ),
    ] = None,
    yes: YesOption = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; amounts in lamports.")] = False,
) -> None:
    """Deploy the programs through the upgradeable loader, and prove that they are what was built.

    What it costs is shown first. Run it again after an interruption, however rude: it continues.
    """
    from .. import deploy as service
    from . import _deploy_view as view

    names = [each.value for each in Programs if program in (each, Programs.ALL)]
    options = service.Options(immutable, repository, commit, public_record)
    if rebuild:
        view.rebuild(root)
    outcome = asyncio.run(
        view.run(cluster, keypair, names, options, keys=program_keys, journal=journal, yes=yes)
    )
    view.print_outcome(outcome, options, as_json=as_json)
