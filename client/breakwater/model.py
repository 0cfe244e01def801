"""Frozen values the services pass to each other. Integers are raw, on-chain units; times say their unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from solders.pubkey import Pubkey

__all__ = ["Fill", "Order", "PriceEvent", "Side", "Tick"]

Side: TypeAlias = Literal["buy", "sell", "open", "close"]
"""Buy and sell trade shares paid for in full; open and close trade them with a loan of the vault."""


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
    """What a trader wants: `shares` (6 decimals) of one outcome of one market.

    `limit` is in units of collateral (6 decimals) and includes the fee: the most a buy or an open may take
    from the balance, the least a sell or a close must bring. `leverage_x100` counts for opens only; 100 is
    1x. `trader` is the key that signs.
    """

    market: int
    trader: Pubkey
    side: Side
    outcome: int
    shares: int
    limit: int
    leverage_x100: int = 100


@dataclass(frozen=True, slots=True)
class Fill:
    """What the exchange did with an order; every amount is in units of collateral (6 decimals).

    `notional` is the cost or the proceeds of `shares` before `fee`; `amount` left the trader's balance (buy,
    open) or reached it (sell, close); `premium` is the part of an open's amount that its loan costs,
    `shortfall` what a close took from the balance to repay its loan; `debt` is the position's loan
    afterwards, `escrow` the market's, `income` what the vault earned. `trader` is the trader account,
    `timestamp_ms` the chain's Unix time.
    """

    market: int
    trader: Pubkey
    side: Side
    outcome: int
    shares: int
    notional: int
    fee: int
    amount: int
    premium: int
    shortfall: int
    debt: int
    escrow: int
    income: int
    leverage_x100: int
    slot: int
    signature: str
    timestamp_ms: int
