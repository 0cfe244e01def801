"""What a public run is told to do, and what came of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from breakwater.trials.model import LEAST_SUCCESS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PublicResult", "PublicRun"]


@dataclass(frozen=True, slots=True)
class PublicRun:
    """What to do.

    Attributes:
        budget: lamports that may be out at any time, rent that comes back included.
        users: at most; fewer where the budget allows no more.
        duration_s: of the trading.
        per_second: trades of all users together.
        collateral: micro-units each user gets from the payer's.
        file: where the run is remembered until all is back.
        airdrop: ask the faucet for what the payer lacks.
    """

    budget: int
    users: int
    duration_s: float
    per_second: float
    collateral: int
    file: Path
    airdrop: bool = True


@dataclass(slots=True)
class PublicResult:
    """What came of it; lamports.

    `spent` is what left the payer for good, `fees` what all that was signed could have cost at most,
    `most_out` the most that was out at any time, rent included. `left` is what users still have.
    """

    users: int = 0
    trades: int = 0
    succeeded: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    budget: int = 0
    most_out: int = 0
    spent: int = 0
    fees: int = 0
    left: int = 0
    airdrops: int = 0
    requests: int = 0
    limited: int = 0
    failed_requests: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    reason: str = ""

    @property
    def success_rate(self) -> float:
        """Of the trades."""
        return self.succeeded / self.trades if self.trades else 0.0

    @property
    def broken(self) -> list[str]:
        """What should not be, each as a sentence."""
        found = []
        if self.left:
            found.append(f"{self.left} lamports are still with users.")
        if self.most_out > self.budget:
            found.append(f"{self.most_out} lamports were out at once, the budget is {self.budget}.")
        if self.spent > self.fees:
            found.append(f"{self.spent} lamports are gone, fees were {self.fees} at most.")
        if self.users and not self.trades and not self.interrupted:
            found.append("Nobody traded.")
        if self.trades and self.success_rate <= LEAST_SUCCESS:
            found.append(f"{self.succeeded} of {self.trades} trades succeeded: {self.refused}.")
        return found

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {
            "success_rate": round(self.success_rate, 6),
            "passed": not self.broken,
            "broken": self.broken,
        }
