"""Clients of the API that read while the service works: how long they wait.

Each asks once a second, over a connection of its own, for one of the four things that a page shows.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, Self

import httpx

if TYPE_CHECKING:
    from types import TracebackType

    from .process import Process

__all__ = ["Crowd"]

EVERY_S: Final = 1.0
READS: Final = ("threads.get", "pools.list", "service.statistics", "threads.list")


class Crowd:
    """Reads while the block lasts; a service that is being killed interrupts, and is waited for.

    Args:
        service: whom they ask.
        clients: how many.
        threads: names to ask for.
    """

    def __init__(self, service: Process, clients: int, threads: list[str]) -> None:
        self._service, self._clients, self._threads = service, clients, threads
        self._tasks: list[asyncio.Task[None]] = []
        self.seconds: list[float] = []
        """Of each read, from before it is asked to after it is decoded."""
        self.interrupted = 0

    def milliseconds(self, share: float) -> float:
        """What so many of the reads took at most; 0 without any."""
        ranked = sorted(self.seconds)
        return round(1e3 * ranked[int(share * (len(ranked) - 1))], 3) if ranked else 0.0

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._client(number)) for number in range(self._clients)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        for each in ended:  # a refusal is no interruption
            if isinstance(each, Exception):
                raise each

    async def _client(self, number: int) -> None:
        loop, turn = asyncio.get_running_loop(), number
        mine = EVERY_S * number / self._clients
        while True:
            # a kill must not make them all ask at the same moment from then on
            await asyncio.sleep(EVERY_S - (loop.time() - mine) % EVERY_S)
            if not self._service.serving:
                continue
            method = READS[turn % len(READS)]
            name = {"thread": self._threads[turn % len(self._threads)]} if method == "threads.get" else {}
            turn += 1
            began = time.perf_counter()
            try:
                await self._service.call(method, **name)
            except (httpx.TransportError, RuntimeError):  # killed, or its connections closed, meanwhile
                self.interrupted += 1
            else:
                self.seconds.append(time.perf_counter() - began)
