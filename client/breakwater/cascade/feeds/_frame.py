"""What every exchange's parser shares: one frame in, events or a reason out; never an exception."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import msgspec

from ..events import Event, Exchange, Kind, Side, identity

__all__ = [
    "Frame",
    "Parser",
    "Refused",
    "Venue",
    "base_asset",
    "book",
    "decode",
    "interest",
    "rate",
    "traded",
]

T = TypeVar("T")
QUOTES = ("USDT", "USDC", "FDUSD", "BUSD", "USD", "PERP")
MAX_MICRO_USD = 2**60
EARLIEST_MS, LATEST_MS = 1_000_000_000_000, 10_000_000_000_000
Level = tuple[float, float]


class Refused(ValueError):  # noqa: N818 - what the parser does
    """A frame that is not what the exchange documents; the message says in which way."""


@dataclass(slots=True)
class Frame:
    """What a frame was: its events, or why it has none. `broken` are symbols that missed something; `history`
    says that the events are of before the subscription."""

    events: list[Event] = field(default_factory=list)
    ignored: str | None = None
    refused: str | None = None
    broken: set[str] = field(default_factory=set)
    history: bool = False


class Venue(Protocol):
    """What is particular to an exchange; symbols are the exchange's own."""

    exchange: Exchange
    url: str
    ping: str | None
    ping_s: float

    def subscribe(self, symbols: list[str]) -> list[str]:
        """The messages that ask for all channels of the symbols."""

    def unsubscribe(self, symbols: list[str]) -> list[str]:
        """The messages that end them."""

    def read(self, data: bytes, frame: Frame) -> None:
        """Fill `frame`; Refused for what is not documented."""

    def forget(self, symbol: str | None = None) -> None:
        """Begin the sequences of a symbol, or of all, anew."""


class Parser:
    """Reads frames of one exchange and counts what they were."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        self.frames = 0
        self.events: Counter[str] = Counter()
        self.ignored: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def read(self, data: bytes | str) -> Frame:
        """One frame."""
        self.frames += 1
        frame = Frame()
        try:
            self.venue.read(data.encode("utf-8", "replace") if isinstance(data, str) else data, frame)
        except (Refused, msgspec.DecodeError, RecursionError, UnicodeError) as error:
            frame = Frame(refused=" ".join(str(error).split())[:200] or type(error).__name__)
        for event in frame.events:
            self.events[event.kind.name.lower()] += 1
        if frame.refused is not None:
            self.refused[frame.refused] += 1
        elif not frame.events:
            frame.ignored = frame.ignored or "nothing in it"
            self.ignored[frame.ignored] += 1
        return frame


def decode(data: bytes | msgspec.Raw, kind: type[T]) -> T:
    """JSON as a value of `kind`; numbers may be written as text."""
    return msgspec.json.decode(data, type=kind, strict=False)


def base_asset(symbol: str) -> str:
    """What is traded: BTC of BTCUSDT, BTC-USDT-SWAP and BTC-USD-220527."""
    name = symbol.upper().split("-")[0].split("_")[0]
    for quote in QUOTES:
        if name.endswith(quote) and len(name) > len(quote):
            return name.removesuffix(quote)
    return name


def _time(time_ms: int) -> int:
    if not EARLIEST_MS <= time_ms <= LATEST_MS:
        raise Refused(f"no time in milliseconds: {time_ms}")
    return time_ms


def _positive(x: float, what: str) -> float:
    if not (math.isfinite(x) and x > 0):
        raise Refused(f"no {what}: {x}")
    return x


def traded(
    exchange: Exchange,
    symbol: str,
    kind: Kind,
    side: Side,
    time_ms: int,
    price: float,
    notional: float,
    *mark: Any,
) -> Event:
    """A trade or a liquidation; `mark` is what tells it from others."""
    micro = _positive(notional, "notional") * 1e6
    if micro > MAX_MICRO_USD:
        raise Refused(f"no notional: {notional}")
    asset = base_asset(symbol)
    known = identity(exchange, symbol, kind, *mark)
    return Event(_time(time_ms), exchange, asset, kind, side, int(micro), _positive(price, "price"), known)


def book(exchange: Exchange, symbol: str, time_ms: int, bid: float, ask: float) -> Event | None:
    """A book top; None while a side is empty or the sides cross."""
    if not (math.isfinite(bid) and math.isfinite(ask) and 0 < bid <= ask):
        return None
    middle = (bid + ask) / 2
    if not math.isfinite(middle):
        return None
    ppm = int((ask - bid) / middle * 1e6)
    known = identity(exchange, symbol, Kind.BOOK, time_ms, bid, ask)
    return Event(_time(time_ms), exchange, base_asset(symbol), Kind.BOOK, Side.BUY, ppm, middle, known)


def interest(exchange: Exchange, symbol: str, time_ms: int, dollars: float) -> Event:
    """Open interest in dollars."""
    known = identity(exchange, symbol, Kind.OPEN_INTEREST, time_ms, dollars)
    value = _positive(dollars, "open interest")
    return Event(_time(time_ms), exchange, base_asset(symbol), Kind.OPEN_INTEREST, Side.BUY, 0, value, known)


def rate(exchange: Exchange, symbol: str, time_ms: int, funding: float) -> Event:
    """A funding rate."""
    if not (math.isfinite(funding) and abs(funding) < 1):
        raise Refused(f"no funding rate: {funding}")
    known = identity(exchange, symbol, Kind.FUNDING, time_ms, funding)
    return Event(_time(time_ms), exchange, base_asset(symbol), Kind.FUNDING, Side.BUY, 0, funding, known)
