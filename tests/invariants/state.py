"""What the model keeps: a record for every account, its fields named as in `breakwater.chain.accounts`.

Records are replaced, not shared: `clone` copies one, and what it holds by outcome are tuples.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

__all__ = [
    "Chain",
    "Config",
    "Feed",
    "Holding",
    "Leg",
    "Market",
    "Now",
    "Position",
    "Shard",
    "Stop",
    "Trader",
    "Vault",
    "Wallet",
    "clone",
    "replaced",
]

GROUPS = 64
Record = TypeVar("Record")


@dataclass(frozen=True)
class Now:
    """The chain's clock: slot and Unix seconds."""

    slot: int
    s: int

    @property
    def ms(self) -> int:
        """Unix milliseconds."""
        return self.s * 1000


@dataclass
class Wallet:
    """A token account."""

    amount: int


@dataclass
class Config:
    """The exchange's rules."""

    admin: bytes
    operator: bytes
    mint: bytes
    min_coverage_q32: int
    fee_base_ppm: int
    fee_slope_ppm: int
    max_subsidy_ppm: int
    partial_ppm: int
    keeper_ppm: int
    insurance_ppm: int
    slot_ppm: int


@dataclass
class Vault:
    """The liquidity providers' ledger."""

    token_account: bytes
    cash: int = 0
    lp_supply: int = 0
    folded_slot: int = 0


@dataclass
class Shard:
    """A quarter of the vault's books."""

    index: int
    min_coverage_q32: int
    fee_ppm: int
    partial_ppm: int
    keeper_ppm: int
    insurance_ppm: int
    slot_ppm: int
    cash: int = 0
    debt: int = 0
    debt_at_risk: int = 0
    claim_floor: int = 0
    claim_ceiling: int = 0
    coverage_q32: int = 0
    fees: int = 0
    volume: int = 0
    bad_debt: int = 0
    insurance: int = 0
    halts: tuple[int, ...] = (0,) * GROUPS
    reserve: int = 0


@dataclass
class Trader:
    """A trader's book."""

    owner: bytes
    balance: int = 0
    lp_shares: int = 0
    positions: int = 0


@dataclass
class Holding:
    """Shares of one outcome and the loan they secure."""

    outcome: int
    kind: int
    shares: int = 0
    cost: int = 0
    debt: int = 0
    opened_slot: int = 0
    generation: int = 0
    """Changes whenever shares come after there were none; no account shows it."""


@dataclass
class Position(Holding):
    """A holding with an account of its own."""

    trader: bytes = b""
    market: bytes = b""


@dataclass
class Leg(Holding):
    """A holding of a chain."""

    market: bytes = b""


@dataclass
class Stop:
    """A standing order to sell a position."""

    position: bytes
    shares: int
    tip: int
    trigger_q28: int
    limit_q28: int
    side: int
    owner: bytes
    generation: int


@dataclass
class Chain:
    """A trader's chain."""

    trader: bytes
    id: int
    legs: tuple[Leg, ...] = ()

    @property
    def held(self) -> tuple[Leg, ...]:
        """The legs that are left."""
        return tuple(leg for leg in self.legs if leg.shares)


@dataclass
class Market:
    """A market; `anchors` and `fills` are its breaker's prices; slot, sold, level and bound its cap's."""

    id: int
    feed: bytes
    rent_payer: bytes
    close_ms: int
    opened_ms: int
    liquidity: int
    full_liquidity: int
    strikes: tuple[int, ...]
    curve: int
    group: int
    shard: int
    escrow: int
    max_debt_at_risk: int
    shares: tuple[int, ...]
    debt: tuple[int, ...]
    reference: tuple[int, ...]
    traded_s: tuple[int, ...]
    max_volume: int
    max_move_q28: int
    max_liquidation_ppm: int
    window_slots: int
    cooldown_slots: int
    claim_floor: int = 0
    claim_ceiling: int = 0
    debt_at_risk: int = 0
    settlement_price: int = 0
    positions: int = 0
    status: int = 0
    winner: int = 0
    delta_offset: int = 0
    feed_one: int = 0
    max_divergence_q28: int = 0
    window_slot: int = 0
    volume: int = 0
    liquidated: int = 0
    halted_until_slot: int = 0
    slot: int = 0
    sold: int = 0
    level: int = 0
    bound: int = 0
    taken_shares: tuple[int, ...] = ()
    taken_debt: tuple[int, ...] = ()
    anchors: tuple[int, ...] = (0,) * 16
    fills: tuple[int, ...] = (0,) * 16

    @property
    def delta(self) -> int:
        """By how much a pool's second reserve is larger than its first."""
        return self.shares[0] - self.shares[1] + self.delta_offset

    def payout(self, outcome: int, shares: int) -> int:
        """What shares pay once the market is settled."""
        if self.status == 2:
            return shares // len(self.shares)
        return shares if outcome == self.winner else 0


@dataclass
class Feed:
    """A price feed."""

    publisher: bytes
    authority: bytes
    name: str
    exponent: int
    max_age_s: int
    count: int = 0
    sequence: int = 0
    price: int = 0
    confidence: int = 0
    slot: int = 0
    timestamp_ms: int = 0
    history: tuple[tuple[int, int], ...] = field(default=())


def clone(record: Record) -> Record:
    """A copy that can be changed without the original noticing."""
    copy: Any = object.__new__(type(record))
    copy.__dict__.update(record.__dict__)
    if isinstance(copy, Chain):
        copy.legs = tuple(clone(leg) for leg in copy.legs)
    result: Record = copy
    return result


def replaced(values: tuple[int, ...], index: int, value: int) -> tuple[int, ...]:
    """The tuple with one value replaced."""
    return (*values[:index], value, *values[index + 1 :])
