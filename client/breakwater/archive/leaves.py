"""What a leaf is of: its kind and its content, and what a change did to the leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from breakwater.chain import accounts
from breakwater.errors import InvalidInput

from .shapes import shape_of
from .tree import EMPTY, leaf_of

__all__ = [
    "DONE",
    "HIDDEN",
    "LIVE",
    "MARKET",
    "SPENT",
    "TAGS",
    "Appended",
    "Change",
    "Hidden",
    "Leaf",
    "Replaced",
    "data_of",
    "leaf_for",
    "name_of",
]

LIVE, DONE, MARKET, SPENT, HIDDEN = range(5)
"""A position that can come back; one that can not; a market; a leaf that was emptied; one whose content was
kept out of the logs."""

TAGS: Final = (b"pos.live", b"pos.done", b"mkt.done")
"""What stands before the content of each kind when it is hashed."""

NAMES: Final = ("Position", "Position", "Market")
WORDS: Final = ("live", "done", "market", "spent", "hidden")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf's kind, and its content: an account's data behind the discriminator."""

    kind: int
    content: bytes

    @property
    def node(self) -> bytes | None:
        """What lies in the tree; None if its content is not known."""
        return None if self.kind == HIDDEN else leaf_for(self.kind, self.content)


@dataclass(frozen=True, slots=True)
class Appended:
    """Leaves that one change put behind the last one; `sequence` is the tree's afterwards."""

    sequence: int
    index: int
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class Replaced:
    """A leaf that was emptied (`SPENT`) or became `DONE`."""

    sequence: int
    index: int
    kind: int


@dataclass(frozen=True, slots=True)
class Hidden:
    """So many changes, the last of them `sequence`, that no log tells of, and the leaves that they put behind
    the last one. Without a change of their own the leaves are the end of the change before them."""

    sequence: int
    index: int
    changes: int
    count: int


Change = Appended | Replaced | Hidden


def leaf_for(kind: int, content: bytes) -> bytes:
    """The hash of a kind and a content; zeros for a leaf that was emptied."""
    return EMPTY if kind == SPENT else leaf_of(TAGS[kind] + content)


def name_of(kind: int) -> str:
    """The kind in a word."""
    return WORDS[kind]


def data_of(kind: int, content: bytes) -> bytes:
    """The account that a content is of, its discriminator before it.

    Raises:
        InvalidInput: it is not as long as such an account's.
    """
    shape = shape_of(NAMES[kind])
    if len(content) != accounts.size_of(NAMES[kind]) - len(shape.tag):
        raise InvalidInput(f"Pass the content of a {NAMES[kind]}: it has not {len(content)} bytes.")
    return shape.tag + content
