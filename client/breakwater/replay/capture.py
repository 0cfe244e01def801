"""A capture on disk -> markets and ticks, every line of it checked.

A directory holds `*markets*.jsonl.gz` (one JSON object a line) and `*ticks*.csv.gz`; several of a kind are
read in the order of their names. Prices and strikes are integers with 18 decimals.
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from breakwater.errors import InvalidInput
from breakwater.model import Tick

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["SYMBOL", "Capture", "CapturedMarket", "read_capture"]

SYMBOL = "BTC/USD"
SOURCE_DECIMALS = 18
U64 = 2**64
COLUMNS = ("feed_ts_ms", "full_accuracy_value", "recv_ms")
OUTCOMES = {("1", "0"): True, ("0", "1"): False}


@dataclass(frozen=True, slots=True)
class CapturedMarket:
    """A market as it really was; times are Unix seconds.

    `strike` is an integer in the capture's unit, None where the capture has none; `up_won` None where the
    market was not settled.
    """

    id: int
    close_s: int
    strike: int | None
    up_won: bool | None
    name: str


@dataclass(frozen=True, slots=True)
class Capture:
    """Markets by start and ticks by time, with prices in units of `10 ** exponent`.

    `exact` says whether every price and strike is a whole number of these units; otherwise they are rounded
    down.
    """

    source: str
    exponent: int
    exact: bool
    markets: tuple[CapturedMarket, ...]
    ticks: tuple[Tick, ...]


def read_capture(directory: Path) -> Capture:
    """Read and check a capture.

    Raises:
        InvalidInput: the directory, a file or a line is not what it should be; the message names it.
    """
    if not directory.is_dir():
        raise InvalidInput(f"Name a capture directory: {directory} is not one.")
    markets = sorted(_markets(_files(directory, "*markets*.jsonl.gz")), key=lambda each: each.id)
    ticks = list(_ticks(_files(directory, "*ticks*.csv.gz")))
    for before, after in pairwise(markets):
        if before.id == after.id:
            raise InvalidInput(f"Keep one of the two markets of {directory} that start at {after.id}.")
    if not markets or not ticks:
        raise InvalidInput(f"Capture some {'ticks' if markets else 'markets'}: {directory} holds none.")
    return scaled(directory.resolve().name, markets, ticks)


def scaled(source: str, markets: list[CapturedMarket], ticks: list[Tick]) -> Capture:
    """The capture in the coarsest unit in which all is exact, or else in the finest that fits 64 bits."""
    values = [tick.price for tick in ticks] + [each.strike for each in markets if each.strike is not None]
    largest, power = max(values), 0
    while power < SOURCE_DECIMALS and not any(value % 10 ** (power + 1) for value in values):
        power += 1
    exact = largest // 10**power < U64
    while largest // 10**power >= U64:
        power += 1
    unit, exponent = 10**power, power - SOURCE_DECIMALS
    return Capture(
        source,
        exponent,
        exact,
        tuple(replace(each, strike=None if each.strike is None else each.strike // unit) for each in markets),
        tuple(replace(tick, price=tick.price // unit, exponent=exponent) for tick in ticks),
    )


def _files(directory: Path, pattern: str) -> list[Path]:
    found = sorted(directory.glob(pattern))
    if not found:
        raise InvalidInput(f"Put a file {pattern} into {directory}: it has none.")
    return found


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
            for number, line in enumerate(stream, 1):
                yield number, line
    except EOFError:
        raise InvalidInput(
            f"Copy {file} again: its compressed data end early, after line {number}."
        ) from None
    except (gzip.BadGzipFile, zlib.error):
        raise InvalidInput(f"Copy {file} again: it is not intact gzip data, after line {number}.") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"Write {file} in UTF-8: the text after line {number} is not.") from None


def _markets(files: list[Path]) -> Iterator[CapturedMarket]:
    for file in files:
        for number, line in _lines(file):
            if line.strip():
                try:
                    yield _market(json.loads(line))
                except (ValueError, KeyError, TypeError) as error:
                    what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
                    raise InvalidInput(f"Correct {file}, line {number}: {what}.") from None


def _market(raw: Any) -> CapturedMarket:
    if not isinstance(raw, dict):
        raise ValueError("a market is a JSON object")  # noqa: TRY004 - bad data, not a bad call
    start, close = raw["start_sec"], raw["end_sec"]
    if type(start) is not int or type(close) is not int or not 0 < start < close:
        raise ValueError("start_sec and end_sec must be ascending Unix seconds")
    strike = raw["strike_value"]
    if strike and not (isinstance(strike, str) and strike.isascii() and strike.isdigit() and int(strike)):
        raise ValueError("strike_value must be a positive whole number with 18 decimals, or empty")
    outcome = raw["outcome_prices"]
    if not isinstance(outcome, list) or len(outcome) != 2:
        raise ValueError("outcome_prices must be a pair")
    return CapturedMarket(
        start,
        close,
        int(strike) if strike else None,
        OUTCOMES.get((outcome[0], outcome[1])),
        str(raw.get("slug", start)),
    )


def _ticks(files: list[Path]) -> Iterator[Tick]:
    last: Tick | None = None
    for file in files:
        lines = _lines(file)
        header = next(csv.reader([next(lines, (1, ""))[1]]), [])
        if missing := [column for column in COLUMNS if column not in header]:
            raise InvalidInput(f"Correct {file}, line 1: the column {missing[0]} is missing.")
        at = [header.index(column) for column in COLUMNS]
        for number, line in lines:
            cells = next(csv.reader([line]), [])
            try:
                last = _tick(cells, len(header), at, last)
            except ValueError as error:
                raise InvalidInput(f"Correct {file}, line {number}: {error}.") from None
            yield last


def _tick(cells: list[str], width: int, at: list[int], last: Tick | None) -> Tick:
    if len(cells) != width:
        raise ValueError(f"{len(cells)} columns instead of {width}")
    values = [cells[i] for i in at]
    if not all(value.isascii() and value.isdigit() for value in values):
        raise ValueError("feed_ts_ms, full_accuracy_value and recv_ms must be whole numbers")
    stamp, price, received = map(int, values)
    if not price:
        raise ValueError("the price is zero")
    if last is not None and stamp <= last.timestamp_ms:
        raise ValueError(f"feed_ts_ms {stamp} does not grow")
    if last is not None:
        # one that overtook its predecessor on the way waits for it: a feed only moves forward
        received = max(received, last.received_ms)
    return Tick("capture", SYMBOL, price, -SOURCE_DECIMALS, 0, stamp, received)
