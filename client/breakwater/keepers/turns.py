"""Whose work a work is, by rules that every keeper computes alike: no messages, hardly any races."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from solders.pubkey import Pubkey

from breakwater.chain import keeper_instructions as kx

if TYPE_CHECKING:
    from breakwater.chain.keeper_accounts import Registry, Task

    from .world import World

__all__ = ["is_needed", "is_present", "may_claim", "stand_in", "stands_in"]

ACTIVE: Final = 0
OPEN: Final = 0


def is_present(world: World, keeper: Pubkey) -> bool:
    """On duty, with a sign of life in the last half of what the rules allow."""
    found, registry = world.keepers.get(keeper), world.registry
    if found is None or registry is None or found.status != ACTIVE:
        return False
    return world.slot - found.heartbeat_slot <= registry.heartbeat_slots // 2


def stand_in(world: World, subject: Pubkey) -> list[Pubkey]:
    """The keepers present, in the order in which they stand in for one that does not come.

    Who has done and holds least comes first; a hash of keeper and subject breaks ties.
    """
    registry = world.registry
    listed = () if registry is None else (Pubkey.from_bytes(each) for each in registry.keepers)

    def order(keeper: Pubkey) -> tuple[int, bytes]:
        found = world.keepers[keeper]
        mixed = hashlib.sha256(bytes(subject) + bytes(keeper)).digest()
        return found.completed + found.claims, mixed

    return sorted((each for each in listed if is_present(world, each)), key=order)


def stands_in(world: World, keeper: Pubkey, subject: Pubkey, waited: int) -> bool:
    """Whether a keeper may step in after so many slots: the first in order at once, each next one later."""
    order = stand_in(world, subject)
    return keeper in order and order.index(keeper) <= waited


def is_needed(world: World, task: Task) -> bool:
    """Whether the subject still says what it said at the posting; the program pays for nothing else.

    A loan can be as unhealthy as ever and its task be of no use any more: somebody has called a part of it.
    """
    subject = Pubkey.from_bytes(task.subject)
    if task.kind == kx.PRICE_UPDATE:
        feed = world.feeds.get(subject)
        return feed is None or feed.timestamp_ms <= task.witness
    position, market = world.positions.get(subject), world.markets.get(subject)
    if task.kind == kx.LIQUIDATION:
        return position is not None and position.debt >= task.witness
    if task.kind == kx.STOP_LOSS:
        return position is not None and position.shares >= task.witness
    if task.kind == kx.RESOLUTION:
        return market is not None and market.status == OPEN
    return position is not None or (market is not None and market.status != OPEN)


def _turn(registry: Registry, task: Task, slot: int) -> bytes | None:
    index = kx.turn(task.sequence, slot, len(registry.keepers))
    return None if index is None else registry.keepers[index]


def may_claim(world: World, keeper: Pubkey, task: Task) -> bool:
    """Whether it is this keeper who should take a task that nobody holds, or that is late with its holder."""
    registry, slot = world.registry, world.slot
    if registry is None:
        return False
    subject = Pubkey.from_bytes(task.subject)
    if task.state == kx.CLAIMED:
        return slot > task.deadline_slot and stands_in(world, keeper, subject, slot - task.deadline_slot - 1)
    age = slot - task.created_slot
    if age < registry.exclusive_slots:
        return _turn(registry, task, slot) == bytes(keeper)
    return stands_in(world, keeper, subject, age - registry.exclusive_slots)
