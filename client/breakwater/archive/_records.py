"""What the store's journal says, frame by frame, and the index that follows it.

Frames are: what archive it is of; addresses, which contents name by their place; a trained dictionary;
contents; what the chain did; and nodes of the tree that the chain's account told, where no log told the
contents below. A reader that has seen all of them knows every leaf that anybody can know.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import numpy as np
import zstandard

from breakwater.chain.archive_accounts import CANOPY, DEPTH
from breakwater.errors import Fatal, InvalidInput

from ._index import NOWHERE, Index, Run, Segment
from .blocks import Block, open_block
from .columns import Reader
from .journal import Journal
from .leaves import HIDDEN, MARKET, SPENT, Leaf, leaf_for
from .tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "ABOUT",
    "ADDRESSES",
    "APPENDED",
    "CHANGES",
    "CONTENTS",
    "CONTINUED",
    "DICTIONARY",
    "I64",
    "KNOWN",
    "REPLACED",
    "UNTOLD",
    "Records",
]

ABOUT, ADDRESSES, DICTIONARY, CONTENTS, CHANGES, KNOWN = b"A", b"N", b"D", b"S", b"C", b"K"
APPENDED, REPLACED, CONTINUED, UNTOLD = range(4)
"""Changes as they are written; a continued one goes on where the one before it ended."""
NODE: Final = 32
KEY: Final = 32
OPEN_SEGMENTS: Final = 32
I64: Final = (1 << 63) - 1
"""What SQLite's integers hold; numbers of markets above it share theirs with others."""


