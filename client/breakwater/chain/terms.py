"""What markets and the exchange are set up with: the values behind `initialize` and `create_market`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from solders.pubkey import Pubkey

__all__ = [
    "LEVERAGED",
    "LMSR",
    "MAX_OUTCOMES",
    "PM_AMM",
    "PM_AMM_DECAYING",
    "SPOT",
    "BreakerLimits",
    "MarketTerms",
    "Rules",
]

SPOT: Final = 0
LEVERAGED: Final = 1
LMSR: Final = 0
PM_AMM: Final = 1
PM_AMM_DECAYING: Final = 2
MAX_OUTCOMES: Final = 16


@dataclass(frozen=True, slots=True)
class Rules:
    """The exchange's rules, fixed at initialization; parts per million, coverage in units of 2^-32."""

    min_coverage_q32: int = 1 << 31
    fee_base_ppm: int = 300
    fee_slope_ppm: int = 2_500
    max_subsidy_ppm: int = 100_000
    partial_ppm: int = 300_000
    """What a partial liquidation sells of a position."""
    keeper_ppm: int = 10_000
    """A liquidation's reward, of its notional."""
    insurance_ppm: int = 5_000
    """The insurance fund's part of the notional, from what the loan leaves."""
    slot_ppm: int = 100_000
    """Shares that liquidations may sell in one slot, of the market's liquidity."""


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """When a market halts and for how long; without a window (0 slots) it never does.

    `max_volume` is in micro-units a window, `max_move_ppm` how far an outcome's fill price may move within it
    (1,000,000 is from 0 to 1), `max_liquidation_ppm` the part of the window's volume that may be
    liquidations.
    """

    max_volume: int = 0
    max_move_ppm: int = 0
    max_liquidation_ppm: int = 0
    window_slots: int = 0
    cooldown_slots: int = 0


@dataclass(frozen=True, slots=True)
class MarketTerms:
    """A market's terms: `len(strikes) + 1` outcomes; outcome k wins when exactly k strikes are reached.

    `liquidity` is the LMSR's b or the pm-AMM's L; `curve` is `LMSR`, or for two outcomes `PM_AMM` or
    `PM_AMM_DECAYING`. Markets of one `group` (1 to 63) halt together. With `max_divergence_ppm` the feed's
    price is the probability of the upper of two outcomes, and leverage needs a fill that near to it.
    """

    feed: Pubkey
    close_ms: int
    liquidity: int
    strikes: tuple[int, ...]
    curve: int = LMSR
    group: int = 0
    max_divergence_ppm: int = 0
    breaker: BreakerLimits = BreakerLimits()
