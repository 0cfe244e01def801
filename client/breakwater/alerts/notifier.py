"""Hands notices to sinks, each in its own time: a slow webhook delays nobody else."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol, Self

import structlog

from breakwater.errors import BreakwaterError

from .model import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .model import Notice

__all__ = ["Notifier", "Sink"]

MOST_WAITING: Final = 1_000
REST_S: Final = 5.0
"""How long deliveries may take at the end."""

log = structlog.get_logger(__name__)


class Sink(Protocol):
    """A place that notices are told to."""

    name: str
    minimum: Severity

    async def tell(self, notice: Notice) -> None:
        """Deliver one.

        Raises:
            BreakwaterError, OSError: it could not be delivered; it is not tried again.
        """

    async def close(self) -> None:
        """Let go of everything."""


class Notifier:
    """A queue and a worker for every sink; use it as a context.

    Args:
        sinks: where to.
    """

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = tuple(sinks)
        self._queues: list[asyncio.Queue[Notice]] = [asyncio.Queue(MOST_WAITING) for _ in self._sinks]
        self._workers: list[asyncio.Task[None]] = []
        self.delivered = 0
        self.lost = 0
        """Notices that a sink has not got."""

    async def __aenter__(self) -> Self:
        self._workers = [
            asyncio.create_task(self._work(sink, queue))
            for sink, queue in zip(self._sinks, self._queues, strict=True)
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        waiting = [asyncio.create_task(queue.join()) for queue in self._queues]
        if waiting:
            await asyncio.wait(waiting, timeout=REST_S)
        for each in (*waiting, *self._workers):
            each.cancel()
        await asyncio.gather(*waiting, *self._workers, return_exceptions=True)
        for sink in self._sinks:
            with suppress(BreakwaterError, OSError):
                await sink.close()

    def tell(self, notice: Notice) -> None:
        """Have every sink told that wants to know; returns at once."""
        for sink, queue in zip(self._sinks, self._queues, strict=True):
            if notice.alert.severity.rank < sink.minimum.rank:
                continue
            try:
                queue.put_nowait(notice)
            except asyncio.QueueFull:
                self.lost += 1
                log.warning("alert_dropped", sink=sink.name, rule=notice.alert.rule)

    async def _work(self, sink: Sink, queue: asyncio.Queue[Notice]) -> None:
        while True:
            notice = await queue.get()
            try:
                await sink.tell(notice)
                self.delivered += 1
            except (BreakwaterError, OSError) as error:
                self.lost += 1
                with suppress(OSError):  # a full disk may be why
                    log.warning("alert_undelivered", sink=sink.name, rule=notice.alert.rule, why=str(error))
            finally:
                queue.task_done()
