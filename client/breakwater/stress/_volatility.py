"""Fifty markets that all move by ten points, up and down, with loans in them and keepers who watch."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine, Receipt
from breakwater.chain.sender import Sender
from breakwater.keepers import Eyes, Hands, Keeper, Ledger
from breakwater.trading.curves import Pool, curve_of
from breakwater.trials import Outcome

from ._stage import ANY, FEED, UNIT, Stage, fresh_chain, key_of
from ._trades import spread, summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.keypair import Keypair

    from breakwater.chain.accounts import Market
    from breakwater.chain.engine import RpcEngine
    from breakwater.trading.curves import Curve
    from breakwater.trials import Context

__all__ = ["market_volatility"]

MARKETS: Final = 50
SLOT_S: Final = 0.4
KINDS: Final = (
    (ix.LMSR, (100,)),
    (ix.PM_AMM, (100,)),
    (ix.LMSR, tuple(range(100, 115))),
)
LIQUIDITY: Final = 300_000_000 * UNIT
DEPTH: Final = 100_000 * UNIT
PURSE: Final = 500_000 * UNIT
WHALE: Final = 50_000_000 * UNIT
BORROWERS: Final = 4
HELD: Final = 2_000 * UNIT
X100: Final = (200, 400, 700, 1_000)
STEP: Final = 0.1
MINUTE_S: Final = 65
CREW: Final = 3
NEAR: Final = 1e-6
"""Of the curve's own figure: so near has the chain's cost to be."""


def _shares_to(curve: Curve, target: float, most: int) -> int:
    """Shares that bring a curve's price up to `target`."""
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if curve.moved(middle) < target else (low, middle)
    return high


class _Swing:
    """One market on its way up and down; what is bought is sold again."""

    def __init__(self, stage: Stage, number: int, whale: Keypair) -> None:
        self._stage, self._number, self._whale = stage, number, whale
        self._bought: list[tuple[int, int]] = []
        self.wrong: list[str] = []
        self.farthest = 0.0

    def _curve(self, market: Market, outcome: int) -> Curve:
        return curve_of(market.curve, market.shares, Pool(market.liquidity, market.delta_offset), outcome)

    async def move(self, step: int) -> bool:
        """Ten points: up by buying, back by selling, down by buying the other side, and back."""
        market = await self._stage.market(self._number)
        owner, last = self._whale.pubkey(), len(market.shares) - 1
        buying, outcome = step % 2 == 0, last if step < 2 else 0
        curve = self._curve(market, outcome)
        if buying:
            shares = _shares_to(curve, curve.p + STEP, 100 * market.liquidity)
            expected = curve.cost(shares)
            self._bought.append((outcome, shares))
            action = ix.buy(owner, self._number, outcome, shares, ANY)
        else:
            outcome, shares = self._bought.pop()
            curve = self._curve(market, outcome)
            expected = curve.proceeds(shares)
            action = ix.sell(owner, self._number, outcome, shares, 0)
        (done,) = await self._stage.attempt([([action], [self._whale])], ["buy" if buying else "sell"])
        if not isinstance(done, Receipt):
            return False
        traded = next(
            each.fields for each in programs.event_decoder().decode(done.logs) if each.name == "Traded"
        )
        off = abs(traded["notional"] - expected) / max(1.0, expected)
        if off > NEAR:
            self.wrong.append(
                f"Market {self._number} charged {traded['notional']} instead of {expected:.0f}."
            )
        moved = abs(self._curve(await self._stage.market(self._number), outcome).p - curve.p)
        self.farthest = max(self.farthest, moved)
        return True


async def _loans(stage: Stage, people: Sequence[Keypair], numbers: Sequence[int]) -> int:
    """Everybody a loan in every market, on its last outcome; how many."""
    stage.progress("lending")
    requests = []
    for number in numbers:
        last = len((await stage.market(number)).shares) - 1
        requests += [
            (
                [
                    ix.create_position(key.pubkey(), number, last, ix.LEVERAGED),
                    ix.open_leveraged(key.pubkey(), number, at.feed(FEED), last, HELD, leverage, ANY),
                ],
                [key],
            )
            for key, leverage in zip(people, X100, strict=True)
        ]
    await stage.attempt(requests, ["open"] * len(requests))
    return len(requests)


