"""Many accounts of one kind as one block of bytes, column by column, and single accounts out of it.

A large block has each column compressed for itself. In a small one that would be mostly headers, so its
columns are compressed together, with a dictionary trained on such blocks once there were some. Addresses of
markets follow from their numbers and are written as those; others are written once each, or stand in a list
that whoever keeps many blocks keeps beside them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import zstandard

from breakwater.chain import addresses as at
from breakwater.errors import Fatal, InvalidInput

from .columns import Reader, decode, encode, varint
from .shapes import Shape, shape_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from .columns import Column

__all__ = ["KINDS", "Block", "encode_block", "open_block", "train"]

KINDS: Final = ("Position", "Market", "Trader", "Chain", "Stop", "Shard", "Vault", "Config")
"""Kinds of accounts a block may be of; their places here are in the file format."""

DENSE, LOOSE, TRAINED = range(3)
RAW, NUMBERED, KNOWN = range(3)
"""How a table of addresses lies: written out, as markets' numbers, as places in a list that others keep."""
SMALL: Final = 1_024
"""Rows below which compressing a block as a whole is tried."""
LEVEL: Final = 19
MAX_BODY: Final = 1 << 30


class Block:
    """An opened block: any of its accounts, in the order in which they were given."""

    def __init__(
        self, shape: Shape, rows: int, columns: dict[str, Column], tables: dict[str, _Table]
    ) -> None:
        self.shape, self._rows = shape, rows
        self._columns, self._tables = columns, tables
        self._matrix: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, row: int) -> bytes:
        """An account's data.

        Raises:
            IndexError: there is no such row.
        """
        if not 0 <= row < self._rows:
            raise IndexError(row)
        return self._numbers()[row].tobytes() if self._whole else self._one(row)

    def column(self, name: str) -> Column:
        """A number of all accounts; for one that follows from others, the difference."""
        return self._columns[name]

    def addresses(self, name: str) -> list[bytes]:
        """The different addresses of a column."""
        return self._tables[name].addresses

    def where(self, **values: bytes | int) -> list[int]:
        """The rows that have these addresses and numbers in these columns."""
        found = np.ones(self._rows, np.bool_)
        for name, value in values.items():
            if isinstance(value, bytes):
                table = self._tables[name]
                rank = table.places.get(value)
                if rank is None:
                    return []
                found &= table.ranks == np.uint64(rank)
            else:
                found &= self._columns[name] == np.uint64(value)
        return [int(row) for row in np.flatnonzero(found)]

    def rows(self) -> list[bytes]:
        """All accounts' data."""
        matrix = self._numbers()
        if not self._whole:
            for name, table in self._tables.items():
                field = next(each for each in self.shape.addresses if each.name == name)
                found = np.frombuffer(b"".join(table.addresses), np.uint8)
                places = found.reshape(-1, field.width)[table.ranks.astype(np.int64)]
                matrix[:, field.offset : field.offset + field.width] = places
            self._whole = True
        size = self.shape.size
        raw = matrix.tobytes()
        return [raw[i : i + size] for i in range(0, len(raw), size)]

    _whole = False

    def _numbers(self) -> NDArray[np.uint8]:
        if self._matrix is None:
            self._matrix = np.zeros((self._rows, self.shape.size), np.uint8)
            self.shape.restore(self._matrix, self._columns)
        return self._matrix

    def _one(self, row: int) -> bytes:
        data = bytearray(self._numbers()[row].tobytes())
        for field in self.shape.addresses:
            table = self._tables[field.name]
            address = table.addresses[int(table.ranks[row])]
            data[field.offset : field.offset + field.width] = address
        return bytes(data)


class _Table:
    """A column of addresses: which there are, and which of them each row has."""

    def __init__(self, addresses: Sequence[bytes] | None, numbers: Column | None, ranks: Column) -> None:
        self._own, self._numbers, self.ranks = addresses, numbers, ranks

    @cached_property
    def addresses(self) -> list[bytes]:
        """The address of each rank."""
        if self._own is not None:
            return list(self._own)
        return [] if self._numbers is None else [bytes(at.market(int(each))) for each in self._numbers]

    @cached_property
    def places(self) -> dict[bytes, int]:
        """The rank of each address."""
        return {address: rank for rank, address in enumerate(self.addresses)}


def encode_block(
    name: str,
    datas: Sequence[bytes],
    *,
    numbers: Mapping[bytes, int] | None = None,
    known: Mapping[bytes, int] | None = None,
    dictionary: zstandard.ZstdCompressionDict | None = None,
) -> bytes:
    """A block of accounts; opening it gives back exactly these.

    Args:
        name: their kind.
        datas: their data, at least one account.
        numbers: markets' numbers by their addresses, as far as they are known.
        known: places of other addresses in the list that opening the block takes.
        dictionary: for small blocks; whoever opens the block needs it too.

    Raises:
        InvalidInput: one is no such account.
    """
    if not datas:
        raise InvalidInput("Pass at least one account: an empty block says nothing.")
    shape = shape_of(name)
    head = bytes([KINDS.index(name)]) + varint(len(datas))
    ways = [head + bytes([DENSE]) + _body(shape, datas, numbers or {}, known or {}, dense=True)]
    if len(datas) < SMALL:
        loose = _body(shape, datas, numbers or {}, known or {}, dense=False)
        ways.append(head + bytes([LOOSE]) + varint(len(loose)) + _compress(loose, None))
        if dictionary is not None:
            ways.append(head + bytes([TRAINED]) + varint(len(loose)) + _compress(loose, dictionary))
    return min(ways, key=len)


