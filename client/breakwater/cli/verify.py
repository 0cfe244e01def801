"""`breakwater verify`: proves from the chain alone what is deployed, and that nobody can change it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def verify(
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
    manifest: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Compare with this manifest; by default the shipped one."),
    ] = None,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", "--source", help="First build from source: trust no shipped hash."),
    ] = False,
    root: Annotated[
        Path | None, typer.Option(help="The repository to rebuild; by default the one around you.")
    ] = None,
    genesis: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The rules and keys to expect (TOML); by default the launch's."),
    ] = None,
    deployer: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="Look for buffers this key has left; may be given again."),
    ] = None,
    programs_only: Annotated[
        bool, typer.Option("--programs-only", help="Before the exchange is initialised.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check every byte, every rule and every key; exit 1 naming each that is not as it must be.

    Nothing is signed and no key is needed. Powers that remain are listed with who holds them.
    """
    from .. import deploy as service
    from ..charter import Charter
    from ..genesis import require_genuine
    from . import _deploy_view, _verify_view

    if rebuild:
        _deploy_view.rebuild(root)
    reference = service.reference(manifest)
    expected = Charter.read(genesis)
    if genesis is not None and genesis.suffix == ".json":
        require_genuine(genesis)
    report = asyncio.run(
        _verify_view.run(cluster, reference, expected, deployer or [], exchange=not programs_only)
    )
    _verify_view.print_report(report, as_json=as_json)
    raise typer.Exit(0 if report.ok else 1)
