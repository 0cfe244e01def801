"""Hyperliquid's WebSocket.

There is no public channel of liquidations: the fills of the protocol's own liquidator are public, and those
that liquidate say whom. The side is that of the liquidated account's order, which the liquidator's fill is
the other side of. The asset context has no time of its own, so it takes the newest time that the connection
has shown.
"""

from __future__ import annotations

import json

import msgspec

from ..events import Exchange, Kind, Side
from ._frame import Frame, Refused, book, decode, interest, rate, traded

__all__ = ["LIQUIDATOR", "Hyperliquid"]

CHANNELS = ("trades", "bbo", "activeAssetCtx")
LIQUIDATOR = "0x2e3d94f0562703b25c83308a05046ddaf9a8dd14"
HERE = Exchange.HYPERLIQUID


class _Envelope(msgspec.Struct):
    channel: str
    data: msgspec.Raw = msgspec.Raw(b"")


class _Trade(msgspec.Struct):
    coin: str
    side: str
    px: float
    sz: float
    time: int
    tid: int


class _Level(msgspec.Struct):
    px: float


class _Bbo(msgspec.Struct):
    coin: str
    time: int
    bbo: tuple[_Level | None, _Level | None]


class _Context(msgspec.Struct):
    markPx: float  # noqa: N815 - the exchange's name
    funding: float = 0.0
    openInterest: float = 0.0  # noqa: N815


class _Asset(msgspec.Struct):
    coin: str
    ctx: _Context


class _Liquidation(msgspec.Struct):
    liquidatedUser: str = ""  # noqa: N815


class _Fill(msgspec.Struct):
    coin: str
    px: float
    sz: float
    side: str
    time: int
    tid: int
    liquidation: _Liquidation | None = None


class _Fills(msgspec.Struct):
    user: str
    fills: list[_Fill]
    isSnapshot: bool = False  # noqa: N815


class Hyperliquid:
    """Symbols are coins."""

    exchange = HERE
    url = "wss://api.hyperliquid.xyz/ws"
    ping: str | None = '{"method":"ping"}'
    ping_s = 30.0

    def __init__(self, liquidator: str = LIQUIDATOR) -> None:
        self._liquidator = liquidator
        self._newest_ms = 0

    def _ask(self, method: str, symbols: list[str]) -> list[str]:
        return [
            json.dumps({"method": method, "subscription": {"type": channel, "coin": coin}})
            for coin in symbols
            for channel in CHANNELS
        ]

    def subscribe(self, symbols: list[str]) -> list[str]:
        """See Venue."""
        fills = {"type": "userFills", "user": self._liquidator}
        return [json.dumps({"method": "subscribe", "subscription": fills}), *self._ask("subscribe", symbols)]

    def unsubscribe(self, symbols: list[str]) -> list[str]:
        """See Venue."""
        return self._ask("unsubscribe", symbols)

    def forget(self, symbol: str | None = None) -> None:
        """See Venue; nothing here is numbered."""

    def read(self, data: bytes, frame: Frame) -> None:
        """See Venue."""
        envelope = decode(data, _Envelope)
        channel = envelope.channel
        if channel == "trades":
            for trade in decode(envelope.data, list[_Trade]):
                frame.events.append(
                    traded(
                        HERE,
                        trade.coin,
                        Kind.TRADE,
                        _side(trade.side),
                        trade.time,
                        trade.px,
                        trade.px * trade.sz,
                        trade.tid,
                    )
                )
        elif channel == "userFills":
            self._fills(decode(envelope.data, _Fills), frame)
        elif channel == "bbo":
            top = decode(envelope.data, _Bbo)
            bid, ask = top.bbo
            event = book(HERE, top.coin, top.time, bid.px, ask.px) if bid and ask else None
            frame.events += [event] if event else []
            frame.ignored = None if event else "half a book"
        elif channel == "activeAssetCtx":
            self._asset(decode(envelope.data, _Asset), frame)
        elif channel == "error":
            raise Refused(f"error: {bytes(envelope.data)[:120].decode(errors='replace')}")
        else:
            frame.ignored = (
                "answer" if channel in ("pong", "subscriptionResponse") else f"channel {channel[:24]}"
            )
        for each in frame.events:
            self._newest_ms = max(self._newest_ms, each.time_ms)

    def _fills(self, found: _Fills, frame: Frame) -> None:
        for fill in found.fills:
            if fill.liquidation is None:
                continue
            ours = _side(fill.side)
            own = fill.liquidation.liquidatedUser.lower() == found.user.lower()
            side = ours if own else Side(1 - ours)
            frame.events.append(
                traded(
                    HERE, fill.coin, Kind.LIQUIDATION, side, fill.time, fill.px, fill.px * fill.sz, fill.tid
                )
            )
        frame.history = found.isSnapshot
        frame.ignored = "fills without a liquidation"

    def _asset(self, asset: _Asset, frame: Frame) -> None:
        if not self._newest_ms:
            frame.ignored = "context before any time"
            return
        if asset.ctx.openInterest > 0:
            dollars = asset.ctx.openInterest * asset.ctx.markPx
            frame.events.append(interest(HERE, asset.coin, self._newest_ms, dollars))
        frame.events.append(rate(HERE, asset.coin, self._newest_ms, asset.ctx.funding))


def _side(side: str) -> Side:
    if side not in ("A", "B"):
        raise Refused(f"no side: {side[:20]}")
    return Side.BUY if side == "B" else Side.SELL
