"""Sign, send, retry, confirm: the one way transactions leave this package.

A transaction is signed once and its bytes are repeated until it has landed or can no longer land. Only when
its blockhash has expired at the finalised height, and the node's history does not know it, is it signed anew.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from breakwater.config import settings
from breakwater.errors import BlockhashExpired, BreakwaterError, InvalidInput

from . import programs
from ._build import DEFAULT_COMPUTE, MAX_COMPUTE, Builder, shape_of
from ._delivery import Delivery, Parcel
from ._program_errors import ErrorNames, error_from
from .engine import EmbeddedEngine, Receipt, RpcEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from solders.address_lookup_table_account import AddressLookupTableAccount
    from solders.hash import Hash
    from solders.instruction import Instruction
    from solders.keypair import Keypair
    from solders.signature import Signature

    from ._delivery import Settled
    from .engine import Blockhash

    Request = tuple[Sequence[Instruction], Sequence[Keypair]]
    Signed = Callable[[int, Signature, int, bytes], None]

__all__ = ["Sender"]

BLOCKHASH_SECONDS = 10.0
"""Age at which a cached blockhash is replaced; it lives for about a minute."""

YIELD_EVERY = 128
"""Embedded executions between two looks at the event loop."""

MARGIN_ONE = 1.1
MARGIN_SHAPE = 1.5
SLACK = 300  # the compute budget instructions themselves
GROWTH = 450
"""Units an account may take more when it is executed than when it was simulated: seconds later a decaying
pool has to be brought up to date, and the last minute's price has moved on."""


