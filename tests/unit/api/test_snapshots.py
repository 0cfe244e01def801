"""Snapshots: how long they stand, who shares a request, what a write undoes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from breakwater.api.snapshots import SLOT_S, SlotTime, Snapshots
from breakwater.errors import Unreachable


class Chain:
    """A chain whose values are counters; it answers when it is let."""

    def __init__(self, ttl: int = 1) -> None:
        self.now, self.slot = 100.0, 7
        self.asked: list[list[str]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.fails = False
        self.hits = self.misses = 0
        self.time = SlotTime(ttl, clock=lambda: self.now)
        self.snapshots: Snapshots[str, str] = Snapshots(
            self.load, self.time, on_hit=self.hit, on_miss=self.miss
        )

    def hit(self, count: int) -> None:
        self.hits += count

    def miss(self, count: int) -> None:
        self.misses += count

    async def load(self, keys: Sequence[str]) -> tuple[int | None, list[str]]:
        self.asked.append(list(keys))
        number, slot = len(self.asked), self.slot
        await self.open.wait()
        if self.fails:
            raise Unreachable("Check the connection to the node: ConnectError.")
        return slot, [f"{key}{number}" for key in keys]


async def test_an_answer_stands_for_its_slot() -> None:
    chain = Chain()
    assert await chain.snapshots.many(["a", "b", "a"]) == ["a1", "b1", "a1"]
    assert await chain.snapshots.one("a") == "a1"
    assert (chain.hits, chain.misses) == (1, 2)
    chain.time.learn(8)
    assert await chain.snapshots.one("a") == "a2"
    chain.time.learn(7)  # an older slot tells nothing new
    chain.slot = 8
    assert await chain.snapshots.one("b") == "b3"
    assert await chain.snapshots.one("b") == "b3"


async def test_an_answer_stands_no_longer_than_its_slots_take() -> None:
    chain = Chain(ttl=3)
    await chain.snapshots.one("a")
    chain.now += 3 * SLOT_S - 0.01
    chain.time.learn(9)
    assert await chain.snapshots.one("a") == "a1"
    chain.now += 0.02
    assert await chain.snapshots.one("a") == "a2"


async def test_those_who_ask_the_same_meanwhile_share_one_request() -> None:
    chain = Chain()
    chain.open.clear()
    first = [asyncio.create_task(chain.snapshots.many(["a", "b"])) for _ in range(20)]
    await asyncio.sleep(0)
    second = asyncio.create_task(chain.snapshots.many(["b", "c"]))
    await asyncio.sleep(0.01)
    chain.open.set()
    assert await asyncio.gather(*first) == [["a1", "b1"]] * 20
    assert await second == ["b1", "c2"]
    assert chain.asked == [["a", "b"], ["c"]]


async def test_who_gives_up_waiting_takes_the_answer_from_nobody() -> None:
    chain = Chain()
    chain.open.clear()
    first = asyncio.create_task(chain.snapshots.one("a"))
    second = asyncio.create_task(chain.snapshots.one("a"))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.sleep(0)
    chain.open.set()
    assert await second == "a1"
    assert len(chain.asked) == 1


async def test_what_was_written_is_asked_for_anew_even_while_it_is_being_read() -> None:
    chain = Chain()
    chain.open.clear()
    before = asyncio.create_task(chain.snapshots.many(["a", "b"]))
    await asyncio.sleep(0.01)
    chain.snapshots.forget(["a"])
    after = asyncio.create_task(chain.snapshots.one("a"))
    await asyncio.sleep(0.01)
    chain.open.set()
    assert await before == ["a1", "b1"]
    assert await after == "a2"
    assert await chain.snapshots.many(["a", "b"]) == ["a2", "b1"]


async def test_a_failure_reaches_everybody_and_is_not_remembered() -> None:
    chain = Chain()
    chain.fails = True
    results = await asyncio.gather(*(chain.snapshots.one("a") for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in results] == [Unreachable] * 3
    chain.fails = False
    assert await chain.snapshots.one("a") == "a2"
