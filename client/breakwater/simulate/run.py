"""One seed: a few minutes of faults, then calm, then the account of everything."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .checker import Checker
from .desk import Desk
from .ground import found
from .leader import Leader
from .loop import run_seeded
from .nemesis import KEEPERS, Nemesis
from .network import Hazards
from .node import Node
from .staff import Crew, Feeder, operate
from .trace import Trace
from .traders import provide, trade
from .world import World

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["Plan", "SeedResult", "simulate_seed"]

NODES: Final = 3
CALM_S: Final = 900.0
"""In which everything has to come to its end once nothing goes wrong any more."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to simulate: `chaos_s` simulated seconds among so many traders; `faults` are those that happen.

    Without any name, all of them do.
    """

    chaos_s: float = 180.0
    traders: int = 4
    faults: tuple[str, ...] = ()


@dataclass(slots=True)
class SeedResult:
    """What came of a seed.

    `settled_s` is how long after the last fault every request had its answer; `landed` and `failed` are
    transactions of the chain, `checked` how often all rules were applied, `orders` and `refusals` what
    clients were told, `deeds` the programs' events, `events` what happened besides.
    """

    seed: int
    violations: list[str] = field(default_factory=list)
    trace_hash: str = ""
    simulated_s: float = 0.0
    settled_s: float = 0.0
    wall_s: float = 0.0
    landed: int = 0
    failed: int = 0
    checked: int = 0
    markets: int = 0
    settled: int = 0
    orders: dict[str, int] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    deeds: dict[str, int] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)
    last: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every rule held."""
        return not self.violations

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {**asdict(self), "ok": self.ok}


def simulate_seed(
    seed: int, plan: Plan | None = None, *, exchange: bytes | None = None, to: TextIO | None = None
) -> SeedResult:
    """Simulate a seed; the same seed always does the same.

    Args:
        seed: of everything.
        plan: how long and how large.
        exchange: another program than the shipped one, SBPF v0.
        to: a file for the whole trace.
    """
    began = time.monotonic()
    random.seed(seed)  # pauses between attempts draw from the process's generator
    result: SeedResult = run_seeded(_simulate(seed, plan or Plan(), exchange, to))
    result.wall_s = round(time.monotonic() - began, 3)
    return result


async def _simulate(seed: int, plan: Plan, exchange: bytes | None, to: TextIO | None) -> SeedResult:
    loop = asyncio.get_running_loop()
    trace = Trace(loop.time, to)
    ground = await found(plan.traders, KEEPERS, exchange)
    chance = random.Random(f"{seed} chain")
    leader = Leader(ground.engine, chance, trace, lost=chance.choice((0.0, 0.05)), skipped=0.02)
    nodes = [Node(f"node-{i}", leader, random.Random(f"{seed} node {i}")) for i in range(NODES)]
    checker = Checker(ground.engine, ground.mint, trace)
    world = World(seed, ground, leader, nodes, Hazards.drawn(chance), trace, checker)
    with tempfile.TemporaryDirectory(prefix="breakwater-simulate-") as directory:
        run = _Run(world, plan, Desk(world, Path(directory) / "orders.sqlite"))
        await run.run()
    return run.result()


class _Run:
    def __init__(self, world: World, plan: Plan, desk: Desk) -> None:
        self._world, self._plan, self._desk = world, plan, desk
        self._feeder, self._crew = Feeder(world), Crew(world)
        self._nemesis = Nemesis(world, self._crew, self._feeder, desk, plan.faults)
        self._clock = asyncio.get_running_loop().time
        self._settled_s = 0.0
        self._since = len(world.ground.engine.history)
        self.orders: Counter[str] = Counter()

    async def run(self) -> None:
        world = self._world
        await self._desk.start()
        for number in range(KEEPERS):
            self._crew.start(number)
        always = [
            asyncio.create_task(each)
            for each in (world.leader.run(), self._feeder.run(), self._nemesis.run())
        ]
        people = [
            asyncio.create_task(each)
            for each in (
                operate(world),
                provide(world, world.ground.provider),
                *(trade(world, each, self._desk) for each in world.ground.traders),
            )
        ]
        try:
            await self._until(lambda: self._clock() >= self._plan.chaos_s, people)
            always.pop().cancel()
            world.quiet.set()
            await self._nemesis.heal()
            await self._come_to_an_end(people)
        finally:
            for task in [*people, *always]:
                task.cancel()
            await asyncio.gather(*people, *always, return_exceptions=True)
            await self._crew.close()
            await self._desk.close()
        for each in [*people, *always]:
            if not each.cancelled() and (error := each.exception()) is not None:
                raise error
        self.orders.update(self._desk.posted.values())
        if not world.checker.violations:
            world.checker.violations += world.claims.false(world.ground.engine, self._since)

    async def _until(self, done: Any, people: list[asyncio.Task[None]]) -> bool:
        """Wait until something is so; False once a rule is broken or somebody has failed."""
        while not done():
            failed = any(each.done() and each.exception() is not None for each in people)
            if self._world.checker.violations or failed:
                return False
            await asyncio.sleep(1.0)
        return True

    async def _come_to_an_end(self, people: list[asyncio.Task[None]]) -> None:
        """Everybody hears what became of what they have begun, and everything that closed settles."""
        world, checker = self._world, self._world.checker
        healed = self._clock()
        end = healed + CALM_S

        def ended() -> bool:
            if not self._settled_s and all(each.done() for each in people):
                self._settled_s = self._clock() - healed
            closed = not world.open_listings() and not world.unsettled
            return (closed and all(each.done() for each in people)) or self._clock() > end

        await self._until(ended, people)
        if checker.violations:
            return
        left = await self._desk.unsettled()
        for what, happened in (
            (f"markets {world.unsettled} are not settled", bool(world.unsettled)),
            (f"{left} orders are not settled", left > 0),
            ("somebody never heard of a request", not all(each.done() for each in people)),
            (f"a keeper has ended: {world.ended}", bool(world.ended)),
        ):
            if happened:
                checker.violations.append(f"{CALM_S:.0f} s after the last fault {what}")
        checker.everything()

    def result(self) -> SeedResult:
        """What came of it."""
        world, history = self._world, self._world.ground.engine.history
        failed = sum(each.receipt.err is not None for each in history)
        world.trace.note("end", len(history))
        return SeedResult(
            world.seed,
            world.checker.violations,
            world.trace.hash,
            round(self._clock(), 1),
            round(self._settled_s, 1),
            0.0,
            len(history) - failed,
            failed,
            world.checker.checked,
            len(world.listings),
            len(world.checker.settled),
            dict(self.orders),
            dict(world.claims.errors.most_common()),
            dict(world.checker.deeds.most_common()),
            dict(world.trace.counts.most_common()),
            list(world.trace.last) if world.checker.violations else [],
        )
