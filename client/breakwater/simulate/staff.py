"""Who runs the exchange: opens markets, publishes prices, keeps."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from breakwater.chain import accounts
from breakwater.chain import instructions as ix
from breakwater.chain.sender import Sender
from breakwater.chain.terms import LMSR, PM_AMM, PM_AMM_DECAYING, BreakerLimits
from breakwater.errors import BreakwaterError
from breakwater.keepers import Duties, Eyes, Hands, Keeper, Ledger, Pace
from breakwater.model import PriceEvent

from .ground import FEED, UNIT
from .world import Listing

if TYPE_CHECKING:
    from solders.keypair import Keypair

    from .world import World

__all__ = ["Crew", "Feeder", "operate"]

FIRST_PRICE: Final = 100
PUBLISH_S: Final = 4.0
SNAPSHOT_S: Final = 8.0


async def operate(world: World) -> None:
    """Open markets of all kinds, most of them in one shard, that close within minutes."""
    chance, sender, own = world.chance("operator"), world.sender("operator"), world.ground.admin.pubkey()
    number = 0
    while await world.pause(chance.expovariate(1 / 20.0) if number > 2 else 0.5):
        number += 1
        outcomes = chance.choice((2, 2, 2, 3, 5))
        curve = chance.choice((LMSR, LMSR, PM_AMM, PM_AMM_DECAYING)) if outcomes == 2 else LMSR
        close_s = world.ground.engine.clock.unix_timestamp + chance.randint(30, 200)
        first = FIRST_PRICE - chance.randint(0, 6)
        breaker = chance.choice(
            (BreakerLimits(), BreakerLimits(10**12, chance.randint(50_000, 400_000), 500_000, 150, 20))
        )
        terms = ix.MarketTerms(
            world.ground.feed,
            close_s * 1000,
            chance.randint(500, 20_000) * UNIT,
            tuple(first + 2 * i for i in range(outcomes - 1)),
            curve,
            group=chance.choice((0, 1, 2)),
            breaker=breaker,
        )
        if await world.claims.send(
            sender, "operator", [ix.create_market(own, number, terms)], [world.ground.admin]
        ):
            world.listings.append(Listing(number, terms))
            world.trace.note("market", f"{number} curve {curve} outcomes {outcomes}")


class Feeder:
    """Publishes a price that wanders, unless its source is out.

    Args:
        world: everything else.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.chance("feeder")
        self._sender = world.sender("feeder")
        self.out = False
        self._price, self._sequence = FIRST_PRICE, 1

    async def run(self) -> None:
        """Publish until cancelled; after an unknown end, look how far the feed is."""
        world, ground = self._world, self._world.ground
        while True:
            await asyncio.sleep(PUBLISH_S)
            self._price = max(50, self._price + self._chance.choice((-3, -1, -1, 0, 0, 1, 1, 3)))
            if self.out:
                continue
            self._sequence += 1
            clock = ground.engine.clock
            event = PriceEvent(
                FEED, self._price, -2, 1, self._sequence, clock.slot, clock.unix_timestamp * 1000
            )
            step = ix.publish(ground.publisher.pubkey(), event)
            if not await world.claims.send(self._sender, "feeder", [step], [ground.publisher]):
                found = await world.read(self._sender, "feed", ground.feed)
                if found is not None and found[0] is not None:
                    self._sequence = max(self._sequence, accounts.feed(found[0]).sequence)


class Crew:
    """The real keepers, each with its own eyes and its own way to the nodes; killed and started again.

    Args:
        world: everything else.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._running: dict[int, list[asyncio.Task[None]]] = {}
        self._lives = 0

    def start(self, number: int) -> None:
        """A keeper goes on duty, knowing nothing."""
        if number in self._running:
            return
        world, self._lives = self._world, self._lives + 1
        key: Keypair = world.ground.keepers[number]
        engine = world.link(f"keeper {number}.{self._lives}").connect()
        seed = world.seed * 1_000 + self._lives
        eyes = Eyes(engine, pace=Pace(SNAPSHOT_S, SNAPSHOT_S, socket=False), prune_after_s=30, seed=seed)
        keeper = Keeper(eyes, Hands(Sender(engine), key, Ledger(), seed), Duties(tasks=False))
        self._running[number] = [
            asyncio.create_task(self._live(eyes.run())),
            asyncio.create_task(self._live(keeper.run())),
        ]

    async def _live(self, life: object) -> None:
        try:
            await life  # type: ignore[misc]
        except* BreakwaterError as error:
            self._world.trace.note("keeper-ended", repr(error.exceptions[0]))
            self._world.ended.append(repr(error.exceptions[0]))

    async def kill(self, number: int) -> None:
        """End one at once."""
        self._world.trace.note("keeper-killed", number)
        tasks = self._running.pop(number, [])
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def is_on_duty(self, number: int) -> bool:
        """Whether it runs, or has ended by itself."""
        return number in self._running

    async def close(self) -> None:
        """End all."""
        for number in list(self._running):
            await self.kill(number)
