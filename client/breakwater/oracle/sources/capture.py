"""A recorded `ticks.csv` or `ticks.csv.gz`, played as if it happened now."""

from __future__ import annotations

import asyncio
import csv
import gzip
import zlib
from typing import TYPE_CHECKING, TextIO, cast

from breakwater.errors import InvalidInput
from breakwater.model import Tick

from ._base import Clock, Emit, Status, wall_ms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["CaptureSource", "read_ticks"]

DECIMALS = 18
TIME, PRICE = "feed_ts_ms", "full_accuracy_value"


def _opened(file: Path) -> TextIO:
    if file.suffix == ".gz":
        return cast("TextIO", gzip.open(file, "rt", newline=""))
    return file.open(newline="")


def read_ticks(file: Path) -> Iterator[tuple[int, int]]:
    """(Unix milliseconds, price with 18 decimals) of each line, checked.

    Raises:
        InvalidInput: the file or a line is not what it should be; the message names it.
    """
    number = 0
    try:
        with _opened(file) as stream:
            rows = csv.DictReader(stream)
            if missing := {TIME, PRICE} - set(rows.fieldnames or ()):
                raise InvalidInput(f"Correct {file}, line 1: the column {min(missing)} is missing.")
            last = 0
            for number, row in enumerate(rows, 2):
                stamp, price = row[TIME] or "", row[PRICE] or ""
                if not (stamp.isascii() and stamp.isdigit() and price.isascii() and price.isdigit()):
                    raise InvalidInput(f"Correct {file}, line {number}: two whole numbers are needed.")
                if int(stamp) < last or not int(price):
                    raise InvalidInput(f"Correct {file}, line {number}: time runs back or the price is zero.")
                last = int(stamp)
                yield last, int(price)
    except FileNotFoundError:
        raise InvalidInput(f"Name a file of ticks: {file} does not exist.") from None
    except (EOFError, OSError, zlib.error, UnicodeDecodeError):
        raise InvalidInput(f"Copy {file} again: it is not intact after line {number}.") from None


class CaptureSource:
    """Plays a file and ends with it.

    Args:
        file: `feed_ts_ms` and `full_accuracy_value` in columns.
        symbol: of the ticks.
        speed: how many times as fast as it was recorded.
        limit: only so many ticks.
        clock: our time; the first tick happens at its first answer.
    """

    def __init__(
        self, file: Path, symbol: str, *, speed: float = 1.0, limit: int | None = None, clock: Clock = wall_ms
    ) -> None:
        self.name = "capture"
        self.status = Status()
        self._file, self._symbol, self._speed, self._limit, self._clock = file, symbol, speed, limit, clock

    async def run(self, emit: Emit) -> None:
        """Emit every tick when its time has come.

        Raises:
            InvalidInput: see `read_ticks`.
        """
        loop = asyncio.get_running_loop()
        start: tuple[int, float, int] | None = None
        for number, (stamp, price) in enumerate(read_ticks(self._file)):
            if number == self._limit:
                return
            if start is None:
                start = stamp, loop.time(), self._clock()
            first, began, now_ms = start
            passed = (stamp - first) / 1000 / self._speed
            await asyncio.sleep(max(0.0, began + passed - loop.time()))
            at = now_ms + round(passed * 1000)
            now = self._clock()
            emit(Tick(self.name, self._symbol, price, -DECIMALS, 0, min(at, now), now))
            self.status.worked(now)
