"""What the engine takes in: liquidations, trades, book tops, open interest and funding of one symbol each.

An event counts once, at its own time. `identity` is what duplicates are known by: the source's own number
mixed with the exchange, or, where a source numbers nothing, a digest of the event's content.
"""

from __future__ import annotations

from enum import IntEnum
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from . import _layout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["EVENT", "Event", "Events", "Exchange", "Kind", "Side", "identity", "pack"]

MICRO = 1_000_000


class Exchange(IntEnum):
    """Where an event happened; the last is our own chain."""

    BINANCE = 0
    BYBIT = 1
    OKX = 2
    HYPERLIQUID = 3
    BREAKWATER = 4


class Kind(IntEnum):
    """What happened."""

    LIQUIDATION = _layout.LIQUIDATION
    TRADE = _layout.TRADE
    BOOK = _layout.BOOK
    OPEN_INTEREST = _layout.OPEN_INTEREST
    FUNDING = _layout.FUNDING_RATE


class Side(IntEnum):
    """Of the order that was filled: a long is liquidated by a sale."""

    BUY = _layout.BUY
    SELL = _layout.SELL


EVENT = np.dtype(
    [
        ("time_ms", np.int64),
        ("identity", np.int64),
        ("micro_usd", np.int64),
        ("value", np.float64),
        ("symbol", np.int32),
        ("exchange", np.int8),
        ("kind", np.int8),
        ("side", np.int8),
        ("spare", np.int8),
    ]
)
"""Events as an array: 40 bytes each. `symbol` is the engine's number."""

Events: TypeAlias = "np.ndarray[tuple[int], np.dtype[np.void]]"


class Event(NamedTuple):
    """One event.

    `micro_usd` is the notional of liquidations and trades in micro-dollars, the spread of a book top in parts
    per million. `value` is the price, a book top's middle, the open interest in dollars, or the funding rate.
    """

    time_ms: int
    exchange: Exchange
    symbol: str
    kind: Kind
    side: Side
    micro_usd: int
    value: float
    identity: int


def identity(exchange: Exchange, symbol: str, kind: Kind, *parts: object) -> int:
    """A number that equal parts share and others do not: 63 bits, never 0, which would mean none."""
    text = "\x1f".join((str(int(exchange)), symbol, str(int(kind)), *(str(part) for part in parts)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") >> 1 | 1


def pack(events: Iterable[Event], number: Callable[[str], int]) -> Events:
    """Events as an array, with symbols as `number` counts them."""
    rows = [
        (e.time_ms, e.identity, e.micro_usd, e.value, number(e.symbol), e.exchange, e.kind, e.side, 0)
        for e in events
    ]
    return np.array(rows, EVENT)
