"""Captured time on a chain: in order, and never backwards."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

from breakwater.chain.engine import EmbeddedEngine
from breakwater.model import Tick
from breakwater.replay._pace import FAST, EmbeddedPace, WallPace, fastest
from breakwater.replay._plan import Plan, PlannedMarket
from breakwater.replay.capture import CapturedMarket


class Chain:
    """A chain whose clock follows the loop's, `drift` seconds ahead."""

    def __init__(self) -> None:
        self.drift = 0.0

    async def now(self) -> int:
        return int(asyncio.get_running_loop().time() + self.drift)

    async def slot(self) -> int:
        return 7


async def wall(chain: Any, factor: int = 1_000) -> WallPace:
    return WallPace(chain, 1_000_000, factor, await chain.now())


async def test_the_embedded_clock_reaches_each_second_in_whole_slots() -> None:
    engine = EmbeddedEngine(start_time=1_000)
    pace = EmbeddedPace(engine)
    for captured in (1_000_300, 1_001_900, 1_002_000, 1_300_999):
        assert await pace.reach(captured) == captured // 1000 * 1000 + 999
        assert await pace.now() == captured // 1000
    assert await pace.slot() == 1 + 300 * 1000 // 400
    await pace.reach(1_100_000)
    assert await pace.now() == 1_300
    await pace.until(1_400)
    assert (await pace.now(), pace.chain_ms(5)) == (1_400, 5)


async def test_the_wall_clock_maps_in_order_and_waits() -> None:
    pace = await wall(Chain())
    moments = [1_000_000, 1_000_999, 1_001_000, 1_500_000, 3_100_000]
    mapped = [pace.chain_ms(each) for each in moments]
    assert mapped == sorted(mapped)
    assert mapped[2] == mapped[0] + 1
    before = asyncio.get_running_loop().time()
    due = await pace.reach(1_200_000)  # 2 s of lead and 200 ms
    assert asyncio.get_running_loop().time() - before > 1.0
    assert due >= 1_200_000
    assert await pace.slot() == 7


async def test_a_late_chain_puts_off_what_is_still_to_come() -> None:
    chain = Chain()
    pace = await wall(chain)
    before = [pace.chain_ms(each) for each in range(1_000_000, 2_000_000, 9_999)]
    chain.drift = 60.0
    await pace.catch_up(2_000_000)
    assert pace.chain_ms(2_000_000) >= await chain.now() * 1000 - 1_000
    assert [pace.chain_ms(each) for each in range(1_000_000, 2_000_000, 9_999)] == before
    everything = [pace.chain_ms(each) for each in range(1_000_000, 4_000_000, 9_999)]
    assert all(a <= b for a, b in pairwise(everything))
    origin = pace.chain_ms(2_000_000)
    chain.drift = 65.0
    await pace.catch_up(2_000_000)  # once more, for the same moment
    assert pace.chain_ms(2_000_000) > origin
    await pace.catch_up(2_500_000)  # it is not late any more
    assert pace.chain_ms(3_000_000) == pace.chain_ms(2_000_000) + 1_000


def test_the_fastest_factor_keeps_a_close_apart_from_the_tick_before_it() -> None:
    def plan(last_ms: int) -> Plan:
        market = PlannedMarket(CapturedMarket(700, 1_000, 5, True, ""), scored=True)
        return Plan((market,), (Tick("", "", 1, 0, 0, last_ms, last_ms),), (), None, ())

    assert fastest(plan(999_000)) == FAST
    assert fastest(plan(999_993)) == 7
    assert fastest(plan(1_000_000)) == FAST
