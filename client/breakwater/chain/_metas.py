"""What every module of instructions starts from: discriminators, account metas, the accounts of a market."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from solders.instruction import AccountMeta, Instruction

from . import addresses as at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.pubkey import Pubkey

__all__ = ["exchange", "r", "tag", "venue", "w"]


@lru_cache(maxsize=256)
def tag(name: str) -> bytes:
    """An instruction's discriminator."""
    return hashlib.sha256(f"global:{name}".encode()).digest()[:8]


def w(key: Pubkey, *, signer: bool = False) -> AccountMeta:
    """An account that is written."""
    return AccountMeta(key, signer, True)


def r(key: Pubkey, *, signer: bool = False) -> AccountMeta:
    """An account that is read."""
    return AccountMeta(key, signer, False)


def venue(market_id: int) -> list[AccountMeta]:
    """A market and the shard that lends for it."""
    return [w(at.market(market_id)), w(at.shard(at.shard_index(market_id)))]


def exchange(name: str, accounts: Sequence[AccountMeta], data: bytes = b"") -> Instruction:
    """An instruction of the exchange by its name."""
    return Instruction(at.EXCHANGE, tag(name) + data, accounts)
