"""Circuits, and how answers age."""

from __future__ import annotations

import asyncio

import pytest

from breakwater.errors import RateLimited, Unreachable
from breakwater.oracle import Cache, Freshness, freshness
from breakwater.oracle.limits import Breaker


class Seconds:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def test_a_circuit_opens_rests_and_closes_again() -> None:
    breaker = Breaker("somewhere", 3, 0.2)

    async def ask(error: Exception | None) -> None:
        async with breaker.guard():
            if error:
                raise error

    for _ in range(5):  # to be told to slow down is no failure
        with pytest.raises(RateLimited):
            await ask(RateLimited("slow"))
    assert breaker.state == "closed"
    for _ in range(3):
        with pytest.raises(Unreachable, match="broken"):
            await ask(Unreachable("broken"))
    with pytest.raises(Unreachable, match="somewhere alone") as told:
        await ask(None)
    assert breaker.state == "opened"
    assert told.value.retry_after == pytest.approx(0.2, abs=0.11)
    await asyncio.sleep(0.25)
    await ask(None)
    assert breaker.state == "closed"


def test_answers_age_from_fresh_over_cached_to_degraded() -> None:
    clock = Seconds()
    cache: Cache[int] = Cache(2.0, clock=clock)
    assert cache.get("a") is None
    cache.put("a", 7)
    states = []
    for age in (0.0, 2.0, 2.1, 300.0, 300.1):
        clock.now = 1_000 + age
        found = cache.get("a")
        assert found is not None
        assert found.value == 7
        assert found.age_s == pytest.approx(age)
        states.append(found.state)
    assert states == ["fresh", "fresh", "cached", "cached", "degraded"]
    assert freshness(None, 30) is Freshness.DEGRADED
