"""A thousand trades in batches: $1k to $100k, 1x to 50x, over four shards."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain.engine import Receipt
from breakwater.trading.curves import LmsrCurve
from breakwater.trials import Outcome

from ._stage import ANY, FEED, UNIT, Stage, fresh_chain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.trials import Context

__all__ = ["Trade", "Trader", "concurrent_trades", "spread", "summary"]

TRADES: Final = 1_000
BATCH: Final = 50
TRADERS: Final = 100
MARKETS: Final = 8
LIQUIDITY: Final = 500_000_000 * UNIT
DEPTH: Final = 4_000_000 * UNIT
PURSE: Final = 5_000_000 * UNIT
SMALLEST, LARGEST = 1_000, 100_000
LEAST_X100, MOST_X100 = 100, 5_000
CLOSING: Final = 0.25
MOST_UNITS: Final = 50_000
TRADE_UNITS: Final = 100_000
"""A limit for all, with room for a new position, whose address takes tries; receipts say what is used."""

EVEN: Final = 0.5


@dataclass(frozen=True, slots=True)
class Trade:
    """One to be sent; `notional` in micro-units."""

    request: tuple[Sequence[Instruction], Sequence[Keypair]]
    name: str
    market: int
    notional: int


def spread(count: int) -> list[int]:
    """Numbers of so many markets, evenly over the shards."""
    found: list[int] = []
    number = 0
    by_shard: Counter[int] = Counter()
    while len(found) < count:
        number += 1
        shard = at.shard_index(number)
        if by_shard[shard] <= len(found) // at.SHARDS:
            by_shard[shard] += 1
            found.append(number)
    return found


class Trader:
    """Draws trades that the people of a stage could make, by what its books say.

    Args:
        stage: with people, markets and books.
        markets: their numbers.
        chance: what is drawn with.
    """

    def __init__(self, stage: Stage, markets: Sequence[int], chance: random.Random) -> None:
        if stage.books is None:
            raise ValueError("a stage without books")
        self._stage, self._markets, self._chance, self._books = stage, markets, chance, stage.books
        self._turn = 0
        self._promised: Counter[tuple[int, int]] = Counter()
        self._touched: set[tuple[bytes, int, int, int]] = set()

    def batch(self, count: int) -> list[Trade]:
        """So many trades, each by another trader, none of the same position."""
        self._promised.clear()
        self._touched.clear()
        return [self.next() for _ in range(count)]

    def next(self) -> Trade:
        """The next trader's trade in the next market."""
        people = self._stage.people
        key = people[self._turn % len(people)]
        market = self._markets[self._turn % len(self._markets)]
        self._turn += 1
        return (self._chance.random() < CLOSING and self._close(key, market)) or self.open(key, market)

    def open(self, key: Keypair, number: int, most_x100: int = MOST_X100) -> Trade:
        """A purchase on credit, rather of what is cheap."""
        chance, owner = self._chance, key.pubkey()
        book, account = self._books.by_id[number], bytes(at.trader(owner))
        shares_now = [held + self._promised[number, i] for i, held in enumerate(book.shares)]
        price = LmsrCurve.of(shares_now, book.b, 1).p
        outcome = int(chance.random() > price)
        notional = int(SMALLEST * (LARGEST / SMALLEST) ** chance.random() * UNIT)
        shares = LmsrCurve.of(shares_now, book.b, outcome).shares_for(notional)
        leverage = chance.randint(LEAST_X100, most_x100)
        self._promised[number, outcome] += shares
        steps = [ix.open_leveraged(owner, number, at.feed(FEED), outcome, shares, leverage, ANY)]
        place = (account, number, outcome, ix.LEVERAGED)
        if (account, outcome, ix.LEVERAGED) not in book.positions and place not in self._touched:
            steps.insert(0, ix.create_position(owner, number, outcome, ix.LEVERAGED))
        self._touched.add(place)
        return Trade((steps, [key]), "open", number, notional)

    def _close(self, key: Keypair, number: int) -> Trade | None:
        """Half or all of a position, if the trader has one here that is worth its loan."""
        owner, book = key.pubkey(), self._books.by_id[number]
        account = bytes(at.trader(owner))
        for outcome in (0, 1):
            place = (account, number, outcome, ix.LEVERAGED)
            held = book.positions.get((account, outcome, ix.LEVERAGED))
            if held is None or not held.shares or place in self._touched:
                continue
            shares = held.shares if self._chance.random() < EVEN else -(-held.shares // 2)
            curve = LmsrCurve.of(book.shares, book.b, outcome)
            worth, due = curve.proceeds(shares), held.debt * shares / held.shares
            if worth > due * 1.01:
                self._touched.add(place)
                return Trade(
                    ([ix.close(owner, number, outcome, shares, 0)], [key]), "close", number, int(worth)
                )
        return None


def summary(units: dict[str, list[int]]) -> dict[str, int]:
    """Mean and largest compute units of all calls."""
    every = [each for costs in units.values() for each in costs]
    if not every:
        return {"compute_mean": 0, "compute_max": 0}
    return {"compute_mean": round(sum(every) / len(every)), "compute_max": max(every)}


async def concurrent_trades(ctx: Context) -> Outcome:
    """Trade in batches of fifty and hold the books to the unit."""
    count, batch = ctx.scaled(TRADES, BATCH), BATCH
    chance = random.Random(ctx.seed)
    by_shard: Counter[int] = Counter()
    notional = 0
    async with fresh_chain(ctx.engine) as engine:
        stage = await Stage.opened(engine, LIQUIDITY, ctx.seed, ctx.progress)
        await stage.join(ctx.users or TRADERS, PURSE)
        numbers = spread(MARKETS)
        await stage.markets(numbers, DEPTH)
        await stage.fold()
        trader = Trader(stage, numbers, chance)
        stage.tally.restart()
        for first in range(0, count, batch):
            ctx.progress(f"{first} of {count} trades")
            trades = trader.batch(min(batch, count - first))
            await stage.freshen()
            results = await stage.attempt(
                [each.request for each in trades], [each.name for each in trades], TRADE_UNITS
            )
            stage.pass_slots()
            for trade, result in zip(trades, results, strict=True):
                if isinstance(result, Receipt):
                    by_shard[at.shard_index(trade.market)] += 1
                    notional += trade.notional
        rate, note, charts = (
            stage.tally.per_second,
            stage.tally.note(),
            {"trades a second": stage.tally.series},
        )
        ctx.progress("checking every invariant")
        broken = await stage.broken()
    figures: dict[str, Any] = {
        "trades": count,
        "batch": batch,
        "succeeded": stage.tally.total,
        "refused": dict(stage.tally.names),
        "notional_usd": round(notional / UNIT),
        "trades_per_second": round(rate, 1),
        "shards": [by_shard[i] for i in range(at.SHARDS)],
        **summary(stage.units),
    }
    if figures["compute_max"] > MOST_UNITS:
        broken.append(f"A trade took {figures['compute_max']:,} compute units.")
    shares = [each / max(1, stage.tally.total) for each in figures["shards"]]
    if not all(0.2 <= each <= 0.3 for each in shares):
        broken.append(f"Shards got {figures['shards']} of the trades.")
    return Outcome.judged(broken, stage.tally.total, count, figures, note=note, charts=charts)
