"""What a deployment costs, step by step, before any of it is paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from breakwater.chain.loader import BUFFER_HEADER, CHUNK, PROGRAM_SIZE, PROGRAMDATA_HEADER, ProgramState

from .otter import BuildRecord, arguments, record_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breakwater.chain.engine import RpcEngine

    from .artefacts import Target

__all__ = ["Costs", "Ledger", "Options", "Standing"]

SIGNATURE_FEE: Final = 5_000
WRITE_COMPUTE: Final = 5_000
SMALL_COMPUTE: Final = 25_000
MEMO_COMPUTE: Final = 200_000


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for; `repository` and `commit` go into the record that explorers read."""

    immutable: bool = False
    repository: str | None = None
    commit: str | None = None
    public_record: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one program has come: deployed, or in a buffer, or nothing yet.

    `written` counts the buffer's chunks that are right already, `buffer_rent` its lamports (0: no buffer).
    `misfit` is a buffer that cannot be continued: it is closed, and its rent returns.
    """

    target: Target
    state: ProgramState | None
    written: int
    buffer_rent: int
    misfit: bool
    program_lamports: int

    @property
    def chunks(self) -> int:
        """Writes that the binary needs in all."""
        return -(-len(self.target.binary) // CHUNK)


@dataclass(frozen=True, slots=True)
class Costs:
    """Lamports: `rent` stays in the accounts, `fees` are gone, `returned` comes back from a buffer left over.

    `peak` is what the deployer must hold to get through, its own minimum included.
    """

    rent: int
    fees: int
    returned: int
    transactions: int
    peak: int


class Ledger:
    """Adds up what each step pays, and the most that is out at any time.

    Args:
        engine: tells what rent is.
        priority_fee: micro-lamports per compute unit.
    """

    def __init__(self, engine: RpcEngine, priority_fee: int) -> None:
        self._engine, self._price = engine, priority_fee
        self._rents: dict[int, int] = {}
        self._rent = self._fees = self._returned = self._transactions = self._peak = 0

    async def deployment(self, each: Standing) -> None:
        """A program's buffer, writes and deployment, as far as they are left."""
        size = len(each.target.binary)
        if each.misfit:
            self._pay(SMALL_COMPUTE, returned=each.buffer_rent)
        if each.state is not None:
            return
        lent = each.buffer_rent
        if each.misfit or not each.buffer_rent:
            lent = await self._of(BUFFER_HEADER + size)
            self._pay(SMALL_COMPUTE, rent=lent)
        for _ in range(each.chunks - each.written):
            self._pay(WRITE_COMPUTE)
        program = max(0, await self._of(PROGRAM_SIZE) - each.program_lamports)
        self._pay(SMALL_COMPUTE, signatures=2, rent=program)
        # the loader gives the buffer's rent back before it takes the programdata's
        self._move(await self._of(PROGRAMDATA_HEADER + size) - lent)

    async def records(self, programs: int, options: Options, *, otter: bool) -> None:
        """Our memo, and the public records where there are any."""
        if otter and options.public_record:
            texts = (options.repository or "", options.commit or "")
            rent = await self._of(record_size(BuildRecord(*texts, arguments("exchange"), 0)))
            for _ in range(programs):
                self._pay(SMALL_COMPUTE, rent=rent)
        self._pay(MEMO_COMPUTE)

    def burns(self, standings: Sequence[Standing]) -> None:
        """The authorities that are still there."""
        for each in standings:
            if each.state is None or each.state.authority is not None:
                self._pay(SMALL_COMPUTE)

    async def costs(self) -> Costs:
        """The sum."""
        peak = self._peak + await self._of(0) if self._transactions else 0
        return Costs(self._rent, self._fees, self._returned, self._transactions, peak)

    async def _of(self, space: int) -> int:
        if space not in self._rents:
            found = await self._engine.rpc.call("getMinimumBalanceForRentExemption", space)
            self._rents[space] = int(found)
        return self._rents[space]

    def _pay(self, compute: int, *, signatures: int = 1, rent: int = 0, returned: int = 0) -> None:
        self._transactions += 1
        self._fees += signatures * SIGNATURE_FEE + -(-self._price * compute // 10**6)
        self._returned += returned
        self._move(rent)

    def _move(self, rent: int) -> None:
        self._rent += rent
        self._peak = max(self._peak, self._rent + self._fees - self._returned)