class Sender:
    """Sends through an engine, whichever it is.

    Args:
        engine: where to.
        payer: who pays; None lets the first signer of each transaction pay.
        priority_fee: micro-lamports per compute unit; None takes the settings'.
        compute_limit: compute units for every transaction; None measures them by simulation.
        preflight: let the node simulate before it forwards; refused transactions then cost nothing.
        tables: address lookup tables to compress messages with.
        errors: error names by program address; None takes the shipped IDLs'.
        window: transactions under way at once, at most.
    """

    def __init__(
        self,
        engine: EmbeddedEngine | RpcEngine,
        payer: Keypair | None = None,
        *,
        priority_fee: int | None = None,
        compute_limit: int | None = None,
        preflight: bool = True,
        tables: Sequence[AddressLookupTableAccount] = (),
        errors: Mapping[str, ErrorNames] | None = None,
        window: int = 4_000,
    ) -> None:
        self.engine = engine
        self._builder = Builder(payer, tables)
        self._price = settings().priority_fee if priority_fee is None else priority_fee
        self._limit = compute_limit
        self._preflight = preflight
        self._errors = errors
        self._window = window
        self._cached: tuple[float, Blockhash] | None = None
        self._lock = asyncio.Lock()
        self._shapes: dict[tuple[object, ...], int] = {}

    async def send(
        self,
        instructions: Sequence[Instruction],
        signers: Sequence[Keypair] = (),
        *,
        compute_limit: int | None = None,
        rebuilds: int = 1,
        signed: Signed | None = None,
    ) -> Receipt:
        """Send one transaction and wait for it.

        Args:
            instructions: what to do.
            signers: who signs besides the payer.
            compute_limit: compute units; None takes the sender's, or measures.
            rebuilds: how often to sign anew after the blockhash expired for certain.
            signed: as for `send_many`: whoever was not called yet knows that nothing has left.

        Raises:
            ProgramError: a program refused; `name` says why.
            TransactionRejected, InsufficientFunds, InvalidInput: the runtime or this sender refused.
            Retryable: it did not land, or (Unreachable) nobody can tell.
        """
        for attempt in range(rebuilds + 1):
            results = await self._send([(instructions, signers)], compute_limit, one=True, signed=signed)
            result = results[0]
            if isinstance(result, Receipt):
                return result
            if not isinstance(result, BlockhashExpired) or attempt == rebuilds:
                raise result
            self._cached = None
        raise AssertionError("unreachable")  # pragma: no cover

    async def send_many(
        self,
        requests: Sequence[Request],
        *,
        compute_limit: int | None = None,
        details: bool = False,
        settled: Settled | None = None,
        signed: Signed | None = None,
    ) -> list[Receipt | BreakwaterError]:
        """Send many transactions at once; results are in the order of `requests`, errors in their places.

        Transactions may land in any order. Costs are measured once per kind of transaction.

        Args:
            requests: instructions and signers of each.
            compute_limit: compute units for each; None takes the sender's, or measures.
            details: also fetch logs and compute units of those that succeeded.
            settled: called with the index and the result of each, as soon as it is known.
            signed: called before a transaction is sent, with its index, its signature, the last block height
                at which it can land, and its bytes: what has to be remembered to find out what became of it.
        """
        return await self._send(
            requests, compute_limit, one=False, details=details, settled=settled, signed=signed
        )

    async def sign_many(
        self, requests: Sequence[Request], *, compute_limit: int | None = None
    ) -> list[Parcel]:
        """Sign now what `deliver` sends later, within the minute that a blockhash lives.

        Raises:
            InvalidInput: the engine has nothing to deliver to, or a transaction can't be signed.
            BreakwaterError: as `send`.
        """
        engine, limit = self._remote(), self._limit if compute_limit is None else compute_limit
        numbers = range(len(requests))
        return [await self._pack(engine, requests, index, limit, one=False) for index in numbers]

    async def deliver(
        self, parcels: Sequence[Parcel], *, details: bool = False, settled: Settled | None = None
    ) -> list[Receipt | BreakwaterError]:
        """Send what `sign_many` signed; results are in its order.

        Raises:
            InvalidInput: the engine has nothing to deliver to.
        """
        delivery = Delivery(
            self._remote(),
            preflight=False,
            window=self._window,
            details=details,
            error=self._error,
            settled=settled,
        )

        async def packed(index: int) -> Parcel:
            return parcels[index]

        return await delivery.run(len(parcels), packed)

    def _remote(self) -> RpcEngine:
        if isinstance(self.engine, EmbeddedEngine):
            raise InvalidInput("Send at once on the embedded engine: nothing is delivered there.")
        return self.engine

    async def _pack(
        self, engine: RpcEngine, requests: Sequence[Request], index: int, limit: int | None, *, one: bool
    ) -> Parcel:
        instructions, signers = requests[index]
        blockhash = await self.blockhash()
        units = limit
        if units is None:
            units = await self._measure(engine, instructions, signers, blockhash.hash, one=one)
        tx = self._builder.build(instructions, signers, blockhash.hash, limit=units, price=self._price)
        return Parcel(index, bytes(tx), tx.signatures[0], blockhash.last_valid_block_height)

    async def _send(
        self,
        requests: Sequence[Request],
        limit: int | None,
        *,
        one: bool,
        details: bool = True,
        settled: Settled | None = None,
        signed: Signed | None = None,
    ) -> list[Receipt | BreakwaterError]:
        limit = self._limit if limit is None else limit
        engine = self.engine
        if isinstance(engine, EmbeddedEngine):
            results = await self._embedded(engine, requests, limit, signed)
            if settled is not None:
                for index, result in enumerate(results):
                    settled(index, result)
            return results
        delivery = Delivery(
            engine,
            # A simulation that has just succeeded is the preflight; in bulk it would halve the node's pace.
            preflight=self._preflight and one and limit is not None,
            window=self._window,
            details=details,
            error=self._error,
            settled=settled,
        )

        async def pack(index: int) -> Parcel:
            parcel = await self._pack(engine, requests, index, limit, one=one)
            if signed is not None:
                signed(index, parcel.signature, parcel.last_valid_block_height, parcel.wire)
            return parcel

        return await delivery.run(len(requests), pack)

    async def blockhash(self) -> Blockhash:
        """A blockhash young enough to sign with."""
        if isinstance(self.engine, EmbeddedEngine):
            return self.engine.clock.blockhash
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if self._cached is None or now - self._cached[0] > BLOCKHASH_SECONDS:
                self._cached = (now, await self.engine.latest_blockhash())
            return self._cached[1]

    async def _embedded(
        self,
        engine: EmbeddedEngine,
        requests: Sequence[Request],
        limit: int | None,
        signed: Signed | None,
    ) -> list[Receipt | BreakwaterError]:
        results: list[Receipt | BreakwaterError] = []
        units = MAX_COMPUTE if limit is None else limit
        for index, (instructions, signers) in enumerate(requests):
            try:
                tx = self._builder.build(
                    instructions, signers, engine.clock.blockhash.hash, limit=units, price=self._price
                )
            except BreakwaterError as error:
                results.append(error)
                continue
            if signed is not None:
                signed(index, tx.signatures[0], engine.clock.blockhash.last_valid_block_height, bytes(tx))
            receipt = engine.execute(tx, preflight=self._preflight)
            results.append(receipt if receipt.err is None else self._error(receipt))
            if index % YIELD_EVERY == YIELD_EVERY - 1:
                await asyncio.sleep(0)
        return results

    async def _measure(
        self,
        engine: RpcEngine,
        instructions: Sequence[Instruction],
        signers: Sequence[Keypair],
        blockhash: Hash,
        *,
        one: bool,
    ) -> int:
        shape = shape_of(instructions)
        known = self._shapes.get(shape)
        if known is not None and not one:
            return known
        wire = bytes(self._builder.unsigned(instructions, signers, blockhash))
        done = await engine.simulate(wire)
        if done.err is None:
            margin = MARGIN_ONE if one else MARGIN_SHAPE
            growth = GROWTH * sum(len(each.accounts) for each in instructions)
            units = min(MAX_COMPUTE, int(done.compute_units * margin) + SLACK + growth)
            if not one:
                self._shapes[shape] = units
            return units
        if one and self._preflight:
            names = self._names()
            raise error_from(done.err, logs=done.logs, programs=names)
        return min(MAX_COMPUTE, DEFAULT_COMPUTE * len(instructions))

    def _names(self) -> Mapping[str, ErrorNames]:
        return programs.error_names() if self._errors is None else self._errors

    def _error(self, receipt: Receipt) -> BreakwaterError:
        if receipt.err is None:
            raise ValueError("a receipt without an error")
        signature = str(receipt.signature)
        return error_from(receipt.err, logs=receipt.logs, signature=signature, programs=self._names())
