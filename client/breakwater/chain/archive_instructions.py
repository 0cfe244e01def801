"""Values -> `Instruction` for the archive, a function a verb.

Nothing here talks to a chain or signs. A proof is a leaf's index, the tree's sequence when its siblings
were read, and the siblings; a content is a position's data behind the discriminator.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from solders.instruction import Instruction
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM

from . import addresses as at
from ._metas import exchange, r, venue, w

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "MAX_ARCHIVED",
    "OPENINGS",
    "PRUNE_AGE_SLOTS",
    "LeafProof",
    "archive_market",
    "archive_positions",
    "open_archive",
    "redeem_archived",
    "restore_position",
    "verify_leaf",
]

MAX_ARCHIVED: Final = 32
"""Positions of one instruction, at most."""
OPENINGS: Final = 9
"""How often `open_archive` is sent until the archive is open."""
PRUNE_AGE_SLOTS: Final = 6_480_000
"""Slots since the last purchase after which a position is old."""

LeafProof = tuple[int, int, "Sequence[bytes]"]
"""Index, sequence, siblings from the leaf's own up to the canopy."""


def _proof(proof: LeafProof) -> bytes:
    index, sequence, siblings = proof
    return struct.pack("<QQI", index, sequence, len(siblings)) + b"".join(siblings)


def open_archive(payer: Pubkey, number: int) -> Instruction:
    """One of `OPENINGS` steps that make an archive."""
    before = at.archive(number - 1) if number else at.config()
    accounts = [w(payer, signer=True), w(at.archive(number)), r(before), r(SYSTEM)]
    return exchange("open_archive", accounts, struct.pack("<Q", number))


def archive_positions(
    authority: Pubkey, number: int, market_id: int, positions: Sequence[tuple[Pubkey, int, int]]
) -> Instruction:
    """Archive positions of one market: owner, outcome and kind of each."""
    market = at.market(market_id)
    accounts = [r(authority, signer=True), w(at.archive(number)), *venue(market_id)]
    for owner, outcome, kind in positions:
        trader = at.trader(owner)
        accounts += [w(owner), w(trader), w(at.position(trader, market, outcome, kind))]
    return exchange("archive_positions", accounts)


def archive_market(rent_payer: Pubkey, number: int, market_id: int) -> Instruction:
    """Archive a settled market without positions; its rent goes to who paid it."""
    market, shard = venue(market_id)
    return exchange("archive_market", [w(rent_payer), w(at.archive(number)), market, shard])


def restore_position(owner: Pubkey, number: int, content: bytes, proof: LeafProof) -> Instruction:
    """Make an archived position's account again; the owner pays its rent."""
    trader, market = Pubkey.from_bytes(content[:32]), Pubkey.from_bytes(content[32:64])
    accounts = [
        w(owner, signer=True),
        w(at.archive(number)),
        r(trader),
        r(market),
        w(at.position(trader, market, content[96], content[97])),
        r(SYSTEM),
    ]
    return exchange("restore_position", accounts, content + _proof(proof))


def redeem_archived(market_id: int, number: int, content: bytes, proof: LeafProof) -> Instruction:
    """Pay an archived position of a settled market out to its trader."""
    accounts = [w(at.archive(number)), w(Pubkey.from_bytes(content[:32])), *venue(market_id)]
    return exchange("redeem_archived", accounts, content + _proof(proof))


def verify_leaf(number: int, leaf: bytes, proof: LeafProof) -> Instruction:
    """Fail unless the leaf is in the archive."""
    return exchange("verify_leaf", [r(at.archive(number))], leaf + _proof(proof))
