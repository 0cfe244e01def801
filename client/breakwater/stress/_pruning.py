"""Ten thousand positions, half of them thirty days old: those are archived, and come back on demand."""

from __future__ import annotations

import random
import tempfile
import time
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine
from breakwater.trials import Outcome

from ._stage import ANY, FEED, PRICE, UNIT, Stage, consumed, fresh_chain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breakwater.chain.engine import Landed
    from breakwater.trials import Context

__all__ = ["state_pruning"]

POSITIONS: Final = 10_000
MARKETS: Final = 80
AGES: Final = ((0.5, 0), (0.3, 16), (0.2, 15))
"""Part of the markets, and days that pass before they are traded: half end up 31 days old."""

DAY_S: Final = 86_400
CLOSES_S: Final = DAY_S
LIQUIDITY: Final = 10_000_000 * UNIT
DEPTH: Final = 10_000 * UNIT
PURSE: Final = 100_000 * UNIT
RETRIEVED: Final = 200
RENT: Final = 10**9
MOST_RETRIEVAL_MS: Final = 100.0


async def state_pruning(ctx: Context) -> Outcome:
    """Make positions of three ages, archive what is old enough, look at what is left and what comes back."""
    archive: Any = import_module("breakwater.archive")
    markets = ctx.scaled(MARKETS, 10)
    traders = max(2, ctx.scaled(POSITIONS, 20) // markets)
    chance = random.Random(ctx.seed)
    async with fresh_chain("embedded") as engine:
        if not isinstance(engine, EmbeddedEngine):
            raise TypeError("a month has to pass at once")
        stage = await Stage.opened(engine, LIQUIDITY, ctx.seed, ctx.progress)
        people = await stage.join(traders, PURSE)
        for key in people:
            await engine.airdrop(key.pubkey(), RENT)
        old, rest, made, settled = 0, iter(range(1, markets + 1)), 0, 0
        for part, days in AGES:
            if days:
                engine.advance_time(days * DAY_S)
            numbers = list(islice(rest, round(markets * part)))
            ctx.progress(f"{len(numbers) * traders} positions, {days} days later")
            made += await _trade(stage, numbers, chance)
            if not old:
                old, settled = made, await _settle(stage, numbers)
        stage.pass_slots()
        admin = stage.ground.admin
        await archive.open_chain_archive(stage.ground.sender, admin)
        picked = archive.pick(await archive.read_exchange(engine, None), admin.pubkey())
        logs: list[Landed] = []
        engine.on_landed.append(logs.append)
        with (
            tempfile.TemporaryDirectory(prefix="breakwater-stress-") as place,
            archive.Store(Path(place), cluster="stress") as store,
        ):
            service = archive.Archive(engine, store, ctx.progress)
            began, worked = time.monotonic(), time.process_time()
            done = await service.prune(stage.ground.sender, admin, archive.Picked(picked.positions))
            seconds, work = time.monotonic() - began, time.process_time() - worked
            ctx.progress("retrieving")
            retrieved, slowest = await _retrieve(service, picked, chance)
            held = archive.figures_of(store, await service.sync())
        engine.on_landed.remove(logs.append)
        # what an archived position had won is paid to its trader
        await stage.booked([each.receipt for each in logs if each.receipt.err is None])
        broken = await stage.broken()
        left = sum(engine.get_account(each.address) is not None for each in picked.positions)
    units = sum(sum(consumed(each.receipt)) for each in logs if _pruned(each))
    if settled != len(picked.positions) or done.positions != old:
        broken.append(f"{done.positions} positions were archived; {old} are old enough.")
    if left or done.failed:
        broken.append(f"{left} archived positions are still on the chain: {done.failed}.")
    if slowest > MOST_RETRIEVAL_MS:
        broken.append(f"A position took {slowest:.1f} ms to come back.")
    figures: dict[str, Any] = {
        "positions": made,
        "old_enough": old,
        "archived": done.positions,
        "refused": dict(picked.refused),
        "part_archived": round(done.positions / made, 4),
        "per_second": round(done.positions / seconds, 1),
        "per_cpu_second": round(done.positions / work, 1),
        "compute_per_position": round(units / max(1, done.positions), 1),
        "archive_ratio": round(held.ratio, 2),
        "retrieved": retrieved,
        "retrieval_ms_slowest": round(slowest, 3),
    }
    return Outcome.judged(broken, done.positions + retrieved, old + RETRIEVED, figures)


async def _trade(stage: Stage, numbers: Sequence[int], chance: random.Random) -> int:
    """Markets, and a position of everybody in each; how many."""
    await stage.markets(numbers, DEPTH, life_s=CLOSES_S)
    await stage.publish()
    requests = []
    for number in numbers:
        for key in stage.people:
            outcome, shares = chance.randint(0, 1), chance.randint(UNIT, 20 * UNIT)
            steps = [
                ix.create_position(key.pubkey(), number, outcome, ix.SPOT),
                ix.buy(key.pubkey(), number, outcome, shares, ANY),
            ]
            requests.append((steps, [key]))
    await stage.require(requests)
    return len(requests)


async def _settle(stage: Stage, numbers: Sequence[int]) -> int:
    """The oldest markets close and are resolved; how many positions they have."""
    engine = stage.engine
    if isinstance(engine, EmbeddedEngine):
        engine.advance_time(CLOSES_S + 1)
    index = await stage.publish(PRICE)
    admin = stage.ground.admin
    await stage.require([([ix.resolve(number, at.feed(FEED), index)], [admin]) for number in numbers])
    return len(numbers) * len(stage.people)


async def _retrieve(service: Any, picked: Any, chance: random.Random) -> tuple[int, float]:
    """Content and proof of many, each checked against the chain's root; how many came, the slowest in ms."""
    slowest, count = 0.0, 0
    for _ in range(RETRIEVED):
        each = chance.choice(picked.positions)
        began = time.perf_counter()
        index, leaf = service.find(each.owner, each.market, each.outcome, each.kind)
        proved, _ = await service.prove(index)
        slowest = max(slowest, (time.perf_counter() - began) * 1e3)
        count += leaf.content == each.content == proved.content
    return count, slowest


def _pruned(landed: Landed) -> bool:
    events = programs.event_decoder().decode(landed.receipt.logs)
    return any(each.name == "PositionArchived" for each in events)
