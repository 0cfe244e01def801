"""The life of an order: checked, simulated, recorded, sent, confirmed; once, however often it is posted.

An order is known by its signature. It is written to the store before it is sent and settled there when its
outcome is known. What a restart finds unsettled is delivered on.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import structlog
from solders.pubkey import Pubkey

from breakwater.chain import accounts, programs
from breakwater.chain.engine import Receipt
from breakwater.errors import BlockhashExpired, BreakwaterError

from . import views
from .couriers import courier
from .faults import fault_of
from .schemas import OrderStatus
from .store import Pending
from .transactions import read_wire, signed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from breakwater.chain.engine import EmbeddedEngine, RpcEngine

    from .metrics import Metrics
    from .reader import CachedEngine
    from .schemas import Fill, OrderRequest
    from .store import Store
    from .transactions import Signed

__all__ = ["Relay"]

WAIT_S = 60.0
"""How long a post waits for its order; a blockhash lives about as long."""

DRAIN_S = 10.0
"""How long the end waits for orders under way; the others stay in the store."""

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Flight:
    """An order under way; `accepted` is set when it is recorded, and at the latest when it has ended."""

    accepted: asyncio.Event = field(default_factory=asyncio.Event)
    known: bool = False
    task: asyncio.Task[OrderStatus] = field(init=False)


class Relay:
    """Carries orders to the chain.

    Args:
        engine: where to.
        cached: its reads, which are told what orders wrote.
        store: what is remembered.
        metrics: what is counted.
    """

    def __init__(
        self, engine: EmbeddedEngine | RpcEngine, cached: CachedEngine, store: Store, metrics: Metrics
    ) -> None:
        self._cached, self._store, self._metrics = cached, store, metrics
        self._courier = courier(engine, cached)
        self._flights: dict[str, _Flight] = {}
        self._hurry: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def post(self, order: OrderRequest) -> OrderStatus:
        """Carry a signed transaction, or tell how it went when it was posted before.

        Raises:
            Refusal: it is malformed, unsigned, or calls another program.
            BreakwaterError: it would be refused, and so was not sent.
        """
        checked = signed(order.transaction)
        signature = str(checked.signature)
        flight = self._flights.get(signature)
        repeated = flight is not None
        if flight is None:
            flight = self._start(signature, lambda flight: self._carry(flight, checked))
        await flight.accepted.wait()
        if order.wait and not flight.task.done():
            either: set[asyncio.Future[Any]] = {flight.task, self._hurry}
            await asyncio.wait(either, timeout=WAIT_S, return_when=asyncio.FIRST_COMPLETED)
        status = flight.task.result() if flight.task.done() else OrderStatus(signature, "accepted")
        replayed = repeated or flight.known
        if replayed:
            self._metrics.replays.inc()
        return msgspec.structs.replace(status, replayed=replayed)

    async def find(self, signature: str) -> OrderStatus | None:
        """Where an order stands; None if it was never posted here."""
        return await self._store.find(signature)

    async def resume(self) -> int:
        """Deliver what an earlier server left unsettled; how many orders that were."""
        left = await self._store.pending()
        for each in left:
            self._start(each.signature, partial(self._resumed, each))
        if left:
            log.info("orders_resumed", orders=len(left))
        return len(left)

    def hurry(self) -> None:
        """Let nobody wait for an outcome any longer: the end is near."""
        if not self._hurry.done():
            self._hurry.set_result(None)

    async def close(self) -> None:
        """Give orders under way some time to end."""
        tasks = [each.task for each in self._flights.values()]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=DRAIN_S)
        for each in late:
            each.cancel()
        if late:
            await asyncio.wait(late)
            log.warning("orders_left_for_next_start", orders=len(late))

    def _start(
        self, signature: str, work: Callable[[_Flight], Coroutine[None, None, OrderStatus]]
    ) -> _Flight:
        flight = self._flights[signature] = _Flight()
        flight.task = asyncio.get_running_loop().create_task(work(flight))

        def ended(task: asyncio.Task[OrderStatus]) -> None:
            del self._flights[signature]
            flight.accepted.set()
            if not task.cancelled():
                task.exception()  # whoever posted may be gone

        flight.task.add_done_callback(ended)
        return flight

    async def _carry(self, flight: _Flight, order: Signed) -> OrderStatus:
        signature = str(order.signature)
        known = await self._store.find(signature)
        if known is not None:
            flight.known = True
            if known.status != "accepted":
                return known
            # an earlier delivery broke off, and only another one can tell how it ended
            newest = await self._cached.latest_blockhash()
            return await self._finish(Pending(signature, order.wire, newest.last_valid_block_height))
        try:
            pending = await self._courier.check(order)
        except BreakwaterError:
            self._metrics.order("refused")
            raise
        await self._store.accept(pending)
        flight.accepted.set()
        return await self._finish(pending)

    async def _resumed(self, order: Pending, flight: _Flight) -> OrderStatus:
        flight.known = True
        flight.accepted.set()
        return await self._finish(order)

    async def _finish(self, order: Pending) -> OrderStatus:
        result = await self._courier.deliver(order)
        if isinstance(result, Receipt):
            self._cached.wrote(read_wire(order.wire).message.account_keys, result.slot)
            status = OrderStatus(order.signature, "landed", result.slot, await self._fills(result))
        else:
            ended = isinstance(result, BlockhashExpired)
            status = OrderStatus(order.signature, "expired" if ended else "failed", error=fault_of(result))
        await self._store.settle(status)
        self._metrics.order(status.status)
        return status

    async def _fills(self, receipt: Receipt) -> list[Fill]:
        events = programs.event_decoder().decode(receipt.logs)
        traded = [each.fields for each in events if each.name == "Traded"]
        try:
            books = await self._cached.data(*(Pubkey.from_bytes(each["market"]) for each in traded))
        except BreakwaterError:  # the trade has landed, whatever the node says about its market
            books = [None] * len(traded)
        ids = [None if book is None else accounts.market(book).id for book in books]
        return [views.fill(each, market) for each, market in zip(traded, ids, strict=True)]
