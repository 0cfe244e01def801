"""Drills at a small part of their size: what recovers, and that a loss would be seen."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from breakwater.errors import InvalidInput
from breakwater.faults import CLEAR, HONEST, drills, rpc
from breakwater.faults.drills import DRILLS, run_drill
from breakwater.faults.model import Drill, DrillResult


@pytest.mark.parametrize(
    "name",
    [
        *("rpc-reset", "rpc-hole", "rpc-lies", "rpc-swallowing", "exchange-cut", "source-lies"),
        *("store-full", "store-memory", "api-clients", "api-kill"),
    ],
)
async def test_nothing_is_lost_and_nothing_is_done_twice(name: str) -> None:
    result = await run_drill(name, 0.1)
    assert result.broken == []
    assert result.succeeded == result.operations >= 5
    assert result.struck > 0
    assert result.fault_s > 0


def test_every_target_has_drills() -> None:
    assert {each.target for each in DRILLS.values()} == {
        "rpc", "redis", "exchange", "store", "api", "people", "source"
    }  # fmt: skip
    assert all(name == each.name for name, each in DRILLS.items())


def test_a_loss_is_a_failure() -> None:
    result = DrillResult("x", operations=10, succeeded=9, lost=1, repeated=2, struck=1)
    assert result.broken == [
        "1 of 10 operations were lost.",
        "2 of 10 operations were done twice.",
        "1 of 10 operations failed.",
    ]
    assert not result.as_dict()["passed"]
    assert DrillResult("x").broken == ["Nothing was done.", "The fault never happened."]


async def test_a_fault_that_never_happens_is_a_failure() -> None:
    result = await rpc._through("nothing", 0.1, CLEAR, HONEST)
    assert result.succeeded == result.operations
    assert result.broken == ["The fault never happened."]


async def test_a_drill_that_breaks_off_has_failed_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async def late(_: float) -> DrillResult:
        raise TimeoutError

    monkeypatch.setattr(drills, "DRILLS", {"late": Drill("late", "rpc", "never ends", late)})
    result = await run_drill("late")
    assert result.broken[0] == "It ended early: TimeoutError"
    assert not result.as_dict()["passed"]


async def test_an_unknown_drill_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"^Name one of the drills that breakwater faults"):
        await run_drill("x")


async def test_who_interrupts_payments_leaves_nobody_sending() -> None:
    def sending() -> set[asyncio.Task[Any]]:
        return {each for each in asyncio.all_tasks() if "_Payments.send" in repr(each.get_coro())}

    drill = asyncio.create_task(run_drill("rpc-hole", 0.1))
    while not sending() and not drill.done():  # noqa: ASYNC110 - nothing tells that it has begun
        await asyncio.sleep(0.01)
    assert sending()
    drill.cancel()
    await asyncio.wait({drill})
    assert drill.cancelled()
    assert sending() == set()
