"""Ten thousand worthless transactions against a hundred that matter: all of the hundred land."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from solders.system_program import TransferParams, transfer

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain.engine import EmbeddedEngine, Receipt
from breakwater.chain.sender import Sender
from breakwater.keepers import endow
from breakwater.trials import Outcome, Tally

from ._stage import ANY, FEED, UNIT, Stage, fresh_chain, key_of
from ._trades import spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.errors import BreakwaterError
    from breakwater.trials import Context

    Request = tuple[Sequence[Instruction], Sequence[Keypair]]

__all__ = ["network_congestion"]

SPAM: Final = 10_000
LEGITIMATE: Final = 100
BATCH: Final = 10
SPAMMERS: Final = 20
TRADERS: Final = 20
MARKETS: Final = 4
PRIORITY: Final = 100_000
"""Micro-lamports per compute unit that those who matter pay; spam pays nothing."""

LIQUIDITY: Final = 10_000_000 * UNIT
DEPTH: Final = 100_000 * UNIT
PURSE: Final = 100_000 * UNIT
SHARES: Final = 100 * UNIT
SOL: Final = 10**9
TRADE_UNITS, SPAM_UNITS = 60_000, 30_000
PAUSE_S: Final = 0.05


def _spam(spammers: Sequence[Keypair], numbers: Sequence[int], count: int) -> list[Request]:
    """Half are transfers to oneself, half purchases that fail: they want the locks of the markets."""
    found: list[Request] = []
    for i in range(count):
        key = spammers[i % len(spammers)]
        own = key.pubkey()
        if i % 2:
            step = transfer(TransferParams(from_pubkey=own, to_pubkey=own, lamports=1 + i))
        else:
            step = ix.buy(own, numbers[i % len(numbers)], 0, UNIT + i, 1)
        found.append(([step], [key]))
    return found


def _trade(key: Keypair, number: int, i: int) -> Request:
    owner = key.pubkey()
    return ([ix.open_leveraged(owner, number, at.feed(FEED), i // 2 % 2, SHARES + i, 1_000, ANY)], [key])


async def network_congestion(ctx: Context) -> Outcome:
    """Spam and trade at the same time."""
    count, legitimate = ctx.scaled(SPAM, 200), ctx.scaled(LEGITIMATE, BATCH)
    async with fresh_chain(ctx.engine) as engine:
        stage = await Stage.opened(engine, LIQUIDITY, ctx.seed, ctx.progress)
        people = await stage.join(TRADERS, PURSE)
        numbers = spread(MARKETS)
        await stage.markets(numbers, DEPTH)
        await stage.require(
            [
                ([ix.create_position(key.pubkey(), numbers[i % MARKETS], side, ix.LEVERAGED)], [key])
                for i, key in enumerate(people)
                for side in (0, 1)
            ]
        )
        spammers = [key_of(ctx.seed, f"spammer {i}") for i in range(SPAMMERS)]
        await endow(stage.ground, spammers, SOL)
        await stage.require([([ix.create_trader(key.pubkey())], [key]) for key in spammers])
        await stage.fold()
        await stage.publish()
        spam = _spam(spammers, numbers, count)
        trades = [_trade(people[i % TRADERS], numbers[i % TRADERS % MARKETS], i) for i in range(legitimate)]
        ctx.progress(f"{count} worthless transactions against {legitimate}")
        loud = Sender(engine, priority_fee=0, compute_limit=SPAM_UNITS, preflight=False)
        began = time.monotonic()
        noise = asyncio.create_task(loud.send_many(spam))
        await asyncio.sleep(PAUSE_S)
        try:
            waits, tally = await _land(stage, trades)
            done_s = time.monotonic() - began
            alongside = not noise.done()
            results = await noise
        finally:
            noise.cancel()
        noise_s = time.monotonic() - began
        broken = await stage.broken()
    if not alongside and (count >= SPAM or not isinstance(engine, EmbeddedEngine)):
        broken.append("The spam was over before the trades had landed: it was no congestion.")
    if tally.total != legitimate:
        broken.append(f"{legitimate - tally.total} of {legitimate} legitimate transactions did not land.")
    landed = sum(isinstance(each, Receipt) for each in results)
    figures: dict[str, Any] = {
        "spam": count,
        "spam_succeeded": landed,
        "spam_refused": count - landed,
        "spam_seconds": round(noise_s, 2),
        "legitimate": legitimate,
        "landed": tally.total,
        "legitimate_seconds": round(done_s, 2),
        "landing_s_p50": round(sorted(waits)[len(waits) // 2], 3) if waits else 0.0,
        "landing_s_max": round(max(waits, default=0.0), 3),
        "priority_micro_lamports": PRIORITY,
        "refused": dict(tally.names),
    }
    return Outcome.judged(broken, tally.total, legitimate, figures, note=tally.note())


async def _land(stage: Stage, trades: Sequence[Request]) -> tuple[list[float], Tally]:
    """Send the trades a few at a time, each time for a fee; how long each took to be confirmed."""
    prompt = Sender(stage.engine, priority_fee=PRIORITY, compute_limit=TRADE_UNITS, preflight=False)
    waits: list[float] = []
    tally = Tally()
    for first in range(0, len(trades), BATCH):
        some, began = trades[first : first + BATCH], time.monotonic()

        def settled(_: int, result: Receipt | BreakwaterError, began: float = began) -> None:
            waits.append(time.monotonic() - began)
            if isinstance(result, Receipt):
                tally.succeeded()
            else:
                tally.failed(result)

        results = await prompt.send_many(some, details=True, settled=settled)
        await stage.booked([each for each in results if isinstance(each, Receipt)])
        await asyncio.sleep(0)
    return waits, tally
