"""Data of the launch's accounts -> frozen values, by the layouts in the shipped IDLs.

MMT in billionths, fees and shares in micro-units, times slots, addresses 32 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeVar

from .accounts import read_fields

__all__ = ["Bootstrap", "Launch", "Maker", "bootstrap", "credit", "launch", "maker"]

Value = TypeVar("Value", "Bootstrap", "Maker", "Launch")
PER_WEIGHT_BITS = 40
UNIT = 10**6


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """What a launch pays and has paid; `early_shares` are those that will still weigh twice."""

    start_slot: int
    end_slot: int
    updated_slot: int
    budget: int
    trade_credits: int
    trade_rate: int
    mining_rate: int
    emitted: int
    paid_traders: int
    paid_makers: int
    early_shares: int
    locked: int
    total_weight: int
    per_weight_q40: int
    carry_q40: int

    def worth(self, credit: int) -> int:
        """What a claim of so much credit pays, rounded down."""
        return credit * self.trade_rate // UNIT

    def per_weight_at(self, slot: int) -> int:
        """The accumulator as the program will have it in `slot`."""
        if not self.total_weight:
            return self.per_weight_q40
        slots = max(0, min(slot, self.end_slot) - self.updated_slot)
        amount = (slots * self.mining_rate << PER_WEIGHT_BITS) + self.carry_q40
        return self.per_weight_q40 + amount // self.total_weight


@dataclass(frozen=True, slots=True)
class Maker:
    """Locked liquidity, `early` shares of which weigh twice; `rewards` are those settled."""

    trader: bytes
    shares: int
    early: int
    weight: int
    per_weight_q40: int
    rewards: int

    def earned(self, launch: Bootstrap, slot: int) -> int:
        """What a claim in `slot` pays."""
        growth = launch.per_weight_at(slot) - self.per_weight_q40
        return self.rewards + (self.weight * growth >> PER_WEIGHT_BITS)


@dataclass(frozen=True, slots=True)
class Launch:
    """The launch in one shard: credit and early trades left, which fees count, and fees set aside."""

    credits: int
    early_trades: int
    min_fee: int
    max_fee: int
    reserve: int


def _pick(kind: type[Value], account: str, data: bytes) -> Value:
    found = read_fields(account, data)
    return kind(**{each.name: found[each.name] for each in fields(kind)})


def bootstrap(data: bytes) -> Bootstrap:
    """Decode the bootstrap account."""
    return _pick(Bootstrap, "Bootstrap", data)


def maker(data: bytes) -> Maker:
    """Decode a maker account."""
    return _pick(Maker, "Maker", data)


def launch(data: bytes) -> Launch:
    """Decode the launch's part of a shard account."""
    return _pick(Launch, "Shard", data)


def credit(data: bytes) -> int:
    """Credited fees of a trader account that have not been paid for."""
    return int(read_fields("Trader", data)["credit"])
