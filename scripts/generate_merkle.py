"""Write the Merkle trees' table of empty nodes and their golden vectors, by hashing whole trees with hashlib.

Usage: generate_merkle.py [--check]. With --check nothing is written; the exit status says whether the
committed files are what this script makes.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Iterator
from pathlib import Path

from _generated import Files, Row, write_or_check

TABLE = Path("crates/merkle/src/empty.rs")
TAG = b"Breakwater.merkle.leaf.version.1"
MAX_DEPTH = 32
BUFFER = 8

TREES = {"full": (3, 0), "deep": (20, 0), "canopied": (20, 14)}
"""Depth, and levels of the canopy."""


def parent(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(left + right).digest()


def leaf(content: bytes) -> bytes:
    return hashlib.sha256(TAG + content).digest()


def empty_nodes() -> list[bytes]:
    nodes = [bytes(32)]
    while len(nodes) <= MAX_DEPTH:
        nodes.append(parent(nodes[-1], nodes[-1]))
    return nodes


EMPTY = empty_nodes()


def table() -> str:
    rows = "\n".join("    [" + ", ".join(f"{byte:#04x}" for byte in node) + "]," for node in EMPTY)
    return f"""\
//! Constants of the tree, written by `scripts/generate_merkle.py`: change that, not this.

use crate::Node;

/// The most levels below the root.
pub const MAX_DEPTH: usize = {MAX_DEPTH};
/// What content is hashed behind to make a leaf. Text, so that it is no hash of anything.
pub const LEAF_TAG: Node = *b"{TAG.decode()}";
/// By level: the node above nothing but empty leaves.
pub static EMPTY: [Node; MAX_DEPTH + 1] = [
{rows}
];
"""


class Whole:
    """A tree that keeps every version of its leaves, and hashes all of them whenever it is asked."""

    def __init__(self, depth: int, canopy: int) -> None:
        self.depth, self.siblings = depth, depth - canopy
        self.versions: list[list[bytes]] = [[]]
        self.written: list[set[int]] = [set()]

    @property
    def leaves(self) -> list[bytes]:
        return self.versions[-1]

    def levels(self, sequence: int) -> list[list[bytes]]:
        """All nodes that are above a leaf, level by level."""
        level = self.versions[sequence]
        levels = [level]
        for empty in EMPTY[: self.depth]:
            padded = [*level, empty] if len(level) % 2 else level
            level = [parent(padded[i], padded[i + 1]) for i in range(0, len(padded), 2)]
            levels.append(level)
        return levels

    def root(self) -> str:
        return (self.levels(-1)[-1] or [EMPTY[self.depth]])[0].hex()

    def proof(self, index: int, sequence: int) -> list[bytes]:
        """Siblings of a leaf's way to the canopy, as they were then."""
        found = []
        for level, nodes in enumerate(self.levels(sequence)[: self.siblings]):
            at = (index >> level) ^ 1
            found.append(nodes[at] if at < len(nodes) else EMPTY[level])
        return found

    def become(self, leaves: list[bytes], written: set[int]) -> None:
        self.versions.append(leaves)
        self.written.append(written)

    def verdict(self, index: int, sequence: int, old: bytes, siblings: list[bytes]) -> str:
        """Why a proof is refused, or an empty string."""
        now = len(self.versions) - 1
        if index >= len(self.leaves):
            return "LeafOutOfRange"
        if sequence > now:
            return "UnknownRoot"
        if now - sequence >= BUFFER:
            return "StaleRoot"
        if len(siblings) != self.siblings:
            return "TruncatedProof" if len(siblings) < self.siblings else "OverlongProof"
        written = set().union(*self.written[sequence + 1 :])
        if index in written:
            return "LeafChanged"
        # a sibling that was written since is replaced, so it does not matter what it was
        matters = [all(w >> n != (index >> n) ^ 1 for w in written) for n in range(self.siblings)]
        given = zip(siblings, self.proof(index, sequence), matters, strict=True)
        true = old == self.leaves[index] and all(not asked or mine == right for mine, right, asked in given)
        return "" if true else "WrongProof"


def rows(rng: random.Random) -> Iterator[Row]:
    for name, (depth, canopy) in TREES.items():
        tree = Whole(depth, canopy)
        yield [name, "start", 0, 0, "", [], [], tree.root()]
        for step in range(120):
            often = 0.1 if depth == 3 else 0.4
            yield appended(rng, name, tree) if step == 0 or rng.random() < often else proven(rng, name, tree)


def appended(rng: random.Random, name: str, tree: Whole) -> Row:
    first = len(tree.leaves)
    count = rng.choice((1, 1, 1, 2, 3, 5, 8, 13) if tree.depth > 3 else (1, 2, 3))
    new = [leaf(rng.randbytes(rng.randint(0, 90))) for _ in range(count)]
    if first + count > 1 << tree.depth:
        expected = "TreeFull"
    else:
        tree.become(tree.leaves + new, set(range(first, first + count)))
        expected = tree.root()
    return [name, "append", first, 0, "", [], [node.hex() for node in new], expected]


def proven(rng: random.Random, name: str, tree: Whole) -> Row:
    """A replacement or a verification with a proof that is old, or not quite right."""
    now = len(tree.versions) - 1
    sequence = max(0, now - rng.choice((0, 0, 1, 2, 3, 5, 7, 8, 9)))
    index = rng.randrange(len(tree.versions[sequence]) or 1)
    old = tree.versions[sequence][index] if tree.versions[sequence] else bytes(32)
    siblings = tree.proof(index, sequence)
    match rng.randrange(14):
        case 0:
            siblings = siblings[:-1]
        case 1:
            siblings = [*siblings, bytes(32)]
        case 2:
            siblings[rng.randrange(len(siblings))] = rng.randbytes(32)
        case 3:
            old = rng.randbytes(32)
        case 4:
            index = len(tree.leaves) + rng.randrange(3)
        case 5:
            sequence = now + rng.randint(1, 3)
    expected = tree.verdict(index, sequence, old, siblings)
    verb, new = rng.choice((("verify", []), ("replace", [rng.choice((bytes(32), leaf(rng.randbytes(40))))])))
    if not expected:
        if new:
            tree.become([*tree.leaves[:index], *new, *tree.leaves[index + 1 :]], {index})
        expected = tree.root()
    return [
        name,
        verb,
        index,
        sequence,
        old.hex(),
        [s.hex() for s in siblings],
        [n.hex() for n in new],
        expected,
    ]


def leaves(rng: random.Random) -> Iterator[Row]:
    for length in (0, 1, 31, 32, 33, 55, 56, 64, 200):
        content = rng.randbytes(length)
        yield [content.hex(), leaf(content).hex()]


FILES: Files = {
    "merkle": (["tree", "verb", "index", "sequence", "old", "siblings", "new", "root_or_error"], rows),
    "merkle_leaf": (["content", "leaf"], leaves),
}


if __name__ == "__main__":
    sys.exit(write_or_check(__doc__, TABLE, table, FILES))
