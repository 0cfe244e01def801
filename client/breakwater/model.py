"""Frozen values the services pass to each other. Integers are raw, on-chain units; times say their unit."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Fill", "Order", "PriceEvent", "Tick"]


@dataclass(frozen=True, slots=True)
class Tick:
    """One observation from one source, before aggregation.

    `price` and `confidence` are integers times `10 ** exponent`; `timestamp_ms` is the source's Unix time,
    `received_ms` ours, both in milliseconds.
    """

    source: str
    symbol: str
    price: int
    exponent: int
    confidence: int
    timestamp_ms: int
    received_ms: int


@dataclass(frozen=True, slots=True)
class PriceEvent:
    """An aggregated price on its way to, or back from, a feed account.

    `price` and `confidence` are integers times `10 ** exponent`; `sequence` grows
    with each publication.
    """

    feed: str
    price: int
    exponent: int
    confidence: int
    sequence: int
    slot: int
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class Order:
    """What a trader wants: `amount` collateral units (6 decimals) of margin on one outcome of one market.

    `leverage_bps` is 10,000 for 1x; `limit` is the worst acceptable price, a probability times 1e9.
    """

    market: str
    trader: str
    outcome: int
    is_buy: bool
    amount: int
    leverage_bps: int
    limit: int
    client_id: int


@dataclass(frozen=True, slots=True)
class Fill:
    """What the exchange did: `shares` (6 decimals) for `cost` and `fee` (collateral) at `price` (1e9)."""

    market: str
    trader: str
    outcome: int
    is_buy: bool
    shares: int
    cost: int
    fee: int
    price: int
    slot: int
    signature: str
    timestamp_ms: int
