"""An archive's account: how many leaves and changes there were, the last roots, and the canopy above the
proofs.

The tree lies in the account as `crates/merkle` lays it out: 2^20 leaves, 64 changes, ten levels below the
canopy.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import Final

from breakwater.errors import InvalidInput

__all__ = ["BUFFER", "BYTES", "CANOPY", "DEPTH", "SIBLINGS", "Archive", "archive"]

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

    def top(self, index: int) -> bytes:
        """The node that a leaf's proof leads to."""
        at = index >> SIBLINGS
        return self.tops[at * NODE : (at + 1) * NODE]


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
    return Archive(number, claims, sequence, length, root, data[TOPS : TOPS + (NODE << CANOPY)])
