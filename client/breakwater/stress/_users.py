"""A thousand users, each of whom joins, pays in, trades on spot and on credit, and takes money out again."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.keepers import endow, minted, wallet
from breakwater.trials import Outcome

from ._stage import ANY, FEED, PURSE_LAMPORTS, UNIT, Stage, fresh_chain, key_of
from ._trades import spread, summary

if TYPE_CHECKING:
    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.trials import Context

__all__ = ["concurrent_users"]

USERS: Final = 1_000
MARKETS: Final = 8
PER_SLOT: Final = 50
LIQUIDITY: Final = 100_000_000 * UNIT
DEPTH: Final = 1_000_000 * UNIT
PURSE: Final = 10_000 * UNIT
SHARES: Final = 1_000 * UNIT


def _visit(
    stage: Stage, key: Keypair, market: int, chance: random.Random
) -> list[tuple[str, list[Instruction]]]:
    """What one user does, in order."""
    owner, outcome = key.pubkey(), chance.randint(0, 1)
    tokens, mint = wallet(owner, stage.ground.mint), stage.ground.mint
    shares, leverage = chance.randint(SHARES // 10, SHARES), chance.randint(100, 5_000)
    return [
        ("join", [ix.create_trader(owner), ix.deposit(owner, tokens, mint, PURSE)]),
        (
            "buy",
            [
                ix.create_position(owner, market, outcome, ix.SPOT),
                ix.buy(owner, market, outcome, shares, ANY),
            ],
        ),
        (
            "open",
            [
                ix.create_position(owner, market, 1 - outcome, ix.LEVERAGED),
                ix.open_leveraged(owner, market, at.feed(FEED), 1 - outcome, shares, leverage, ANY),
            ],
        ),
        ("sell", [ix.sell(owner, market, outcome, shares // 2, 0)]),
        ("close", [ix.close(owner, market, 1 - outcome, shares // 2, 0)]),
        ("withdraw", [ix.withdraw(owner, tokens, mint, UNIT)]),
    ]


async def concurrent_users(ctx: Context) -> Outcome:
    """Let every user take its next step when chance says so: nobody waits for anybody."""
    if ctx.engine != "embedded":
        from ._users_http import users_over_http  # noqa: PLC0415 - Locust's processes are needed there only

        return await users_over_http(ctx)
    count, chance = ctx.users or ctx.scaled(USERS, 20), random.Random(ctx.seed)
    async with fresh_chain(ctx.engine) as engine:
        stage = await Stage.opened(engine, LIQUIDITY, ctx.seed, ctx.progress)
        numbers = spread(MARKETS)
        await stage.markets(numbers, DEPTH)
        await stage.fold()
        ctx.progress(f"funding {count} users")
        keys = [key_of(ctx.seed, f"trader {i}") for i in range(count)]
        await endow(stage.ground, keys, PURSE_LAMPORTS)
        admin, mint = stage.ground.admin, stage.ground.mint
        await stage.require([(minted(admin, key.pubkey(), mint, PURSE), [admin]) for key in keys])
        stage.people = keys
        todo = [(key, _visit(stage, key, numbers[i % MARKETS], chance)) for i, key in enumerate(keys)]
        tried = sum(len(steps) for _, steps in todo)
        stage.tally.restart()
        waves = 0
        while todo:
            some = chance.sample(todo, min(PER_SLOT, len(todo)))
            steps = [(key, steps.pop(0)) for key, steps in some]
            await stage.attempt([(what, [key]) for key, (_, what) in steps], [name for _, (name, _) in steps])
            todo = [each for each in todo if each[1]]
            stage.pass_slots()
            waves += 1
            if waves % 20 == 0:
                ctx.progress(f"{tried - sum(len(each) for _, each in todo)} of {tried} operations")
                await stage.publish()
        rate, note, charts = stage.tally.per_second, stage.tally.note(), stage.tally.series
        broken = await stage.broken()
    figures: dict[str, Any] = {
        "users": count,
        "operations": tried,
        "succeeded": stage.tally.total,
        "refused": dict(stage.tally.names),
        "operations_per_second": round(rate, 1),
        "slots": waves,
        **summary({name: costs for name, costs in stage.units.items() if name in ("buy", "open")}),
    }
    return Outcome.judged(
        broken, stage.tally.total, tried, figures, note=note, charts={"operations a second": charts}
    )
