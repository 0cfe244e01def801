"""Polymarket at half its answers, two seconds each, then none: trading degrades, recovers, loses nothing."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from breakwater import oracle
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import leg_instructions as lx
from breakwater.chain.engine import EmbeddedEngine, Receipt
from breakwater.errors import BreakwaterError, Fatal, ProgramError
from breakwater.limits import market_limiter
from breakwater.oracle.sources import ClobSource, GammaSource, Rest, wall_ms
from breakwater.trials import Outcome

from ._polymarket import SLUG, TOKEN, Polymarket
from ._stage import ANY, UNIT, Stage, fresh_chain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.oracle import Publication
    from breakwater.oracle.sources import Source
    from breakwater.trials import Context

__all__ = ["feed_outage"]

NAME: Final = "POLYMARKET"
MAX_AGE_S: Final = 3
FAILING: Final = 0.5
LATENCY_S: Final = 2.0
WELL_S: Final = 2.0
ILL_S: Final = 12.0
PATIENCE_S: Final = 90.0
LOOK_S: Final = 0.25
LIQUIDITY: Final = 10_000_000 * UNIT
DEPTH: Final = 200_000 * UNIT
PURSE: Final = 500_000 * UNIT
TRADERS: Final = 8
SHARES: Final = 20 * UNIT
FULL, HALF = 5_000, 2_500
OUTAGE_S: Final = 310
"""More than the five minutes for which a cached price is traded on."""


@dataclass(slots=True)
class _Market:
    """What people try while the price comes and goes."""

    stage: Stage
    numbers: Sequence[int]
    turn: int = 0
    wrong: list[str] = field(default_factory=list)
    tried: int = 0

    def _next(self) -> tuple[Keypair, int, int]:
        people = self.stage.people
        self.turn += 1
        outcome = self.turn // len(people) % 2
        return people[self.turn % len(people)], self.numbers[self.turn % len(self.numbers)], outcome

    def _open(self, leverage: int) -> tuple[list[Instruction], list[Keypair]]:
        key, number, outcome = self._next()
        opened = ix.open_leveraged(
            key.pubkey(), number, at.feed(NAME), outcome, SHARES + self.turn, leverage, ANY
        )
        return [opened], [key]

    def _spot(self) -> tuple[list[Instruction], list[Keypair]]:
        key, number, outcome = self._next()
        return [ix.buy(key.pubkey(), number, outcome, SHARES + self.turn, ANY)], [key]

    def _chain(self) -> tuple[list[Instruction], list[Keypair]]:
        key, _, outcome = self._next()
        legs = [lx.LegOrder(number, at.feed(NAME), outcome, SHARES, 200) for number in self.numbers[:2]]
        made = lx.create_chain(key.pubkey(), self.turn)
        return [made, lx.open_chain(key.pubkey(), self.turn, legs, ANY)], [key]

    async def works(self, leverage: int = FULL) -> None:
        """Spot and credit at so much leverage have to be possible."""
        requests = [self._spot(), self._open(leverage)]
        self.tried += len(requests)
        await self.stage.attempt(requests)

    async def degraded(self) -> None:
        """Full leverage and chains are refused by name; half of it and spot are not."""
        sender = self.stage.ground.sender
        tries = (
            ("full leverage", self._open(FULL), "OracleStale"),
            ("a chain", self._chain(), "ChainsSuspended"),
        )
        for what, request, name in tries:
            (result,) = await sender.send_many([request])
            if not isinstance(result, ProgramError) or result.name != name:
                self.wrong.append(f"Without a price, {what} was {_said(result)} instead of {name}.")
        await self.works(HALF)


def _said(result: Receipt | BreakwaterError) -> str:
    return "possible" if isinstance(result, Receipt) else f"refused ({result})"


async def _until(true: Callable[[], bool], meanwhile: Callable[[], Awaitable[None]], what: str) -> float:
    """Wait for something, and trade meanwhile; seconds it took."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > PATIENCE_S:
            raise Fatal(f"Look into the oracle: {what} did not happen within {PATIENCE_S:g} s.")
        await meanwhile()
        await asyncio.sleep(LOOK_S)
    return time.monotonic() - began


