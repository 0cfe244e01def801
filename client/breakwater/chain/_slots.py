"""Slots, time and blockhashes of the embedded engine; a cluster's rules without its waiting."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass

from solders.clock import Clock
from solders.hash import Hash

from ._types import Blockhash

__all__ = ["MAX_AGE", "SLOTS_PER_EPOCH", "SLOT_MS", "SlotClock"]

SLOT_MS = 400
"""Nominal length of a slot, in milliseconds."""

SLOTS_PER_EPOCH = 432_000

MAX_AGE = 150
"""Blocks during which a blockhash is accepted."""

SLOT_HASHES = 512
"""Entries of the SlotHashes sysvar."""


@dataclass(frozen=True, slots=True)
class _State:
    slot: int
    time_ms: int
    epoch_start_ms: int
    tip: bytes
    hashes: tuple[tuple[int, Hash], ...]


class SlotClock:
    """A deterministic chain of slots: the same calls give the same blockhashes.

    One slot is one block here, so block height and slot are the same number.

    Args:
        slot: first slot.
        unix_timestamp: its time, in seconds.
    """

    def __init__(self, slot: int, unix_timestamp: int) -> None:
        tip = hashlib.sha256(b"breakwater embedded genesis").digest()
        self.genesis_hash = Hash(tip)
        self._slot = slot
        self._time_ms = self._epoch_start_ms = unix_timestamp * 1000
        self._tip = tip
        self._hashes = deque([(slot, self.genesis_hash)], maxlen=SLOT_HASHES)
        self._born = {self.genesis_hash: slot}

    @property
    def slot(self) -> int:
        """The current slot, which is the block height too."""
        return self._slot

    @property
    def unix_timestamp(self) -> int:
        """Seconds."""
        return self._time_ms // 1000

    @property
    def blockhash(self) -> Blockhash:
        """The newest blockhash."""
        return Blockhash(self._hashes[0][1], self._slot + MAX_AGE)

    @property
    def slot_hashes(self) -> list[tuple[int, Hash]]:
        """The SlotHashes sysvar, newest first."""
        return list(self._hashes)

    def is_valid(self, blockhash: Hash) -> bool:
        """Whether a transaction with `blockhash` may still land."""
        born = self._born.get(blockhash)
        return born is not None and self._slot - born <= MAX_AGE

    def advance(self, slots: int, time_ms: int | None = None) -> None:
        """Move `slots` ahead, by `time_ms` milliseconds (None: the nominal length)."""
        if slots < 0:
            raise ValueError("slots only move forward; take a snapshot to go back")
        old = self._slot
        self._slot += slots
        self._time_ms += slots * SLOT_MS if time_ms is None else time_ms
        if self._slot // SLOTS_PER_EPOCH != old // SLOTS_PER_EPOCH:
            self._epoch_start_ms = self._time_ms
        # Only hashes that can still be asked for are made, so that a season can be skipped in no time.
        for slot in range(max(old, self._slot - SLOT_HASHES) + 1, self._slot + 1):
            self._tip = hashlib.sha256(self._tip + slot.to_bytes(8, "little")).digest()
            blockhash = Hash(self._tip)
            if len(self._hashes) == SLOT_HASHES:
                del self._born[self._hashes[-1][1]]
            self._hashes.appendleft((slot, blockhash))
            self._born[blockhash] = slot

    def set_time(self, unix_timestamp: int) -> None:
        """Set the time, in seconds, without moving the slot; backwards is allowed."""
        self._time_ms = unix_timestamp * 1000

    def save(self) -> object:
        """The whole state, to be given to `load`."""
        return _State(self._slot, self._time_ms, self._epoch_start_ms, self._tip, tuple(self._hashes))

    def load(self, state: object) -> None:
        """Go back to what `save` returned."""
        if not isinstance(state, _State):
            raise TypeError("load takes what save returned")
        self._slot, self._time_ms, self._epoch_start_ms = state.slot, state.time_ms, state.epoch_start_ms
        self._tip = state.tip
        self._hashes = deque(state.hashes, maxlen=SLOT_HASHES)
        self._born = {blockhash: slot for slot, blockhash in state.hashes}

    def sysvar(self) -> Clock:
        """The Clock sysvar."""
        epoch = self._slot // SLOTS_PER_EPOCH
        return Clock(self._slot, self._epoch_start_ms // 1000, epoch, epoch + 1, self.unix_timestamp)
