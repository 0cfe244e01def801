"""A scenario as a value: name, title, where it comes from, engines, and how to run it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

__all__ = ["LEAST_SUCCESS", "Asked", "Context", "Outcome", "Scenario", "select"]

MOST_SENTENCES: Final = 5
LEAST_SUCCESS: Final = 0.99
"""Of legitimate operations, so much has to be exceeded."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One published item that a scenario answers.

    Attributes:
        source: where it stands, as "000 2.1" or "003 TestHighLoad".
        item: what it is called there.
        figure: the figure there, in words; "" where it gives none.
        ours: our figure, in words, of an outcome's figures.
        met: whether an outcome's figures keep to the figure there; where that is no bound, they do.
    """

    source: str
    item: str
    figure: str
    ours: Callable[[Mapping[str, Any]], str]
    met: Callable[[Mapping[str, Any]], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Context:
    """What a scenario is given.

    Attributes:
        engine: a name that `open_engine` takes; the scenario opens it, and gets a fresh chain.
        users: how many users at once; None is the scenario's own number.
        duration_s: how long load lasts where time decides; None is the scenario's own.
        seed: of everything drawn by chance.
        scale: multiplies the scenario's own numbers; tests take a small part.
        workers: processes that load comes from, where it comes from more than one.
        progress: called with the name of each step.
    """

    engine: str = "embedded"
    users: int | None = None
    duration_s: float | None = None
    seed: int = 1
    scale: float = 1.0
    workers: int = 1
    progress: Callable[[str], None] = lambda _: None

    def scaled(self, count: int, least: int = 1) -> int:
        """A scenario's own number at this scale."""
        return max(least, round(count * self.scale))

    @property
    def options(self) -> dict[str, float]:
        """What takes the place of scenarios' own numbers, as the command's options; none of it is {}."""
        given = {"users": self.users, "duration": self.duration_s}
        return {name: each for name, each in given.items() if each is not None} | (
            {"scale": self.scale} if self.scale != 1 else {}
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it.

    Attributes:
        passed: every bound and every invariant holds.
        success_rate: part of the legitimate operations that succeeded, 0 to 1.
        reason: why it failed, or why throughput fell while it passed; one sentence each, or "".
        figures: plain values by name.
        charts: series for the report, by title: (x, y) points with what x and y are.
    """

    passed: bool
    success_rate: float
    reason: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    charts: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)

    @classmethod
    def judged(
        cls,
        broken: Sequence[str],
        succeeded: int,
        tried: int,
        figures: Mapping[str, Any],
        *,
        note: str = "",
        charts: Mapping[str, Sequence[tuple[float, float]]] | None = None,
    ) -> Outcome:
        """The outcome of `tried` legitimate operations and of bounds, of which `broken` do not hold.

        Args:
            broken: bounds and invariants that do not hold, a sentence each.
            succeeded: operations that did what they should.
            tried: all of them.
            figures: plain values.
            note: why throughput fell, if it did.
            charts: series for the report.
        """
        rate = succeeded / tried if tried else 0.0
        found = list(broken)
        if rate <= LEAST_SUCCESS:
            found.insert(0, f"{succeeded:,} of {tried:,} operations succeeded.")
        more = [f"And {len(found) - MOST_SENTENCES} more."] if len(found) > MOST_SENTENCES else []
        reason = " ".join([*found[:MOST_SENTENCES], *more, note]).strip()
        return cls(not found, rate, reason, figures, charts or {})


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario.

    Attributes:
        name: in commands and JSON, words joined by hyphens.
        title: a phrase for people.
        source: where it comes from, as "000 2.1".
        engines: the engines it runs on.
        run: runs it.
        asked: the published items it answers.
    """

    name: str
    title: str
    source: str
    engines: tuple[str, ...]
    run: Callable[[Context], Awaitable[Outcome]]
    asked: tuple[Asked, ...] = ()


def select(scenarios: Iterable[Scenario], name: str, engine: str) -> Scenario:
    """The scenario of a name, if it runs on that engine.

    Raises:
        InvalidInput: there is none, or not on this engine.
    """
    every = {each.name: each for each in scenarios}
    if name not in every:
        raise InvalidInput(f"Name a scenario that `stress list` shows, not {name!r}.")
    if engine not in every[name].engines:
        raise InvalidInput(f"Run {name} on {' or '.join(every[name].engines)}, not {engine}.")
    return every[name]
