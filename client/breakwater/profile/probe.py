"""Watches transactions on their way: how long each takes, what it calls, what it locks."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine, RpcEngine
from breakwater.chain.sender import Sender
from breakwater.errors import Unreachable

from . import names
from .calls import Call, read_logs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from solders.instruction import CompiledInstruction, Instruction
    from solders.keypair import Keypair
    from solders.transaction import VersionedTransaction

    from breakwater.chain.engine import AnyTransaction, Receipt
    from breakwater.chain.sender import Signed

__all__ = ["Lock", "Measured", "Probe", "Sample", "TimedEngine"]

HEAP = 32_768
"""Bytes of heap a transaction has unless it asks for more."""

REQUEST_HEAP = 1


class TimedEngine(EmbeddedEngine):
    """The embedded engine, with a stop watch on the execution of each transaction."""

    execution_s = 0.0
    """What the last transaction took: signature verification, execution, bookkeeping."""

    def execute(self, tx: AnyTransaction, *, preflight: bool = False) -> Receipt:
        """See `EmbeddedEngine.execute`."""
        began = time.perf_counter()
        try:
            return super().execute(tx, preflight=preflight)
        finally:
            self.execution_s = time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class Lock:
    """An account that a transaction may write; `shared` unless it belongs to one user."""

    address: str
    name: str
    shared: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """An instruction of a transaction: its name, its call tree and how many accounts it names."""

    name: str
    call: Call
    accounts: int
    writable: int
    signers: int
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A transaction: seconds, bytes, compute units, and its instructions without those of the compute budget.

    `locks` are the accounts it writes besides its fee payer. `execution_s` is None on a cluster.
    """

    group: str
    instructions: tuple[Measured, ...]
    truncated: bool
    latency_s: float
    execution_s: float | None
    size: int
    compute_units: int
    heap: int
    locks: tuple[Lock, ...]


class Probe(Sender):
    """Sends as `Sender` does, and samples each transaction that is sent alone and calls our programs.

    Args:
        engine: where to.
    """

    def __init__(self, engine: EmbeddedEngine | RpcEngine) -> None:
        # without preflight a refused transaction lands and shows its logs; as `bench cu` measures
        super().__init__(engine, preflight=False, priority_fee=0)
        self.samples: list[Sample] = []
        self._group: str | None = None

    @contextmanager
    def measured(self, group: str) -> Iterator[None]:
        """Take samples inside the block, of a group of that name."""
        before, self._group = self._group, group
        try:
            yield
        finally:
            self._group = before

    async def send(
        self,
        instructions: Sequence[Instruction],
        signers: Sequence[Keypair] = (),
        *,
        compute_limit: int | None = None,
        rebuilds: int = 1,
        signed: Signed | None = None,
    ) -> Receipt:
        """See `Sender.send`."""
        began = time.perf_counter()
        receipt = await super().send(
            instructions, signers, compute_limit=compute_limit, rebuilds=rebuilds, signed=signed
        )
        latency_s = time.perf_counter() - began
        if self._group is not None and any(names.is_ours(str(each.program_id)) for each in instructions):
            self.samples.append(await self._sample(self._group, receipt, latency_s))
        await asyncio.sleep(0)  # the embedded engine never waits, and an interruption needs a place to arrive
        return receipt

    async def _sample(self, group: str, receipt: Receipt, latency_s: float) -> Sample:
        engine = self.engine
        found = (
            await engine.client.get_transaction(
                receipt.signature, encoding="base64", max_supported_transaction_version=0
            )
        ).value
        if found is None:
            raise Unreachable(f"Try again: the node does not show transaction {receipt.signature} yet.")
        transaction: VersionedTransaction = found.transaction.transaction  # type: ignore[assignment]
        logged = read_logs(receipt.logs)
        reader = _Reader(transaction)
        return Sample(
            group,
            tuple(reader.instructions(logged.calls)),
            logged.truncated,
            latency_s,
            engine.execution_s if isinstance(engine, TimedEngine) else None,
            len(bytes(transaction)),
            receipt.compute_units,
            reader.heap(),
            tuple(reader.locks()),
        )


class _Reader:
    """What a transaction's message says."""

    def __init__(self, transaction: VersionedTransaction) -> None:
        self._message = transaction.message
        self._keys = [str(each) for each in transaction.message.account_keys]

    def _signs(self, index: int) -> bool:
        return index < self._message.header.num_required_signatures

    def _writable(self, index: int) -> bool:
        header = self._message.header
        if self._signs(index):
            return index < header.num_required_signatures - header.num_readonly_signed_accounts
        return index < len(self._keys) - header.num_readonly_unsigned_accounts

    def _program(self, each: CompiledInstruction) -> str:
        return self._keys[each.program_id_index]

    def instructions(self, calls: Sequence[Call]) -> Iterator[Measured]:
        """Instructions that were called, each with its call: both are in the order of execution."""
        left = list(calls)
        for each in self._message.instructions:
            program = self._program(each)
            if not left or left[0].program != program:
                continue  # a precompile is not logged, and a truncated log does not reach the last ones
            call = left.pop(0)
            if program == names.BUDGET:
                continue
            used = bytes(each.accounts)
            logs = [f"Program {program} invoke [1]", *call.data]
            yield Measured(
                names.instruction_name(program, bytes(each.data)),
                call,
                len(used),
                sum(map(self._writable, used)),
                sum(map(self._signs, used)),
                tuple(event.name for event in programs.event_decoder().decode(logs)),
            )

    def heap(self) -> int:
        """Bytes of heap that each program of the transaction has."""
        for each in self._message.instructions:
            if self._program(each) == names.BUDGET and each.data[0] == REQUEST_HEAP:
                return int.from_bytes(bytes(each.data[1:5]), "little")
        return HEAP

    def locks(self) -> Iterator[Lock]:
        """Accounts that the transaction may write, named by the first instruction that names them."""
        known: dict[int, str] = {}
        for each in self._message.instructions:
            titles = names.account_names(self._program(each), bytes(each.data))
            for index, title in zip(bytes(each.accounts), titles, strict=False):
                known.setdefault(index, title)
        for index, address in enumerate(self._keys):
            if index and self._writable(index):
                title = known.get(index, "account")
                shared = index in known and title not in names.PERSONAL
                yield Lock(address, names.account_name(address, title), shared)
