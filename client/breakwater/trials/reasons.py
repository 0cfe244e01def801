"""Why throughput fell: every refusal has one cause, and a second in which little landed has a reason."""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from breakwater.errors import (
    BlockhashExpired,
    BreakwaterError,
    InsufficientFunds,
    ProgramError,
    RateLimited,
    Retryable,
    TransactionRejected,
)

__all__ = ["CAUSES", "Tally", "cause_of"]

CAUSES: Final = {
    "rate limit": "the endpoint answered 429",
    "blockhash": "blockhashes expired before their transactions landed",
    "funds": "payers or traders ran out of funds",
    "compute": "compute units ran out",
    "locks": "transactions waited for accounts that others were writing",
    "RPC": "the endpoint did not answer, or from too old a state",
    "program": "a program refused",
}
"""What slows a run down, and what it means."""

_REJECTED: Final = {
    "AccountInUse": "locks",
    "WouldExceedMaxAccountCostLimit": "locks",
    "WouldExceedMaxBlockCostLimit": "locks",
    "WouldExceedMaxVoteCostLimit": "locks",
    "BlockhashNotFound": "blockhash",
    "InsufficientFundsForFee": "funds",
    "InsufficientFundsForRent": "funds",
    "MaxLoadedAccountsDataSizeExceeded": "compute",
}
_NAMED: Final = {
    "ComputationalBudgetExceeded": "compute",
    "ProgramFailedToComplete": "compute",
    "InsufficientFunds": "funds",
    "InsufficientBalance": "funds",
}
FELL: Final = 0.5
"""Of the median second: less than that is a fall."""

BUSY: Final = 0.9
"""Of a core: more than that, and the generator itself is what is slow."""


def cause_of(error: BreakwaterError) -> str:
    """The cause of a refusal, one of `CAUSES`."""
    if isinstance(error, RateLimited):
        return "rate limit"
    if isinstance(error, BlockhashExpired):
        return "blockhash"
    if isinstance(error, InsufficientFunds):
        return "funds"
    if isinstance(error, ProgramError):
        return _NAMED.get(error.name, "program")
    if isinstance(error, TransactionRejected):
        return _REJECTED.get(error.reason, "program")
    return "RPC" if isinstance(error, Retryable) else "program"


@dataclass(slots=True)
class Tally:
    """Counts what succeeded and what did not, by second and cause."""

    began: float = field(default_factory=time.monotonic)
    done: Counter[int] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    _causes: dict[int, Counter[str]] = field(default_factory=dict)
    _cpu: float = field(default_factory=time.process_time)

    def restart(self) -> None:
        """Forget what setting up took: the first second begins now."""
        self.__init__()  # type: ignore[misc]  # back to nothing

    def succeeded(self, count: int = 1) -> None:
        """So many more are done."""
        self.done[self._second()] += count

    def failed(self, error: BreakwaterError) -> None:
        """One was refused, or has to be repeated."""
        cause = cause_of(error)
        self.refused[cause] += 1
        self.names[error.name if isinstance(error, ProgramError) else type(error).__name__] += 1
        self._causes.setdefault(self._second(), Counter())[cause] += 1

    @property
    def total(self) -> int:
        """All that are done."""
        return self.done.total()

    @property
    def per_second(self) -> float:
        """Done a second, from the first to now."""
        return self.total / max(1e-9, time.monotonic() - self.began)

    @property
    def series(self) -> list[tuple[float, float]]:
        """Done in each second."""
        return [(float(second), float(self.done[second])) for second in range(max(self.done, default=-1) + 1)]

    def note(self) -> str:
        """Why throughput fell, a sentence; "" if it did not."""
        whole = range(1, max(self.done, default=0))  # the first and the last second are not whole
        if len(whole) < 3:
            return ""
        usual = median(self.done[second] for second in whole)
        low = [second for second in whole if self.done[second] < FELL * usual]
        if not low:
            return ""
        causes = sum((self._causes.get(second, Counter()) for second in low), Counter[str]())
        if causes:
            cause = causes.most_common(1)[0][0]
            why = f"{CAUSES[cause]} ({cause}, {causes[cause]:,} times)"
        elif (time.process_time() - self._cpu) / (time.monotonic() - self.began) > BUSY:
            why = "this process had no CPU left"
        elif os.getloadavg()[0] > (os.cpu_count() or 1):
            why = f"other processes had the CPU (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)"
        else:
            why = f"{CAUSES['RPC']} (RPC)"
        least = min(self.done[second] for second in low)
        return f"Throughput fell to {least:,} from {usual:,.0f} a second in {len(low)} s: {why}."

    def _second(self) -> int:
        return int(time.monotonic() - self.began)
