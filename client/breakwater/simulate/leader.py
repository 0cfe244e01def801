"""Who makes the blocks: transactions arrive when they arrive, and land in any order, or not."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final

from solders.transaction import VersionedTransaction

if TYPE_CHECKING:
    import random

    from solders.account import Account
    from solders.pubkey import Pubkey

    from breakwater.chain.engine import EmbeddedEngine, Landed

    from .trace import Trace

__all__ = ["SLOT_S", "Leader"]

SLOT_S: Final = 0.4
REFUSED: Final = ("BlockhashNotFound", "AlreadyProcessed")
"""What a leader throws away without a trace."""


class Leader:
    """Executes what has arrived, slot by slot, and remembers what every account has been.

    Args:
        engine: the chain.
        chance: of everything that is not decided.
        trace: what happens.
        lost: part of the transactions that never arrive.
        skipped: part of the slots without a block; what has arrived waits.
    """

    def __init__(
        self, engine: EmbeddedEngine, chance: random.Random, trace: Trace, *, lost: float, skipped: float
    ) -> None:
        self.engine, self._chance, self._trace = engine, chance, trace
        self.lost, self.skipped = lost, skipped
        self.stalled = False
        """Whether there are no slots at all."""
        self._pool: list[tuple[float, int, bytes]] = []
        self._taken = 0
        self._base = dict(engine.index.existing())
        self._past: dict[Pubkey, tuple[list[int], list[Account | None]]] = {}
        engine.on_landed.append(self._landed)

    def take(self, wire: bytes, delay_s: float) -> None:
        """A transaction was sent here."""
        if self._chance.random() < self.lost:
            self._trace.note("lost")
            return
        self._taken += 1
        heappush(self._pool, (asyncio.get_running_loop().time() + delay_s, self._taken, wire))

    async def run(self) -> None:
        """Make blocks until cancelled."""
        while True:
            await asyncio.sleep(SLOT_S)
            if self.stalled:
                continue
            self.engine.advance_slots(1)
            if self._chance.random() >= self.skipped:
                self._block()

    def _block(self) -> None:
        now, here = asyncio.get_running_loop().time(), []
        while self._pool and self._pool[0][0] <= now:
            here.append(heappop(self._pool)[2])
        self._chance.shuffle(here)
        for wire in here:
            receipt = self.engine.execute(VersionedTransaction.from_bytes(wire))
            if receipt.err in REFUSED:
                self._trace.note("thrown-away", f"{str(receipt.signature)[:8]} {receipt.err}")

    def _landed(self, landed: Landed) -> None:
        slot = landed.receipt.slot
        for key in landed.transaction.message.account_keys:
            account = self.engine.get_account(key)
            slots, states = self._past.setdefault(key, ([], []))
            if slots and slots[-1] == slot:
                states[-1] = account
            else:
                slots.append(slot)
                states.append(account)
        self._trace.note("landed", f"{slot} {str(landed.receipt.signature)[:8]} {landed.receipt.err}")

    def account_at(self, key: Pubkey, slot: int) -> Account | None:
        """An account as it was at the end of a slot."""
        past = self._past.get(key)
        if past is None:
            return self.engine.get_account(key)
        slots, states = past
        i = bisect_right(slots, slot)
        return states[i - 1] if i else self._base.get(key)

    def owned_at(self, owner: Pubkey, slot: int) -> list[tuple[Pubkey, Account]]:
        """A program's accounts as they were, by address."""
        found = []
        for key in sorted(self._base.keys() | self._past.keys(), key=bytes):
            account = self.account_at(key, slot)
            if account is not None and account.owner == owner:
                found.append((key, account))
        return found
