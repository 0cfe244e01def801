"""Captures that are damaged are refused by what is wrong with them, and none ends in a traceback."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars
import pytest

from breakwater.cascade import read_recording
from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

WHEN = datetime(2026, 11, 21, 12, tzinfo=UTC)
TIME_MS = int(WHEN.timestamp() * 1_000)


def candles(file: Path, **columns: list[Any]) -> Path:
    table = {"date": [WHEN, WHEN], "close": [100.0, 101.0], "volume": [2.0, 3.0]}
    polars.DataFrame(table | columns).write_ipc(file)
    return file


def trades(file: Path, **changes: object) -> Path:
    good = {
        "time": TIME_MS,
        "id": "7",
        "order": None,
        "side": "sell",
        "price": 2.0,
        "amount": 3.0,
        "cost": 6.0,
    }
    file.write_text(json.dumps([list(good.values()), list((good | changes).values())]))
    return file


def events(file: Path, *rows: object) -> Path:
    file.write_text("".join(f"{json.dumps(each)}\n" for each in ({"kind": "mine"}, *rows)))
    return file


def test_candles_are_trades_at_their_ends_also_when_compressed(tmp_path: Path) -> None:
    plain = candles(tmp_path / "btc-1m.feather")
    packed = tmp_path / "btc-1m.feather.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    found = read_recording(plain)
    assert [(e.symbol, e.time_ms, e.micro_usd, e.value) for e in found.events] == [
        ("BTC", TIME_MS, 200_000_000, 100.0),
        ("BTC", TIME_MS, 303_000_000, 101.0),
    ]
    assert read_recording(packed).events == found.events


@pytest.mark.parametrize(
    "columns",
    [
        {"close": [1.0, None]},
        {"volume": [1.0, float("nan")]},
        {"close": [1.0, 1e300]},
        {"date": [WHEN, None]},
    ],
)
def test_a_candle_without_a_value_is_named(columns: dict[str, list[Any]], tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"^Write candle 2 of .* again: a value is missing or is none\.$"):
        read_recording(candles(tmp_path / "btc", **columns))


@pytest.mark.parametrize("columns", [{"date": ["now", "then"]}, {"close": ["a", "b"]}])
def test_columns_of_another_type_are_refused(columns: dict[str, list[Any]], tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"^Name candles with date, close and volume: ") as refused:
        read_recording(candles(tmp_path / "btc", **columns))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("changes", [{"cost": "nan"}, {"cost": 1e300}, {"cost": "inf"}, {"time": -1}])
def test_a_trade_that_costs_nothing_a_number_holds_is_named(
    changes: dict[str, object], tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match=r"^Write trade 2 of .* again: its time or its cost is none\.$"):
        read_recording(trades(tmp_path / "btc", **changes))


def test_an_event_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    good = [TIME_MS, 0, "BTC", 0, 1, 5, 100.0, 7]
    found = read_recording(events(tmp_path / "good", good))
    assert (found.sent, found.frames, len(found.events)) == (1, 1, 1)
    for place, value, why in (
        (0, 2**60, "a number is too large or negative"),
        (0, -1, "a number is too large or negative"),
        (5, 2**63, "a number is too large or negative"),
        (7, 2**64 - 1, "a number is too large or negative"),
        (6, None, r"it is no event \(Expected `float`, got `null` - at `\$\[6\]`\)"),
        (1, 9, r"it is no event \(Invalid enum value 9 - at `\$\[1\]`\)"),
    ):
        bad = [*good[:place], value, *good[place + 1 :]]
        with pytest.raises(InvalidInput, match=rf"^Write line 3 of .* again: {why}\.$"):
            read_recording(events(tmp_path / "bad", good, bad))


def test_compressed_data_that_end_early_are_told_from_a_file_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "cut.gz"
    file.write_bytes(gzip.compress(b"{}\n" * 1_000)[:-10])
    with pytest.raises(InvalidInput, match=r"^Copy .* again: its compressed data end early\.$"):
        read_recording(file)
    with pytest.raises(InvalidInput, match=r"^Name a capture: .* cannot be read \(Is a directory\)\.$"):
        read_recording(tmp_path)
