"""Columns of integers in few bytes: as differences, as runs, as ranks among few values, by their sizes, in as
many bits as it takes.

Every way is tried and the shortest is kept, so a column never has to be told what it is. Integers are 0 to
2^64 - 1; signed ones travel in two's complement. What comes out is what went in, to the bit.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from breakwater.errors import Fatal

from ._laying import Column, Reader, integers, lay, varint
from ._sizes import SIZED_FROM, sized, sizes

__all__ = ["Column", "Reader", "decode", "encode", "varint"]

ONE, PLAIN, DELTA, RUNS, RANKS, SIZES, DELTA_SIZES = range(7)
FEW: Final = 16
"""A column with fewer than one distinct value in so many is tried as ranks."""


def encode(values: Column, *, dense: bool = True) -> bytes:
    """A column in bytes, the shortest of all ways.

    Args:
        values: at least one.
        dense: compress here; otherwise leave it to whoever compresses many columns as one.
    """
    first = int(values[0])
    if (values == values[0]).all():
        return bytes([ONE]) + varint(first)
    ways = [
        bytes([PLAIN]) + lay(values, dense=dense),
        bytes([DELTA]) + varint(first) + lay(_zigzag(values), dense=dense),
    ]
    if dense and len(values) >= SIZED_FROM:
        ways.append(bytes([SIZES]) + sizes(values))
        ways.append(bytes([DELTA_SIZES]) + varint(first) + sizes(_zigzag(values)))
    changes = np.flatnonzero(values[1:] != values[:-1])
    if len(changes) * 3 < len(values):
        starts = np.concatenate(([0], changes + 1))
        lengths = np.diff(np.concatenate((starts, [len(values)])))
        head = bytes([RUNS]) + varint(len(starts))
        ways.append(
            head + encode(values[starts], dense=dense) + encode(lengths.astype(np.uint64), dense=dense)
        )
    few, ranks = np.unique(values, return_inverse=True)
    if len(few) * FEW < len(values):
        head = bytes([RANKS]) + varint(len(few))
        ways.append(
            head + encode(few, dense=dense) + bytes([PLAIN]) + lay(ranks.astype(np.uint64), dense=dense)
        )
    return min(ways, key=len)


def decode(reader: Reader, rows: int) -> Column:
    """The column of so many rows that `encode` wrote.

    Raises:
        Fatal: the bytes are none.
    """
    (way,) = reader.take(1)
    if way == ONE:
        return np.full(rows, reader.varint(), np.uint64)
    if way == PLAIN:
        return integers(reader, rows)
    if way == SIZES:
        return sized(reader, rows)
    if way in (DELTA, DELTA_SIZES):
        first = reader.varint()
        steps = integers(reader, rows - 1) if way == DELTA else sized(reader, rows - 1)
        moves = (steps >> np.uint64(1)) ^ (-(steps & np.uint64(1)).astype(np.int64)).astype(np.uint64)
        return np.cumsum(np.concatenate((np.array([first], np.uint64), moves)), dtype=np.uint64)
    if way == RUNS:
        count = reader.varint()
        of_runs = decode(reader, count)
        return np.repeat(of_runs, decode(reader, count).astype(np.int64))
    if way == RANKS:
        few = decode(reader, reader.varint())
        (inner,) = reader.take(1)
        if inner == PLAIN:
            return few[integers(reader, rows).astype(np.int64)]
    raise Fatal("Restore the file from its journal or from the chain: it holds no such column.")


def _zigzag(values: Column) -> Column:
    """Differences from each to the next, by their distance from zero."""
    moves = (values[1:] - values[:-1]).view(np.int64)
    return ((moves << 1) ^ (moves >> 63)).view(np.uint64)
