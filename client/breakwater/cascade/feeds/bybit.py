"""Bybit v5, linear contracts.

The side of `allLiquidation` is the *position's*: Buy means that a long was liquidated, which sells. Books
count up by one in `u`; a snapshot, or `u` of 1, begins anew. Tickers send only what has changed.
"""

from __future__ import annotations

import json

import msgspec

from ..events import Exchange, Kind, Side
from ._frame import Frame, Level, Refused, book, decode, interest, rate, traded

__all__ = ["Bybit"]

CHANNELS = ("allLiquidation", "publicTrade", "orderbook.1", "tickers")
HERE = Exchange.BYBIT


class _Envelope(msgspec.Struct):
    topic: str = ""
    op: str = ""
    success: bool = True
    ret_msg: str = ""
    type: str = ""
    ts: int = 0
    data: msgspec.Raw = msgspec.Raw(b"")


class _Liquidation(msgspec.Struct):
    T: int
    s: str
    S: str
    v: float
    p: float


class _Trade(msgspec.Struct):
    T: int
    s: str
    S: str
    v: float
    p: float
    i: str


class _Book(msgspec.Struct):
    s: str
    b: list[Level]
    a: list[Level]
    u: int


class _Ticker(msgspec.Struct):
    symbol: str
    openInterestValue: float | str | None = None  # noqa: N815 - the exchange's name
    fundingRate: float | str | None = None  # noqa: N815 - the exchange's name


class Bybit:
    """Topics end with the symbol."""

    exchange = HERE
    url = "wss://stream.bybit.com/v5/public/linear"
    ping: str | None = '{"op":"ping"}'
    ping_s = 20.0

    def __init__(self) -> None:
        self._books: dict[str, tuple[int, float, float]] = {}

    def _ask(self, op: str, symbols: list[str]) -> list[str]:
        return [
            json.dumps({"op": op, "args": [f"{channel}.{symbol}" for channel in CHANNELS]})
            for symbol in symbols
        ]

    def subscribe(self, symbols: list[str]) -> list[str]:
        """See Venue."""
        return self._ask("subscribe", symbols)

    def unsubscribe(self, symbols: list[str]) -> list[str]:
        """See Venue."""
        return self._ask("unsubscribe", symbols)

    def forget(self, symbol: str | None = None) -> None:
        """See Venue."""
        if symbol is None:
            self._books.clear()
        else:
            self._books.pop(symbol, None)

    def read(self, data: bytes, frame: Frame) -> None:
        """See Venue."""
        envelope = decode(data, _Envelope)
        if not envelope.topic:
            if not envelope.op:
                raise Refused("neither a topic nor an answer")
            if not envelope.success:
                raise Refused(f"error: {envelope.ret_msg[:120]}")
            frame.ignored = "answer"
            return
        channel = envelope.topic.rsplit(".", 1)[0]
        if channel == "allLiquidation":
            for each in decode(envelope.data, list[_Liquidation]):
                side = Side.SELL if _bought(each.S) else Side.BUY
                mark = (each.T, each.S, each.p, each.v)
                frame.events.append(
                    traded(HERE, each.s, Kind.LIQUIDATION, side, each.T, each.p, each.p * each.v, *mark)
                )
        elif channel == "publicTrade":
            for trade in decode(envelope.data, list[_Trade]):
                side = Side.BUY if _bought(trade.S) else Side.SELL
                frame.events.append(
                    traded(HERE, trade.s, Kind.TRADE, side, trade.T, trade.p, trade.p * trade.v, trade.i)
                )
        elif channel == "orderbook.1":
            self._book(envelope, decode(envelope.data, _Book), frame)
        elif channel == "tickers":
            self._ticker(envelope.ts, decode(envelope.data, _Ticker), frame)
        else:
            frame.ignored = f"channel {channel[:24]}"

    def _book(self, envelope: _Envelope, part: _Book, frame: Frame) -> None:
        last, bid, ask = self._books.get(part.s, (0, 0.0, 0.0))
        fresh = envelope.type == "snapshot" or part.u == 1
        if not fresh and part.u != last + 1:
            if last:
                frame.broken.add(part.s)
            self._books.pop(part.s, None)
            frame.ignored = "book without a snapshot"
            return
        bid, ask = _top(part.b, 0.0 if fresh else bid), _top(part.a, 0.0 if fresh else ask)
        self._books[part.s] = (part.u, bid, ask)
        event = book(HERE, part.s, envelope.ts, bid, ask)
        frame.events += [event] if event else []
        frame.ignored = None if event else "half a book"

    def _ticker(self, time_ms: int, ticker: _Ticker, frame: Frame) -> None:
        held, funding = _number(ticker.openInterestValue), _number(ticker.fundingRate)
        if held:
            frame.events.append(interest(HERE, ticker.symbol, time_ms, held))
        if funding is not None:
            frame.events.append(rate(HERE, ticker.symbol, time_ms, funding))
        frame.ignored = "ticker without news"


def _bought(side: str) -> bool:
    if side not in ("Buy", "Sell"):
        raise Refused(f"no side: {side[:20]}")
    return side == "Buy"


def _top(levels: list[Level], before: float) -> float:
    for price, size in levels:
        if size > 0:
            before = price
    return before


def _number(text: float | str | None) -> float | None:
    if text is None or text == "":
        return None
    try:
        return float(text)
    except ValueError:
        raise Refused(f"no number: {str(text)[:20]}") from None
