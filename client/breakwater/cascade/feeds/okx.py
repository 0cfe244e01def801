"""OKX v5 public channels.

Sizes of swaps and futures are contracts; what a contract is worth is given, or 1 of the base asset is assumed
(for inverse contracts its documented 100 dollars for BTC and 10 for others). Liquidations come for all swaps
at once. Books chain `seqId` to `prevSeqId`; captures from before that field existed have none, and no chain.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec

from ..events import Exchange, Kind, Side
from ._frame import Frame, Refused, book, decode, interest, rate, traded

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONTRACTS", "Okx"]

CHANNELS = ("trades", "bbo-tbt", "open-interest", "funding-rate")
LIQUIDATIONS = {"channel": "liquidation-orders", "instType": "SWAP"}
HERE = Exchange.OKX
CONTRACTS = {"BTC-USDT-SWAP": 0.01, "ETH-USDT-SWAP": 0.1, "SOL-USDT-SWAP": 1.0, "XRP-USDT-SWAP": 100.0}
"""Base asset of one contract, as OKX lists its instruments; pass further ones to Okx."""


class _Argument(msgspec.Struct):
    channel: str
    instId: str = ""  # noqa: N815 - the exchange's name


class _Envelope(msgspec.Struct):
    event: str = ""
    msg: str = ""
    arg: _Argument | None = None
    action: str = ""
    data: msgspec.Raw = msgspec.Raw(b"[]")


class _Trade(msgspec.Struct):
    instId: str  # noqa: N815
    tradeId: str  # noqa: N815
    px: float
    sz: float
    side: str
    ts: int


class _Detail(msgspec.Struct):
    side: str
    bkPx: float  # noqa: N815
    sz: float
    ts: int
    posSide: str = ""  # noqa: N815


class _Liquidation(msgspec.Struct):
    instId: str  # noqa: N815
    details: list[_Detail]


class _Book(msgspec.Struct):
    asks: list[list[str]]
    bids: list[list[str]]
    ts: int
    seqId: int | None = None  # noqa: N815
    prevSeqId: int | None = None  # noqa: N815


class _Ticker(msgspec.Struct):
    instId: str  # noqa: N815
    askPx: float | str  # noqa: N815
    bidPx: float | str  # noqa: N815
    ts: int


class _Interest(msgspec.Struct):
    instId: str  # noqa: N815
    ts: int
    oiUsd: float | None = None  # noqa: N815


class _Funding(msgspec.Struct):
    instId: str  # noqa: N815
    fundingRate: float  # noqa: N815
    ts: int = 0
    fundingTime: int = 0  # noqa: N815


class Okx:
    """Instruments are named like BTC-USDT-SWAP."""

    exchange = HERE
    url = "wss://ws.okx.com:8443/ws/v5/public"
    ping: str | None = "ping"
    ping_s = 20.0

    def __init__(self, contracts: Mapping[str, float] | None = None) -> None:
        self._contracts = {**CONTRACTS, **(contracts or {})}
        self._books: dict[str, int] = {}

    def _ask(self, op: str, symbols: list[str]) -> dict[str, object]:
        return {"op": op, "args": [{"channel": c, "instId": s} for s in symbols for c in CHANNELS]}

    def subscribe(self, symbols: list[str]) -> list[str]:
        """See Venue."""
        return [
            json.dumps({"op": "subscribe", "args": [LIQUIDATIONS]}),
            json.dumps(self._ask("subscribe", symbols)),
        ]

    def unsubscribe(self, symbols: list[str]) -> list[str]:
        """See Venue."""
        return [json.dumps(self._ask("unsubscribe", symbols))]

    def forget(self, symbol: str | None = None) -> None:
        """See Venue."""
        if symbol is None:
            self._books.clear()
        else:
            self._books.pop(symbol, None)

    def notional(self, instrument: str, price: float, size: float) -> float:
        """Dollars of so many contracts, or of so much of the base asset on the spot market."""
        parts = instrument.split("-")
        if len(parts) < 2 or not all(parts):
            raise Refused(f"no instrument: {instrument[:20]}")
        if len(parts) == 2:
            return price * size
        if parts[1] == "USD":
            return size * (100.0 if parts[0] == "BTC" else 10.0)
        return price * size * self._contracts.get(instrument, 1.0)

    def read(self, data: bytes, frame: Frame) -> None:
        """See Venue."""
        if data == b"pong":
            frame.ignored = "answer"
            return
        envelope = decode(data, _Envelope)
        if envelope.event:
            if envelope.event == "error":
                raise Refused(f"error: {envelope.msg[:120]}")
            frame.ignored = "answer"
            return
        if envelope.arg is None:
            raise Refused("neither a channel nor an answer")
        channel = envelope.arg.channel
        if channel == "trades":
            for trade in decode(envelope.data, list[_Trade]):
                dollars = self.notional(trade.instId, trade.px, trade.sz)
                frame.events.append(
                    traded(
                        HERE,
                        trade.instId,
                        Kind.TRADE,
                        _side(trade.side),
                        trade.ts,
                        trade.px,
                        dollars,
                        trade.tradeId,
                    )
                )
        elif channel == "liquidation-orders":
            self._liquidations(decode(envelope.data, list[_Liquidation]), frame)
        elif channel in ("bbo-tbt", "books", "books5"):
            self._book(envelope, frame)
        elif channel == "tickers":
            for ticker in decode(envelope.data, list[_Ticker]):
                self._top(ticker.instId, ticker.ts, ticker.bidPx, ticker.askPx, frame)
        else:
            self._slow(channel, envelope.data, frame)

    def _slow(self, channel: str, data: msgspec.Raw, frame: Frame) -> None:
        if channel == "open-interest":
            for held in decode(data, list[_Interest]):
                if held.oiUsd:
                    frame.events.append(interest(HERE, held.instId, held.ts, held.oiUsd))
            frame.ignored = "open interest without dollars"
        elif channel == "funding-rate":
            for funding in decode(data, list[_Funding]):
                time_ms = funding.ts or funding.fundingTime
                frame.events.append(rate(HERE, funding.instId, time_ms, funding.fundingRate))
        else:
            frame.ignored = f"channel {channel[:24]}"

    def _liquidations(self, found: list[_Liquidation], frame: Frame) -> None:
        for each in found:
            for detail in each.details:
                dollars = self.notional(each.instId, detail.bkPx, detail.sz)
                mark = (detail.ts, detail.side, detail.posSide, detail.bkPx, detail.sz)
                frame.events.append(
                    traded(
                        HERE,
                        each.instId,
                        Kind.LIQUIDATION,
                        _side(detail.side),
                        detail.ts,
                        detail.bkPx,
                        dollars,
                        *mark,
                    )
                )

    def _book(self, envelope: _Envelope, frame: Frame) -> None:
        assert envelope.arg is not None  # noqa: S101 - the caller has looked
        instrument, channel = envelope.arg.instId, envelope.arg.channel
        for part in decode(envelope.data, list[_Book]):
            if channel == "books" and part.prevSeqId is not None and part.seqId is not None:
                last = self._books.get(instrument)
                if envelope.action != "snapshot" and last is not None and part.prevSeqId != last:
                    frame.broken.add(instrument)
                self._books[instrument] = part.seqId
            if envelope.action == "update":
                frame.ignored = "book change"  # tops come from bbo-tbt
                continue
            if part.bids and part.asks and part.bids[0] and part.asks[0]:
                self._top(instrument, part.ts, part.bids[0][0], part.asks[0][0], frame)
            else:
                frame.ignored = "half a book"

    def _top(self, instrument: str, time_ms: int, bid: float | str, ask: float | str, frame: Frame) -> None:
        if bid == "" or ask == "":
            frame.ignored = "half a book"
            return
        try:
            event = book(HERE, instrument, time_ms, float(bid), float(ask))
        except ValueError:
            raise Refused(f"no price: {str(bid)[:20]} or {str(ask)[:20]}") from None
        frame.events += [event] if event else []
        frame.ignored = None if event else "half a book"


def _side(side: str) -> Side:
    if side not in ("buy", "sell"):
        raise Refused(f"no side: {side[:20]}")
    return Side[side.upper()]
