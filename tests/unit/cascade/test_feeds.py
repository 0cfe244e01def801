"""Documented frames become exactly these events; everything else has a reason, and nothing crashes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakwater.cascade import Exchange, Kind, Side, read_recording, replay
from breakwater.cascade.feeds import VENUES, Okx, Parser, Patience, Skew, base_asset
from breakwater.errors import InvalidInput

CAPTURES = Path(__file__).parents[4] / "shared" / "data"
needs_captures = pytest.mark.skipif(not CAPTURES.is_dir(), reason="no captures in ../shared/data")
T = 1_750_000_000_000


def parsed(exchange: Exchange, *frames: object) -> list[tuple[object, ...]]:
    parser = Parser(VENUES[exchange]())
    found: list[tuple[object, ...]] = []
    for frame in frames:
        read = parser.read(json.dumps(frame))
        assert read.refused is None, read.refused
        found += [(e.symbol, e.kind, e.side, e.time_ms, e.micro_usd, e.value) for e in read.events]
    return found


def test_binance_liquidations_trades_books_and_funding() -> None:
    order = {"s": "BTCUSDT", "S": "SELL", "p": "9910", "ap": "9900", "z": "0.5", "q": "0.5", "T": T}
    trade = {"e": "aggTrade", "s": "ETHUSDT", "a": 5, "p": "2000.5", "q": "2", "T": T, "m": True}
    top = {"e": "bookTicker", "u": 1, "s": "BTCUSDT", "b": "100", "a": "101", "T": T}
    mark = {"e": "markPriceUpdate", "E": T, "s": "BTCUSDT", "r": "0.0001"}
    frames = [{"stream": "x", "data": each} for each in ({"e": "forceOrder", "o": order}, trade, top, mark)]
    assert parsed(Exchange.BINANCE, *frames) == [
        ("BTC", Kind.LIQUIDATION, Side.SELL, T, 4_950_000_000, 9900.0),
        ("ETH", Kind.TRADE, Side.SELL, T, 4_001_000_000, 2000.5),
        ("BTC", Kind.BOOK, Side.BUY, T, 9950, 100.5),
        ("BTC", Kind.FUNDING, Side.BUY, T, 0, 0.0001),
    ]


def test_bybit_names_the_position_whose_order_is_the_other_side() -> None:
    gone = {"T": T, "s": "BTCUSDT", "S": "Buy", "v": "2", "p": "100"}
    trade = {"T": T, "s": "BTCUSDT", "S": "Buy", "v": "2", "p": "100", "i": "a-b"}
    book = {"s": "BTCUSDT", "b": [["99", "1"]], "a": [["101", "1"]], "u": 10}
    change = {"s": "BTCUSDT", "b": [["99", "0"], ["98", "3"]], "a": [], "u": 11}
    ticker = {"symbol": "BTCUSDT", "openInterestValue": "12.5", "fundingRate": ""}
    assert parsed(
        Exchange.BYBIT,
        {"topic": "allLiquidation.BTCUSDT", "ts": T, "data": [gone]},
        {"topic": "publicTrade.BTCUSDT", "ts": T, "data": [trade]},
        {"topic": "orderbook.1.BTCUSDT", "type": "snapshot", "ts": T, "data": book},
        {"topic": "orderbook.1.BTCUSDT", "type": "delta", "ts": T + 1, "data": change},
        {"topic": "tickers.BTCUSDT", "ts": T, "data": ticker},
    ) == [
        ("BTC", Kind.LIQUIDATION, Side.SELL, T, 200_000_000, 100.0),
        ("BTC", Kind.TRADE, Side.BUY, T, 200_000_000, 100.0),
        ("BTC", Kind.BOOK, Side.BUY, T, 20_000, 100.0),
        ("BTC", Kind.BOOK, Side.BUY, T + 1, 30_150, 99.5),
        ("BTC", Kind.OPEN_INTEREST, Side.BUY, T, 0, 12.5),
    ]


def test_okx_counts_contracts_for_what_they_are_worth() -> None:
    detail = {"bkPx": "50000", "side": "buy", "posSide": "short", "sz": "3", "ts": str(T)}
    trade = {"instId": "BTC-USD-SWAP", "tradeId": "1", "px": "50000", "sz": "2", "side": "sell", "ts": str(T)}
    held = {"instId": "BTC-USDT-SWAP", "ts": str(T), "oiUsd": "1e9"}
    funding = {"instId": "BTC-USDT-SWAP", "fundingRate": "-0.0002", "fundingTime": str(T)}
    assert parsed(
        Exchange.OKX,
        {
            "arg": {"channel": "liquidation-orders"},
            "data": [{"instId": "BTC-USDT-SWAP", "details": [detail]}],
        },
        {"arg": {"channel": "trades"}, "data": [trade]},
        {"arg": {"channel": "open-interest"}, "data": [held]},
        {"arg": {"channel": "funding-rate"}, "data": [funding]},
    ) == [
        ("BTC", Kind.LIQUIDATION, Side.BUY, T, 1_500_000_000, 50_000.0),
        ("BTC", Kind.TRADE, Side.SELL, T, 200_000_000, 50_000.0),
        ("BTC", Kind.OPEN_INTEREST, Side.BUY, T, 0, 1e9),
        ("BTC", Kind.FUNDING, Side.BUY, T, 0, -0.0002),
    ]
    assert Okx({"DOGE-USDT-SWAP": 1000.0}).notional("DOGE-USDT-SWAP", 0.2, 3) == pytest.approx(600)


def test_hyperliquids_liquidator_fills_the_other_side() -> None:
    fill = {"coin": "ETH", "px": "2000", "sz": "1.5", "side": "B", "time": T, "tid": 9}
    called = {**fill, "liquidation": {"liquidatedUser": "0xabc", "markPx": "1999", "method": "market"}}
    context = {"coin": "ETH", "ctx": {"markPx": "2000", "openInterest": "10", "funding": "0.0001"}}
    assert parsed(
        Exchange.HYPERLIQUID,
        {"channel": "userFills", "data": {"user": "0xliq", "fills": [called, {**fill, "tid": 10}]}},
        {"channel": "trades", "data": [{**fill, "side": "A"}]},
        {"channel": "bbo", "data": {"coin": "ETH", "time": T, "bbo": [{"px": "1999"}, {"px": "2001"}]}},
        {"channel": "activeAssetCtx", "data": context},
    ) == [
        ("ETH", Kind.LIQUIDATION, Side.SELL, T, 3_000_000_000, 2000.0),
        ("ETH", Kind.TRADE, Side.SELL, T, 3_000_000_000, 2000.0),
        ("ETH", Kind.BOOK, Side.BUY, T, 1000, 2000.0),
        ("ETH", Kind.OPEN_INTEREST, Side.BUY, T, 0, 20_000.0),
        ("ETH", Kind.FUNDING, Side.BUY, T, 0, 0.0001),
    ]


def test_the_same_event_twice_has_one_identity_and_another_has_another() -> None:
    parser = Parser(VENUES[Exchange.BINANCE]())
    trade = {"e": "aggTrade", "s": "ETHUSDT", "a": 5, "p": "2000.5", "q": "2", "T": T, "m": True}
    first, again = (parser.read(json.dumps(trade)).events[0] for _ in range(2))
    other = parser.read(json.dumps({**trade, "a": 6})).events[0]
    assert first == again
    assert other.identity != first.identity


@pytest.mark.parametrize(
    ("exchange", "frames"),
    [
        (
            Exchange.BINANCE,
            [
                {"e": "aggTrade", "s": "ETHUSDT", "a": a, "p": "1", "q": "1", "T": T, "m": True}
                for a in (5, 6, 8)
            ],
        ),
        (
            Exchange.BINANCE,
            [{"e": "depthUpdate", "s": "ETHUSDT", "u": u, "pu": p} for u, p in ((5, 1), (9, 5), (12, 10))],
        ),
        (
            Exchange.BYBIT,
            [
                {
                    "topic": "orderbook.1.ETHUSDT",
                    "type": k,
                    "ts": T,
                    "data": {"s": "ETHUSDT", "b": [], "a": [], "u": u},
                }
                for k, u in (("snapshot", 5), ("delta", 6), ("delta", 8))
            ],
        ),
        (
            Exchange.OKX,
            [
                {
                    "arg": {"channel": "books", "instId": "ETHUSDT"},
                    "action": k,
                    "data": [{"asks": [], "bids": [], "ts": str(T), "seqId": n, "prevSeqId": p}],
                }
                for k, n, p in (("snapshot", 5, -1), ("update", 6, 5), ("update", 9, 8))
            ],
        ),
    ],
)
def test_a_gap_names_its_symbol(exchange: Exchange, frames: list[object]) -> None:
    parser = Parser(VENUES[exchange]())
    found = [parser.read(json.dumps(each)).broken for each in frames]
    assert found == [set(), set(), {"ETHUSDT"}]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(list(VENUES)), st.binary(max_size=200))
def test_bytes_of_any_kind_are_refused_or_ignored(exchange: Exchange, data: bytes) -> None:
    frame = Parser(VENUES[exchange]()).read(data)
    assert not frame.events
    assert frame.refused or frame.ignored


SEEDS = [
    '{"stream":"x","data":{"e":"aggTrade","s":"ETHUSDT","a":5,"p":"2000.5","q":"2","T":1750000000000,"m":true}}',
    '{"topic":"allLiquidation.B","ts":1,"data":[{"T":1750000000000,"s":"B","S":"Buy","v":"2","p":"100"}]}',
    '{"arg":{"channel":"trades"},"data":[{"instId":"A-USDT","tradeId":"1","px":"5","sz":"2","side":"sell","ts":"1750000000000"}]}',
    '{"channel":"bbo","data":{"coin":"E","time":1750000000000,"bbo":[{"px":"1"},{"px":"2"}]}}',
]
PIECES = [
    "1e400",
    "-1",
    "NaN",
    "null",
    '""',
    "[]",
    "{}",
    '"x"',
    "1e18",
    "9" * 400,
    "true",
    "\\ud800",
    "[" * 2000,
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(VENUES)), st.sampled_from(SEEDS), st.data())
def test_damaged_frames_never_crash_and_never_make_senseless_events(
    exchange: Exchange, seed: str, data: st.DataObject
) -> None:
    begin = data.draw(st.integers(0, len(seed)))
    end = data.draw(st.integers(begin, min(len(seed), begin + 20)))
    damaged = seed[:begin] + data.draw(st.sampled_from(PIECES) | st.text(max_size=5)) + seed[end:]
    frame = Parser(VENUES[exchange]()).read(damaged)
    assert frame.events or frame.refused or frame.ignored
    for event in frame.events:
        assert 0 <= event.micro_usd <= 2**60
        assert event.value == event.value
        assert 10**12 <= event.time_ms <= 10**13
        assert 0 < event.identity < 2**63


@needs_captures
@pytest.mark.parametrize(
    ("name", "frames", "events", "ignored"),
    [
        ("BINANCE_FUTURES.ws.1.0.txt.gz", 1535, 704, {"depth": 764, "channel kline": 67}),
        ("OKX.ws.1.0.txt.gz", 410, 105, {"answer": 18, "book change": 287}),
    ],
)
def test_every_recorded_frame_is_parsed_or_explicitly_ignored(
    name: str, frames: int, events: int, ignored: dict[str, int]
) -> None:
    found = replay(read_recording(CAPTURES / "exchange" / name))
    recording = found.recording
    assert (recording.frames, len(recording.events)) == (frames, events)
    assert recording.parsed + recording.ignored.total() == recording.frames
    assert recording.ignored == ignored
    assert not recording.refused
    assert recording.gaps == 0
    assert found.signals == []  # nothing was liquidated in them


@needs_captures
def test_captured_trades_and_candles_raise_no_alarm() -> None:
    for file in sorted((CAPTURES / "market").iterdir()):
        found = replay(read_recording(file))
        assert found.counted == len(found.recording.events) > 10_000 or file.suffix == ".feather"
        assert found.signals == []


def test_what_is_no_capture_is_refused_in_one_sentence(tmp_path: Path) -> None:
    for name, content in {
        "a": b"hello",
        "b": b"\x1f\x8b12",
        "c": b"wss://nobody.example <-> 1\n",
        "d": b"[1,2]",
    }.items():
        file = tmp_path / name
        file.write_bytes(content)
        with pytest.raises(InvalidInput):
            read_recording(file)


def test_symbols_of_all_exchanges_meet() -> None:
    for name in ("BTCUSDT", "BTC-USDT-SWAP", "BTC-USD-220527", "BTC", "BTCUSD_PERP"):
        assert base_asset(name) == "BTC"


def test_pauses_double_to_a_cap_and_are_spread() -> None:
    patience = Patience(first_pause_s=0.5, longest_pause_s=60)
    assert [patience.pause(n, 1.0) for n in (0, 1, 2, 7, 1000)] == [0.5, 1.0, 2.0, 60.0, 60.0]
    assert patience.pause(3, 0.0) == 2.0


def test_a_clock_that_is_off_is_moved_and_a_good_one_left_alone() -> None:
    good, ahead = Skew(), Skew()
    for _ in range(31):
        assert ahead.corrected(T + 5000, T + 200) == T + 5000  # too few to tell
    assert [good.corrected(T, T + delay) for delay in (80, 120)] == [T, T]
    assert [ahead.corrected(T + 5000, T + delay) for delay in (40, 90)] == [T + 40, T + 40]
