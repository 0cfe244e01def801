"""Contents of archived accounts on this machine: a journal that loses nothing, and an index that can be
made again.

Contents are written in segments and are on the disk before a transaction prunes them. What the chain then
did, leaf by leaf, is written behind them. The journal is all there is: dictionary, contents, changes, how
far the chain has been read. The index beside it is made anew whenever it is missing, damaged or behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from breakwater.chain.archive_accounts import SIBLINGS
from breakwater.errors import Fatal

from ._index import Run
from ._records import (
    ABOUT,
    ADDRESSES,
    APPENDED,
    CHANGES,
    CONTENTS,
    CONTINUED,
    DICTIONARY,
    I64,
    KNOWN,
    REPLACED,
    UNTOLD,
    Records,
)
from .blocks import encode_block, train
from .columns import varint
from .leaves import MARKET, Appended, Change, Hidden, Leaf, data_of
from .shapes import shape_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from .tree import Proof

__all__ = ["SEGMENT", "Store"]

SEGMENT: Final = 8_192
"""Contents in a segment, at most: one is decoded whole to read any of them."""
TRAIN_FROM: Final = 200
GROUP: Final = 10
SAMPLES: Final = 100
"""Groups of accounts that a dictionary is trained on, at most; a few more where they do not divide evenly."""
DICTIONARY_BYTES: Final = {False: 1_024, True: 2_048}
"""By whether it is for markets."""

WORDS: Final = {
    ABOUT: "about",
    ADDRESSES: "addresses",
    DICTIONARY: "dictionaries",
    CHANGES: "changes",
    KNOWN: "nodes",
}
"""What frames without contents are."""

NAMED: Final = ((slice(0, 32),), (slice(0, 32),), (slice(0, 32), slice(32, 64)))
"""By kind of leaf, what in a content is written once in the journal: traders; feeds and who paid the rent."""


class Store(Records):
    """The contents of one archive of one cluster, its tree, and how far both are known.

    Args:
        directory: of the journal and the index; made if it is not there.
        cluster: the cluster's genesis hash and the program; a store is never used for another.
        number: the archive's.

    Raises:
        InvalidInput: another process has it, or it belongs to another archive.
        Fatal: the journal is damaged.
    """

    # Writing

    def prepare(
        self, kind: int, contents: Sequence[bytes], numbers: Mapping[bytes, int] | None = None
    ) -> None:
        """Write contents that are about to be archived; they are on the disk when this returns.

        What is there already and waits for its transaction is not written twice.

        Args:
            kind: of their leaves.
            contents: an account's data each, without the discriminator.
            numbers: markets' numbers by their addresses, which take less room.

        Raises:
            InvalidInput: one is no such content.
        """
        new = [each for each in dict.fromkeys(contents) if (kind, each) not in self._pending]
        for i in range(0, len(new), SEGMENT):
            self._contents(kind, new[i : i + SEGMENT], numbers)
        if new:
            self._journal.sync()

    def land(self, changes: Sequence[Change], *, cursor: tuple[int, str] | None = None) -> None:
        """Write down what the chain did, in its order; contents that were not prepared are written with it.

        Args:
            changes: the next ones of the tree, without gaps.
            cursor: slot and signature up to which the chain is known now.

        Raises:
            Fatal: a change is missing before one of these.
        """
        self._require_next(changes)
        for kind in sorted({leaf.kind for leaf in _leaves(changes)}):
            self.prepare(kind, [leaf.content for leaf in _leaves(changes) if leaf.kind == kind])
        payload, end = bytearray(varint(len(changes))), (-1, -1)
        for change in changes:
            if isinstance(change, Appended):
                runs = self._runs(change)
                begin = runs[0].segment, runs[0].row
                follows = begin == end and len(runs) == 1
                end = runs[-1].segment, runs[-1].row + runs[-1].rows
                if follows:
                    payload += bytes([CONTINUED]) + varint(runs[0].rows)
                    continue
                payload += bytes([APPENDED]) + varint(len(runs))
                for run in runs:
                    payload += varint(run.segment) + varint(run.row) + varint(run.rows)
            elif isinstance(change, Hidden):
                payload += bytes([UNTOLD]) + varint(change.changes) + varint(change.count)
            else:
                payload += bytes([REPLACED, change.kind]) + varint(change.index)
        slot, signature = cursor or (0, "")
        payload += varint(slot) + varint(len(signature)) + signature.encode()
        self._journal.append(CHANGES, bytes(payload))
        self.catch_up()
        for leaf in _leaves(changes):
            self._pending.pop((leaf.kind, leaf.content), None)

    def learn(self, nodes: Iterable[tuple[int, int, bytes]]) -> None:
        """Take nodes over that do not follow from the contents, because no log told some of these.

        Args:
            nodes: level, place and node, of the tree as it is known now. The canopy's are not written down:
                every account tells them.
        """
        new = [each for each in nodes if self.tree.learn(*each) and each[0] < SIBLINGS]
        if new:
            told = (varint(level) + varint(place) + node for level, place, node in new)
            self._journal.append(KNOWN, varint(len(new)) + b"".join(told))
            self.catch_up()

    # Reading

    @property
    def hidden(self) -> int:
        """Leaves whose contents no log told."""
        return self._index.number("untold")

    @property
    def doubtful(self) -> bool:
        """Whether some leaf may have been replaced and no log told which."""
        return bool(self._index.number("doubts"))

    @property
    def cursor(self) -> tuple[int, str]:
        """Slot and signature up to which the chain was read."""
        return self._index.number("slot"), self._index.text("signature")

    @property
    def pending(self) -> int:
        """Contents that were written and whose transaction is not known to have landed."""
        return len(self._pending)

    @property
    def size(self) -> dict[str, int]:
        """Bytes of the journal, its dictionaries among them, and of the index."""
        names = {"journal": "journal", "index": "index", "index_log": "index-wal"}
        files = {name: self.directory / file for name, file in names.items()}
        sizes = {name: file.stat().st_size if file.exists() else 0 for name, file in files.items()}
        return sizes | {"dictionaries": sum(len(each) for each in self._dictionaries.values())}

    def parts(self) -> dict[str, int]:
        """Bytes of the journal's frames by what they are."""
        found: dict[str, int] = {}
        for _, kind, payload in self._journal.frames():
            name = WORDS.get(kind)
            if name is None:
                name = ("live", "done", "markets")[payload[0]]
            found[name] = found.get(name, 0) + len(payload)
        return found

    def proof(self, index: int) -> Proof:
        """The proof of a leaf against the newest root that is known."""
        return self.tree.proof(index)

    def find(self, trader: bytes, **values: bytes | int) -> Iterator[tuple[int, Leaf]]:
        """Leaves of a trader's positions that have these values (market, outcome, kind), in no order."""
        number = self._numbers.get(trader)
        if number is not None:
            yield from self._found(self._index.segments_of(number), {"trader": trader, **values})

    def find_market(self, number: int) -> Iterator[tuple[int, Leaf]]:
        """Leaves of a market's number."""
        yield from self._found(self._index.segments_with_market(number & I64), {"id": number})

    def _found(
        self, segments: Sequence[int], values: Mapping[str, bytes | int]
    ) -> Iterator[tuple[int, Leaf]]:
        for number in segments:
            segment = self._index.segment(number)
            block = self._block(segment)
            places = block.where(**values)
            runs = self._index.runs_of(number) if places else []
            for place in places:
                for run in runs:
                    if run.row <= place < run.row + run.rows:
                        index = run.first + place - run.row
                        replaced = self._index.replaced(index)
                        yield index, Leaf(segment.kind if replaced is None else replaced, block[place][8:])

    def close(self) -> None:
        """Let go; the journal has everything."""
        self._index.close()
        self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # How frames are written

    def _ready(self) -> None:
        self._pending = self._unlanded()

    def _contents(self, kind: int, contents: Sequence[bytes], numbers: Mapping[bytes, int] | None) -> None:
        datas = [data_of(kind, each) for each in contents]
        name, market = shape_of("Market" if kind == MARKET else "Position").name, kind == MARKET
        found = dict.fromkeys(each[place] for place in NAMED[kind] for each in contents)
        if new := sorted(each for each in found if each not in self._numbers):
            self._journal.append(ADDRESSES, b"".join(new), sync=False)
            self.catch_up()
        if market not in self._dictionaries and len(datas) >= TRAIN_FROM:
            step = max(GROUP, len(datas) // SAMPLES)
            groups = [datas[i : i + GROUP] for i in range(0, len(datas), step)]
            made = train(name, groups, self._numbers, DICTIONARY_BYTES[market])
            if made is not None:
                self._journal.append(DICTIONARY, bytes([market]) + made.as_bytes(), sync=False)
                self.catch_up()
        block = encode_block(
            name, datas, numbers=numbers, known=self._numbers, dictionary=self._dictionaries.get(market)
        )
        if self._open(kind, block).rows() != datas:
            raise Fatal("Report this: a block of accounts did not come back as it was written.")
        number = self._index.number("segments")
        self._journal.append(CONTENTS, bytes([kind]) + block, sync=False)
        self.catch_up()
        for row, each in enumerate(contents):
            self._pending[kind, each] = (number, row)

    def _runs(self, change: Appended) -> list[Run]:
        """Where the leaves of a change have their contents."""
        runs: list[Run] = []
        for leaf in change.leaves:
            segment, row = self._pending[leaf.kind, leaf.content]
            if runs and (runs[-1].segment, runs[-1].row + runs[-1].rows) == (segment, row):
                runs[-1] = Run(0, runs[-1].rows + 1, segment, runs[-1].row)
            else:
                runs.append(Run(0, 1, segment, row))
        return runs

    def _require_next(self, changes: Sequence[Change]) -> None:
        sequence, length = self.sequence, self.length
        for change in changes:
            sequence += change.changes if isinstance(change, Hidden) else 1
            if change.sequence != sequence:
                raise Fatal(f"Read the chain again: change {sequence} of the archive is missing.")
            if isinstance(change, Appended | Hidden):
                if change.index != length:
                    raise Fatal(f"Read the chain again: leaf {length} of the archive is missing.")
                length += len(change.leaves) if isinstance(change, Appended) else change.count
            elif change.index >= length:
                raise Fatal(f"Read the chain again: leaf {change.index} can't have been replaced.")

    def _unlanded(self) -> dict[tuple[int, bytes], tuple[int, int]]:
        found = {}
        for segment in self._index.segments():
            landed = {
                n for run in self._index.runs_of(segment.id) for n in range(run.row, run.row + run.rows)
            }
            if len(landed) < segment.rows:
                for row, data in enumerate(self._block(segment).rows()):
                    if row not in landed:
                        found[segment.kind, data[8:]] = (segment.id, row)
        return found


def _leaves(changes: Sequence[Change]) -> Iterator[Leaf]:
    for change in changes:
        if isinstance(change, Appended):
            yield from change.leaves
