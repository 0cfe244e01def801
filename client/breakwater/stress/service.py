"""Runs one scenario or all of them, and says what came of each."""

from __future__ import annotations

import os
import platform
import time
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from breakwater import __version__
from breakwater.errors import BreakwaterError, InvalidInput
from breakwater.trials import Outcome, select

from .table import scenarios

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from breakwater.trials import Context, Scenario

__all__ = ["ENGINES", "Result", "Suite", "run", "suite"]

ENGINES: Final = ("embedded", "local")


@dataclass(frozen=True, slots=True)
class Result:
    """A scenario and its outcome."""

    scenario: Scenario
    engine: str
    outcome: Outcome
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "name": self.scenario.name,
            "title": self.scenario.title,
            "engine": self.engine,
            "success_rate": round(self.outcome.success_rate, 6),
            "passed": self.outcome.passed,
            "reason": self.outcome.reason,
            "seconds": round(self.seconds, 2),
            "figures": dict(self.outcome.figures),
        }


@dataclass(slots=True)
class Suite:
    """All results so far; `load` is the machine's highest when a scenario began or ended, `options` what took
    the place of scenarios' own numbers.
    """

    engine: str
    seed: int
    results: list[Result] = field(default_factory=list)
    options: Mapping[str, float] = field(default_factory=dict)
    load: float = field(default_factory=lambda: os.getloadavg()[0])

    def add(self, result: Result) -> None:
        """One more."""
        self.results.append(result)
        self.load = max(self.load, os.getloadavg()[0])

    @property
    def passed(self) -> bool:
        """Every scenario did."""
        return bool(self.results) and all(each.outcome.passed for each in self.results)

    @property
    def seconds(self) -> float:
        """What all took together."""
        return sum(each.seconds for each in self.results)

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "passed": self.passed,
            "engine": self.engine,
            "seed": self.seed,
            "options": dict(self.options),
            "seconds": round(self.seconds, 1),
            "machine": {
                "version": __version__,
                "architecture": platform.machine(),
                "cores": os.cpu_count(),
                "load": round(self.load, 1),
            },
            "scenarios": [each.as_dict() for each in self.results],
        }


async def run(name: str, ctx: Context) -> Result:
    """Run one scenario on a fresh chain.

    Raises:
        InvalidInput: there is none of that name, or not on this engine.
    """
    return await _run(select(scenarios(), name, ctx.engine), ctx)


async def suite(
    ctx: Context,
    *,
    only: Iterable[str] = (),
    on_result: Callable[[Result], None] = lambda _: None,
) -> Suite:
    """Run every scenario of an engine, one after the other; one that breaks does not stop the next.

    Args:
        ctx: what each is given.
        only: names; none takes all.
        on_result: told of each as soon as it has ended.

    Raises:
        InvalidInput: no scenario runs on this engine, or none has such a name.
    """
    chosen = [select(scenarios(), name, ctx.engine) for name in only]
    chosen = chosen or [each for each in scenarios() if ctx.engine in each.engines]
    if not chosen:
        raise InvalidInput(f"Choose an engine out of {', '.join(ENGINES)}, not {ctx.engine!r}.")
    done = Suite(ctx.engine, ctx.seed, options=ctx.options)
    for number, each in enumerate(chosen, 1):
        prefix = f"{number} of {len(chosen)}, {each.name}: "

        def said(step: str, prefix: str = prefix) -> None:
            ctx.progress(prefix + step)

        done.add(await _run(each, replace(ctx, progress=said)))
        on_result(done.results[-1])
    return done


async def _run(scenario: Scenario, ctx: Context) -> Result:
    began = time.monotonic()
    try:
        outcome = await scenario.run(ctx)
    except Exception as error:  # noqa: BLE001 - whatever it was, the others are run all the same
        outcome = Outcome(passed=False, success_rate=0.0, reason=f"It ended early: {_said(error)}")
    return Result(scenario, ctx.engine, outcome, time.monotonic() - began)


def _said(error: BaseException) -> str:
    """A sentence; of several errors at once, the first; of one that nobody expected, with its place."""
    places = traceback.extract_tb(error.__traceback__)
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
        places = traceback.extract_tb(error.__traceback__) or places
    what = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, BreakwaterError | OSError):
        return what
    return f"{type(error).__name__} in {Path(places[-1].filename).name}:{places[-1].lineno}: {what}"
