"""Columns by the sizes of their numbers: a symbol says how many bits a number has, or which frequent one it
is, and the bits follow.

So a column costs what its numbers cost by themselves, whatever the largest among them: zeros, a few round
lots and odd amounts may stand beside each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from breakwater.errors import Fatal

from ._laying import gathered, integers, lay, spread, varint

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._laying import Column, Reader

__all__ = ["SIZED_FROM", "sized", "sizes"]

FREQUENT: Final = 126
"""Values that have a symbol of their own, at most; what is left of a byte are 65 sizes, twice."""
WIDTHS: Final = 65
SIZED_FROM: Final = 64
"""Rows below which sizes are not worth their table."""
STEPS: Final = tuple(10**power for power in range(1, 10))
"""What many of a column's numbers may be multiples of: whole cents among odd amounts."""


def sizes(values: Column) -> bytes:
    """A symbol for each, which frequent value it is or how many bits it has; then the bits below the first.

    Args:
        values: at least one.
    """
    low = values.min()
    rest = values - low
    common = np.uint64(max(int(np.gcd.reduce(rest)), 1))
    rest //= common
    widths = _bits(rest)
    few, inverse, counts = np.unique(rest, return_inverse=True, return_counts=True)
    of_few = _bits(few)
    beside = np.bincount(widths, minlength=WIDTHS)[of_few]
    saved = counts * (of_few - 1 - np.log2(beside / counts)) - of_few - 8
    saved[of_few == 0] = 1  # a zero has no bits, and is nearly always worth its symbol
    order = np.argsort(-saved, kind="stable")[:FREQUENT]
    chosen = np.sort(order[saved[order] > 0])
    symbols = np.full(len(few), -1, np.int64)
    symbols[chosen] = np.arange(len(chosen))
    symbols = symbols[inverse]
    left = symbols < 0
    step = _step(rest[left])
    whole = left & (rest % step == 0) if step > 1 else np.zeros(len(rest), np.bool_)
    rest = np.where(whole, rest // step, rest)
    symbols = np.where(left, len(chosen) + _bits(rest) + WIDTHS * whole, symbols)
    parts = [
        spread(rest[symbols == symbol], (symbol - len(chosen)) % WIDTHS - 1)
        for symbol in np.unique(symbols[left])
    ]
    bits = np.packbits(np.concatenate(parts)).tobytes() if parts else b""
    head = varint(int(low)) + varint(int(common)) + varint(int(step)) + varint(len(chosen))
    table = lay(few[chosen], dense=True) if len(chosen) else b""
    return head + table + lay(symbols.astype(np.uint64), dense=True) + bits


def _step(values: Column) -> np.uint64:
    """What it saves most bits to write multiples of as such; 1 if nothing does."""
    best, saved = 1, 0.0
    for step in STEPS:
        count = int((values % np.uint64(step) == 0).sum())
        if count > 0:
            part = count / len(values)
            unsaid = 0.0 if part == 1 else -part * np.log2(part) - (1 - part) * np.log2(1 - part)
            now = count * np.log2(step) - len(values) * unsaid
            best, saved = (step, now) if now > saved else (best, saved)
    return np.uint64(best)


def sized(reader: Reader, rows: int) -> Column:
    """The column of so many rows that `sizes` wrote.

    Raises:
        Fatal: the bytes are none.
    """
    low, common, step, count = (reader.varint() for _ in range(4))
    few = integers(reader, count) if count else np.zeros(0, np.uint64)
    symbols = integers(reader, rows).astype(np.int64)
    values = np.zeros(rows, np.uint64)
    known = symbols < count
    values[known] = few[symbols[known]]
    others, counts = np.unique(symbols[~known], return_counts=True)
    if len(others) and others[-1] >= count + 2 * WIDTHS:
        raise Fatal("Restore the file from its journal or from the chain: it holds no such column.")
    widths = np.maximum((others - count) % WIDTHS - 1, 0)
    total = int((widths * counts).sum())
    bits = np.unpackbits(np.frombuffer(reader.take(-(-total // 8)), np.uint8), count=total)
    at = 0
    for symbol, number, width in zip(others, counts, widths, strict=True):
        end = at + int(number * width)
        found = gathered(bits[at:end], int(number), int(width))
        if (symbol - count) % WIDTHS:
            found |= np.uint64(1 << int(width))
        values[symbols == symbol] = found * np.uint64(step if symbol - count >= WIDTHS else 1)
        at = end
    return values * np.uint64(common) + np.uint64(low)


def _bits(values: Column) -> NDArray[np.int64]:
    """How many bits each has."""
    found = np.zeros(len(values), np.int64)
    for shift in (32, 16, 8, 4, 2, 1):
        more = values >= np.uint64(1 << shift)
        found += shift * more
        values = np.where(more, values >> np.uint64(shift), values)
    return found + (values > 0)
