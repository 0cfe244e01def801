"""A process whose files may grow to so many bytes and no further: writes orders until the disk is full."""

from __future__ import annotations

import asyncio
import resource
import signal
import sqlite3
import sys
from pathlib import Path

from breakwater.api.store import Pending, Store

SIZE = 900


async def _fill(file: Path) -> None:
    store = Store(file)
    number = 0
    while True:
        name = f"order-{number:06}"
        try:
            await store.accept(Pending(name, bytes(SIZE), number))
        except (sqlite3.Error, OSError) as error:
            print(f"full {type(error).__name__}", flush=True)
            return
        print(name, flush=True)
        number += 1


if __name__ == "__main__":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails instead
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
    asyncio.run(_fill(Path(sys.argv[1])))
