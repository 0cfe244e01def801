"""How a transaction that is already signed gets to a chain, in this process or behind an address."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Protocol

import structlog

from breakwater.chain import programs
from breakwater.chain._delivery import Delivery, Parcel
from breakwater.chain._program_errors import error_from
from breakwater.chain.engine import EmbeddedEngine, Receipt
from breakwater.chain.queries import answers
from breakwater.errors import BlockhashExpired, BreakwaterError, Retryable

from .store import Pending
from .transactions import read_wire

if TYPE_CHECKING:
    from breakwater.chain.engine import RpcEngine

    from .reader import CachedEngine
    from .transactions import Signed

__all__ = ["Courier", "courier"]

AGAIN_S = 2.0
"""Pause before a delivery that the node's silence ended is taken up again."""

LOOKS, LOOK_S = 10, 0.2
"""How often, and how far apart, a node is asked for the log of a transaction that has landed."""

log = structlog.get_logger(__name__)


class Courier(Protocol):
    """Checks and delivers; both may be called for several orders at once."""

    async def check(self, order: Signed) -> Pending:
        """Simulate an order.

        Raises:
            BreakwaterError: it would be refused, or the node does not answer.
        """

    async def deliver(self, order: Pending) -> Receipt | BreakwaterError:
        """Send until it has landed, with its log, or never will."""


def courier(engine: EmbeddedEngine | RpcEngine, cached: CachedEngine) -> Courier:
    """The courier for an engine."""
    return _Here(engine) if isinstance(engine, EmbeddedEngine) else _There(engine, cached)


def _expired(signature: str) -> BlockhashExpired:
    return BlockhashExpired("Build and sign the order again: its blockhash has expired.", signature=signature)


def _error(receipt: Receipt) -> BreakwaterError:
    if receipt.err is None:
        raise ValueError("a receipt without an error")
    return error_from(
        receipt.err, logs=receipt.logs, signature=str(receipt.signature), programs=programs.error_names()
    )


class _Here:
    """The embedded engine."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        self._engine = engine

    async def check(self, order: Signed) -> Pending:
        engine, signature = self._engine, str(order.signature)
        pending = Pending(signature, order.wire, engine.clock.blockhash.last_valid_block_height)
        if engine.landed(order.signature) is not None:
            return pending
        if not engine.clock.is_valid(order.transaction.message.recent_blockhash):
            raise _expired(signature)
        with answers():
            answer = await engine.client.simulate_transaction(order.transaction)
        value = json.loads(answer.to_json())["result"]["value"]
        if value["err"] is not None:
            raise error_from(value["err"], logs=value["logs"] or (), programs=programs.error_names())
        return pending

    async def deliver(self, order: Pending) -> Receipt | BreakwaterError:
        transaction = read_wire(order.wire)
        landed = self._engine.landed(transaction.signatures[0])
        receipt = self._engine.execute(transaction) if landed is None else landed.receipt
        return receipt if receipt.err is None else _error(receipt)


class _There:
    """A cluster behind an address."""

    def __init__(self, engine: RpcEngine, cached: CachedEngine) -> None:
        self._engine, self._cached = engine, cached

    async def check(self, order: Signed) -> Pending:
        engine, signature = self._engine, str(order.signature)
        # The newest blockhash outlives the order's, so its height is late enough to call the order expired.
        (status,), simulated, valid, newest = await asyncio.gather(
            engine.statuses([order.signature]),
            engine.simulate(order.wire),
            engine.rpc.call(
                "isBlockhashValid",
                str(order.transaction.message.recent_blockhash),
                {"commitment": "processed"},
            ),
            self._cached.latest_blockhash(),
        )
        pending = Pending(signature, order.wire, newest.last_valid_block_height)
        if status is not None:
            return pending
        if not valid["value"]:
            raise _expired(signature)
        if simulated.err is not None:
            raise error_from(simulated.err, logs=simulated.logs, programs=programs.error_names())
        return pending

    async def deliver(self, order: Pending) -> Receipt | BreakwaterError:
        signature = read_wire(order.wire).signatures[0]
        parcel = Parcel(0, order.wire, signature, order.last_valid_block_height)

        async def pack(_: int) -> Parcel:
            return parcel

        while True:
            delivery = Delivery(self._engine, preflight=False, window=1, details=True, error=_error)
            (result,) = await delivery.run(1, pack)
            if isinstance(result, Receipt):
                return await self._with_log(result)
            if not isinstance(result, Retryable) or isinstance(result, BlockhashExpired):
                return result
            log.warning("order_delivery_resumed", signature=order.signature, error=str(result))
            await asyncio.sleep(AGAIN_S)

    async def _with_log(self, receipt: Receipt) -> Receipt:
        """The receipt with its log, as soon as the node shows it; without, if it never does."""
        signature, looks = receipt.signature, 0
        while not receipt.logs and looks < LOOKS:
            looks += 1
            await asyncio.sleep(LOOK_S)
            try:
                (status,) = await self._engine.statuses([signature], search=True)
                if status is not None:
                    (receipt,) = await self._engine.receipts([(signature, status)])
            except Retryable as error:
                log.warning("order_log_missing", signature=str(signature), error=str(error))
        return receipt
