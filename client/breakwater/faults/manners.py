"""How an endpoint behaves: values that an `Endpoint` carries out, and the profiles that commands name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["HONEST", "LYING", "PROFILES", "PUBLIC", "Limit", "Manners"]


@dataclass(frozen=True, slots=True)
class Limit:
    """How much an endpoint answers in any `period_s` seconds.

    Attributes:
        requests: HTTP requests.
        per_method: calls of any one method; None knows no such limit.
        calls_count: whether an array counts as so many requests as it has calls, not as one.
        period_s: the window.
    """

    requests: int = 100
    per_method: int | None = 40
    calls_count: bool = False
    period_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Manners:
    """What an endpoint does to requests, besides answering them.

    Attributes:
        latency_s: before an answer.
        jitter_s: the same again, anything from nothing to this.
        limit: beyond which it answers 429 with Retry-After; None answers all.
        failing: part of the requests answered 503 without being carried out.
        vanishing: part of the requests that are carried out, and whose answer never comes.
        wrong: part of the requests answered with something else than the truth.
        swallowing: part of `sendTransaction` that is accepted and goes nowhere.
        lag_slots: slots by which the replicas behind it lag, which answer in turn; 0 is one that does not.
    """

    latency_s: float = 0.0
    jitter_s: float = 0.0
    limit: Limit | None = None
    failing: float = 0.0
    vanishing: float = 0.0
    wrong: float = 0.0
    swallowing: float = 0.0
    lag_slots: tuple[int, ...] = (0,)

    def __post_init__(self) -> None:
        for name in ("failing", "vanishing", "wrong", "swallowing"):
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidInput(f"Give {name} as a part from 0 to 1, not {getattr(self, name)}.")
        if min(self.latency_s, self.jitter_s) < 0 or not self.lag_slots or min(self.lag_slots) < 0:
            raise InvalidInput("Give latency, jitter and lag as numbers from 0.")


HONEST: Final = Manners()
"""Answers at once, and the truth."""

PUBLIC: Final = Manners(
    latency_s=0.05, jitter_s=0.1, limit=Limit(), failing=0.005, swallowing=0.02, lag_slots=(0, 2, 5)
)
"""A public endpoint: 100 requests and 40 of a method in 10 s, a balancer over three replicas."""

LYING: Final = Manners(wrong=0.2)
"""A fifth of the answers is wrong."""

PROFILES: Final[Mapping[str, Manners]] = {
    "honest": HONEST,
    "public": PUBLIC,
    "lying": LYING,
    "slow": Manners(latency_s=2.0),
    "failing": Manners(failing=0.5, latency_s=2.0),
    "lagging": Manners(lag_slots=(8,)),
}
"""By the names that `breakwater faults proxy --profile` takes."""
