"""Five hundred chains of five legs: opened, then unwound, and nothing is left over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from breakwater.chain import addresses as at
from breakwater.chain import leg_instructions as lx
from breakwater.chain.engine import Receipt
from breakwater.trials import Outcome

from ._stage import ANY, FEED, UNIT, Stage, fresh_chain
from ._trades import spread

if TYPE_CHECKING:
    from breakwater.trials import Context

__all__ = ["chain_load"]

CHAINS: Final = 500
LEGS: Final = 5
BATCH: Final = 50
MARKETS: Final = 10
TRADERS: Final = 100
LIQUIDITY: Final = 100_000_000 * UNIT
DEPTH: Final = 500_000 * UNIT
PURSE: Final = 100_000 * UNIT
SHARES: Final = 200 * UNIT
LEG_X100: Final = 250
MOST_UNITS: Final = 50_000


async def chain_load(ctx: Context) -> Outcome:
    """Open every chain, unwind every chain, and look at what a chain costs."""
    count = ctx.scaled(CHAINS, 10)
    async with fresh_chain(ctx.engine) as engine:
        stage = await Stage.opened(engine, LIQUIDITY, ctx.seed, ctx.progress, books=False, purses=True)
        people = await stage.join(min(count, ctx.users or TRADERS), PURSE)
        numbers = spread(MARKETS)
        await stage.markets(numbers, DEPTH)
        await stage.fold()
        feed = at.feed(FEED)
        chains = [
            (
                people[i % len(people)],
                i,
                [
                    # every leg in another market, the sides by turns, so that prices stay where they are
                    lx.LegOrder(
                        numbers[(i + leg) % MARKETS],
                        feed,
                        (i + i // MARKETS + leg) % 2,
                        SHARES + SHARES * leg // 10,
                        LEG_X100,
                    )
                    for leg in range(LEGS)
                ],
            )
            for i in range(count)
        ]
        stage.tally.restart()
        opened = []
        for first in range(0, count, BATCH):
            ctx.progress(f"{first} of {count} chains opened")
            await stage.publish()
            some = chains[first : first + BATCH]
            requests = [
                (
                    [
                        lx.create_chain(key.pubkey(), number),
                        lx.open_chain(key.pubkey(), number, legs, ANY),
                    ],
                    [key],
                )
                for key, number, legs in some
            ]
            results = await stage.attempt(requests, ["open"] * len(some))
            opened += [
                each for each, result in zip(some, results, strict=True) if isinstance(result, Receipt)
            ]
            stage.pass_slots()
        owed = await stage.broken()
        for first in range(0, len(opened), BATCH):
            ctx.progress(f"{first} of {len(opened)} chains unwound")
            await stage.publish()
            some = opened[first : first + BATCH]
            requests = [
                (
                    [
                        lx.unwind_chain(key.pubkey(), number, [(leg.market_id, leg.feed) for leg in legs], 0),
                        lx.close_chain(key.pubkey(), number),
                    ],
                    [key],
                )
                for key, number, legs in some
            ]
            await stage.attempt(requests, ["unwind"] * len(some))
            stage.pass_slots()
        note, charts = stage.tally.note(), {"chains a second": stage.tally.series}
        broken = [*owed, *await stage.broken()]
        left = sum([sum((await stage.market(number)).debt) for number in numbers])
        if left:
            broken.append(f"{left} micro-units are owed by chains that are gone.")
    costs = stage.units.get("open", [0])
    figures: dict[str, Any] = {
        "chains": count,
        "legs": LEGS,
        "opened": len(opened),
        "refused": dict(stage.tally.names),
        "chains_per_second": round(stage.tally.per_second, 1),
        "open_compute_mean": round(sum(costs) / len(costs)),
        "open_compute_max": max(costs),
    }
    if figures["open_compute_max"] > MOST_UNITS:
        broken.append(f"Opening a chain took {figures['open_compute_max']:,} compute units.")
    return Outcome.judged(broken, stage.tally.total, 2 * count, figures, note=note, charts=charts)
