"""A proof is written and read as a document; what is none is refused before a program sees it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from breakwater.archive.documents import Document, document_of, read_document
from breakwater.archive.leaves import DONE, Leaf
from breakwater.archive.tree import Tree
from breakwater.errors import InvalidInput


@pytest.fixture
def document() -> Document:
    tree, leaf = Tree(20, 10), Leaf(DONE, bytes(range(104)))
    tree.append([bytes([1]) * 32, leaf.node, bytes([2]) * 32])
    return document_of(4, leaf, tree.proof(1))


def test_a_document_is_read_as_it_was_written(document: Document, tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(document.as_dict()))
    assert read_document(file) == document


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "other"},
        {"content": "zz"},
        {"siblings": ["00"]},
        {"siblings": 5},
        {"index": -1},
        {"sequence": 1 << 64},
        {"archive": None},
        {"leaf": "00" * 31},
    ],
)
def test_what_is_no_proof_is_refused(document: Document, tmp_path: Path, changes: dict[str, Any]) -> None:
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(document.as_dict() | changes))
    with pytest.raises(InvalidInput, match=r"proof\.json is no proof of breakwater archive prove"):
        read_document(file)


@pytest.mark.parametrize("changes", [{"content": "00"}, {"leaf": "00" * 32}, {"kind": "live"}])
def test_a_content_that_does_not_make_its_leaf_is_refused(
    document: Document, tmp_path: Path, changes: dict[str, Any]
) -> None:
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(document.as_dict() | changes))
    with pytest.raises(InvalidInput, match="does not make its leaf"):
        read_document(file)
