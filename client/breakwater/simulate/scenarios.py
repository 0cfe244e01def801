"""The simulation as a scenario of the suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from breakwater.trials import Outcome, Scenario

if TYPE_CHECKING:
    from breakwater.trials import Context

__all__ = ["SCENARIOS"]

SEEDS: Final = 20


async def _simulation(ctx: Context) -> Outcome:
    from .service import simulating  # noqa: PLC0415 - a list of names needs no chain

    seeds = ctx.scaled(SEEDS)
    first = (ctx.seed - 1) * SEEDS + 1
    report = await simulating(
        range(first, first + seeds),
        jobs=ctx.workers,
        progress=lambda each: ctx.progress(f"seed {each.seed}"),
    )
    broken = [f"Seed {each.seed}: {each.violations[0]}." for each in report.caught]
    return Outcome.judged(broken, seeds - len(report.caught), seeds, report.as_dict())


SCENARIOS: Final = (
    Scenario(
        "simulation",
        "whole exchanges in simulated time, everything going wrong, every rule after every transaction",
        "simulation",
        ("embedded",),
        _simulation,
    ),
)
"""For the suite; `breakwater simulate` takes more seeds."""
