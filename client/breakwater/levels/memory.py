"""What stays in memory: after a hundred megabytes at once, and over orders that go on and on."""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from breakwater.api.store import Pending, Store

if TYPE_CHECKING:
    import httpx

    from breakwater.faults.busy import Busy

    from .model import Levels

__all__ = ["bulk", "soak"]

PIECE: Final = 100_000
PAGE: Final = os.sysconf("SC_PAGE_SIZE")
WARM_S: Final = 0.3
"""Part of a soak in which caches fill and are not looked at."""


async def bulk(levels: Levels, megabytes: int) -> None:
    """So much at once to the store, in large orders; what of it stays in memory."""
    before, piece = _resident(), os.urandom(PIECE)
    with tempfile.TemporaryDirectory(prefix="breakwater-levels-") as directory:
        store = Store(Path(directory) / "orders.sqlite")
        began, count = time.perf_counter(), megabytes * 10**6 // PIECE
        await asyncio.gather(*(store.accept(Pending(f"piece {i}", piece, i)) for i in range(count)))
        seconds, kept = time.perf_counter() - began, len(await store.pending())
        await store.close()
    if kept != count:
        levels.wrong.append(f"{kept} of {count} large orders are in the store.")
    levels.counts |= {
        "bulk_mb": megabytes,
        "bulk_s": round(seconds, 2),
        "bulk_kept_kib": max(0, _resident() - before) // 1_024,
    }
    levels.operations += count


async def soak(levels: Levels, busy: Busy, client: httpx.AsyncClient, seconds: float) -> None:
    """Orders and reads until the time is over; what the memory does after it has warmed up."""
    began, spent_cpu, done, failed = time.monotonic(), time.process_time(), 0, 0
    collected = _collections()
    warm: tuple[int, int] | None = None
    while (spent := time.monotonic() - began) < seconds:
        busy.engine.advance_slots(1)
        for answer in (
            await client.post("/v1/orders", json={"transaction": busy.order()}),
            await client.get("/v1/markets/1"),
        ):
            failed += not answer.is_success
        done += 1
        if warm is None and spent > seconds * WARM_S:
            warm = (done, _resident())
    levels.counts["collections"] = _collections() - collected
    levels.add("cpu_percent", 100 * (time.process_time() - spent_cpu) / (time.monotonic() - began))
    since, memory = warm or (done, _resident())
    if since == done:
        levels.wrong.append("The soak was over before its memory could be looked at: let it take longer.")
    grown = max(0, _resident() - memory) / 1_024
    levels.add("memory_kib", grown / max(1, done - since) * 1_000)
    levels.add("errors", 100 * failed / max(1, 2 * done))
    levels.operations += 2 * done


def _collections() -> int:
    """How often garbage was collected by itself, ever."""
    return sum(each["collections"] for each in gc.get_stats())


def _resident() -> int:
    """Bytes in memory, of this process."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