class Records:
    """The journal and the index of one archive of one cluster, and the tree that they make.

    Args:
        directory: of the journal and the index; made if it is not there.
        cluster: the cluster's genesis hash and the program; a store is never used for another. None takes the
            one it is of.
        number: the archive's.

    Raises:
        InvalidInput: another process has it, or it belongs to another archive.
        Fatal: the journal is damaged.
    """

    def __init__(self, directory: Path, *, cluster: str | None, number: int = 0) -> None:
        self.directory, self.cluster, self.number = directory, cluster, number
        self._journal = Journal(directory / "journal")
        try:
            self._dictionaries: dict[bool, zstandard.ZstdCompressionDict] = {}
            self._opened: OrderedDict[int, Block] = OrderedDict()
            self._names: list[bytes] = []
            self._numbers: dict[bytes, int] = {}
            self._tree: Tree | None = None
            self._about()
            found = Index.open(directory / "index")
            if found is not None and found.number("read") > self._journal.size:
                found.close()
                found = None
            self._index = found or Index.create(directory / "index")
            for place in self._index.lists():
                self._name(self._journal.read(place)[1])
            for market in (False, True):
                if place := self._index.number(f"dictionary {market:d}"):
                    self._learn(self._journal.read(place)[1])
            self.catch_up()
            self._ready()
        except BaseException:
            self._journal.close()
            raise

    @property
    def sequence(self) -> int:
        """Changes of the tree that are known."""
        return self._index.number("sequence")

    @property
    def length(self) -> int:
        """Leaves that are known."""
        return self._index.number("length")

    @property
    def tree(self) -> Tree:
        """The tree, made of all contents when it is asked for first."""
        if self._tree is None:
            tree, nodes = Tree(DEPTH, CANOPY), [leaf.node for leaf in self]
            if nodes:
                tree.append(nodes)
            for level, at, node in self._index.learnt():
                tree.learn(level, at, node)
            tree.sequence = self.sequence
            self._tree = tree
        return self._tree

    def __iter__(self) -> Iterator[Leaf]:
        replaced = self._index.all_replaced()
        for run in self._index.runs():
            if run.segment == NOWHERE:
                for index in range(run.first, run.first + run.rows):
                    yield _untold(replaced.get(index))
                continue
            segment = self._index.segment(run.segment)
            rows = self._block(segment).rows()
            for n in range(run.rows):
                kind = replaced.get(run.first + n, segment.kind)
                yield Leaf(kind, rows[run.row + n][8:])

    def leaf(self, index: int) -> Leaf:
        """A leaf's kind now and its content, also of one that was emptied.

        Raises:
            InvalidInput: there is none.
        """
        run = self._index.run_of(index)
        if run is None:
            raise InvalidInput(f"Name a leaf below {self.length}: the archive has no leaf {index}.")
        replaced = self._index.replaced(index)
        if run.segment == NOWHERE:
            return _untold(replaced)
        segment = self._index.segment(run.segment)
        kind = segment.kind if replaced is None else replaced
        return Leaf(kind, self._block(segment)[run.row + index - run.first][8:])

    def _ready(self) -> None:
        """What else has to be known before the store can be used."""

    def catch_up(self) -> None:
        """Bring the index up to the journal.

        Raises:
            Fatal: the index can't be written; the journal has everything.
        """
        try:
            self._catch_up()
        except sqlite3.OperationalError as error:
            raise Fatal(f"Make room for {self.directory}, and try again: {error}.") from None

    def _catch_up(self) -> None:
        index = self._index
        start = index.number("read") or None
        index.begin()
        for place, kind, payload in self._journal.frames(start):
            if kind == ADDRESSES:
                self._name(payload)
                index.add_list(place)
            elif kind == DICTIONARY:
                self._learn(payload)
                index.set_number(f"dictionary {payload[0]}", place)
            elif kind == CONTENTS:
                self._index_contents(place, payload)
            elif kind == CHANGES:
                self._index_changes(Reader(payload))
            elif kind == KNOWN:
                self._index_known(Reader(payload))
        index.set_number("read", self._journal.size)
        index.commit()

    def _about(self) -> None:
        wanted = f"{self.cluster} {self.number}"
        for _, kind, payload in self._journal.frames():
            other = payload[:99].decode(errors="replace")
            named = other.endswith(f" {self.number}") if self.cluster is None else other == wanted
            if kind != ABOUT or not named:
                raise InvalidInput(f"Name another directory: {self.directory} is the archive of {other}.")
            return
        if self.cluster is None:
            raise InvalidInput(f"Name another directory: {self.directory} holds no archive.")
        self._journal.append(ABOUT, wanted.encode())

    def _name(self, payload: bytes) -> None:
        for i in range(0, len(payload), KEY):
            self._numbers[payload[i : i + KEY]] = len(self._names)
            self._names.append(payload[i : i + KEY])

    def _learn(self, payload: bytes) -> None:
        self._dictionaries[bool(payload[0])] = zstandard.ZstdCompressionDict(payload[1:])

    def _index_contents(self, place: int, payload: bytes) -> None:
        number, kind = self._index.number("segments"), payload[0]
        block = self._open(kind, payload[1:])
        if kind == MARKET:
            numbers = block.column("id") & np.uint64(I64)
            low, high = int(numbers.min()), int(numbers.max())
            self._index.add_segment(Segment(number, kind, place, len(block), low, high), ())
        else:
            subjects = [self._numbers[each] for each in block.addresses("trader")]
            self._index.add_segment(Segment(number, kind, place, len(block)), subjects)
        self._index.set_number("segments", number + 1)
        self._remember(number, block)

    def _open(self, kind: int, block: bytes) -> Block:
        return open_block(block, self._dictionaries.get(kind == MARKET), self._names)

    def take_over(self, other: Records) -> None:
        """Go on where another cluster's store ended, of which this one's exchange was made; how far its
        chain was read is forgotten.

        Raises:
            InvalidInput: there is something in this store already.
        """
        if self._index.number("segments") or self.sequence:
            raise InvalidInput(f"Name a new directory: {self.directory} has contents already.")
        for _, kind, payload in other._journal.frames():
            if kind == CHANGES:
                payload = payload[: _cursor_at(payload)] + bytes(2)  # noqa: PLW2901 - without its cursor
            if kind != ABOUT:
                self._journal.append(kind, payload, sync=False)
        self._journal.sync()
        self.catch_up()
        self._ready()

    def _index_changes(self, reader: Reader) -> None:
        index = self._index
        sequence, length = index.number("sequence"), index.number("length")
        run = Run(0, 0, 0, 0)
        for _ in range(reader.varint()):
            (verb,) = reader.take(1)
            if verb == UNTOLD:
                changes, count = reader.varint(), reader.varint()
                self._index_untold(length, changes, count)
                sequence, length = sequence + changes, length + count
                continue
            sequence += 1
            if verb == REPLACED:
                (kind,) = reader.take(1)
                leaf = reader.varint()
                index.replace(leaf, kind)
                index.forget(leaf, leaf)
                if self._tree is not None:
                    self._tree.replace(leaf, self.leaf(leaf).node)
                continue
            nodes: list[bytes | None] = []
            before = length
            for _ in range(1 if verb == CONTINUED else reader.varint()):
                if verb == CONTINUED:
                    run = Run(length, reader.varint(), run.segment, run.row + run.rows)
                else:
                    segment, row = reader.varint(), reader.varint()
                    run = Run(length, reader.varint(), segment, row)
                index.add_run(run)
                length += run.rows
                if self._tree is not None:
                    held = self._index.segment(run.segment)
                    block = self._block(held)
                    rows = range(run.row, run.row + run.rows)
                    nodes += [leaf_for(held.kind, block[row][8:]) for row in rows]
            index.forget(before, length - 1)
            if self._tree is not None:
                self._tree.append(nodes)
        if self._tree is not None:
            self._tree.sequence = sequence
        index.set_number("sequence", sequence)
        index.set_number("length", length)
        slot, size = reader.varint(), reader.varint()
        if size:
            index.set_number("slot", slot)
            index.set_text("signature", reader.take(size).decode())

    def _index_untold(self, first: int, changes: int, count: int) -> None:
        index = self._index
        if changes > 1 or not count:
            index.set_number("doubts", 1)  # some of them may have replaced leaves
        if count:
            index.add_run(Run(first, count, NOWHERE, first))
            index.forget(first, first + count - 1)
            index.set_number("untold", index.number("untold") + count)
            if self._tree is not None:
                self._tree.append([None] * count)

    def _index_known(self, reader: Reader) -> None:
        for _ in range(reader.varint()):
            level, at, node = reader.varint(), reader.varint(), reader.take(NODE)
            self._index.learn(level, at, node)
            if self._tree is not None:
                self._tree.learn(level, at, node)

    def _block(self, segment: Segment) -> Block:
        found = self._opened.get(segment.id)
        if found is None:
            _, payload = self._journal.read(segment.place)
            found = self._open(segment.kind, payload[1:])
            self._remember(segment.id, found)
        else:
            self._opened.move_to_end(segment.id)
        return found

    def _remember(self, number: int, block: Block) -> None:
        self._opened[number] = block
        if len(self._opened) > OPEN_SEGMENTS:
            self._opened.popitem(last=False)


def _untold(replaced: int | None) -> Leaf:
    """A leaf whose content nobody has told."""
    return Leaf(SPENT if replaced == SPENT else HIDDEN, b"")


def _cursor_at(payload: bytes) -> int:
    """Where in a frame of changes it says how far the chain was read."""
    reader = Reader(payload)
    for _ in range(reader.varint()):
        (verb,) = reader.take(1)
        if verb == APPENDED:
            numbers = 3 * reader.varint()
        elif verb == REPLACED:
            reader.take(1)
            numbers = 1
        else:
            numbers = 2 if verb == UNTOLD else 1
        for _ in range(numbers):
            reader.varint()
    return reader.at
