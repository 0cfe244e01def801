"""What clients were told, to be held against what the chain has done."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from solders.signature import Signature

from breakwater.chain.engine import Receipt
from breakwater.errors import BlockhashExpired, BreakwaterError, ProgramError, Retryable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from solders.pubkey import Pubkey

    from breakwater.chain.engine import EmbeddedEngine
    from breakwater.chain.sender import Sender

__all__ = ["Claims"]


@dataclass(slots=True)
class Claims:
    """By fee payer: how many of its requests are said to have happened, and how many nobody knows about."""

    done: Counter[Pubkey] = field(default_factory=Counter)
    unknown: Counter[Pubkey] = field(default_factory=Counter)
    landed: dict[str, str] = field(default_factory=dict)
    """Signatures said to have landed, and by whom it was said."""
    gone: dict[str, str] = field(default_factory=dict)
    """Signatures said never to land."""
    errors: Counter[str] = field(default_factory=Counter)

    def heard(self, payer: Pubkey, who: str, result: Receipt | BreakwaterError) -> bool:
        """A request has ended; whether it was carried out."""
        if isinstance(result, Receipt):
            self.done[payer] += 1
            self.landed[str(result.signature)] = who
            return True
        self.errors[result.name if isinstance(result, ProgramError) else type(result).__name__] += 1
        if isinstance(result, BlockhashExpired):
            if result.signature is not None:
                self.gone[result.signature] = who
        elif isinstance(result, Retryable):
            self.unknown[payer] += 1
        return False

    async def send(self, sender: Sender, who: str, instructions: list, signers: list) -> bool:  # type: ignore[type-arg]
        """Send, and note what was said; whether it was carried out."""
        payer = signers[0].pubkey()
        try:
            return self.heard(payer, who, await sender.send(instructions, signers))
        except BreakwaterError as error:
            return self.heard(payer, who, error)
        except asyncio.CancelledError:
            self.unknown[payer] += 1
            raise

    def false(self, engine: EmbeddedEngine, since: int) -> Iterator[str]:
        """What was said and is not so, each as a sentence; the first `since` transactions are older."""
        for signature, who in self.landed.items():
            landed = engine.landed(Signature.from_string(signature))
            if landed is None or landed.receipt.err is not None:
                yield f"{who} was told that {signature[:8]} had landed, and it has not"
        for signature, who in self.gone.items():
            landed = engine.landed(Signature.from_string(signature))
            if landed is not None:
                yield f"{who} was told that {signature[:8]} would never land, and it has"
        happened: Counter[Pubkey] = Counter()
        for each in islice(engine.history, since, None):
            if each.receipt.err is None:
                happened[each.transaction.message.account_keys[0]] += 1
        for payer in self.done.keys() | self.unknown.keys():
            least, most = self.done[payer], self.done[payer] + self.unknown[payer]
            if not least <= happened[payer] <= most:
                yield f"{payer} heard of {least} to {most} of its requests, and {happened[payer]} happened"
