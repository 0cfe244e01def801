"""The tree off the chain is the chain's: the golden vectors of `crates/merkle` hold for it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from breakwater.archive._units import TreeProbe
from breakwater.archive.tree import Tree, folded, leaf_of
from breakwater.chain import archive_accounts
from breakwater.errors import InvalidInput

VECTORS = Path(__file__).resolve().parents[2] / "vectors"
TREES = {"full": (3, 0), "deep": (20, 0), "canopied": (20, 14)}


def rows(name: str) -> list[Any]:
    found: list[Any] = json.loads((VECTORS / f"{name}.json").read_text())["rows"]
    return found


@pytest.mark.parametrize("name", TREES)
def test_every_root_and_every_fresh_proof_is_that_of_the_vectors(name: str) -> None:
    tree, fresh = Tree(*TREES[name]), 0
    for kind, verb, index, sequence, old, siblings, new, expected in rows("merkle"):
        if kind != name:
            continue
        if len(expected) != 64:
            if verb == "append":  # the only refusal that depends on no proof
                with pytest.raises(InvalidInput, match="Append 1 to"):
                    tree.append(map(bytes.fromhex, new))
            continue
        if verb in ("verify", "replace") and sequence == tree.sequence:
            fresh += 1
            proof = tree.proof(index)
            assert (proof.leaf.hex(), [each.hex() for each in proof.siblings]) == (old, siblings)
        if verb == "append":
            assert tree.append(map(bytes.fromhex, new)) == index
        elif verb == "replace":
            tree.replace(index, bytes.fromhex(new[0]))
        assert tree.root == bytes.fromhex(expected)
    assert fresh > 1


def test_leaves_are_those_of_the_vectors() -> None:
    for content, expected in rows("merkle_leaf"):
        assert leaf_of(bytes.fromhex(content)).hex() == expected


def test_a_whole_proof_leads_to_the_root() -> None:
    rng = random.Random(7)
    tree = Tree(20, 14)
    while len(tree) < 300:
        tree.append([rng.randbytes(32) for _ in range(rng.randint(1, 24))])
    for index in (0, 1, 63, 64, len(tree) - 1):
        proof = tree.whole_proof(index)
        assert folded(index, proof.leaf, proof.siblings) == tree.root
        assert len(tree.proof(index).siblings) == 6


@pytest.mark.parametrize("index", [-1, 1])
def test_a_leaf_that_is_not_there_is_refused(index: int) -> None:
    tree = Tree(4)
    tree.append([leaf_of(b"one")])
    with pytest.raises(InvalidInput, match=f"no leaf {index}"):
        tree.proof(index)


def test_the_crate_inside_the_virtual_machine_makes_the_same_roots_and_accepts_these_proofs() -> None:
    rng, tree, probe = random.Random(5), Tree(20, 10), TreeProbe()
    for _ in range(80):
        if len(tree) > 9 and rng.random() < 0.4:
            index, new = rng.randrange(len(tree)), rng.choice((bytes(32), rng.randbytes(32)))
            proof = tree.proof(index)
            probe.replace(index, proof.sequence, proof.siblings, proof.leaf, new)
            tree.replace(index, new)
        else:
            leaves = [rng.randbytes(32) for _ in range(rng.choice((1, 2, 9, 32)))]
            probe.append(*leaves)
            tree.append(leaves)
        account = archive_accounts.archive(archive_accounts.TAG + bytes(16) + probe.data)
        assert (account.sequence, account.length, account.root) == (tree.sequence, len(tree), tree.root)
    index = len(tree) // 2
    proof = tree.proof(index)
    assert folded(index, proof.leaf, proof.siblings) == account.top(index)
    assert probe.verify(index, proof.sequence, proof.siblings, proof.leaf) < 6_000