async def feed_outage(ctx: Context) -> Outcome:
    """Run the oracle on a failing Polymarket while people trade."""
    ill_s = ctx.duration_s or max(4.0, ILL_S * ctx.scale)
    venue = Polymarket(ctx.seed)
    async with fresh_chain(ctx.engine) as engine, venue.serving() as url:
        stage = await Stage.opened(engine, LIQUIDITY, ctx.seed, ctx.progress)
        admin = stage.ground.admin
        await oracle.create(
            stage.ground.sender, admin, NAME, admin.pubkey(), exponent=-6, max_age_s=MAX_AGE_S
        )
        await stage.join(TRADERS, PURSE)
        settings = oracle.oracle_settings().model_copy(
            update={"gamma_url": url, "clob_url": url, "poll_s": 0.5, "breaker_s": 2.0, "wait_max_s": 2.0}
        )

        def clock() -> int:
            if isinstance(engine, EmbeddedEngine):
                return engine.clock.unix_timestamp * 1000
            return wall_ms()

        rests = [Rest(name, url, market_limiter(), settings) for name in ("gamma", "clob")]
        sources: list[Source] = [
            GammaSource(rests[0], NAME, SLUG, None, settings, clock),
            ClobSource(rests[1], NAME, TOKEN, settings, clock),
        ]
        done: list[Publication] = []
        stop = asyncio.Event()
        running = asyncio.create_task(
            oracle.run(
                engine,
                oracle.OracleConfig(NAME, oracle.Rules(probability=True), heartbeat_s=1.0),
                admin,
                sources,
                on_publication=done.append,
                stop=stop,
                clock=clock,
            )
        )
        try:
            figures, market = await _story(ctx, stage, venue, done, ill_s)
        finally:
            stop.set()
            summary = await running
            for rest in rests:
                await rest.close()
        feed = await oracle.read_feed(engine, NAME)
        broken = [*market.wrong, *await stage.broken()]
    if feed is None or feed.count != feed.sequence or summary.unpublished or feed.sequence != len(done):
        broken.append("The feed's history is not what the oracle published.")
    figures |= {
        "requests": venue.requests["asked"],
        "failed_requests": venue.requests["failed"],
        "publications": summary.publications,
        "unpublished": summary.unpublished,
        "trades": market.tried,
        "refused": dict(stage.tally.names),
    }
    return Outcome.judged(broken, stage.tally.total, market.tried, figures, note=stage.tally.note())


async def _story(
    ctx: Context, stage: Stage, venue: Polymarket, done: list[Publication], ill_s: float
) -> tuple[dict[str, Any], _Market]:
    """Well, ill, gone, and well again while it is still ill."""
    await _until(lambda: bool(done), _nothing, "a first price")
    market = _Market(stage, (1, 2))
    terms = ix.MarketTerms(at.feed(NAME), (await stage.engine.now() + 86_400) * 1000, DEPTH, (500_000,))
    admin = stage.ground.admin
    await stage.require(
        [([ix.create_market(admin.pubkey(), each, terms)], [admin]) for each in market.numbers]
    )
    await stage.require(
        [
            ([ix.create_position(key.pubkey(), number, outcome, kind)], [key])
            for key in stage.people
            for number in market.numbers
            for outcome in (0, 1)
            for kind in (ix.SPOT, ix.LEVERAGED)
        ]
    )
    await stage.fold()
    stage.tally.restart()

    async def trading() -> None:
        await market.works()

    ctx.progress("Polymarket is well")
    began, before = time.monotonic(), len(done)
    await _until(lambda: time.monotonic() - began > min(WELL_S, ill_s), trading, "time")
    well = (len(done) - before) / (time.monotonic() - began)
    ctx.progress("half of its answers fail, each takes 2 s")
    venue.failing, venue.latency_s = FAILING, LATENCY_S
    began, before = time.monotonic(), len(done)

    async def moving() -> None:
        venue.price = 50 + (venue.price - 48) % 5
        await market.works()

    await _until(lambda: time.monotonic() - began > ill_s, moving, "time")
    ill = (len(done) - before) / (time.monotonic() - began)
    ctx.progress("it fails altogether, for more than five minutes")
    venue.failing = 1.0
    # answers under way may still be good ones
    await _until(lambda: time.monotonic() - began > ill_s + LATENCY_S, trading, "time")
    if isinstance(stage.engine, EmbeddedEngine):
        stage.engine.advance_time(OUTAGE_S)
    else:
        await asyncio.sleep(OUTAGE_S)
    await market.degraded()
    ctx.progress("half of its answers come again")
    venue.failing, before = FAILING, len(done)

    async def half() -> None:
        await market.works(HALF)

    recovery = await _until(lambda: len(done) > before, half, "a price after the outage")
    await market.works()
    figures = {
        "failure_rate": FAILING,
        "latency_s": LATENCY_S,
        "publications_per_second_well": round(well, 2),
        "publications_per_second_ill": round(ill, 2),
        "outage_s": OUTAGE_S,
        "recovery_s": round(recovery, 1),
    }
    return figures, market


async def _nothing() -> None:
    """Only wait."""
