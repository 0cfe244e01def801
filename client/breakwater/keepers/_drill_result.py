"""What a drill came to, and whether its bounds hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["MOST_RESPONSE", "DrillResult", "MemberResult"]

MOST_RESPONSE: Final = 4.0
"""Slots from posting to completion on average, at most."""


@dataclass(frozen=True, slots=True)
class MemberResult:
    """One keeper's record, as the chain has it."""

    keeper: str
    completed: int
    missed: int
    mean_response_slots: float
    tier: int
    killed_after: int | None
    """Tasks that had been posted when it died; None for those that lived."""


@dataclass(slots=True)
class DrillResult:
    """What a drill came to.

    `expected` is an equal share, `tolerance` how far a surviving keeper may be from it; the dead are
    excepted, since they stopped and others had to do their part. What the dead had done before counts among
    the tasks done.
    """

    engine: str
    keepers: int
    tasks: int
    completed: int = 0
    duplicates: int = 0
    mean_response_slots: float = 0.0
    longest_response_slots: int = 0
    members: list[MemberResult] = field(default_factory=list)
    by_kind: dict[str, int] = field(default_factory=dict)
    expected: float = 0.0
    tolerance: float = 0.0
    stolen: int = 0
    suspended: int = 0
    transactions: int = 0
    refused: int = 0
    slots: int = 0

    @property
    def tasks_per_keeper(self) -> list[int]:
        """Completed by each keeper that lived, least first."""
        return sorted(each.completed for each in self.members if each.killed_after is None)

    @property
    def killed(self) -> list[MemberResult]:
        """Those that died, in the order of the crew."""
        return [each for each in self.members if each.killed_after is not None]

    @property
    def broken(self) -> list[str]:
        """Bounds that do not hold, each as a sentence."""
        found = []
        if self.completed != self.tasks:
            found.append(f"{self.completed} of {self.tasks} tasks were done.")
        if self.duplicates:
            found.append(f"{self.duplicates} tasks were done more than once.")
        if self.mean_response_slots >= MOST_RESPONSE:
            found.append(f"The average response took {self.mean_response_slots:.2f} slots.")
        low, high = self.expected - self.tolerance, self.expected + self.tolerance
        wrong = [each for each in self.tasks_per_keeper if not low <= each <= high]
        if wrong:
            found.append(f"Loads of {', '.join(map(str, wrong))} are outside {low:g} to {high:g}.")
        return found

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "engine": self.engine,
            "keepers": self.keepers,
            "tasks": self.tasks,
            "completed": self.completed,
            "duplicates": self.duplicates,
            "mean_response_slots": round(self.mean_response_slots, 3),
            "longest_response_slots": self.longest_response_slots,
            "tasks_per_keeper": self.tasks_per_keeper,
            "expected_per_keeper": self.expected,
            "tolerance": self.tolerance,
            "killed": [
                {"keeper": each.keeper, "completed": each.completed, "after_tasks": each.killed_after}
                for each in self.killed
            ],
            "by_kind": self.by_kind,
            "stolen": self.stolen,
            "suspended": self.suspended,
            "transactions": self.transactions,
            "refused": self.refused,
            "slots": self.slots,
            "broken": self.broken,
        }
