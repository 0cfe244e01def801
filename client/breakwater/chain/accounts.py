"""Account data -> frozen values, by the layout of the programs' `repr(C)` accounts.

Every account starts with an 8-byte discriminator. Amounts are micro-units (6 decimals), addresses 32 bytes,
prices integers in units of their feed. For reading in bulk; `programs.program(...)` reads the same accounts
by the IDL.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "HISTORY",
    "Config",
    "Feed",
    "Market",
    "Position",
    "Shard",
    "Trader",
    "Vault",
    "config",
    "feed",
    "market",
    "mint_supply",
    "position",
    "shard",
    "token_amount",
    "trader",
    "vault",
]

HISTORY: Final = 256
"""Observations a feed keeps."""

DISCRIMINATOR = 8


@dataclass(frozen=True, slots=True)
class Config:
    """The exchange's rules."""

    admin: bytes
    operator: bytes
    mint: bytes
    min_coverage_q32: int
    fee_base_ppm: int
    fee_slope_ppm: int
    max_subsidy_ppm: int


@dataclass(frozen=True, slots=True)
class Trader:
    """A trader's book; `positions` counts open position accounts."""

    owner: bytes
    balance: int
    lp_shares: int
    positions: int


@dataclass(frozen=True, slots=True)
class Vault:
    """The liquidity providers' ledger; `cash` is what no shard holds."""

    token_account: bytes
    cash: int
    lp_supply: int
    folded_slot: int


@dataclass(frozen=True, slots=True)
class Shard:
    """One of the vault's ledgers; `coverage_q32` and `fee_ppm` are those of the last fold."""

    cash: int
    debt: int
    debt_at_risk: int
    claim_floor: int
    claim_ceiling: int
    coverage_q32: int
    min_coverage_q32: int
    fees: int
    volume: int
    bad_debt: int
    fee_ppm: int
    index: int


@dataclass(frozen=True, slots=True)
class Market:
    """A market; `status` is 0 open, 1 resolved, 2 voided, `winner` valid once resolved."""

    feed: bytes
    rent_payer: bytes
    id: int
    close_ms: int
    b: int
    escrow: int
    claim_floor: int
    claim_ceiling: int
    debt_at_risk: int
    settlement_price: int
    shares: tuple[int, ...]
    debt: tuple[int, ...]
    strikes: tuple[int, ...]
    positions: int
    shard: int
    status: int
    winner: int


@dataclass(frozen=True, slots=True)
class Position:
    """A trader's shares of one outcome; `kind` 0 is spot, 1 leveraged."""

    trader: bytes
    market: bytes
    shares: int
    cost: int
    debt: int
    opened_slot: int
    outcome: int
    kind: int


@dataclass(frozen=True, slots=True)
class Feed:
    """A price feed; publications count from 0, `history` holds (timestamp_ms, price), oldest first."""

    publisher: bytes
    authority: bytes
    name: str
    count: int
    sequence: int
    price: int
    confidence: int
    slot: int
    timestamp_ms: int
    max_age_s: int
    exponent: int
    history: tuple[tuple[int, int], ...]


def _reader(name: str, layout: str) -> Callable[[bytes], tuple[Any, ...]]:
    tag = hashlib.sha256(f"account:{name}".encode()).digest()[:DISCRIMINATOR]
    fields = struct.Struct("<" + layout)

    def read(data: bytes) -> tuple[Any, ...]:
        if data[:DISCRIMINATOR] != tag or len(data) != DISCRIMINATOR + fields.size:
            raise InvalidInput(f"Pass a {name} account: these {len(data)} bytes are none.")
        return fields.unpack_from(data, DISCRIMINATOR)

    return read


_CONFIG = _reader("Config", "32s32s32sQIIII")
_TRADER = _reader("Trader", "32sQQQ")
_VAULT = _reader("Vault", "32sQQQBB6x")
_SHARD = _reader("Shard", "10QII")
_MARKET = _reader("Market", "32s32s10Q16Q16Q16QQIBBBB")
_POSITION = _reader("Position", "32s32sQQQQBB6x")
_FEED = _reader("Feed", f"32s32s32s6QIi{2 * HISTORY}Q")


def config(data: bytes) -> Config:
    """Decode a config account."""
    return Config(*_CONFIG(data)[:7])


def trader(data: bytes) -> Trader:
    """Decode a trader account."""
    return Trader(*_TRADER(data))


def vault(data: bytes) -> Vault:
    """Decode the vault account."""
    return Vault(*_VAULT(data)[:4])


def shard(data: bytes) -> Shard:
    """Decode a shard account."""
    return Shard(*_SHARD(data))


def market(data: bytes) -> Market:
    """Decode a market account; shares, debt and strikes have as many entries as the market uses."""
    v = _MARKET(data)
    n = v[62]
    shares, debt, strikes = v[12 : 12 + n], v[28 : 28 + n], v[44 : 43 + n]
    positions, shard_index, _, status, winner, _ = v[60:]
    fields = (*v[:5], *v[7:12], shares, debt, strikes, positions, shard_index, status, winner)
    return Market(*fields)


def position(data: bytes) -> Position:
    """Decode a position account."""
    return Position(*_POSITION(data))


def feed(data: bytes) -> Feed:
    """Decode a feed account."""
    v = _FEED(data)
    count, ring = v[3], tuple(zip(v[11::2], v[12::2], strict=True))
    oldest = count % HISTORY if count > HISTORY else 0
    history = (ring[oldest:] + ring[:oldest])[: min(count, HISTORY)]
    name = v[2].rstrip(b"\0").decode(errors="replace")
    fields = (v[0], v[1], name, *v[3:11], history)
    return Feed(*fields)


def token_amount(data: bytes) -> int:
    """The amount in a token account."""
    return int.from_bytes(data[64:72], "little")


def mint_supply(data: bytes) -> int:
    """The supply of a mint."""
    return int.from_bytes(data[36:44], "little")
