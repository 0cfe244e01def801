"""Answers of the chain, remembered for a slot: those who ask the same meanwhile share one request.

An entry is fresh while the newest slot anybody has heard of is less than `ttl` slots ahead of its own, and
no longer than those slots take. What a landed transaction wrote is forgotten at once, also by requests that
were under way: their answers still go to those who asked before, but are not remembered.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

__all__ = ["SLOT_S", "SlotTime", "Snapshots"]

SLOT_S = 0.4
"""Nominal length of a slot."""

PRUNE_ABOVE = 20_000
"""Entries at which those that are no longer fresh are thrown away."""

K = TypeVar("K")
V = TypeVar("V")


class SlotTime:
    """What "now" is in slots: the newest slot any answer has come from.

    Args:
        ttl: slots for which an answer stands.
        probe: the engine's slot where it costs nothing to ask, else None.
        clock: seconds, from any origin.
    """

    def __init__(
        self,
        ttl: int = 1,
        *,
        probe: Callable[[], int] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ttl, self.clock = ttl, clock
        self._probe, self._newest = probe, 0

    @property
    def newest(self) -> int:
        """The newest slot heard of."""
        if self._probe is not None:
            self._newest = self._probe()
        return self._newest

    def learn(self, slot: int) -> None:
        """An answer came from `slot`."""
        self._newest = max(self._newest, slot)

    def fresh(self, slot: int, at: float) -> bool:
        """Whether an answer of `slot`, asked for at `at` seconds, still stands."""
        return self.newest - slot < self.ttl and self.clock() - at < self.ttl * SLOT_S


@dataclass(slots=True)
class _Entry(Generic[V]):
    slot: int
    at: float
    value: V


class Snapshots(Generic[K, V]):
    """One kind of answer, by key.

    Args:
        load: fetches the values of keys, in order, and the slot they are of; None where it does not say.
        time: shared by everything that reads the same chain.
        on_hit, on_miss: told how many keys were there, and how many had to be fetched or waited for.
    """

    def __init__(
        self,
        load: Callable[[Sequence[K]], Awaitable[tuple[int | None, Sequence[V]]]],
        time: SlotTime,
        *,
        on_hit: Callable[[int], None] = lambda _: None,
        on_miss: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._load, self._time = load, time
        self._on_hit, self._on_miss = on_hit, on_miss
        self._known: dict[K, _Entry[V]] = {}
        self._flying: dict[K, asyncio.Future[V]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def one(self, key: K) -> V:
        """The value of one key."""
        entry = self._known.get(key)
        if entry is not None and self._time.fresh(entry.slot, entry.at):
            self._on_hit(1)
            return entry.value
        return (await self.many([key]))[0]

    async def many(self, keys: Sequence[K]) -> list[V]:
        """The values of keys, in order; what is not known is fetched in one request."""
        found: dict[K, V] = {}
        waiting: dict[K, asyncio.Future[V]] = {}
        absent: list[K] = []
        for key in dict.fromkeys(keys):
            entry = self._known.get(key)
            if entry is not None and self._time.fresh(entry.slot, entry.at):
                found[key] = entry.value
            elif key in self._flying:
                waiting[key] = self._flying[key]
            else:
                absent.append(key)
        self._on_hit(len(found))
        if absent or waiting:
            self._on_miss(len(absent) + len(waiting))
        if absent:
            waiting |= self._fetch(absent)
        for key, future in waiting.items():
            # shielded: who gives up waiting must not take the answer from the others
            found[key] = await asyncio.shield(future)
        return [found[key] for key in keys]

    def forget(self, keys: Iterable[K] | None = None) -> None:
        """Ask anew for `keys` next time, or for everything."""
        for key in list(self._known | self._flying) if keys is None else keys:
            self._known.pop(key, None)
            self._flying.pop(key, None)

    def _fetch(self, keys: list[K]) -> dict[K, asyncio.Future[V]]:
        loop = asyncio.get_running_loop()
        futures: dict[K, asyncio.Future[V]] = {key: loop.create_future() for key in keys}
        self._flying |= futures
        task = loop.create_task(self._run(keys, futures))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return futures

    async def _run(self, keys: list[K], futures: dict[K, asyncio.Future[V]]) -> None:
        at, newest = self._time.clock(), self._time.newest
        try:
            slot, values = await self._load(keys)
        except BaseException as error:
            for future in futures.values():
                if isinstance(error, Exception):
                    future.set_exception(error)
                    future.exception()  # whoever asked may be gone
                else:
                    future.cancel()
            if not isinstance(error, Exception):
                raise
            return
        finally:
            current = {key for key, future in futures.items() if self._flying.get(key) is future}
            for key in current:
                del self._flying[key]
        if slot is not None:
            self._time.learn(slot)
        self._prune()
        for key, value in zip(keys, values, strict=True):
            if key in current:
                self._known[key] = _Entry(newest if slot is None else slot, at, value)
            futures[key].set_result(value)

    def _prune(self) -> None:
        if len(self._known) > PRUNE_ABOVE:
            self._known = {
                key: entry for key, entry in self._known.items() if self._time.fresh(entry.slot, entry.at)
            }
