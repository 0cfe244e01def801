"""Drills at a small part of their size: what recovers, and that a loss would be seen."""

from __future__ import annotations

import pytest

from breakwater.errors import InvalidInput
from breakwater.faults.drills import DRILLS, run_drill
from breakwater.faults.model import DrillResult


@pytest.mark.parametrize(
    "name",
    ["rpc-reset", "rpc-hole", "rpc-lies", "rpc-swallowing", "exchange-cut", "store-full", "api-clients"],
)
async def test_nothing_is_lost_and_nothing_is_done_twice(name: str) -> None:
    result = await run_drill(name, 0.1)
    assert result.broken == []
    assert result.succeeded == result.operations > 10
    assert result.fault_s > 0


def test_every_target_has_drills() -> None:
    assert {each.target for each in DRILLS.values()} == {
        "rpc", "redis", "exchange", "store", "api", "people", "source"
    }  # fmt: skip
    assert all(name == each.name for name, each in DRILLS.items())


def test_a_loss_is_a_failure() -> None:
    result = DrillResult("x", operations=10, succeeded=9, lost=1, repeated=2)
    assert result.broken == [
        "1 of 10 operations were lost.",
        "2 of 10 operations were done twice.",
        "1 of 10 operations failed.",
    ]
    assert not result.as_dict()["passed"]
    assert DrillResult("x").broken == ["Nothing was done."]


async def test_an_unknown_drill_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"^Name one of the drills that breakwater faults"):
        await run_drill("x")
