"""The golden vectors of the Merkle trees against another evaluation: recursion from the root down.

The generator hashes a tree level by level, from the leaves up. This splits it in halves from the top, folds
every accepted proof that is not late to the nodes it finds there, and asks of every refusal what it claims.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests" / "vectors"
TREES = {"full": 3, "deep": 20, "canopied": 20}
HEIGHTS = {"full": 3, "deep": 20, "canopied": 6}
"""Levels below the canopy."""
ERRORS = {
    "WrongProof",
    "StaleRoot",
    "UnknownRoot",
    "TruncatedProof",
    "OverlongProof",
    "LeafChanged",
    "LeafOutOfRange",
}
BUFFER = 8
TAG = b"Breakwater.merkle.leaf.version.1"

Row = list[Any]


def rows(name: str) -> list[Row]:
    found: list[Row] = json.loads((VECTORS / f"{name}.json").read_text())["rows"]
    return found


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


@cache
def root(leaves: tuple[bytes, ...], depth: int) -> bytes:
    """The root of a tree whose leaves behind these are empty."""
    if depth == 0:
        return leaves[0] if leaves else bytes(32)
    half = 1 << (depth - 1)
    return sha(root(leaves[:half], depth - 1), root(leaves[half:], depth - 1))


def folded(index: int, leaf: bytes, siblings: list[bytes]) -> bytes:
    for sibling in siblings:
        leaf = sha(sibling, leaf) if index & 1 else sha(leaf, sibling)
        index >>= 1
    return leaf


def node(leaves: tuple[bytes, ...], index: int, height: int) -> bytes:
    """The node so far above a leaf."""
    first = index >> height << height
    return root(leaves[first : first + (1 << height)], height)


def nodes(texts: list[str]) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


@pytest.mark.parametrize("name", TREES)
def test_every_root_and_proof_is_that_of_halves(name: str) -> None:
    depth = TREES[name]
    versions: list[tuple[bytes, ...]] = [()]
    fresh = 0
    for tree, verb, index, sequence, old, given, new, expected in rows("merkle"):
        if tree != name or len(expected) != 64:
            continue
        leaves, siblings = versions[-1], nodes(given)
        if verb in {"verify", "replace"}:
            assert 0 <= len(versions) - 1 - sequence < BUFFER
            assert leaves[index].hex() == old
            if sequence == len(versions) - 1:
                fresh += 1
                assert folded(index, leaves[index], siblings) == node(leaves, index, len(siblings))
        match verb:
            case "append":
                assert index == len(leaves)
                versions.append(leaves + tuple(nodes(new)))
            case "replace":
                versions.append((*leaves[:index], *nodes(new), *leaves[index + 1 :]))
        assert root(versions[-1], depth).hex() == expected
    assert len(versions) > 10
    assert fresh > 1


@pytest.mark.parametrize("name", TREES)
def test_every_refusal_is_true(name: str) -> None:
    versions: list[tuple[bytes, ...]] = [()]
    written: list[range] = []
    seen = set()
    for tree, verb, index, sequence, old, given, new, expected in rows("merkle"):
        if tree != name or verb == "start":
            continue
        leaves, now = versions[-1], len(versions) - 1
        if len(expected) == 64:
            if verb != "verify":
                versions.append((*leaves[:index], *nodes(new), *leaves[index + 1 :]))
                written.append(range(index, index + len(new)))
            continue
        seen.add(expected)
        if expected == "WrongProof":
            top = node(versions[sequence], index, HEIGHTS[name])
            assert old != leaves[index].hex() or folded(index, leaves[index], nodes(given)) != top
        elif expected == "LeafChanged":
            assert any(index in indices for indices in written[sequence:])
        else:
            assert {
                "TreeFull": len(leaves) + len(new) > 1 << TREES[name],
                "LeafOutOfRange": index >= len(leaves),
                "UnknownRoot": sequence > now,
                "StaleRoot": now - sequence >= BUFFER,
                "TruncatedProof": len(given) < HEIGHTS[name],
                "OverlongProof": len(given) > HEIGHTS[name],
            }[expected], expected
    assert seen - {"TreeFull"} == ERRORS
    assert ("TreeFull" in seen) == (name == "full")


def test_leaves_are_tagged_hashes_of_their_content() -> None:
    found = rows("merkle_leaf")
    assert len(found) > 5
    assert all(sha(TAG, bytes.fromhex(content)).hex() == leaf for content, leaf in found)


def test_the_committed_files_are_what_the_script_makes() -> None:
    script = ROOT / "scripts" / "generate_merkle.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
