"""Drills of everybody together, in simulated time: one kind of fault only, and the account of everything."""

from __future__ import annotations

from typing import Final

from breakwater.simulate import Plan, SeedResult, simulating

from .model import Drill, DrillResult

__all__ = ["DRILLS"]

SEEDS: Final = 3
TOLD: Final = ("landed", "failed", "expired", "refused")


async def _only(name: str, fault: str, part: float) -> DrillResult:
    """Simulate seeds with this fault alone, in a process of their own: the loop there has its own time."""
    result, seen = DrillResult(name), list[SeedResult]()
    plan = Plan(faults=(fault,))
    seeds = range(1, 1 + max(1, round(SEEDS * part)))
    report = await simulating(seeds, plan, progress=seen.append)
    result.operations = report.landed + report.failed
    result.succeeded = result.operations - sum(len(each.violations) for each in report.caught)
    result.wrong = [f"Seed {each.seed}: {each.violations[0]}." for each in report.caught]
    result.fault_s = plan.chaos_s
    result.recovery_s = max((each.settled_s for each in seen), default=0.0)
    result.figures = {
        "seeds": report.seeds,
        "faults": report.events[fault],
        "markets": report.markets,
        "settled": report.settled,
        "orders": {each: report.orders[each] for each in TOLD},
    }
    result.struck = report.events[fault]
    return result


def _drill(name: str, what: str, fault: str) -> Drill:
    return Drill(name, "people", what, lambda part: _only(name, fault, part))


DRILLS: Final = (
    _drill("clock-jump", "the chain's clock jumps, also backwards", "clock-jump"),
    _drill("source-outage", "the price source is silent for minutes", "outage"),
    _drill("keeper-kill", "keepers are killed and started again", "keeper-crash"),
    _drill("relay-kill", "the API's relay is killed and started again", "relay-crash"),
    _drill("chain-stall", "there are no blocks for a while", "stall"),
    _drill(
        "swizzle-clog",
        "nodes and clients are cut off one by one, and come back in another order",
        "swizzle-clog",
    ),
)
"""People, in simulated time; recovery is in simulated seconds."""
