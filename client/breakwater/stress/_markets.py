"""Ten markets at once: single trades, trades across markets, chains; then a halt that reaches all of them."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import leg_instructions as lx
from breakwater.chain.engine import EmbeddedEngine, Receipt
from breakwater.errors import ProgramError
from breakwater.trading import propagate_halt
from breakwater.trials import Outcome

from ._stage import ANY, FEED, UNIT, Stage, fresh_chain
from ._trades import spread, summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.trials import Context

__all__ = ["multi_market"]

MARKETS: Final = 10
TRADES: Final = 1_000
BATCH: Final = 50
TRADERS: Final = 100
CROSS, CHAINED = 0.2, 0.1
LIQUIDITY: Final = 200_000_000 * UNIT
DEPTH: Final = 1_000_000 * UNIT
PURSE: Final = 1_000_000 * UNIT
SMALLEST, LARGEST = 500 * UNIT, 5_000 * UNIT
GROUP: Final = 7
COOLDOWN: Final = 60
GUARD: Final = ix.BreakerLimits(2**62, 250_000, 1_000_000, 10, COOLDOWN)
SHOCK: Final = 4 * DEPTH
"""Shares that move a price beyond what the breaker allows."""

MOST_SLOTS: Final = 2


class _Draw:
    """Draws operations; every trader does the same kind in the same market only once."""

    def __init__(self, stage: Stage, markets: Sequence[int], chance: random.Random) -> None:
        self._stage, self._markets, self._chance = stage, markets, chance
        self._turn = 0
        self._held: set[tuple[bytes, int, int, int]] = set()
        self.kinds: Counter[str] = Counter()
        self.volume: Counter[int] = Counter()

    def next(self) -> tuple[tuple[list[Instruction], list[Keypair]], str]:
        people = self._stage.people
        key, market = people[self._turn % len(people)], self._markets[self._turn % len(self._markets)]
        self._turn += 1
        drawn = self._chance.random()
        if drawn < CHAINED:
            kind, steps = "chain", self._chain(key, market)
        elif drawn < CHAINED + CROSS:
            kind, steps = "cross", self._cross(key, market)
        else:
            kind, steps = "single", self._single(key, market)
        self.kinds[kind] += 1
        return (steps, [key]), kind

    def _shares(self) -> int:
        return self._chance.randint(SMALLEST, LARGEST)

    def _position(self, key: Keypair, market: int, outcome: int, kind: int) -> list[Instruction]:
        place = (bytes(key)[32:], market, outcome, kind)
        if place in self._held:
            return []
        self._held.add(place)
        return [ix.create_position(key.pubkey(), market, outcome, kind)]

    def _single(self, key: Keypair, market: int) -> list[Instruction]:
        outcome, shares = self._chance.randint(0, 1), self._shares()
        opened = ix.open_leveraged(
            key.pubkey(), market, at.feed(FEED), outcome, shares, self._chance.randint(100, 5_000), ANY
        )
        self.volume[market] += shares
        return [*self._position(key, market, outcome, ix.LEVERAGED), opened]

    def _others(self, market: int, count: int) -> list[int]:
        return [market, *self._chance.sample([each for each in self._markets if each != market], count)]

    def _cross(self, key: Keypair, market: int) -> list[Instruction]:
        """One side here, the other in another market, all or nothing."""
        outcome, shares = self._chance.randint(0, 1), self._shares()
        legs = list(zip(self._others(market, 1), (outcome, 1 - outcome), strict=True))
        made = [each for leg in legs for each in self._position(key, *leg, ix.SPOT)]
        orders = [lx.SpotOrder(*leg, lx.BUY, shares, ANY) for leg in legs]
        for number, _ in legs:
            self.volume[number] += shares
        return [*made, lx.batch(key.pubkey(), orders)]

    def _chain(self, key: Keypair, market: int) -> list[Instruction]:
        """Two or three legs at 2.5x."""
        numbers = self._others(market, self._chance.randint(1, 2))
        first, owner = self._shares(), key.pubkey()
        legs = [
            lx.LegOrder(number, at.feed(FEED), i % 2, first + first * i // 10, 250)
            for i, number in enumerate(numbers)
        ]
        for leg in legs:
            self.volume[leg.market_id] += leg.shares
        return [lx.create_chain(owner, self._turn), lx.open_chain(owner, self._turn, legs, ANY)]


async def multi_market(ctx: Context) -> Outcome:
    """Trade in ten markets of one group, then halt one and see the others stop."""
    count = ctx.scaled(TRADES, BATCH)
    async with fresh_chain(ctx.engine) as engine:
        stage = await Stage.opened(engine, LIQUIDITY, ctx.seed, ctx.progress, books=False, purses=True)
        await stage.join(ctx.users or TRADERS, PURSE)
        numbers = spread(MARKETS)
        await stage.markets(numbers, DEPTH, group=GROUP, breaker=GUARD)
        await stage.fold()
        draw = _Draw(stage, numbers, random.Random(ctx.seed))
        stage.tally.restart()
        for first in range(0, count, BATCH):
            ctx.progress(f"{first} of {count} trades")
            drawn = [draw.next() for _ in range(min(BATCH, count - first))]
            await stage.publish()
            await stage.attempt([request for request, _ in drawn], [kind for _, kind in drawn])
            stage.pass_slots()
        succeeded, note, charts = (
            stage.tally.total,
            stage.tally.note(),
            {"trades a second": stage.tally.series},
        )
        halt, wrong = await _halt(stage, numbers)
        broken = [*wrong, *await stage.broken()]
    mean = sum(draw.volume.values()) / len(numbers)
    figures: dict[str, Any] = {
        "markets": len(numbers),
        "trades": count,
        "succeeded": succeeded,
        "refused": dict(stage.tally.names),
        "cross_market": draw.kinds["cross"],
        "chains": draw.kinds["chain"],
        "largest_share_of_volume": round(max(draw.volume.values()) / mean / len(numbers), 3),
        "halt_slots": halt,
        **summary(stage.units),
    }
    return Outcome.judged(broken, succeeded, count, figures, note=note, charts=charts)


async def _halt(stage: Stage, numbers: Sequence[int]) -> tuple[int, list[str]]:
    """Trip one breaker, tell the shards, try every market of the group; slots it took, and faults."""
    stage.progress("halting a market")
    (whale,) = await stage.join(1, 100 * SHOCK)
    owner, struck = whale.pubkey(), numbers[0]
    ready = [([ix.create_position(owner, number, 1, ix.SPOT)], [whale]) for number in numbers]
    await stage.require(ready)
    tripping = ix.buy(owner, struck, 1, SHOCK, ANY)
    # tripped and told as fast as the chain takes it; what is halted already needs no measuring
    (tripped,) = await stage.require([([tripping], [whale])], compute_limit=100_000)
    stage.pass_slots()
    until, told, _ = await propagate_halt(stage.ground.sender, stage.ground.admin, GROUP)
    wrong = [] if until > told else [f"Group {GROUP} was halted until slot {until} only, in slot {told}."]
    trial = [([ix.buy(owner, number, 1, UNIT, ANY)], [whale]) for number in numbers]
    results = await stage.ground.sender.send_many(trial, compute_limit=100_000)
    for number, each in zip(numbers, results, strict=True):
        if isinstance(each, Receipt) or not isinstance(each, ProgramError) or each.name != "MarketHalted":
            wrong.append(f"Market {number} traded while its group was halted.")
    if told - tripped.slot > MOST_SLOTS and isinstance(stage.engine, EmbeddedEngine):
        wrong.append(f"The halt took {told - tripped.slot} slots to reach every shard.")
    await _passed(stage, until)
    again = await stage._send(trial, 100_000)
    wrong += [
        f"Market {number} is still closed after the halt: {each}"
        for number, each in zip(numbers, again, strict=True)
        if not isinstance(each, Receipt)
    ]
    return told - tripped.slot, wrong


async def _passed(stage: Stage, slot: int) -> None:
    engine = stage.engine
    if isinstance(engine, EmbeddedEngine):
        engine.warp(max(slot, engine.clock.slot + 1))
        return
    while await engine.slot() < slot:
        await stage.publish()
