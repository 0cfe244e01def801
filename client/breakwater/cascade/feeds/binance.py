"""Binance USD-M futures: combined streams.

Open interest has no stream there; the others' stands for it. `bookTicker` and the depth's `pu` chain tell of
gaps in books, consecutive `a` of gaps in trades. A liquidation order has no number: its content is its
identity.
"""

from __future__ import annotations

import json

import msgspec

from ..events import Exchange, Kind, Side
from ._frame import Frame, Refused, book, decode, rate, traded

__all__ = ["Binance"]

CHANNELS = ("forceOrder", "aggTrade", "bookTicker", "markPrice@1s")
HERE = Exchange.BINANCE


class _Envelope(msgspec.Struct):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"")
    e: str = ""
    result: msgspec.Raw = msgspec.Raw(b"")
    id: int | str | None = None
    error: msgspec.Raw = msgspec.Raw(b"")


class _Head(msgspec.Struct):
    e: str


class _Trade(msgspec.Struct):
    s: str
    a: int
    p: float
    q: float
    T: int
    m: bool


class _Order(msgspec.Struct):
    s: str
    S: str
    p: float
    ap: float
    z: float
    q: float
    T: int


class _Forced(msgspec.Struct):
    o: _Order


class _Top(msgspec.Struct):
    s: str
    u: int
    b: float
    a: float
    T: int


class _Mark(msgspec.Struct):
    s: str
    E: int
    r: float


class _Depth(msgspec.Struct):
    s: str
    u: int
    pu: int


class Binance:
    """Streams are named by the symbol in small letters."""

    exchange = HERE
    url = "wss://fstream.binance.com/stream"
    ping: str | None = None  # the server pings, and the WebSocket library answers
    ping_s = 30.0

    def __init__(self) -> None:
        self._trades: dict[str, int] = {}
        self._depth: dict[str, int] = {}
        self._asked = 0

    def _ask(self, method: str, symbols: list[str]) -> list[str]:
        self._asked += 1
        streams = [f"{symbol.lower()}@{channel}" for symbol in symbols for channel in CHANNELS]
        return [json.dumps({"method": method, "params": streams, "id": self._asked})]

    def subscribe(self, symbols: list[str]) -> list[str]:
        """See Venue."""
        return self._ask("SUBSCRIBE", symbols)

    def unsubscribe(self, symbols: list[str]) -> list[str]:
        """See Venue."""
        return self._ask("UNSUBSCRIBE", symbols)

    def forget(self, symbol: str | None = None) -> None:
        """See Venue."""
        for last in (self._trades, self._depth):
            if symbol is None:
                last.clear()
            else:
                last.pop(symbol, None)

    def read(self, data: bytes, frame: Frame) -> None:
        """See Venue."""
        envelope = decode(data, _Envelope)
        if bytes(envelope.error):
            raise Refused(f"error: {bytes(envelope.error)[:120].decode(errors='replace')}")
        body = envelope.data if envelope.stream else msgspec.Raw(data)
        if not envelope.stream and not envelope.e:
            if envelope.id is None and not bytes(envelope.result):
                raise Refused("neither a stream nor an answer")
            frame.ignored = "answer"
            return
        kind = envelope.e or decode(body, _Head).e
        if kind == "aggTrade":
            self._trade(decode(body, _Trade), frame)
        elif kind == "forceOrder":
            self._forced(decode(body, _Forced).o, frame)
        elif kind == "bookTicker":
            top = decode(body, _Top)
            event = book(HERE, top.s, top.T, top.b, top.a)
            frame.events += [event] if event else []
            frame.ignored = None if event else "half a book"
        elif kind == "markPriceUpdate":
            mark = decode(body, _Mark)
            frame.events.append(rate(HERE, mark.s, mark.E, mark.r))
        elif kind == "depthUpdate":
            depth = decode(body, _Depth)
            if self._depth.get(depth.s, depth.pu) != depth.pu:
                frame.broken.add(depth.s)
            self._depth[depth.s] = depth.u
            frame.ignored = "depth"
        else:
            frame.ignored = f"channel {kind[:24]}"

    def _trade(self, trade: _Trade, frame: Frame) -> None:
        if trade.a > self._trades.get(trade.s, trade.a) + 1:
            frame.broken.add(trade.s)
        self._trades[trade.s] = max(trade.a, self._trades.get(trade.s, trade.a))
        side = Side.SELL if trade.m else Side.BUY
        frame.events.append(
            traded(HERE, trade.s, Kind.TRADE, side, trade.T, trade.p, trade.p * trade.q, trade.a)
        )

    def _forced(self, order: _Order, frame: Frame) -> None:
        if order.S not in ("BUY", "SELL"):
            raise Refused(f"no side: {order.S[:20]}")
        price, size = order.ap or order.p, order.z or order.q
        frame.events.append(
            traded(
                HERE,
                order.s,
                Kind.LIQUIDATION,
                Side[order.S],
                order.T,
                price,
                price * size,
                order.T,
                order.S,
                order.p,
                order.q,
            )
        )
