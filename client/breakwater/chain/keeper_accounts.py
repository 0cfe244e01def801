"""Data of MMT's and the keepers' accounts -> frozen values, by the layouts in the shipped IDLs.

Amounts are billionths of an MMT, addresses 32 bytes, times slots.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from typing import TypeVar

from .accounts import read_fields

__all__ = [
    "Keeper",
    "Registry",
    "Season",
    "Stake",
    "Task",
    "keeper",
    "registry",
    "season",
    "stake",
    "task",
]

Value = TypeVar("Value", "Season", "Stake", "Registry", "Keeper", "Task")


@dataclass(frozen=True, slots=True)
class Season:
    """MMT's schedule and ledger; `sink` is a token account nobody can sign for."""

    mint: bytes
    stake_vault: bytes
    reward_vault: bytes
    sink: bytes
    start_slot: int
    updated_slot: int
    rates: tuple[int, ...]
    emitted: int
    paid: int
    keeper_pot: int
    total_weight: int
    per_weight_q40: int
    carry_q40: int
    tiers: tuple[int, ...]
    task_rewards: tuple[int, ...]
    cooldown_slots: int
    tasks: int
    keepers_ppm: int


@dataclass(frozen=True, slots=True)
class Stake:
    """Somebody's stake; `rewards` are those settled, `unbonding` is free from `unlock_slot` on."""

    owner: bytes
    amount: int
    weight: int
    per_weight_q40: int
    rewards: int
    unbonding: int
    unlock_slot: int


@dataclass(frozen=True, slots=True)
class Registry:
    """The rules of duty and the keeper accounts on duty, in the order of their turns."""

    claim_slots: int
    exclusive_slots: int
    max_claims: int
    heartbeat_slots: int
    suspension_slots: int
    expiry_slots: int
    prune_age_s: int
    min_bond: int
    keepers: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Keeper:
    """A keeper's bond and record; `status` is 0 on duty, 1 suspended, 2 leaving."""

    authority: bytes
    beneficiary: bytes
    bond: int
    slashed: int
    rewards: int
    registered_slot: int
    heartbeat_slot: int
    unlock_slot: int
    completed: int
    failed: int
    missed: int
    response_slots: int
    claims: int
    misses: int
    tier: int
    status: int
    listed: int

    @property
    def success_rate(self) -> float:
        """Completed tasks among all that ended; 1.0 for none."""
        ended = self.completed + self.failed + self.missed
        return self.completed / ended if ended else 1.0

    @property
    def mean_response_slots(self) -> float:
        """Slots from creation to completion on average; 0.0 without a completed task."""
        return self.response_slots / self.completed if self.completed else 0.0


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done; `state` is 0 unclaimed, 1 claimed, 2 done, `claimed_by` a keeper account."""

    subject: bytes
    poster: bytes
    claimed_by: bytes
    priority: int
    value: int
    witness: int
    sequence: int
    created_slot: int
    claimed_slot: int
    deadline_slot: int
    done_slot: int
    reserved_mmt: int
    reward: int
    kind: int
    urgency: int
    state: int


def _pick(kind: type[Value], data: bytes) -> Value:
    fields = read_fields(kind.__name__, data)
    return kind(**{each.name: fields[each.name] for each in dataclass_fields(kind)})


def season(data: bytes) -> Season:
    """Decode the season account."""
    return _pick(Season, data)


def stake(data: bytes) -> Stake:
    """Decode a stake account."""
    return _pick(Stake, data)


def registry(data: bytes) -> Registry:
    """Decode the registry account; `keepers` has as many entries as there are keepers on duty."""
    fields = read_fields("Registry", data)
    fields["keepers"] = fields["keepers"][: fields["count"]]
    return Registry(**{each.name: fields[each.name] for each in dataclass_fields(Registry)})


def keeper(data: bytes) -> Keeper:
    """Decode a keeper account."""
    return _pick(Keeper, data)


def task(data: bytes) -> Task:
    """Decode a task account."""
    return _pick(Task, data)