def open_block(
    raw: bytes,
    dictionary: zstandard.ZstdCompressionDict | None = None,
    known: Sequence[bytes] = (),
) -> Block:
    """Open what `encode_block` made.

    Raises:
        Fatal: it is damaged, or needs a dictionary that was not given.
    """
    reader = Reader(raw)
    (kind,) = reader.take(1)
    if kind >= len(KINDS):
        raise Fatal("Use the Breakwater that wrote this file: it holds accounts of an unknown kind.")
    shape, rows = shape_of(KINDS[kind]), reader.varint()
    (way,) = reader.take(1)
    if way != DENSE:
        size = reader.varint()
        if way == TRAINED and dictionary is None:
            raise Fatal("Restore the store's dictionary from its journal: a block needs it.")
        reader = Reader(_decompress(raw[reader.at :], size, dictionary if way == TRAINED else None))
    tables = {}
    for field in shape.addresses:
        (source,) = reader.take(1)
        count = reader.varint()
        listed = None if source == RAW else decode(reader, count)
        own: list[bytes] | None = None
        if source == RAW:
            own = [reader.take(field.width) for _ in range(count)]
        elif source == KNOWN and listed is not None:
            if int(listed.max()) >= len(known):
                raise Fatal("Restore the store's addresses from its journal: a block needs more of them.")
            own = [known[int(each)] for each in listed]
        tables[field.name] = _Table(own, listed, decode(reader, rows))
    columns = {field.name: decode(reader, rows) for field in shape.numbers}
    return Block(shape, rows, columns, tables)


def train(
    name: str, groups: Sequence[Sequence[bytes]], known: Mapping[bytes, int], size: int
) -> zstandard.ZstdCompressionDict | None:
    """A dictionary for small blocks, from groups of accounts like theirs; None if they are too few."""
    samples: list[bytes | bytearray | memoryview] = [
        _body(shape_of(name), group, {}, known, dense=False) for group in groups
    ]
    try:
        return zstandard.train_dictionary(size, samples)
    except zstandard.ZstdError:
        return None


def _body(
    shape: Shape,
    datas: Sequence[bytes],
    numbers: Mapping[bytes, int],
    known: Mapping[bytes, int],
    *,
    dense: bool,
) -> bytes:
    matrix = shape.matrix(datas)
    parts = []
    for field in shape.addresses:
        column = [data[field.offset : field.offset + field.width] for data in datas]
        orders = [dict.fromkeys(column), sorted(set(column))]
        parts.append(min((_table(column, each, numbers, known, dense=dense) for each in orders), key=len))
    columns = shape.columns(matrix)
    parts += [encode(columns[field.name], dense=dense) for field in shape.numbers]
    return b"".join(parts)


def _table(
    column: Sequence[bytes],
    order: Iterable[bytes],
    numbers: Mapping[bytes, int],
    known: Mapping[bytes, int],
    *,
    dense: bool,
) -> bytes:
    """A column's different addresses in this order, and which of them each row has."""
    ranks = {address: rank for rank, address in enumerate(order)}
    if all(each in numbers and _is_market(each, numbers[each]) for each in ranks):
        head, places = NUMBERED, numbers
    elif all(each in known for each in ranks):
        head, places = KNOWN, known
    else:
        head, places = RAW, {}
    if head == RAW:
        listed = b"".join(ranks)
    else:
        listed = encode(np.array([places[each] for each in ranks], np.uint64), dense=dense)
    of_rows = encode(np.array([ranks[each] for each in column], np.uint64), dense=dense)
    return bytes([head]) + varint(len(ranks)) + listed + of_rows


def _is_market(address: bytes, number: int) -> bool:
    return bytes(at.market(number)) == address


def _compress(raw: bytes, dictionary: zstandard.ZstdCompressionDict | None) -> bytes:
    parameters = zstandard.ZstdCompressionParameters.from_level(
        LEVEL,
        source_size=len(raw),
        dict_size=0 if dictionary is None else len(dictionary),
        format=zstandard.FORMAT_ZSTD1_MAGICLESS,
        write_content_size=False,
        write_dict_id=False,
    )
    return zstandard.ZstdCompressor(dict_data=dictionary, compression_params=parameters).compress(raw)


def _decompress(raw: bytes, size: int, dictionary: zstandard.ZstdCompressionDict | None) -> bytes:
    reader = zstandard.ZstdDecompressor(dict_data=dictionary, format=zstandard.FORMAT_ZSTD1_MAGICLESS)
    if size > MAX_BODY:
        raise Fatal("Restore the file from its journal or from the chain: a block claims too many bytes.")
    try:
        return reader.decompress(raw, max_output_size=size)
    except zstandard.ZstdError:
        raise Fatal("Restore the file from its journal or from the chain: a block is damaged.") from None
