"""What the store's journal says, frame by frame, and the index that follows it.

Frames are: what archive it is of; addresses, which contents name by their place; a trained dictionary;
contents; and what the chain did. A reader that has seen all of them knows every leaf.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import numpy as np
import zstandard

from breakwater.chain.archive_accounts import CANOPY, DEPTH
from breakwater.errors import InvalidInput

from ._index import Index, Run, Segment
from .blocks import Block, open_block
from .columns import Reader
from .journal import Journal
from .leaves import MARKET, Leaf, leaf_for
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
    "REPLACED",
    "Records",
]

ABOUT, ADDRESSES, DICTIONARY, CONTENTS, CHANGES = b"A", b"N", b"D", b"S", b"C"
APPENDED, REPLACED, CONTINUED = range(3)
"""Changes as they are written; the last one goes on where the one before it ended."""
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
            tree.sequence = self.sequence
            self._tree = tree
        return self._tree

    def __iter__(self) -> Iterator[Leaf]:
        replaced = self._index.all_replaced()
        for run in self._index.runs():
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
        segment = self._index.segment(run.segment)
        replaced = self._index.replaced(index)
        kind = segment.kind if replaced is None else replaced
        return Leaf(kind, self._block(segment)[run.row + index - run.first][8:])

    def _ready(self) -> None:
        """What else has to be known before the store can be used."""

    def catch_up(self) -> None:
        """Bring the index up to the journal."""
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
            sequence += 1
            (verb,) = reader.take(1)
            if verb == REPLACED:
                (kind,) = reader.take(1)
                leaf = reader.varint()
                index.replace(leaf, kind)
                if self._tree is not None:
                    content = self.leaf(leaf).content
                    self._tree.replace(leaf, leaf_for(kind, content))
                continue
            nodes: list[bytes] = []
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
            if self._tree is not None:
                self._tree.append(nodes)
        index.set_number("sequence", sequence)
        index.set_number("length", length)
        slot, size = reader.varint(), reader.varint()
        if size:
            index.set_number("slot", slot)
            index.set_text("signature", reader.take(size).decode())

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
            numbers = 1
        for _ in range(numbers):
            reader.varint()
    return reader.at
