"""What the program says about a loan, in the program's own integers.

Amounts are micro-units, prices units of 2^-28, parts parts per million. What this cannot know is the price of
the moment at which a transaction lands; `liquidate` decides about that, and a keeper asks it by simulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from breakwater.chain.accounts import Market, Shard

__all__ = [
    "Split",
    "cap_of_slot",
    "heals",
    "is_unhealthy",
    "leverage_cap",
    "maintenance",
    "part_of",
    "room",
    "split",
    "value_of",
]

WHOLE: Final = 1_000_000
ONE_Q28: Final = 1 << 28
LEAST_CAP: Final = 1_000
WIDEST: Final = 3
NARROWING_SLOTS: Final = 16


def tier_cap(outcomes: int) -> int:
    """Highest leverage for a number of outcomes, in hundredths: `floor(50 sqrt(2 / N))` to the hundredth."""
    return isqrt(5_000 * 5_000 * 2 // outcomes)


def leverage_cap(outcomes: int, coverage_q32: int) -> int:
    """Highest leverage at a coverage, in hundredths, at least 1x."""
    tier = tier_cap(outcomes)
    if coverage_q32 >= 1 << 32:
        return tier
    per_unit = isqrt((10_000 << 18) ** 2 // outcomes)
    return max(100, min(tier, coverage_q32 * per_unit >> 50))


def maintenance(cap_x100: int) -> int:
    """The part of the value that the owner must own: `3 / (4 cap)`, rounded up, at most 7.5 %."""
    return -(-75 * WHOLE // max(cap_x100, LEAST_CAP))


def value_of(shares: int, price_q28: int) -> int:
    """What shares are worth, rounded down."""
    return shares * price_q28 >> 28


def is_unhealthy(value: int, debt: int, maintenance_ppm: int) -> bool:
    """`debt > value (1 - maintenance)`, exactly."""
    return debt * WHOLE > value * (WHOLE - maintenance_ppm)


def part_of(whole: int, part_ppm: int) -> int:
    """A part, rounded up."""
    return -(-whole * part_ppm // WHOLE)


def heals(held: int, debt: int, mark_q28: int, maintenance_ppm: int, rules: Shard) -> bool:
    """Whether selling a partial liquidation's part at the mark would leave a healthy position."""
    part = part_of(held, rules.partial_ppm)
    brought = value_of(part, mark_q28)
    repaid = min(brought - part_of(brought, rules.keeper_ppm), debt)
    return not is_unhealthy(value_of(held - part, mark_q28), debt - repaid, maintenance_ppm)


def cap_of_slot(liquidity: int, slot_ppm: int, level: int) -> int:
    """The most shares that liquidations may sell in a slot, at least one micro-share."""
    return max(1, liquidity * (slot_ppm << min(level, WIDEST)) // WHOLE)


def room(market: Market, rules: Shard, slot: int, liquidity: int | None = None) -> int:
    """Shares that liquidations may still sell in `slot`; `liquidity` where a pool's has decayed since."""
    level, sold = market.level, market.sold
    if slot != market.slot:
        quiet = max(0, slot - market.slot)
        if market.bound and quiet == 1:
            level = min(level + 1, WIDEST)
        else:
            level = max(0, level - quiet // NARROWING_SLOTS)
        sold = 0
    cap = cap_of_slot(market.liquidity if liquidity is None else liquidity, rules.slot_ppm, level)
    return max(0, cap - sold)


@dataclass(frozen=True, slots=True)
class Split:
    """Who gets what a liquidation's sale brings."""

    keeper: int
    repaid: int
    insurance: int
    owner: int


def split(proceeds: int, notional: int, due: int, debt: int, rules: Shard) -> Split:
    """Keeper (of what the sold shares' part of the loan leaves), loan, insurance fund, owner."""
    left = proceeds
    keeper = min(max(0, left - due), notional * rules.keeper_ppm // WHOLE)
    left -= keeper
    repaid = min(left, debt)
    left -= repaid
    insurance = min(left, notional * rules.insurance_ppm // WHOLE)
    return Split(keeper, repaid, insurance, left - insurance)
