"""Service levels: everything that has a target is measured, and a miss is a miss."""

from __future__ import annotations

from breakwater.levels import Levels, measure
from breakwater.levels.model import TARGETS, Times


async def test_every_target_is_measured() -> None:
    steps: list[str] = []
    found = await measure(part=0.02, soak_s=1.0, progress=steps.append)
    assert {each.name for each in found.levels} == set(TARGETS)
    assert found.operations > 100
    assert steps == ["the store", "the cache", "the chain", "RPC", "HTTP", "a soak", "streams"]
    values = {each.name: each.value for each in found.levels}
    # what does not depend on how busy the machine is
    assert values["errors"] == 0
    assert values["limited"] == 30
    assert values["connections"] <= 10
    assert found.wrong == []
    assert set(found.counts) == {"rush", "clients", "bulk_mb", "bulk_s", "bulk_kept_kib", "collections"}
    assert all(value >= 0 for value in values.values())
    assert found.as_dict()["levels"][0]["name"] == "get_p95"


def test_a_miss_is_named() -> None:
    levels = Levels()
    levels.add("get_p95", 19.9)
    levels.add("requests_per_s", 501)
    assert levels.missed == []
    assert levels.as_dict()["passed"]
    levels.add("cache_per_s", 50_000)
    levels.add("store_p95", 10)
    assert levels.missed == [
        "reads that a snapshot answers: 50,000.000 /s, the target is > 50,000 /s.",
        "a commit of the store, 95 of 100: 10.000 ms, the target is < 10 ms.",
    ]
    levels.add("limited", 28)
    assert levels.missed[-1].endswith(": 28.000, the target is > 29 and < 31.")
    assert not levels.as_dict()["passed"]


def test_percentiles_are_of_what_was_measured() -> None:
    times = Times()
    times._seconds = [i / 1_000 for i in range(1, 101)]
    assert (times.percentile_ms(50), times.percentile_ms(95), times.percentile_ms(100)) == (51, 96, 100)