async def market_volatility(ctx: Context) -> Outcome:
    """Move all markets, let keepers call what that makes unhealthy, compare every cost with the curve."""
    count = ctx.scaled(MARKETS, 3)
    async with fresh_chain(ctx.engine) as engine:
        stage = await Stage.opened(engine, LIQUIDITY, ctx.seed, ctx.progress, books=False)
        people = await stage.join(BORROWERS, PURSE)
        (whale,) = await stage.join(1, WHALE)
        for key in (whale, *people):  # the rent of a hundred positions
            await engine.airdrop(key.pubkey(), 10**9)
        numbers = spread(count)
        for offset, (curve, strikes) in enumerate(KINDS):
            await stage.markets(numbers[offset :: len(KINDS)], DEPTH, curve=curve, strikes=strikes)
        await stage.fold()
        places = [
            ([ix.create_position(whale.pubkey(), n, o, ix.SPOT)], [whale])
            for i, n in enumerate(numbers)
            for o in (0, len(KINDS[i % len(KINDS)][1]))
        ]
        await stage.require(places)
        stage.tally.restart()
        tried = await _loans(stage, people, numbers)
        await _minute(engine)
        crew = await _crew(stage)
        called, swings = 0, [_Swing(stage, number, whale) for number in numbers]
        try:
            for step in range(4):
                ctx.progress(f"move {step + 1} of 4")
                # each waits for its own market alone
                await asyncio.gather(*(each.move(step) for each in swings))
                tried += len(swings)
                await stage.publish()
                called += await _watch(engine, crew)
        finally:
            crew[0].eyes.close()
        broken = [sentence for each in swings for sentence in each.wrong] + await stage.broken()
    figures: dict[str, Any] = {
        "markets": count,
        "moves": 4 * count,
        "points": round(100 * min((each.farthest for each in swings), default=0.0), 2),
        "operations": tried,
        "succeeded": stage.tally.total,
        "refused": dict(stage.tally.names),
        "liquidations": called,
        "operations_per_second": round(stage.tally.per_second, 1),
        **summary(stage.units),
    }
    if figures["points"] < 100 * STEP - 0.1:
        broken.append(f"A market moved by {figures['points']} points only.")
    if not called:
        broken.append("No loan was called, though prices fell by ten points.")
    return Outcome.judged(broken, stage.tally.total, tried, figures, note=stage.tally.note())


async def _crew(stage: Stage) -> list[Keeper]:
    keys = [key_of(stage.seed, f"keeper {i}") for i in range(CREW)]
    eyes = Eyes(stage.engine)
    sender = Sender(stage.engine)
    for key in keys:
        await stage.engine.airdrop(key.pubkey(), 10**9)
        await sender.send([ix.create_trader(key.pubkey())], [key])
    await eyes.snapshot()
    return [Keeper(eyes, Hands(sender, key, Ledger(), i)) for i, key in enumerate(keys)]


async def _minute(engine: EmbeddedEngine | RpcEngine) -> None:
    """A minute passes: at once where time is ours."""
    if isinstance(engine, EmbeddedEngine):
        engine.advance_time(MINUTE_S)
    else:
        await asyncio.sleep(MINUTE_S)


async def _watch(engine: EmbeddedEngine | RpcEngine, crew: Sequence[Keeper]) -> int:
    """A minute passes, in which the last minute's price follows; what keepers did."""

    def done() -> int:
        return sum(n for each in crew for (_, how), n in each.hands.outcomes.items() if how == "done")

    before = done()
    await _minute(engine)
    quiet = 0
    while quiet < 10:
        if isinstance(engine, EmbeddedEngine):
            engine.advance_slots(1)
        else:
            await asyncio.sleep(SLOT_S)
            await crew[0].eyes.snapshot()
        at_start = done()
        for each in crew:
            await each.eyes.catch_up()
            await each.look()
        quiet = quiet + 1 if done() == at_start else 0
    return done() - before
