"""What a warning can set in motion on an exchange that nobody governs.

The programs are immutable and have no key that could halt anything: a breaker trips by what is traded, the
cap on liquidations widens by itself while it binds. No third party can raise either, and that is meant:
whoever could halt markets could also profit from it. What a third party may do before and in a cascade is
this, and it is what `--act` does:

1. spread halts that a shard knows to the shards that do not (`propagate_halt`);
2. fold the shards into the vault, so that coverage, and with it leverage and fees, is that of now (`fold`);
3. post a task for each loan that is due, the largest first, so that keepers are called to it, with the
program's
   own priority and reward (`post_task`). The program refuses a task for a loan that the last minute's price
   does not call: a warning alone is no reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from breakwater.chain import instructions as ix
from breakwater.chain import keeper_instructions as kx
from breakwater.errors import Fatal, ProgramError, Retryable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.chain.sender import Sender

    from .chain import Book

__all__ = ["Deeds", "act"]

MOST_TASKS = 16

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Deeds:
    """What was done: signatures by deed, and refusals by the program's name for them."""

    done: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, list[str]] = field(default_factory=dict)


async def act(sender: Sender, key: Keypair, book: Book) -> Deeds:
    """Do what may be done now; a refusal of one deed does not stop the others.

    Raises:
        InsufficientFunds: the key cannot pay.
    """
    deeds = Deeds()
    for group in book.unequal_halts():
        await _try(sender, key, f"propagate_halt {group}", [ix.propagate_halt(group)], deeds)
    await _try(sender, key, "fold", [ix.fold()], deeds)
    for loan in book.due()[:MOST_TASKS]:
        made = kx.post_task(key.pubkey(), kx.LIQUIDATION, loan.address, loan.market)
        await _try(sender, key, f"post_task {loan.address}", [made], deeds)
    return deeds


async def _try(
    sender: Sender, key: Keypair, name: str, instructions: Sequence[Instruction], deeds: Deeds
) -> None:
    try:
        receipt = await sender.send(instructions, [key])
    except ProgramError as error:
        deeds.refused.setdefault(name, []).append(error.name)
    except (Retryable, Fatal) as error:
        log.warning("deed_failed", deed=name, error=str(error))
        deeds.refused.setdefault(name, []).append(type(error).__name__)
    else:
        deeds.done.setdefault(name, []).append(str(receipt.signature))
