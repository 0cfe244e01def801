"""Slots, time and blockhashes of the embedded engine; a cluster's rules without its waiting."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, replace

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
    tip: bytes
    # newest last; a few hundred entries, so that copying a state is cheap
    blockhashes: tuple[tuple[Hash, int], ...]
    slot_hashes: tuple[tuple[int, Hash], ...]
    epoch_start_ms: int


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
        time_ms = unix_timestamp * 1000
        self._state = _State(slot, time_ms, tip, (), (), time_ms)
        self._valid: OrderedDict[Hash, int] = OrderedDict()
        self.advance(0)

    @property
    def slot(self) -> int:
        """The current slot, which is the block height too."""
        return self._state.slot

    @property
    def unix_timestamp(self) -> int:
        """Seconds."""
        return self._state.time_ms // 1000

    @property
    def blockhash(self) -> Blockhash:
        """The newest blockhash."""
        return Blockhash(self._state.blockhashes[-1][0], self.slot + MAX_AGE)

    @property
    def slot_hashes(self) -> list[tuple[int, Hash]]:
        """The SlotHashes sysvar, newest first."""
        return list(self._state.slot_hashes)

    def is_valid(self, blockhash: Hash) -> bool:
        """Whether a transaction with `blockhash` may still land."""
        return blockhash in self._valid

    def advance(self, slots: int, time_ms: int | None = None) -> None:
        """Move `slots` ahead, by `time_ms` milliseconds (None: the nominal length)."""
        old = self._state
        slot = old.slot + slots
        now = old.time_ms + (slots * SLOT_MS if time_ms is None else time_ms)
        fresh: list[tuple[Hash, int]] = []
        tip = old.tip
        # Only hashes that can still be asked for are made, so that a season can be skipped in no time.
        for number in range(max(old.slot + 1 if slots else slot, slot - SLOT_HASHES + 1), slot + 1):
            tip = hashlib.sha256(tip + number.to_bytes(8, "little")).digest()
            fresh.append((Hash(tip), number))
        hashes = [*old.blockhashes, *fresh]
        hashes = [pair for pair in hashes[-MAX_AGE - 1 :] if pair[1] >= slot - MAX_AGE]
        history = [(number, digest) for digest, number in reversed(fresh)]
        epoch_start = old.epoch_start_ms if slot // SLOTS_PER_EPOCH == old.slot // SLOTS_PER_EPOCH else now
        self._set(
            _State(slot, now, tip, tuple(hashes), (*history, *old.slot_hashes)[:SLOT_HASHES], epoch_start)
        )

    def set_time(self, unix_timestamp: int) -> None:
        """Set the time, in seconds, without moving the slot; backwards is allowed."""
        self._set(replace(self._state, time_ms=unix_timestamp * 1000))

    def save(self) -> object:
        """The whole state, to be given to `load`."""
        return self._state

    def load(self, state: object) -> None:
        """Go back to what `save` returned."""
        if not isinstance(state, _State):
            raise TypeError("load takes what save returned")
        self._set(state)

    def sysvar(self) -> Clock:
        """The Clock sysvar."""
        epoch = self.slot // SLOTS_PER_EPOCH
        return Clock(self.slot, self._state.epoch_start_ms // 1000, epoch, epoch + 1, self.unix_timestamp)

    def _set(self, state: _State) -> None:
        self._state = state
        self._valid = OrderedDict(state.blockhashes)
