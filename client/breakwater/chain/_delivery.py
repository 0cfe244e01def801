"""Carries signed transactions to a cluster: broadcast, repeat, poll, and give up only for certain."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from breakwater.errors import BlockhashExpired, BreakwaterError, Retryable, Unreachable

from ._http import PreflightError
from ._types import Receipt

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from solders.signature import Signature

    from ._rpc import RpcEngine
    from ._types import Status

    Settled = Callable[[int, Receipt | BreakwaterError], None]

__all__ = ["Delivery", "Parcel"]

ARRAY = 100
"""sendTransaction calls in one JSON-RPC array."""

IN_FLIGHT = 4
"""Arrays under way at once."""

POLL_SECONDS = 0.4
LOOPBACK_SECONDS = 0.1
BUSY_SECONDS = 0.5
"""Between two looks while there is more to hand over: a node that is asked takes less."""
REPEAT_SECONDS = 2.0
HEIGHT_SECONDS = 2.0
SILENCE_SECONDS = 90.0
"""How long a node may be unreachable before outcomes are given up as unknown."""

HARMLESS = ("AlreadyProcessed", "BlockhashNotFound")
"""Preflight answers that do not settle anything: it has landed, or the blockhash is new to the node."""

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class Parcel:
    """A signed transaction on its way."""

    index: int
    wire: bytes
    signature: Signature
    last_valid_block_height: int
    sent_at: float = 0.0
    seen: bool = field(default=False)


class Delivery:
    """One run of `send` or `send_many` against a cluster.

    Args:
        engine: the cluster.
        preflight: ask for it at the first broadcast.
        window: parcels under way at once.
        details: fetch logs and compute units of successes.
        error: the exception for a failed receipt.
        settled: called with the index and the result of each parcel, once.
    """

    def __init__(
        self,
        engine: RpcEngine,
        *,
        preflight: bool,
        window: int,
        details: bool,
        error: Callable[[Receipt], BreakwaterError],
        settled: Settled | None = None,
    ) -> None:
        self._engine = engine
        self._preflight = preflight
        self._window = max(window, ARRAY)
        self._details = details
        self._error = error
        self._settled = settled
        self._pause = min(POLL_SECONDS, LOOPBACK_SECONDS) if engine.is_loopback else POLL_SECONDS
        self._open: dict[int, Parcel] = {}
        self._results: dict[int, Receipt | BreakwaterError] = {}
        self._room = asyncio.Condition()
        self._posted = asyncio.Event()

    async def run(
        self, count: int, pack: Callable[[int], Awaitable[Parcel]]
    ) -> list[Receipt | BreakwaterError]:
        """Deliver parcels 0 to `count` - 1; each is packed, and so signed, only when there is room for it."""
        tasks = [asyncio.create_task(self._post(count, pack)), asyncio.create_task(self._watch())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in tasks:
                if task.done():
                    task.result()  # raises what went wrong
        finally:
            for task in tasks:
                task.cancel()
        return [self._results[index] for index in range(count)]

    async def _post(self, count: int, pack: Callable[[int], Awaitable[Parcel]]) -> None:
        slots = asyncio.Semaphore(IN_FLIGHT)
        async with asyncio.TaskGroup() as group:
            for start in range(0, count, ARRAY):
                async with self._room:
                    await self._room.wait_for(lambda: len(self._open) <= self._window - ARRAY)
                await slots.acquire()
                parcels = await self._packed(range(start, min(start + ARRAY, count)), pack)
                self._open.update({each.index: each for each in parcels})
                group.create_task(self._broadcast(parcels, slots, preflight=self._preflight))
        self._posted.set()

    async def _packed(self, indexes: range, pack: Callable[[int], Awaitable[Parcel]]) -> list[Parcel]:
        parcels = []
        for index in indexes:
            try:
                parcels.append(await pack(index))
            except BreakwaterError as error:
                self._results[index] = error
                if self._settled is not None:
                    self._settled(index, error)
        return parcels

    async def _broadcast(self, parcels: list[Parcel], slots: asyncio.Semaphore, *, preflight: bool) -> None:
        now = asyncio.get_running_loop().time()
        for each in parcels:
            each.sent_at = now
        try:
            answers = await self._engine.submit([each.wire for each in parcels], preflight=preflight)
        except Retryable as error:
            # It may have arrived all the same, so the parcels stay open and their bytes are repeated.
            log.warning("broadcast_failed", transactions=len(parcels), error=str(error))
            return
        except BreakwaterError as error:
            self._settle({each.index: error for each in parcels})
            return
        finally:
            slots.release()
        for parcel, answer in zip(parcels, answers, strict=True):
            verdict = self._verdict(parcel, answer, first=preflight)
            if verdict is not None:
                self._settle({parcel.index: verdict})

    def _verdict(
        self, parcel: Parcel, answer: BreakwaterError | None, *, first: bool
    ) -> BreakwaterError | None:
        if answer is None or isinstance(answer, Retryable):
            return None
        if not isinstance(answer, PreflightError):
            return answer
        err = answer.data.get("err")
        if err is None or err in HARMLESS or not first:
            return None
        logs, units = answer.data.get("logs") or (), answer.data.get("unitsConsumed") or 0
        return self._error(Receipt(parcel.signature, 0, err, tuple(logs), units))

    def _settle(self, results: Mapping[int, Receipt | BreakwaterError]) -> None:
        for index, result in results.items():
            if self._open.pop(index, None) is not None:
                self._results[index] = result
                if self._settled is not None:
                    self._settled(index, result)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        heard = height_at = loop.time()
        slots = asyncio.Semaphore(IN_FLIGHT)
        while not (self._posted.is_set() and not self._open):
            await self._wait()
            parcels = list(self._open.values())
            try:
                await self._poll(parcels)
                if loop.time() - height_at > HEIGHT_SECONDS:
                    height_at = loop.time()
                    await self._expire(parcels)
                heard = loop.time()
            except BreakwaterError as error:
                log.warning("poll_failed", transactions=len(parcels), error=str(error))
                if loop.time() - heard > SILENCE_SECONDS:
                    self._settle({each.index: _unknown(each) for each in parcels})
            await self._repeat(slots)
            async with self._room:
                self._room.notify_all()

    async def _wait(self) -> None:
        if len(self._open) <= self._window - ARRAY:  # otherwise only what lands makes room
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._posted.wait(), BUSY_SECONDS)
        await asyncio.sleep(self._pause)

    async def _poll(self, parcels: list[Parcel]) -> None:
        statuses = await self._engine.statuses([each.signature for each in parcels])
        landed = []
        for parcel, status in zip(parcels, statuses, strict=True):
            parcel.seen = status is not None
            if status is not None and self._engine.reached(status.level):
                landed.append((parcel, status))
        await self._receive(landed)

    async def _receive(self, landed: list[tuple[Parcel, Status]]) -> None:
        wanted = [pair for pair in landed if self._details or pair[1].err is not None]
        full = await self._engine.receipts([(parcel.signature, status) for parcel, status in wanted])
        receipts = {parcel.index: receipt for (parcel, _), receipt in zip(wanted, full, strict=True)}
        for parcel, status in landed:
            receipt = receipts.get(parcel.index) or Receipt(parcel.signature, status.slot, None, (), 0)
            self._settle({parcel.index: receipt if receipt.err is None else self._error(receipt)})

    async def _expire(self, parcels: list[Parcel]) -> None:
        waiting = [each for each in parcels if each.index in self._open]
        if not waiting:
            return
        slot, height = await self._engine.finalized()
        late = [each for each in waiting if each.last_valid_block_height < height]
        if not late:
            return
        # As of the height's slot or later: whatever landed in time is in that node's history.
        seen, statuses = await self._engine.statuses_as_of([each.signature for each in late], search=True)
        if seen < slot:
            log.warning("node_behind", asked_for=slot, answered_as_of=seen, transactions=len(late))
            return
        found = []
        for parcel, status in zip(late, statuses, strict=True):
            if status is not None:
                found.append((parcel, status))
                continue
            expired = BlockhashExpired(
                "Sign again with a recent blockhash: this one expired before the transaction landed.",
                signature=str(parcel.signature),
            )
            self._settle({parcel.index: expired})
        await self._receive(found)

    async def _repeat(self, slots: asyncio.Semaphore) -> None:
        now = asyncio.get_running_loop().time()
        due = [each for each in self._open.values() if not each.seen and now - each.sent_at > REPEAT_SECONDS]
        for i in range(0, len(due), ARRAY):
            await slots.acquire()
            await self._broadcast(due[i : i + ARRAY], slots, preflight=False)


def _unknown(parcel: Parcel) -> Unreachable:
    return Unreachable(
        f"Look up {parcel.signature} before sending more: the node fell silent and it may have landed."
    )
