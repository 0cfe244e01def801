"""A pools service on an embedded chain of its own, in the test's loop or in a simulated one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from solders.keypair import Keypair

from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine
from breakwater.pools import Options, Service, Store
from breakwater.pools.records import PoolRecord, Rates, ThreadRecord
from breakwater.pools.simulate import slots

SOL = 10**9
QUICK = Rates(1, 3)
EVERY: tuple[tuple[Any, int], ...] = (
    ("deposit", 0),
    ("deposit", 1),
    ("swap", 0),
    ("swap", 1),
    ("withdraw", 0),
    ("withdraw", 1),
)


class Ground:
    """A chain, a core wallet, a directory, and the service that is open on them."""

    def __init__(self, directory: Path, seed: int = 1) -> None:
        self.engine = EmbeddedEngine(programs.embedded_programs(), start_time=1_700_000_000)
        self.core = Keypair()
        self.engine.fund(self.core.pubkey(), 1_000 * SOL)
        self.directory, self.seed = directory, seed
        self.service = self.open()

    def open(self) -> Service:
        """The service, with what the directory remembers."""
        store = Store(self.directory, sync=False)
        self.service = Service(self.engine, self.core, store, Options(seed=self.seed))
        return self.service

    def kill(self) -> None:
        """End the service like SIGKILL does: nothing of it runs or writes any more."""
        threads = [task for _, task in self.service.workers.values()]
        for task in (*threads, *self.service.post._batches, *self.service.removals.tasks):
            task.cancel()
        os.close(self.service.store._journal)
        self.service.store._lock.close()

    async def pool(self, decimals: tuple[int, int] = (6, 9)) -> PoolRecord:
        return await self.service.create_pool(decimals, (2, 3), 3_000)

    async def threads(self, pool: PoolRecord, rates: Rates = QUICK) -> list[ThreadRecord]:
        """One of every kind and side, running."""
        made = [
            await self.service.create_thread(kind, pool.address, side, rates=rates) for kind, side in EVERY
        ]
        for each in made:
            self.service.start_thread(each.id)
        return made

    async def until(self, operations: int) -> None:
        """Wait until so many have succeeded."""
        await until(lambda: self.service.statistics()["succeeded"] >= operations)


@asynccontextmanager
async def ground(directory: Path) -> AsyncIterator[Ground]:
    """A ground whose slots pass with the loop's time."""
    made = Ground(directory)
    await made.service.start()
    clock = asyncio.create_task(slots(made.engine))
    try:
        yield made
    finally:
        clock.cancel()
        await made.service.stop()
        made.service.store.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that threads bring about."""
    async with asyncio.timeout(120):
        while not condition():  # noqa: ASYNC110 - what changes it has no event
            await asyncio.sleep(0.005)
