"""`breakwater` as a person types it, in a thread of its own: a test's chain lives in the loop of this one."""

from __future__ import annotations

import asyncio
import io
import json
import os
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from breakwater.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from solders.keypair import Keypair

__all__ = ["Typed", "cells", "key_file", "refusal", "rows", "typed", "typed_here", "typed_json"]

WIDE = {"COLUMNS": "400"}
"""No cell of a table is broken into lines."""


@dataclass(frozen=True)
class Typed:
    """How a command ended."""

    status: int
    out: str
    err: str


async def typed(*arguments: object) -> Typed:
    """Run a command."""
    return await asyncio.to_thread(typed_here, *arguments)


def typed_here(*arguments: object) -> Typed:
    """Run a command in this thread, which has no loop; only in the main one can it take signals."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), patch.dict(os.environ, WIDE):
        try:
            main([str(each) for each in arguments])
        except SystemExit as stopped:
            code = stopped.code
    assert isinstance(code, int)
    assert "Traceback" not in err.getvalue()
    return Typed(code, out.getvalue(), err.getvalue())


async def typed_json(*arguments: object, status: int = 0) -> Any:
    """The one line that a command prints with `--json`."""
    done = await typed(*arguments, "--json")
    assert (done.status, done.out.count("\n")) == (status, 1), done
    return json.loads(done.out)


def refusal(done: Typed) -> str:
    """The one sentence of a command that failed."""
    assert (done.status, done.out) == (2, ""), done
    (line,) = [each for each in done.err.splitlines() if each.startswith("breakwater: ")]
    return line.removeprefix("breakwater: ")


def cells(text: str) -> list[list[str]]:
    """The rows of all tables, without their heads."""
    return [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in text.splitlines()
        if line.startswith("│")
    ]


def rows(text: str) -> dict[str, str]:
    """Tables of two columns: what is on the left, and what is on the right of it."""
    return {each[0]: each[1] for each in cells(text) if len(each) == 2}


def key_file(place: Path, key: Keypair) -> Path:
    """A file with a key pair."""
    file = place / f"{key.pubkey()}.json"
    file.write_text(json.dumps(list(bytes(key))))
    return file
