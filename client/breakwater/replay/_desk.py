"""Sends transactions, books their events, and counts what they cost and why some were refused."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwater.chain import addresses as at
from breakwater.chain import programs
from breakwater.chain.engine import Receipt
from breakwater.errors import BlockhashExpired, BreakwaterError, ProgramError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.chain.sender import Sender
    from breakwater.model import Fill

    from ._books import Books

__all__ = ["Desk", "Job"]

OURS = {str(at.ORACLE): "oracle", str(at.EXCHANGE): "exchange"}
CONSUMED = " compute units"


@dataclass(frozen=True, slots=True)
class Job:
    """A transaction to send; `names` are its instructions' names, for the statistics."""

    names: tuple[str, ...]
    instructions: Sequence[Instruction]
    signers: Sequence[Keypair]


class Desk:
    """The one place through which a replay sends.

    Args:
        sender: sends.
        books: get every event.
    """

    def __init__(self, sender: Sender, books: Books) -> None:
        self.sender = sender
        self.books = books
        self.transactions = 0
        self.rejected: Counter[str] = Counter()
        self.compute: defaultdict[str, list[int]] = defaultdict(list)
        self._decode = programs.event_decoder().decode

    async def submit(self, jobs: Sequence[Job], now_ms: int) -> list[Fill | BreakwaterError | None]:
        """Send transactions that do not depend on each other; refusals come back in their places.

        Args:
            jobs: the transactions.
            now_ms: the chain's Unix time, for fills.

        Raises:
            BreakwaterError: one went wrong in another way than being refused.
        """
        if not jobs:
            return []
        requests = [(job.instructions, job.signers) for job in jobs]
        results = await self.sender.send_many(requests, details=True)
        return [self._take(job, result, now_ms) for job, result in zip(jobs, results, strict=True)]

    async def require(self, jobs: Sequence[Job], now_ms: int = 0) -> None:
        """Like `submit`, but every transaction has to succeed."""
        for result in await self.submit(jobs, now_ms):
            if isinstance(result, BreakwaterError):
                raise result

    async def one(self, job: Job, compute_limit: int) -> None:
        """Send a transaction that has to succeed, and wait until it is confirmed."""
        receipt = await self.sender.send(job.instructions, job.signers, compute_limit=compute_limit)
        self._take(job, receipt, 0)

    def _take(
        self, job: Job, result: Receipt | BreakwaterError, now_ms: int
    ) -> Fill | BreakwaterError | None:
        if isinstance(result, Receipt):
            self.transactions += 1
            self._count(job, result)
            if job.names[-1] == "oracle.publish":  # logs nothing
                return None
            return self.books.apply(self._decode(result.logs), result, now_ms)
        if isinstance(result, ProgramError):
            # the sender puts one instruction, the compute budget, in front
            failed = min(max(0, (result.instruction or 0) - 1), len(job.names) - 1)
            name = job.names[failed]
            self.rejected[f"{name}: {result.name}"] += 1
            return result
        if isinstance(result, BlockhashExpired):
            self.rejected[f"{job.names[-1]}: BlockhashExpired"] += 1
            return result
        raise result

    def _count(self, job: Job, receipt: Receipt) -> None:
        costs = []
        for line in receipt.logs:
            if line.endswith(CONSUMED):
                words = line.split(" ", 4)  # Program <address> consumed <units> of ...
                if words[1] in OURS:
                    costs.append(int(words[3]))
        for name, cost in zip((n for n in job.names if "." in n), costs, strict=False):
            self.compute[name].append(cost)

    def compute_units(self) -> dict[str, dict[str, int]]:
        """Count, median, 99th percentile and maximum of compute units by instruction.

        What a call of the token program consumes is part of the instruction's own.
        """
        table = {}
        for name, costs in sorted(self.compute.items()):
            ordered = sorted(costs)
            last = len(ordered) - 1
            table[name] = {
                "n": len(ordered),
                "p50": ordered[round(last * 0.5)],
                "p99": ordered[round(last * 0.99)],
                "max": ordered[last],
            }
        return table
