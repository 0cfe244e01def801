"""What a drill is and what comes of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Drill", "DrillResult"]


@dataclass(slots=True)
class DrillResult:
    """What came of a drill.

    Attributes:
        name: of the drill.
        operations: things asked for: transfers, orders, events.
        succeeded: those that were carried out.
        lost: those that were said to be done and are not.
        repeated: those that were done more than once.
        fault_s: how long the fault lasted.
        recovery_s: from its end until everything asked for had its answer.
        struck: how often the fault did something; a drill whose fault never did proves nothing.
        wrong: what else does not hold, each as a sentence.
        figures: what was counted besides.
    """

    name: str
    operations: int = 0
    succeeded: int = 0
    lost: int = 0
    repeated: int = 0
    fault_s: float = 0.0
    recovery_s: float = 0.0
    struck: int = 0
    wrong: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def broken(self) -> list[str]:
        """Why it failed, each as a sentence."""
        found = list(self.wrong)
        if self.lost:
            found.append(f"{self.lost} of {self.operations} operations were lost.")
        if self.repeated:
            found.append(f"{self.repeated} of {self.operations} operations were done twice.")
        if self.succeeded < self.operations:
            found.append(f"{self.operations - self.succeeded} of {self.operations} operations failed.")
        if not self.operations:
            found.append("Nothing was done.")
        if not self.struck:
            found.append("The fault never happened.")
        return found

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        rounded = {"fault_s": round(self.fault_s, 3), "recovery_s": round(self.recovery_s, 3)}
        return {**asdict(self), **rounded, "passed": not self.broken, "broken": self.broken}


@dataclass(frozen=True, slots=True)
class Drill:
    """A fault, where it strikes, and how to see that nothing is lost.

    Attributes:
        name: by which it is run.
        target: rpc, redis, exchange, source, api, store or people.
        what: the fault, for people.
        run: does it; takes a part of the usual size, from 0 to 1.
    """

    name: str
    target: str
    what: str
    run: Callable[[float], Awaitable[DrillResult]]
