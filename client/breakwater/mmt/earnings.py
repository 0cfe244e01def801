"""What the program books when it settles a stake, in its own integers: billionths of an MMT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from breakwater.chain.keeper_accounts import Season, Stake

__all__ = ["SEASON_SLOTS", "TIER_TENTHS", "due", "emission", "season_at", "tier_of"]

SEASON_SLOTS: Final = 38_880_000
TIER_TENTHS: Final = (10, 11, 12, 13)
PER_WEIGHT_BITS: Final = 40


def season_at(season: Season, slot: int) -> int | None:
    """Which season a slot is in, from 0; None after the last one."""
    number = max(0, slot - season.start_slot) // SEASON_SLOTS
    return number if number < len(season.rates) else None


def tier_of(season: Season, amount: int) -> int:
    """The tier of a stake: how many thresholds it reaches."""
    return sum(amount >= least for least in season.tiers)


def emission(season: Season, slot: int) -> int:
    """What the schedule emits from the last time it was asked up to a slot."""
    begin, end = season.updated_slot - season.start_slot, max(slot, season.updated_slot) - season.start_slot
    emitted = 0
    for number, rate in enumerate(season.rates):
        first, last = number * SEASON_SLOTS, (number + 1) * SEASON_SLOTS
        emitted += rate * max(0, min(end, last) - max(begin, first))
    return emitted


def due(season: Season, stake: Stake, slot: int) -> int:
    """What a claim in a slot pays, rounded down."""
    per_weight = season.per_weight_q40
    if season.total_weight:
        emitted = emission(season, slot)
        stakers = emitted - emitted * season.keepers_ppm // 10**6
        per_weight += ((stakers << PER_WEIGHT_BITS) + season.carry_q40) // season.total_weight
    return stake.rewards + (stake.weight * (per_weight - stake.per_weight_q40) >> PER_WEIGHT_BITS)
