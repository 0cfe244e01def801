"""An archive's account: how many leaves and changes there were, the last roots, and the canopy above the
proofs.

The tree lies in the account as `crates/merkle` lays it out: 2^20 leaves, 64 changes, ten levels below the
canopy.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BUFFER", "BYTES", "CANOPY", "DEPTH", "SIBLINGS", "Archive", "archive", "known"]

DEPTH: Final = 20
CANOPY: Final = 10
SIBLINGS: Final = DEPTH - CANOPY
"""Nodes of a proof."""
BUFFER: Final = 64
"""Roots that a proof may be made against, the newest among them."""

TAG: Final = hashlib.sha256(b"account:Archive").digest()[:8]
NODE: Final = 32
CHANGES: Final = 8 + 32 + SIBLINGS * NODE
CHANGE: Final = 16 + NODE + SIBLINGS * NODE
TOPS: Final = CHANGES + BUFFER * CHANGE
BYTES: Final = TOPS + ((2 << CANOPY) - 2) * NODE
"""Of the whole account."""


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive: `claims` leaves can come back; `sequence` changes made `length` leaves."""

    number: int
    claims: int
    sequence: int
    length: int
    root: bytes
    tops: bytes
    """The canopy's lowest row: a node above every 1,024 leaves, one behind the other."""
    lower: bytes
    """What the program keeps below the canopy: the frontier, then the last changes."""

    def top(self, index: int) -> bytes:
        """The node that a leaf's proof leads to."""
        at = index >> SIBLINGS
        return self.tops[at * NODE : (at + 1) * NODE]

    def change(self, sequence: int) -> tuple[int, int, bytes] | None:
        """The first and the last leaf that a change wrote, and what it wrote if that was one leaf; None if it
        is too long ago."""
        if not max(0, self.sequence - BUFFER) < sequence <= self.sequence:
            return None
        start = self._at(sequence)
        first, last = struct.unpack_from("<2Q", self.lower, start)
        return first, last, self.lower[start + 16 + NODE : start + 16 + 2 * NODE]

    @staticmethod
    def _at(sequence: int) -> int:
        return NODE * SIBLINGS + sequence % BUFFER * CHANGE


def known(of: Archive) -> Iterator[tuple[int, int, bytes]]:
    """The nodes that an account tells and that are right now: level, place in it, node.

    They are the canopy's lowest row, the left siblings of the next leaf's way, and what the last changes
    wrote if none after them touched it.
    """
    for at in range(-(-of.length >> SIBLINGS)):
        yield SIBLINGS, at, of.top(at << SIBLINGS)
    for level in range(SIBLINGS):
        at = of.length >> level
        if at & 1:
            yield level, at - 1, of.lower[level * NODE : (level + 1) * NODE]
    touched: list[tuple[int, int]] = []
    for sequence in range(of.sequence, max(0, of.sequence - BUFFER), -1):
        start = of._at(sequence)
        first, last = struct.unpack_from("<2Q", of.lower, start)
        for level in range(SIBLINGS):
            low, high = first >> level, last >> level
            at = low | 1 if low < high else low
            if not any(begin >> level <= at <= end >> level for begin, end in touched):
                node = start + 16 + NODE + level * NODE
                yield level, at, of.lower[node : node + NODE]
        touched.append((first, last))


def archive(data: bytes) -> Archive:
    """Decode an archive account.

    Raises:
        InvalidInput: it is none, or not open yet.
    """
    if len(data) != BYTES or data[:8] != TAG:
        raise InvalidInput(f"Pass an open archive's account: these {len(data)} bytes are none.")
    number, claims, sequence, length = struct.unpack_from("<4Q", data, 8)
    change = CHANGES + sequence % BUFFER * CHANGE
    root = data[change + 16 : change + 16 + NODE]
    lower = data[CHANGES - SIBLINGS * NODE : TOPS]
    return Archive(number, claims, sequence, length, root, data[TOPS : TOPS + (NODE << CANOPY)], lower)
