"""Integers as bytes and back: a column's numbers in so many bits each, or byte by byte and compressed.

What `columns` is made of: numbers less their smallest, by their common divisor, and what reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import zstandard

from breakwater.errors import Fatal

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["Column", "Reader", "gathered", "integers", "lay", "spread", "varint"]

Column: TypeAlias = "NDArray[np.uint64]"

BITS, PLANES, PACKED = range(3)
"""How integers lie: in bits, or byte by byte, the latter compressed or not."""

LEVEL: Final = 12


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


def lay(values: Column, *, dense: bool) -> bytes:
    """Integers less the smallest, by their common divisor.

    Args:
        values: at least one.
        dense: compress here.
    """
    low = values.min()
    rest = values - low
    step = max(int(np.gcd.reduce(rest)), 1)
    head = varint(int(low)) + varint(step)
    return head + _lay(rest // np.uint64(step), dense)


def integers(reader: Reader, rows: int) -> Column:
    """So many that `lay` wrote.

    Raises:
        Fatal: the bytes are none.
    """
    low, step = reader.varint(), reader.varint()
    (way, width) = reader.take(2)
    size = reader.varint()
    raw = reader.take(size)
    if way == BITS:
        bits = np.unpackbits(np.frombuffer(raw, np.uint8), count=rows * width)
        values = gathered(bits, rows, width)
    else:
        if way == PACKED:
            raw = _unpack(raw, rows * width)
        planes = np.zeros((rows, 8), np.uint8)
        planes[:, :width] = np.frombuffer(raw, np.uint8, rows * width).reshape(width, rows).T
        values = planes.view("<u8").reshape(rows)
    return values * np.uint64(step) + np.uint64(low)


def spread(values: Column, width: int) -> NDArray[np.uint8]:
    """Their lowest bits, one behind the other."""
    if width <= 0:
        return np.zeros(0, np.uint8)
    raw = values.astype(">u8").view(np.uint8).reshape(len(values), 8)
    return np.unpackbits(raw, axis=1)[:, 64 - width :].reshape(-1)


def gathered(bits: NDArray[np.uint8], rows: int, width: int) -> Column:
    """The numbers of so many bits that `spread` wrote."""
    padded = np.zeros((rows, 64), np.uint8)
    padded[:, 64 - width :] = bits.reshape(rows, width)
    return np.packbits(padded, axis=1).view(">u8").reshape(rows).astype(np.uint64)


def _lay(values: Column, dense: bool) -> bytes:
    rows, most = len(values), int(values.max()) if len(values) else 0
    bits = most.bit_length()
    width = -(-bits // 8)
    planes = np.ascontiguousarray(values, "<u8").view(np.uint8).reshape(rows, 8)[:, :width].T.tobytes()
    ways: list[Callable[[], bytes]] = [lambda: _part(PLANES, width, planes)]
    if dense:
        ways.append(lambda: _part(BITS, bits, np.packbits(spread(values, bits)).tobytes()))
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
