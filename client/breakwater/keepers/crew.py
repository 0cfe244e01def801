"""Key pairs for several keepers out of one, and the little SOL that each needs."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from solders.keypair import Keypair
from solders.system_program import TransferParams, transfer

from breakwater.chain.queries import answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breakwater.chain.sender import Sender

__all__ = ["derived", "fund"]

LEAST: Final = 20_000_000
"""Lamports below which a derived keeper is topped up: a trader account's rent and many transactions."""

SHARE: Final = 50_000_000


def derived(first: Keypair, count: int) -> list[Keypair]:
    """The first key and others made from its secret: always the same, so nothing has to be stored."""
    secret = bytes(first)[:32]
    others = [
        Keypair.from_seed(
            hashlib.sha256(b"breakwater keeper" + secret + number.to_bytes(4, "little")).digest()
        )
        for number in range(1, count)
    ]
    return [first, *others]


async def fund(sender: Sender, first: Keypair, others: Sequence[Keypair]) -> int:
    """Top up those that have too little; how many had."""
    poor = []
    for key in others:
        with answers():
            balance = (await sender.engine.client.get_balance(key.pubkey())).value
        if balance < LEAST:
            poor.append(key)
    for i in range(0, len(poor), 10):
        steps = [
            transfer(TransferParams(from_pubkey=first.pubkey(), to_pubkey=key.pubkey(), lamports=SHARE))
            for key in poor[i : i + 10]
        ]
        await sender.send(steps, [first])
    return len(poor)
