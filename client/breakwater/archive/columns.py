"""Columns of integers in few bytes: as differences, as runs, as ranks among few values, in as many bits as
it takes.

Every way is tried and the shortest is kept, so a column never has to be told what it is. Integers are 0 to
2^64 - 1; signed ones travel in two's complement. What comes out is what went in, to the bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import zstandard

from breakwater.errors import Fatal

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["Column", "Reader", "decode", "encode", "varint"]

Column: TypeAlias = "NDArray[np.uint64]"

ONE, PLAIN, DELTA, RUNS, RANKS = range(5)
BITS, PLANES, PACKED = range(3)
"""How the integers of a column lie: in bits, or byte by byte, the latter compressed or not."""

FEW: Final = 16
"""A column with fewer than one distinct value in so many is tried as ranks."""
LEVEL: Final = 12
WORD: Final = (1 << 64) - 1


def varint(value: int) -> bytes:
    """A natural number in as many groups of seven bits as it needs, the lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


class Reader:
    """Takes what was written off the front of some bytes.

    Raises:
        Fatal: from every method, when the bytes end too early.
    """

    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def take(self, size: int) -> bytes:
        """So many bytes."""
        piece = self._data[self.at : self.at + size]
        if len(piece) != size:
            raise Fatal("Restore the file from its journal or from the chain: it ends inside a column.")
        self.at += size
        return piece

    def varint(self) -> int:
        """A number that `varint` wrote."""
        value = shift = 0
        while True:
            (byte,) = self.take(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7


def encode(values: Column, *, dense: bool = True) -> bytes:
    """A column in bytes, the shortest of all ways.

    Args:
        values: at least one.
        dense: compress here; otherwise leave it to whoever compresses many columns as one.
    """
    first = int(values[0])
    if (values == values[0]).all():
        return bytes([ONE]) + varint(first)
    ways = [_plain(values, dense), _delta(values, dense)]
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
        ways.append(head + encode(few, dense=dense) + _plain(ranks.astype(np.uint64), dense))
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
        return _integers(reader, rows)
    if way == DELTA:
        first, steps = reader.varint(), _integers(reader, rows - 1)
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
            return few[_integers(reader, rows).astype(np.int64)]
    raise Fatal("Restore the file from its journal or from the chain: it holds no such column.")


def _plain(values: Column, dense: bool) -> bytes:
    """Less the smallest, by their common divisor."""
    low = values.min()
    rest = values - low
    step = max(int(np.gcd.reduce(rest)), 1)
    head = bytes([PLAIN]) + varint(int(low)) + varint(step)
    return head + _lay(rest // np.uint64(step), dense)


def _delta(values: Column, dense: bool) -> bytes:
    moves = (values[1:] - values[:-1]).view(np.int64)
    zigzag = ((moves << 1) ^ (moves >> 63)).view(np.uint64)
    plain = _plain(zigzag, dense)
    return bytes([DELTA]) + varint(int(values[0])) + plain[1:]


def _integers(reader: Reader, rows: int) -> Column:
    low, step = reader.varint(), reader.varint()
    (way, width) = reader.take(2)
    size = reader.varint()
    raw = reader.take(size)
    if way == BITS:
        bits = np.unpackbits(np.frombuffer(raw, np.uint8), count=rows * width).reshape(rows, width)
        padded = np.zeros((rows, 64), np.uint8)
        padded[:, 64 - width :] = bits
        values = np.packbits(padded, axis=1).view(">u8").reshape(rows).astype(np.uint64)
    else:
        if way == PACKED:
            raw = _unpack(raw, rows * width)
        planes = np.zeros((rows, 8), np.uint8)
        planes[:, :width] = np.frombuffer(raw, np.uint8, rows * width).reshape(width, rows).T
        values = planes.view("<u8").reshape(rows)
    return values * np.uint64(step) + np.uint64(low)


def _lay(values: Column, dense: bool) -> bytes:
    rows, most = len(values), int(values.max()) if len(values) else 0
    bits = most.bit_length()
    width = -(-bits // 8)
    planes = np.ascontiguousarray(values, "<u8").view(np.uint8).reshape(rows, 8)[:, :width].T.tobytes()
    ways: list[Callable[[], bytes]] = [lambda: _part(PLANES, width, planes)]
    if dense:
        spread = np.unpackbits(values.astype(">u8").view(np.uint8).reshape(rows, 8), axis=1)[:, 64 - bits :]
        ways.append(lambda: _part(BITS, bits, np.packbits(spread).tobytes()))
        ways.append(lambda: _part(PACKED, width, _pack(planes)))
    return min((way() for way in ways), key=len)


def _part(way: int, width: int, raw: bytes) -> bytes:
    return bytes([way, width]) + varint(len(raw)) + raw


def _pack(raw: bytes) -> bytes:
    parameters = zstandard.ZstdCompressionParameters.from_level(
        LEVEL,
        source_size=len(raw),
        format=zstandard.FORMAT_ZSTD1_MAGICLESS,
        write_content_size=False,
        write_checksum=False,
    )
    return zstandard.ZstdCompressor(compression_params=parameters).compress(raw)


def _unpack(raw: bytes, size: int) -> bytes:
    try:
        made = zstandard.ZstdDecompressor(format=zstandard.FORMAT_ZSTD1_MAGICLESS).decompress(
            raw, max_output_size=size
        )
    except zstandard.ZstdError:
        made = b""
    if len(made) != size:
        raise Fatal("Restore the file from its journal or from the chain: a column is damaged.")
    return made
