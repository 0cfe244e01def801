"""The archive's Merkle tree off the chain: every leaf and node, so that any leaf can be proven at once.

The rules are those of `crates/merkle`, which the chain follows: SHA-256, empty leaves are zeros, a leaf is
the hash of a tag and its content. This is written apart from it, runs without Rust, and is held to the same
golden vectors; whoever syncs with a chain also compares roots. It changes in the chain's order, one
sequence number a change.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from breakwater.errors import Fatal, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["EMPTY", "TAG", "Proof", "Tree", "folded", "hidden", "leaf_of"]

EMPTY: Final = bytes(32)
"""A leaf that was taken out."""

TAG: Final = b"Breakwater.merkle.leaf.version.1"
"""What content is hashed behind."""

MAX_DEPTH: Final = 32


@dataclass(frozen=True, slots=True)
class Proof:
    """That a leaf is at `index` after `sequence` changes; siblings from the leaf's own up to the canopy."""

    index: int
    sequence: int
    leaf: bytes
    siblings: tuple[bytes, ...]


def leaf_of(content: bytes) -> bytes:
    """The leaf of some content."""
    return hashlib.sha256(TAG + content).digest()


def folded(index: int, leaf: bytes, siblings: Sequence[bytes]) -> bytes:
    """The node that a leaf and its siblings lead to."""
    for sibling in siblings:
        pair = sibling + leaf if index & 1 else leaf + sibling
        leaf = hashlib.sha256(pair).digest()
        index >>= 1
    return leaf


def hidden(index: int) -> Fatal:
    """Why a leaf can't be proven here."""
    return Fatal(
        f"Ask somebody who has followed the archive for a proof of leaf {index}: it, or one beside it, was "
        "kept out of the logs."
    )


@cache
def _empty(level: int) -> bytes:
    below = _empty(level - 1) if level else b""
    return hashlib.sha256(below + below).digest() if level else EMPTY


class Tree:
    """All leaves of a tree and the nodes above them, as far as they are known.

    A leaf may be None: it is there, and nobody has told its hash. So are the nodes above it, until `learn` is
    told one of them.

    Args:
        depth: levels below the root.
        canopy: levels that the chain keeps whole, which proofs leave out.
    """

    def __init__(self, depth: int, canopy: int = 0) -> None:
        if not 1 <= depth <= MAX_DEPTH or not 0 <= canopy < depth:
            raise InvalidInput(f"Name a depth of 1 to {MAX_DEPTH} and fewer levels of canopy.")
        self.depth, self.canopy = depth, canopy
        self.sequence = 0
        self._levels: list[list[bytes | None]] = [[] for _ in range(depth + 1)]

    def __len__(self) -> int:
        return len(self._levels[0])

    @property
    def root(self) -> bytes | None:
        """The root now; None as long as too little is known."""
        top = self._levels[self.depth]
        return top[0] if top else _empty(self.depth)

    def leaf(self, index: int) -> bytes | None:
        """The leaf at an index; None if it is not known.

        Raises:
            InvalidInput: there is none.
        """
        if not 0 <= index < len(self):
            raise InvalidInput(f"Name a leaf below {len(self)}: the tree has no leaf {index}.")
        return self._levels[0][index]

    def append(self, leaves: Iterable[bytes | None]) -> int:
        """Put leaves behind the last one, in one change; the index of the first.

        Raises:
            InvalidInput: there are none, or there is no room for them.
        """
        first = len(self)
        new = list(leaves)
        if not new or first + len(new) > 1 << self.depth:
            raise InvalidInput(f"Append 1 to {(1 << self.depth) - first} leaves, not {len(new)}.")
        self._levels[0] += new
        self._climb(first, first + len(new) - 1)
        self.sequence += 1
        return first

    def replace(self, index: int, leaf: bytes | None) -> None:
        """Put a leaf in the place of another.

        Raises:
            InvalidInput: there is no such leaf.
        """
        self.leaf(index)
        self._levels[0][index] = leaf
        self._climb(index, index)
        self.sequence += 1

    def learn(self, level: int, at: int, node: bytes) -> bool:
        """Take over a node that is not known yet, and what follows from it; whether it was one."""
        nodes = self._levels[level]
        if at >= len(nodes) or nodes[at] is not None:
            return False
        nodes[at] = node
        for above in range(level + 1, self.depth + 1):
            at >>= 1
            left, right = (self._node(above - 1, 2 * at + side) for side in (0, 1))
            if self._levels[above][at] is not None or left is None or right is None:
                break
            self._levels[above][at] = hashlib.sha256(left + right).digest()
        return True

    def proof(self, index: int) -> Proof:
        """The proof of a leaf against the root of now.

        Raises:
            InvalidInput: there is no such leaf.
            Fatal: it, or one on its way, is not known.
        """
        return self._proof(index, self.depth - self.canopy)

    def whole_proof(self, index: int) -> Proof:
        """The same with the canopy's levels: it leads to the root itself, without an account to look at."""
        return self._proof(index, self.depth)

    def _proof(self, index: int, levels: int) -> Proof:
        leaf = self.leaf(index)
        found = (self._node(n, (index >> n) ^ 1) for n in range(levels))
        siblings = tuple(each for each in found if each is not None)
        if leaf is None or len(siblings) < levels:
            raise hidden(index)
        return Proof(index, self.sequence, leaf, siblings)

    def _node(self, level: int, at: int) -> bytes | None:
        nodes = self._levels[level]
        return nodes[at] if at < len(nodes) else _empty(level)

    def _climb(self, first: int, last: int) -> None:
        """Hash what is above leaves that were written."""
        sha = hashlib.sha256
        for level in range(self.depth):
            below, above = self._levels[level], self._levels[level + 1]
            first, last = first >> 1, last >> 1
            if 2 * last + 1 == len(below):
                right: bytes | None = _empty(level)
            else:
                right = None
            for at in range(first, last + 1):
                one = below[2 * at]
                other = right if right is not None and at == last else below[2 * at + 1]
                node = None if one is None or other is None else sha(one + other).digest()
                if at < len(above):
                    above[at] = node
                else:
                    above.append(node)
