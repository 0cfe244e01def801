"""A capture is read exactly or not at all, and the error names file and line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from breakwater.errors import InvalidInput
from breakwater.replay import read_capture

START = 1_784_851_200
HEADER = "feed_ts_ms,value,full_accuracy_value,server_ts_ms,recv_ms"


def market(start: int = START, **changes: object) -> str:
    raw = {
        "start_sec": start,
        "end_sec": start + 300,
        "strike_value": "65000500000000000000000",
        "outcome_prices": ["1", "0"],
        "slug": f"btc-{start}",
    }
    return json.dumps(raw | changes)


def tick(second: int, price: str = "65000250000000000000000", lag: int = 1_200) -> str:
    stamp = (START + second) * 1000
    return f"{stamp},65000.25,{price},{stamp + 1_000},{stamp + lag}"


def capture(directory: Path, markets: list[str], ticks: list[str], header: str = HEADER) -> Path:
    with gzip.open(directory / "btc-markets.jsonl.gz", "wt") as file:
        file.write("".join(f"{line}\n" for line in markets))
    with gzip.open(directory / "btc-ticks.csv.gz", "wt") as file:
        file.write("".join(f"{line}\n" for line in [header, *ticks]))
    return directory


def refusal(directory: Path) -> str:
    with pytest.raises(InvalidInput) as refused:
        read_capture(directory)
    return str(refused.value)


def test_prices_are_whole_numbers_of_the_coarsest_exact_unit(tmp_path: Path) -> None:
    read = read_capture(capture(tmp_path, [market()], [tick(0), tick(1)]))
    assert (read.exponent, read.exact) == (-2, True)
    assert [each.price for each in read.ticks] == [6_500_025, 6_500_025]
    assert read.markets[0].strike == 6_500_050
    assert read.ticks[0].timestamp_ms == START * 1000
    assert read.ticks[0].received_ms == START * 1000 + 1_200


def test_prices_with_too_many_digits_are_rounded_down_and_said_to_be(tmp_path: Path) -> None:
    read = read_capture(capture(tmp_path, [market()], [tick(0, "65000250000000000000001")]))
    assert (read.exponent, read.exact) == (-14, False)
    assert read.ticks[0].price == 6_500_025 * 10**12


def test_outcomes_and_missing_strikes(tmp_path: Path) -> None:
    lines = [
        market(),
        market(START + 300, outcome_prices=["0", "1"]),
        market(START + 600, outcome_prices=["0.5", "0.5"]),
        market(START + 900, strike_value=""),
    ]
    read = read_capture(capture(tmp_path, lines, [tick(0)]))
    assert [each.up_won for each in read.markets] == [True, False, None, True]
    assert read.markets[3].strike is None


def test_a_tick_that_overtook_another_waits_for_it(tmp_path: Path) -> None:
    read = read_capture(capture(tmp_path, [market()], [tick(0, lag=9_000), tick(1, lag=1_000)]))
    assert read.ticks[1].received_ms == read.ticks[0].received_ms


def test_a_missing_directory(tmp_path: Path) -> None:
    assert "is not one" in refusal(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("kept", "missing"), [("btc-ticks.csv.gz", "markets"), ("btc-markets.jsonl.gz", "ticks")]
)
def test_a_missing_file(tmp_path: Path, kept: str, missing: str) -> None:
    capture(tmp_path, [market()], [tick(0)])
    for file in tmp_path.iterdir():
        if file.name != kept:
            file.unlink()
    assert f"*{missing}*" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["btc-ticks.csv.gz", "btc-markets.jsonl.gz"])
def test_truncated_and_foreign_data(tmp_path: Path, name: str) -> None:
    capture(tmp_path, [market()], [tick(second) for second in range(200)])
    file = tmp_path / name
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert str(file) in refusal(tmp_path)
    assert "end early" in refusal(tmp_path)
    file.write_bytes(b"not gzip at all")
    assert "not intact gzip data" in refusal(tmp_path)
    file.write_bytes(gzip.compress(b"\xff\xfe\xff"))
    assert "UTF-8" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 2: Expecting property name"),
        ("[]", "line 2: a market is a JSON object"),
        ("{}", "line 2: 'start_sec' is missing"),
        (market(START + 300, end_sec=START), "ascending Unix seconds"),
        (market(START + 300, start_sec="x"), "ascending Unix seconds"),
        (market(START + 300, strike_value="12.5"), "strike_value must be"),
        (market(START + 300, strike_value=12), "strike_value must be"),
        (market(START + 300, outcome_prices=None), "outcome_prices must be a pair"),
        (market(), f"two markets of .* that start at {START}"),
    ],
)
def test_a_malformed_market(tmp_path: Path, line: str, reason: str) -> None:
    directory = capture(tmp_path, [market(), line], [tick(0)])
    with pytest.raises(InvalidInput, match=reason):
        read_capture(directory)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,2", "line 3: 2 columns instead of 5"),
        (tick(1, "-5"), "line 3: feed_ts_ms, full_accuracy_value and recv_ms must be whole numbers"),
        (tick(1, "0"), "line 3: the price is zero"),
        (tick(0), f"line 3: feed_ts_ms {START * 1000} does not grow"),
    ],
)
def test_a_malformed_tick(tmp_path: Path, line: str, reason: str) -> None:
    assert reason in refusal(capture(tmp_path, [market()], [tick(0), line]))


def test_a_missing_column_and_an_empty_file(tmp_path: Path) -> None:
    assert "line 1: the column recv_ms is missing" in refusal(
        capture(tmp_path, [market()], [], header="feed_ts_ms,full_accuracy_value")
    )
    assert "holds none" in refusal(capture(tmp_path, [market()], []))
    assert "holds none" in refusal(capture(tmp_path, [], [tick(0)]))
