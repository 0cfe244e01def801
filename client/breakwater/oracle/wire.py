"""Polymarket's documented formats as strict types: Gamma markets, CLOB books, market channel events.

Numbers are `Decimal`, as exact as their text. Fields we do not use are ignored; those we do must be there and
of their type, or the whole answer is refused.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TypeAlias, TypeVar

import msgspec

from breakwater.errors import InvalidInput, Unreachable

__all__ = [
    "Book",
    "BookEvent",
    "Event",
    "LastTradePrice",
    "Level",
    "Market",
    "Midpoint",
    "Price",
    "PriceChange",
    "PriceChangeEvent",
    "TickSizeChange",
    "decode",
    "events",
    "time_ms",
]

T = TypeVar("T")


class Market(msgspec.Struct, frozen=True, rename="camel"):
    """A market of Gamma's `/markets`; three of its lists are JSON inside a string."""

    id: str
    slug: str
    condition_id: str
    question: str
    outcomes: str
    outcome_prices: str
    clob_token_ids: str
    closed: bool
    active: bool = True
    accepting_orders: bool = False
    best_bid: Decimal | None = None
    best_ask: Decimal | None = None
    last_trade_price: Decimal | None = None
    end_date: str | None = None
    order_price_min_tick_size: Decimal | None = None

    def names(self) -> list[str]:
        """The outcomes."""
        return decode(self.outcomes, list[str])

    def prices(self) -> list[Decimal]:
        """What Gamma displays for each outcome."""
        return decode(self.outcome_prices, list[Decimal])

    def tokens(self) -> list[str]:
        """The token of each outcome."""
        return decode(self.clob_token_ids, list[str])

    def index(self, outcome: str | None) -> int:
        """The place of an outcome by its name, in any case; None is the first.

        Raises:
            InvalidInput: the market has no such outcome.
        """
        names = self.names()
        if outcome is None:
            return 0
        for i, name in enumerate(names):
            if name.casefold() == outcome.casefold():
                return i
        raise InvalidInput(f"Name one of the outcomes {', '.join(names)} of {self.slug}, not {outcome!r}.")


class Level(msgspec.Struct, frozen=True):
    """Orders of one price."""

    price: Decimal
    size: Decimal


class Book(msgspec.Struct, frozen=True):
    """The CLOB's `/book`; the order of the levels is not relied upon."""

    market: str
    asset_id: str
    timestamp: str
    hash: str
    bids: list[Level]
    asks: list[Level]
    tick_size: Decimal | None = None
    min_order_size: Decimal | None = None
    neg_risk: bool = False


class Midpoint(msgspec.Struct, frozen=True):
    """The CLOB's `/midpoint`."""

    mid: Decimal


class Price(msgspec.Struct, frozen=True):
    """The CLOB's `/price` of one side."""

    price: Decimal


class BookEvent(msgspec.Struct, frozen=True):
    """A whole book: after subscribing, and after trades."""

    asset_id: str
    market: str
    timestamp: str
    bids: list[Level]
    asks: list[Level]
    hash: str = ""


class PriceChange(msgspec.Struct, frozen=True):
    """A level's new size, and where the book's best prices are after it."""

    asset_id: str
    price: Decimal
    size: Decimal
    side: str
    best_bid: Decimal | None = None
    best_ask: Decimal | None = None


class PriceChangeEvent(msgspec.Struct, frozen=True):
    """Orders were placed or cancelled."""

    market: str
    price_changes: list[PriceChange]
    timestamp: str


class LastTradePrice(msgspec.Struct, frozen=True):
    """A trade."""

    asset_id: str
    market: str
    price: Decimal
    side: str
    size: Decimal
    timestamp: str


class TickSizeChange(msgspec.Struct, frozen=True):
    """Prices near 0 or 1 get finer steps."""

    asset_id: str
    market: str
    old_tick_size: Decimal
    new_tick_size: Decimal
    timestamp: str


class _Head(msgspec.Struct, frozen=True):
    event_type: str


Event: TypeAlias = BookEvent | PriceChangeEvent | LastTradePrice | TickSizeChange

EVENTS: dict[str, type[Event]] = {
    "book": BookEvent,
    "price_change": PriceChangeEvent,
    "last_trade_price": LastTradePrice,
    "tick_size_change": TickSizeChange,
}


def decode(data: bytes | str, kind: type[T]) -> T:
    """JSON -> a value of `kind`.

    Raises:
        Unreachable: it is not; half an answer is none.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError as error:
        raise Unreachable(f"Ask again: the answer is not what is documented ({error}).") from None


def events(frame: bytes | str) -> list[Event]:
    """The events of a frame of the market channel, which holds one or a list; unknown kinds are left out.

    Raises:
        Unreachable: it is not what is documented.
    """
    data = frame.encode() if isinstance(frame, str) else frame
    parts = decode(data, list[msgspec.Raw]) if data.lstrip()[:1] == b"[" else [msgspec.Raw(data)]
    found: list[Event] = []
    for part in parts:
        kind = EVENTS.get(decode(bytes(part), _Head).event_type)
        if kind is not None:
            found.append(decode(bytes(part), kind))
    return found


def time_ms(text: str) -> int:
    """A timestamp of the CLOB, milliseconds or ISO 8601, as Unix milliseconds.

    Raises:
        Unreachable: it is neither.
    """
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        return round(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        raise Unreachable(f"Ask again: {text[:40]!r} is no timestamp.") from None
