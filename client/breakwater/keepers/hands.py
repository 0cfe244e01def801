"""Does one work at a time per subject: simulate, send once, and pause before trying again."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from breakwater.errors import BreakwaterError, Fatal, InsufficientFunds, ProgramError, Retryable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair
    from solders.pubkey import Pubkey

    from breakwater.chain.sender import Sender

    Subject = tuple[str, Pubkey]

__all__ = ["Hands", "Ledger", "Outcome"]

UNKNOWN_SLOTS: Final = 180
"""A transaction of unknown fate may land for 150 blocks: nothing about its subject is sent before."""

FIRST_PAUSE: Final = 2
LONGEST_PAUSE: Final = 128
URGENT_PAUSE: Final = 8
"""Longest pause, in slots, about loans and orders: their prices move."""

OTHER_WAY: Final = frozenset(
    {
        "AboveLoan",
        "BelowLoan",  # under water shares are taken over, not sold
        "Healthy",
        "InsufficientBalance",  # for the tip
        "InsufficientShares",  # somebody has just sold some
        "LiquidationCapReached",
        "LiquidationTooLarge",
        "LiquidationTooSmall",
        "NotTriggered",
        "SlippageExceeded",
        "Underwater",
    }
)
"""Refusals after which another size, or a position's other order, may do."""

NOT_YET: Final = frozenset(
    {"AboveLoan", "Healthy", "LiquidationCapReached", "MarketOpen", "NotTriggered", "SlippageExceeded"}
)
"""Refusals that say nothing but "not now"."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Pause:
    failures: int = 0
    until_slot: int = 0


@dataclass(slots=True)
class Ledger:
    """What is in flight and what pauses, by kind and subject; keepers of one process share one.

    All of it is for politeness: without it the chain would refuse what is done already.
    """

    flying: set[Subject] = field(default_factory=set)
    unknown: dict[Subject, int] = field(default_factory=dict)
    pauses: dict[Subject, _Pause] = field(default_factory=dict)

    def is_free(self, subject: Subject, slot: int) -> bool:
        """Whether something may be sent about the subject now."""
        if subject in self.flying:
            return False
        if subject in self.unknown:
            if slot <= self.unknown[subject]:
                return False
            del self.unknown[subject]
        pause = self.pauses.get(subject)
        return pause is None or slot >= pause.until_slot

    def pause(self, subject: Subject, slot: int, longest: int, chance: random.Random) -> int:
        """Wait twice as long as the last time, up to a half more; until which slot."""
        pause = self.pauses.setdefault(subject, _Pause())
        base = min(FIRST_PAUSE << min(pause.failures, 16), longest)
        pause.failures += 1
        pause.until_slot = slot + base + chance.randint(0, base // 2)
        return pause.until_slot

    def settle(self, subject: Subject) -> None:
        """It is done."""
        self.pauses.pop(subject, None)

    def forget(self, slot: int) -> None:
        """Drop pauses that are long over."""
        self.pauses = {
            key: each for key, each in self.pauses.items() if slot - each.until_slot <= LONGEST_PAUSE
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a work: "done", "refused" (with the error's name), "unknown" or "failed"."""

    result: str
    error: str = ""
    slot: int = 0
    signature: str = ""


class Hands:
    """One keeper's hands.

    Args:
        sender: sends; it simulates first, repeats the same bytes, and looks their status up before it
            signs anything anew.
        key: the keeper.
        ledger: what is in flight.
        seed: of the jitter.
    """

    def __init__(self, sender: Sender, key: Keypair, ledger: Ledger, seed: int | None = None) -> None:
        self.key, self.ledger = key, ledger
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.errors: Counter[str] = Counter()
        self._sender = sender
        self.chance = random.Random(seed)

    async def do(
        self,
        kind: str,
        subject: Pubkey,
        attempts: Sequence[Sequence[Instruction]],
        signers: Sequence[Keypair],
        slot: int,
    ) -> Outcome:
        """Try the attempts in order until the chain takes one.

        Raises:
            InsufficientFunds: the keeper can't pay for transactions.
        """
        about = (kind, subject)
        if not self.ledger.is_free(about, slot):
            return Outcome("busy")
        self.ledger.flying.add(about)
        try:
            outcome = await self._try(kind, about, attempts, signers, slot)
        finally:
            self.ledger.flying.discard(about)
        self.outcomes[kind, outcome.result] += 1
        if outcome.error:
            self.errors[outcome.error] += 1
        return outcome

    async def _try(
        self,
        kind: str,
        about: Subject,
        attempts: Sequence[Sequence[Instruction]],
        signers: Sequence[Keypair],
        slot: int,
    ) -> Outcome:
        failed = Outcome("refused", "nothing to send")
        signed = False

        def note(*_: object) -> None:
            nonlocal signed
            signed = True

        for instructions in attempts:
            signed = False
            try:
                receipt = await self._sender.send(instructions, [self.key, *signers], signed=note)
            except ProgramError as error:
                failed = Outcome("refused", error.name)
                if error.name in OTHER_WAY:
                    continue
                break
            except InsufficientFunds:
                raise
            except Retryable as error:
                if not signed:  # the node was asked for a blockhash or a simulation and did not answer
                    failed = Outcome("failed", type(error).__name__)
                    break
                # it may have been sent and still land
                self.ledger.unknown[about] = slot + UNKNOWN_SLOTS
                log.warning("keeper_unknown", kind=kind, subject=str(about[1]), error=str(error))
                return Outcome("unknown", type(error).__name__)
            except Fatal as error:
                log.warning("keeper_failed", kind=kind, subject=str(about[1]), error=str(error))
                failed = Outcome("failed", type(error).__name__)
                break
            except BreakwaterError as error:  # pragma: no cover - every error has a class above
                failed = Outcome("failed", type(error).__name__)
                break
            else:
                self.ledger.settle(about)
                log.info("keeper_done", kind=kind, subject=str(about[1]), slot=receipt.slot)
                return Outcome("done", "", receipt.slot, str(receipt.signature))
        longest = URGENT_PAUSE if kind in ("liquidation", "chain", "stop") else LONGEST_PAUSE
        until = self.ledger.pause(about, slot, longest, self.chance)
        if failed.error not in NOT_YET:
            log.info("keeper_pauses", kind=kind, subject=str(about[1]), error=failed.error, until_slot=until)
        return failed
