"""What the generators of tables and vectors have in common: write the files, or say which are stale."""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import mpmath
from mpmath import mpf

ROOT = Path(__file__).resolve().parent.parent
VECTORS = Path("tests/vectors")

Row = list[Any]
Files = Mapping[str, tuple[list[str], Callable[[random.Random], Iterator[Row]]]]
"""Vector files by name: their columns, and their rows from a generator that is seeded by the name."""


def decimal(value: mpf | int, digits: int) -> str:
    """A real number to so many digits, never with an exponent; 0 below 10^-60."""
    if abs(value) < mpf(10) ** -60:
        return "0"
    return str(mpmath.nstr(mpf(value), digits, min_fixed=-mpmath.inf, max_fixed=mpmath.inf))


def lengths(rng: random.Random, bits: int = 64) -> int:
    """A natural number of random length, up to `bits`."""
    return rng.getrandbits(rng.randint(1, bits))


def vectors(files: Files, name: str) -> str:
    """One row a line: the inputs as exact integers, then the expected decimal or the error's name."""
    columns, make = files[name]
    lines = ",\n".join("  " + json.dumps(row, separators=(",", ":")) for row in make(random.Random(name)))
    return f'{{"columns": {json.dumps(columns)}, "rows": [\n{lines}\n]}}\n'


def write_or_check(about: str | None, tables: Path, make_tables: Callable[[], str], files: Files) -> int:
    """Make everything and write what differs; with --check on the command line only name it.

    Args:
        about: what --help says.
        tables: where the Rust tables belong, from the root.
        make_tables: their text.
        files: the vector files.

    Returns:
        The exit status: 1 if something is stale and was not written.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--check", action="store_true", help="compare with the committed files instead of writing"
    )
    check = parser.parse_args().check
    made = {tables: make_tables()} | {VECTORS / f"{name}.json": vectors(files, name) for name in files}
    stale = []
    for path, text in made.items():
        target = ROOT / path
        if target.exists() and target.read_text() == text:
            continue
        stale.append(path)
        if not check:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    for path in stale:
        print(f"{'stale' if check else 'written'}: {path}", file=sys.stderr)
    return 1 if check and stale else 0
