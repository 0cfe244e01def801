"""A proof as a document: what `prove` writes, and what `verify`, `restore` and anybody else can read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from breakwater.errors import InvalidInput

from .leaves import LIVE, SPENT, Leaf, leaf_for, name_of
from .tree import Proof

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Document", "document_of", "read_document"]

KINDS = {name_of(kind): kind for kind in range(LIVE, SPENT + 1)}


@dataclass(frozen=True, slots=True)
class Document:
    """A leaf of an archive, its content, and the proof that it is there."""

    number: int
    leaf: Leaf
    proof: Proof

    def as_dict(self) -> dict[str, Any]:
        """Plain values; bytes in hexadecimal."""
        return {
            "archive": self.number,
            "index": self.proof.index,
            "sequence": self.proof.sequence,
            "kind": name_of(self.leaf.kind),
            "content": self.leaf.content.hex(),
            "leaf": self.proof.leaf.hex(),
            "siblings": [each.hex() for each in self.proof.siblings],
        }


def document_of(number: int, leaf: Leaf, proof: Proof) -> Document:
    """The document of a proof."""
    return Document(number, leaf, proof)


def read_document(path: Path) -> Document:
    """Read a document; whether its proof is right is for the program to say.

    Raises:
        InvalidInput: it is none, or its content does not make its leaf.
    """
    try:
        value = json.loads(path.read_text())
        kind, content = KINDS[value["kind"]], bytes.fromhex(value["content"])
        siblings = tuple(_node(each) for each in value["siblings"])
        proof = Proof(int(value["index"]), int(value["sequence"]), _node(value["leaf"]), siblings)
        number = int(value["archive"])
    except (ValueError, KeyError, TypeError):
        raise InvalidInput(f"Name another file: {path} is no proof of breakwater archive prove.") from None
    if not (min(proof.index, proof.sequence, number) >= 0 and max(proof.index, proof.sequence) < 1 << 64):
        raise InvalidInput(f"Name another file: {path} is no proof of breakwater archive prove.")
    leaf = Leaf(kind, content)
    if leaf_for(kind, content) != proof.leaf:
        raise InvalidInput(f"Make the proof again: the content in {path} does not make its leaf.")
    return Document(number, leaf, proof)


def _node(text: str) -> bytes:
    node = bytes.fromhex(text)
    if len(node) != 32:
        raise ValueError(text)
    return node
