"""A profile: its figures, its bottlenecks in a sentence each, and its JSON."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .figures import Account, Row, Spread, accounts_of, rows_of, tree_of

if TYPE_CHECKING:
    from .probe import Sample

__all__ = ["Profile"]

LISTED = 12
"""Accounts that the JSON and the page list."""


@dataclass(frozen=True)
class Profile:
    """What was measured: `samples` are the transactions, in the order in which they were sent."""

    scenario: str
    sentence: str
    engine: str
    repeat: int
    seed: int
    samples: tuple[Sample, ...]

    @cached_property
    def rows(self) -> list[Row]:
        """Statistics by instruction, the largest total of compute units first."""
        return rows_of(self.samples)

    @cached_property
    def accounts(self) -> list[Account]:
        """Accounts written, the most written first; fee payers are left out."""
        return accounts_of(self.samples)

    @cached_property
    def latency(self) -> Spread:
        """Milliseconds from sending to confirmation, over all transactions."""
        spread = Spread.of(each.latency_s * 1e3 for each in self.samples)
        if spread is None:
            raise ValueError("a profile without transactions")
        return spread

    @property
    def compute_units(self) -> int:
        """Units of every instruction together, those of the compute budget left out."""
        return sum(each.call.cu or 0 for sample in self.samples for each in sample.instructions)

    @property
    def truncated(self) -> int:
        """Transactions whose log the runtime cut off: their last calls have no compute units here."""
        return sum(each.truncated for each in self.samples)

    @property
    def contended(self) -> Account | None:
        """The account that most transactions write: a shared one if there is one."""
        shared = [each for each in self.accounts if each.shared]
        return next(iter(shared or self.accounts), None)

    def bottlenecks(self) -> dict[str, str]:
        """One sentence each about compute units, latency and the write lock."""
        dearest, slowest = self.rows[0], max(self.rows, key=lambda row: row.latency.p99)
        found: dict[str, str] = {}
        if dearest.cu is not None:
            total, whole = dearest.cu.total, self.compute_units
            found["compute"] = (
                f"{dearest.title} takes most compute: {total:,.0f} of {whole:,} CU ({total / whole:.0%}) "
                f"in {dearest.calls:,} calls."
            )
        found["latency"] = (
            f"{slowest.title} has the longest p99: {slowest.latency.p99:,.2f} ms from sending to "
            f"confirmation, {slowest.latency.mean:,.2f} ms on average."
        )
        if (account := self.contended) is not None:
            part = account.writes / len(self.samples)
            equals = [
                each.shared is account.shared and each.writes == account.writes for each in self.accounts
            ]
            count = sum(equals) - 1
            others = f", as often as {count} other{'s' * (count > 1)}" if count else ""
            found["lock"] = (
                f"The {'shared ' if account.shared else ''}account most written is {account.name} "
                f"{account.address[:8]}…{others}: {part:.0%} of the transactions lock it and cannot run in "
                "parallel."
            )
        return found

    def as_dict(self) -> dict[str, Any]:
        """The profile as JSON has it; docs/guides/profiling.md explains the keys."""
        return {
            "scenario": self.scenario,
            "engine": self.engine,
            "repeat": self.repeat,
            "seed": self.seed,
            "transactions": len(self.samples),
            "compute_units": self.compute_units,
            "truncated": self.truncated,
            "latency_ms": self.latency.as_dict(3),
            "bottlenecks": self.bottlenecks(),
            "instructions": [_row(each) for each in self.rows],
            "accounts": [
                {
                    "address": each.address,
                    "name": each.name,
                    "shared": each.shared,
                    "writes": each.writes,
                    "part": round(each.writes / len(self.samples), 4),
                }
                for each in self.accounts[:LISTED]
            ],
            "tree": tree_of(self.scenario, self.samples),
        }


def _row(row: Row) -> dict[str, Any]:
    return {
        "group": row.group,
        "instruction": row.name,
        "calls": row.calls,
        "transactions": row.transactions,
        "cu": row.cu and row.cu.as_dict(),
        "own_cu": row.own and row.own.as_dict(),
        "budget": None if row.budget is None else round(row.budget, 5),
        "cpi": [
            {"name": each.name, "calls": each.calls, "cu": each.cu and each.cu.as_dict()}
            for each in row.inner
        ],
        "latency_ms": row.latency.as_dict(3),
        "execution_ms": row.execution and row.execution.as_dict(3),
        "accounts": row.accounts,
        "writable": row.writable,
        "signers": row.signers,
        "bytes": row.size,
        "heap": row.heap,
        "events": row.events,
    }
