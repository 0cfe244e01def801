"""A piece of work: what it is about, how it is done, and what comes first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from breakwater.chain import keeper_instructions as kx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair
    from solders.pubkey import Pubkey

    Build = Callable[[Pubkey], Sequence[Instruction]]

__all__ = ["KIND_URGENCY", "Work", "rank"]

KIND_URGENCY: Final = {
    "halt": 5,
    "liquidation": 4,
    "chain": 4,
    "stop": 3,
    "price": 2,
    "suspension": 2,
    "resolution": 1,
    "pruning": 0,
    "tidying": 0,
}
"""Urgency by kind; those that have tasks are the program's."""


@dataclass(frozen=True, slots=True)
class Work:
    """Something to be done once.

    Attributes:
        kind: a key of `KIND_URGENCY`.
        subject: the account that it changes; there is one work of a kind about it.
        value: orders works of equal urgency: micro-units, shares, seconds or lamports.
        attempts: ways to do it, each a function of the keeper's address; the first that the chain takes wins.
        related: what proves the need when a task is posted about it; None: there are no such tasks.
        task_kind: number of the task's kind, or None.
        since_slot: when it was first seen, or its task posted.
        signers: who signs besides the keeper.
    """

    kind: str
    subject: Pubkey
    value: int
    attempts: tuple[Build, ...]
    related: Pubkey | None = None
    task_kind: int | None = None
    since_slot: int = 0
    signers: tuple[Keypair, ...] = field(default=())

    def priority(self, slot: int) -> int:
        """The program's order: urgency, up to three levels more by waiting, then value."""
        return kx.priority_at(KIND_URGENCY[self.kind], self.value, self.since_slot, slot)


def rank(works: Iterable[Work], slot: int) -> list[Work]:
    """Most urgent first, then most valuable, then by address so that everybody has the same order."""
    return sorted(works, key=lambda each: (-each.priority(slot), each.kind, bytes(each.subject)))
