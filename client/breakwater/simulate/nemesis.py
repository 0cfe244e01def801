"""What goes wrong: faults one by one and many at once, and the end of all of them."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from typing import TYPE_CHECKING, Final

from .network import Hazards

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .desk import Desk
    from .network import Link
    from .node import Node
    from .staff import Crew, Feeder
    from .world import World

__all__ = ["Nemesis"]

PAUSE_S: Final = 12.0
KEEPERS: Final = 2


class Nemesis:
    """Brings faults about until it is told to heal everything.

    Args:
        world: what is hurt.
        crew: keepers, who are killed.
        feeder: prices, which fall silent.
        desk: the relay, which is killed.
        only: names of the faults that happen; without any, all.
    """

    def __init__(
        self, world: World, crew: Crew, feeder: Feeder, desk: Desk, only: tuple[str, ...] = ()
    ) -> None:
        self._world, self._crew, self._feeder, self._desk = world, crew, feeder, desk
        self._chance, self._only = world.chance("nemesis"), only
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Start a fault every now and then, until cancelled."""
        faults: dict[str, Callable[[], Awaitable[None]]] = {
            "swizzle-clog": self._swizzle,
            "lag": self._lag,
            "clock-jump": self._clock,
            "outage": self._outage,
            "keeper-crash": self._keeper,
            "relay-crash": self._relay,
            "storm": self._storm,
            "stall": self._stall,
        }
        names = [each for each in faults if not self._only or each in self._only]
        while True:
            await asyncio.sleep(self._chance.expovariate(1 / PAUSE_S))
            name = self._chance.choice(names)
            self._world.trace.note(name, "begins")
            task = asyncio.ensure_future(faults[name]())
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def heal(self) -> None:
        """No fault is left, and none comes any more."""
        world = self._world
        for task in list(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        for node in world.nodes:
            node.lag, node.clogged, node.slowest_s = 0, False, 0.5
        for link in world.links:
            link.clogged = False
        for each in fields(Hazards):
            setattr(world.hazards, each.name, 0.0)
        world.hazards.latency_s = 0.05
        world.leader.lost = world.leader.skipped = 0.0
        world.leader.stalled = False
        self._feeder.out = False
        if self._desk.is_down:
            await self._desk.start()
        for number in range(KEEPERS):
            if not self._crew.is_on_duty(number):
                self._crew.start(number)
        world.calm = True
        world.trace.note("healed")

    async def _swizzle(self) -> None:
        """Stop some, one by one; restore them in another order."""
        chance, world = self._chance, self._world
        every: list[Node | Link] = [*world.nodes, *world.links[-12:]]
        some = chance.sample(every, chance.randint(1, len(every)))
        for each in some:
            each.clogged = True
            world.trace.note("clog", each.name)
            await asyncio.sleep(chance.uniform(0, 4))
        await asyncio.sleep(chance.uniform(0, 40))
        for each in chance.sample(some, len(some)):
            each.clogged = False
            world.trace.note("unclog", each.name)
            await asyncio.sleep(chance.uniform(0, 4))

    async def _lag(self) -> None:
        node = self._chance.choice(list(self._world.nodes))
        node.lag = self._chance.choice((1, 4, 12, 30, 100))
        node.slowest_s = self._chance.choice((1.0, 5.0, 30.0))
        await asyncio.sleep(self._chance.uniform(5, 60))
        node.lag, node.slowest_s = 0, 1.0

    async def _clock(self) -> None:
        engine = self._world.ground.engine
        jump = self._chance.choice((-15, -3, 2, 20, 90))
        engine.set_time(engine.clock.unix_timestamp + jump)
        self._world.trace.note("clock", jump)

    async def _outage(self) -> None:
        self._feeder.out = True
        await asyncio.sleep(self._chance.choice((20, 90, 320)))
        self._feeder.out = False

    async def _keeper(self) -> None:
        number = self._chance.randrange(KEEPERS)
        if self._crew.is_on_duty(number):
            await self._crew.kill(number)
            await asyncio.sleep(self._chance.uniform(0, 30))
            self._crew.start(number)

    async def _relay(self) -> None:
        if not self._desk.is_down:
            await self._desk.kill()
            await asyncio.sleep(self._chance.uniform(0, 20))
            await self._desk.start()

    async def _storm(self) -> None:
        world, worse = self._world, Hazards.drawn(self._chance)
        for each in fields(Hazards):
            setattr(world.hazards, each.name, getattr(worse, each.name))
        world.leader.lost, world.leader.skipped = (self._chance.choice((0.0, 0.1, 0.4)) for _ in range(2))
        await asyncio.sleep(self._chance.uniform(5, 60))

    async def _stall(self) -> None:
        """No blocks for a while."""
        self._world.leader.stalled = True
        await asyncio.sleep(self._chance.uniform(1, 50))
        self._world.leader.stalled = False
