"""A process that runs out of disk or memory: writes orders until it has none left.

A file may grow to so many bytes and no further, or the process may take so many more than it has.
"""

from __future__ import annotations

import asyncio
import resource
import signal
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from breakwater.api.store import Pending, Store

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SIZE"]

SIZE: Final = 900
BALLAST: Final = 100_000
"""Bytes that each order leaves in memory where that is what runs out."""


async def _fill(file: Path, ballast: int, run_short: Callable[[], None]) -> None:
    store, kept = Store(file), list[bytearray]()
    number = 0
    while True:
        name = f"order-{number:06}"
        try:
            kept.append(bytearray(ballast))
            await store.accept(Pending(name, bytes(SIZE), number))
        except (sqlite3.Error, OSError, MemoryError) as error:
            kept.clear()
            print(f"short {type(error).__name__}", flush=True)
            return
        print(name, flush=True)
        if not number:  # the store's thread is there
            run_short()
        number += 1


def _main(what: str, file: Path, most: int) -> None:
    def disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails instead
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    def memory() -> None:
        held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + most, held + most))

    if what == "disk":
        asyncio.run(_fill(file, 0, disk))
    else:
        asyncio.run(_fill(file, BALLAST, memory))


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
