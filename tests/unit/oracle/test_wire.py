"""The documented formats, and that anything else is refused."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from breakwater.errors import InvalidInput, Unreachable
from breakwater.oracle import wire
from breakwater.oracle.sources import Depth

from .venue import UP, fixture


def raw(name: str) -> bytes:
    return json.dumps(fixture(name)).encode()


def test_a_market_of_gamma() -> None:
    (market,) = wire.decode(raw("gamma_market"), list[wire.Market])
    assert market.names() == ["Up", "Down"]
    assert market.prices() == [Decimal("0.575"), Decimal("0.425")]
    assert market.tokens()[0] == UP
    assert (market.best_bid, market.best_ask) == (Decimal("0.57"), Decimal("0.58"))
    assert market.end_date == "2030-01-01T00:00:00Z"
    assert (market.index(None), market.index("down")) == (0, 1)
    with pytest.raises(InvalidInput, match="Up, Down"):
        market.index("Sideways")


def test_a_book_is_exact_and_in_any_order() -> None:
    book = wire.decode(raw("clob_book"), wire.Book)
    assert max(level.price for level in book.bids) == Decimal("0.57")
    assert min(level.price for level in book.asks) == Decimal("0.59")
    assert book.bids[1].size == Decimal("120.5")


def test_events_alone_in_lists_and_unknown() -> None:
    names = ("stream_book", "stream_price_change", "stream_last_trade_price", "stream_tick_size_change")
    kinds = [type(each) for name in names for each in wire.events(raw(name))]
    assert kinds == [wire.BookEvent, wire.PriceChangeEvent, wire.LastTradePrice, wire.TickSizeChange]
    together = json.dumps([*(fixture(name) for name in names), {"event_type": "new_market", "id": 1}])
    assert [type(each) for each in wire.events(together)] == kinds
    assert wire.events("[]") == []


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "7",
        "[7]",
        "{}",
        '{"event_type": 7}',
        '{"event_type": "book"}',
        '{"event_type": "book", "asset_id": 1, "market": "m", "timestamp": "1", "bids": [], "asks": []}',
        '{"event_type": "tick_size_change", "asset_id": "1", "market": "m", "timestamp": "1",'
        ' "old_tick_size": "x", "new_tick_size": "0.01"}',
    ],
)
def test_what_is_not_documented_is_refused(frame: str) -> None:
    with pytest.raises(Unreachable, match="not what is documented"):
        wire.events(frame)


def test_timestamps() -> None:
    assert wire.time_ms("1750000000000") == 1_750_000_000_000
    assert wire.time_ms("2023-10-21T08:00:00Z") == 1_697_875_200_000
    with pytest.raises(Unreachable):
        wire.time_ms("yesterday")


def test_a_book_kept_from_events() -> None:
    depth = Depth()
    assert depth.quote() is None
    (book,) = wire.events(raw("stream_book"))
    assert isinstance(book, wire.BookEvent)
    depth.apply(book)
    quote = depth.quote()
    assert quote is not None
    assert (quote.bid, quote.ask) == (Decimal(".57"), Decimal(".59"))

    def change(price: str, size: str, side: str) -> None:
        depth.apply(wire.PriceChange(UP, Decimal(price), Decimal(size), side))

    change("0.58", "5", "BUY")
    change("0.59", "0", "SELL")
    quote = depth.quote()
    assert quote is not None
    assert (quote.bid, quote.ask) == (Decimal("0.58"), Decimal(".60"))
    change("0.60", "0", "SELL")
    assert depth.quote() is None, "one side is no price"
    with pytest.raises(Unreachable, match="side"):
        change("0.6", "1", "HOLD")
