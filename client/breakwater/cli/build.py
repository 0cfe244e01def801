"""`breakwater build`: programs and IDLs from source."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def build(
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Build elsewhere and compare; exit 1 naming each file that does not match."
        ),
    ] = False,
    recall: Annotated[
        bool,
        typer.Option(
            "--recall",
            help="With --check: believe a check made here before of the same files, sources and toolchain.",
        ),
    ] = False,
    probes: Annotated[
        bool,
        typer.Option(
            "--probes", help="Build only the probes, into the cache: BREAKWATER_PROGRAMS tries them."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    root: Annotated[
        Path | None, typer.Option(help="The repository; by default the one around the current directory.")
    ] = None,
) -> None:
    """Build the Solana programs and their IDLs into the package, with a manifest of their hashes."""
    from .. import build as service
    from ..config import settings
    from ..errors import InvalidInput
    from . import _build_view as view

    if probes and check:
        raise InvalidInput("Leave out --probes: --check builds and compares everything, probes too.")
    if recall and not check:
        raise InvalidInput("Add --check: --recall believes an earlier one.")
    cache = settings().cache
    repository = service.find_root(root)
    toolchain = service.find_toolchain(cache)
    if probes:
        made = service.build_probes(repository, toolchain, cache=cache, progress=view.progress)
        typer.echo(json.dumps([str(path) for path in made]) if as_json else "\n".join(map(str, made)))
        return
    if check:
        verdict = service.check(repository, toolchain, cache=cache, progress=view.progress, recall=recall)
        typer.echo(json.dumps(view.check_dict(verdict)) if as_json else view.check_text(verdict))
        raise typer.Exit(0 if verdict.ok else 1)
    result = service.build(repository, toolchain, cache=cache, progress=view.progress)
    typer.echo(json.dumps(view.build_dict(result)) if as_json else view.build_text(result))
