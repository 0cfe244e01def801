"""Captures on disk -> events. Which format a file has is told by its content, not by its name.

- raw WebSocket frames: `seconds: JSON` a line, or `URL <- seconds: JSON` for what the client sent; the first
  line names the URL, which tells the exchange. They go through the parsers of `feeds`.
- trades: a JSON list of `[ms, id, _, side, price, amount, cost]`
- candles: an Arrow (feather) file with date, close and volume; each candle is one trade at its end
- events: JSON lines as `breakwater cascade generate` writes them
"""

from __future__ import annotations

import gzip
import io
import math
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from breakwater.errors import InvalidInput

from .events import Event, Exchange, Kind, Side, identity
from .feeds import VENUES, Parser

if TYPE_CHECKING:
    from pathlib import Path

    from .feeds import Frame

__all__ = ["Recording", "read_recording"]

LATEST_MS = 2**53
MOST = 2**63 - 1

HOSTS = {
    "binance": Exchange.BINANCE,
    "bybit": Exchange.BYBIT,
    "okx": Exchange.OKX,
    "hyperliquid": Exchange.HYPERLIQUID,
}


@dataclass(slots=True)
class Recording:
    """What a capture holds: events by arrival, and what became of every frame of it."""

    format: str
    events: list[Event] = field(default_factory=list)
    frames: int = 0
    sent: int = 0
    parsed: int = 0
    ignored: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    gaps: int = 0

    def take(self, frame: Frame) -> None:
        """Count a frame and keep its events."""
        self.frames += 1
        self.gaps += len(frame.broken)
        if frame.refused is not None:
            self.refused[frame.refused] += 1
        elif frame.events:
            self.parsed += 1
            self.events += frame.events
        else:
            self.ignored[frame.ignored or "nothing in it"] += 1


def read_recording(file: Path) -> Recording:
    """Read a capture.

    Raises:
        InvalidInput: the file cannot be read, or is none of the formats.
    """
    try:
        data = file.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except OSError as error:
        raise InvalidInput(f"Name a capture: {file} cannot be read ({error.strerror or error}).") from None
    except (EOFError, zlib.error):
        raise InvalidInput(f"Copy {file} again: its compressed data end early.") from None
    if data[:6] == b"ARROW1":
        return _candles(file, data)
    head = data[:2].lstrip()
    if data[:4] == b"wss:" or data[:3] == b"ws:":
        return _frames(file, data)
    if head[:1] == b"[":
        return _trades(file, data)
    if head[:1] == b"{":
        return _events(file, data)
    raise InvalidInput(f"Name a capture of frames, trades, candles or events: {file} is none of them.")


def _holds(event: Event) -> bool:
    """Whether the engine's words have room for it; what makes no sense besides is the engine's to drop."""
    words = (event.micro_usd, event.identity)
    return 0 <= event.time_ms <= LATEST_MS and all(-MOST <= each <= MOST for each in words)


def _frames(file: Path, data: bytes) -> Recording:
    first, *lines = data.splitlines()
    exchange = next((each for name, each in HOSTS.items() if name.encode() in first), None)
    if exchange is None:
        raise InvalidInput(f"Name a capture of Binance, Bybit, OKX or Hyperliquid: {file} begins otherwise.")
    recording, parser = Recording("frames"), Parser(VENUES[exchange]())
    for line in lines:
        head, _, text = line.partition(b": ")
        if b" <- " in head or b" <-> " in line:
            recording.sent += 1
        elif text:
            recording.take(parser.read(text))
    return recording


def _trades(file: Path, data: bytes) -> Recording:
    row = tuple[int, str, Any, str, float, float, float]
    try:
        rows = msgspec.json.decode(data, type=list[row], strict=False)
    except msgspec.DecodeError as error:
        raise InvalidInput(f"Name a list of trades: {file} holds something else ({error}).") from None
    symbol = file.name.split("-")[0].upper()
    recording = Recording("trades", frames=len(rows), parsed=len(rows))
    for row_number, (time_ms, number, _, side, price, _, cost) in enumerate(rows, 1):
        known = identity(Exchange.BINANCE, symbol, Kind.TRADE, number)
        order = Side.SELL if side == "sell" else Side.BUY
        micro = int(cost * 1e6) if math.isfinite(cost) else MOST + 1
        event = Event(time_ms, Exchange.BINANCE, symbol, Kind.TRADE, order, micro, price, known)
        if not _holds(event):
            raise InvalidInput(f"Write trade {row_number} of {file} again: its time or its cost is none.")
        recording.events.append(event)
    return recording


def _candles(file: Path, data: bytes) -> Recording:
    import polars  # noqa: PLC0415 - a large library, for one format: loaded when such a file is read

    try:
        table = polars.read_ipc(io.BytesIO(data)).select(
            polars.col("date").dt.epoch("ms"),
            polars.col("close", "volume").cast(polars.Float64, strict=True),
        )
    except (polars.exceptions.PolarsError, OSError) as error:
        said = str(error).splitlines()[0]
        raise InvalidInput(f"Name candles with date, close and volume: {file} has none ({said}).") from None
    symbol = file.name.split("-")[0].upper()
    recording = Recording("candles", frames=len(table), parsed=len(table))
    for number, (time_ms, close, volume) in enumerate(table.iter_rows(), 1):
        notional = None if None in (time_ms, close, volume) else close * volume * 1e6
        if notional is None or not abs(notional) <= MOST or not 0 <= time_ms <= LATEST_MS:
            raise InvalidInput(f"Write candle {number} of {file} again: a value is missing or is none.")
        known = identity(Exchange.BINANCE, symbol, Kind.TRADE, time_ms)
        micro = int(max(0.0, notional))
        recording.events.append(
            Event(time_ms, Exchange.BINANCE, symbol, Kind.TRADE, Side.BUY, micro, close, known)
        )
    return recording


def _events(file: Path, data: bytes) -> Recording:
    recording = Recording("events")
    for number, line in enumerate(data.splitlines(), 1):
        try:
            if line.lstrip()[:1] == b"{":  # what is known of the scenario
                msgspec.json.decode(line, type=dict[str, Any])
                recording.sent += 1
                continue
            found = msgspec.json.decode(line, type=Event)
        except msgspec.DecodeError as error:
            raise InvalidInput(f"Write line {number} of {file} again: it is no event ({error}).") from None
        if not _holds(found):
            raise InvalidInput(f"Write line {number} of {file} again: a number is too large or negative.")
        recording.frames += 1
        recording.parsed += 1
        recording.events.append(found)
    return recording
