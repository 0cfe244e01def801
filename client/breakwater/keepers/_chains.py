"""What a cascade needs: markets, insurance funds with something in them, chains at the limit, and a gap."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from solders.keypair import Keypair

from breakwater.chain import accounts, programs, queries
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import leg_instructions as legs
from breakwater.errors import ProgramError
from breakwater.model import PriceEvent

from ._genesis import SOL, UNIT, endow, minted, send_all, wallet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from solders.instruction import Instruction

    from breakwater.chain.accounts import Market
    from breakwater.chain.engine import Receipt

    from ._genesis import Ground

__all__ = ["CHAIN", "FEED", "Cascade", "log_odds"]

FEED: Final = "CASCADE"
CHAIN: Final = 1
ALL: Final = 10**12
DEPTH: Final = 1_000 * UNIT
"""Liquidity of a market of chains."""

FIRST: Final = 8 * UNIT
"""Shares of a chain's first leg."""

LEG_X: Final = 50
LIFE_S: Final = 24 * 60 * 60
PURSE: Final = 1_000 * UNIT
RICH: Final = 2_000_000 * UNIT

# The loans that feed the insurance funds are in markets of sixteen outcomes: there maintenance is 4.2 %, so
# that what is sold in time repays its loan and leaves the funds their part.
FUND_MARKETS: Final = range(9_000, 9_100)
FUND_DEPTH: Final = 200_000 * UNIT
FUND_STRIKES: Final = tuple(range(1_000, 1_015))
FUND_SHARES: Final = 8_000 * UNIT
FUND_X100: Final = 1_000
FUND_LOANS: Final = 5
FUND_RATIO: Final = 0.967
"""Loan over value to which the price falls: above 0.958 they are called, at 0.985 nothing is left over."""

LOW, HIGH, LAST = 80, 100, 90
"""Strikes of every other market, and the last price: of one half of the chains' shares the outcome wins."""


def log_odds(market: Market) -> float:
    """Of the upper outcome of a market with two."""
    return (market.shares[1] - market.shares[0]) / market.liquidity


def _price(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))


@dataclass(slots=True)
class Cascade:
    """The people and the markets.

    Args:
        ground: an exchange.
        positions: how many chains.
        progress: called with the name of each step.
    """

    ground: Ground
    positions: int
    progress: Callable[[str], None]
    maker: Keypair = field(default_factory=Keypair)
    owners: list[Keypair] = field(default_factory=list)
    sequence: int = 0
    close_s: int = 0

    @property
    def numbers(self) -> range:
        """The chains' markets: one for ten chains, at least two."""
        return range(1, 1 + max(2, self.positions // 10))

    @property
    def funds(self) -> list[int]:
        """A market in each shard."""
        by_shard = {at.shard_index(number): number for number in FUND_MARKETS}
        return [by_shard[index] for index in range(at.SHARDS)]

    async def send(self, steps: Sequence[Instruction], key: Keypair) -> Receipt:
        return await self.ground.sender.send(steps, [key])

    async def market(self, number: int) -> Market:
        (data,) = await queries.read(self.ground.sender.engine, [at.market(number)])
        return accounts.market(data or b"")

    async def publish(self, price: int, at_s: int) -> None:
        """The feed's next price."""
        self.sequence += 1
        admin = self.ground.admin
        event = PriceEvent(FEED, price, 0, 1, self.sequence, 1, at_s * 1000)
        await self.send([ix.publish(admin.pubkey(), event)], admin)

    async def open(self) -> None:
        """Feed, markets, people."""
        self.progress("opening markets")
        admin, engine = self.ground.admin, self.ground.sender.engine
        own, now = admin.pubkey(), await engine.now()
        self.close_s = now + LIFE_S
        await self.send([ix.create_feed(own, FEED, own, 0, 3_600)], admin)
        await self.publish(HIGH, now)
        for number in self.numbers:
            strike = HIGH if number % 2 else LOW
            terms = ix.MarketTerms(at.feed(FEED), self.close_s * 1000, DEPTH, (strike,))
            await self.send([ix.create_market(own, number, terms)], admin)
        for number in self.funds:
            terms = ix.MarketTerms(at.feed(FEED), (self.close_s + LIFE_S) * 1000, FUND_DEPTH, FUND_STRIKES)
            await self.send([ix.create_market(own, number, terms)], admin)
        await self._join([self.maker], RICH)
        for number in self.numbers:
            await self.send([ix.create_position(self.maker.pubkey(), number, 0, ix.SPOT)], self.maker)

    async def _join(self, keys: Sequence[Keypair], purse: int) -> None:
        ground = self.ground
        await endow(ground, keys, SOL)
        await send_all(
            ground.sender,
            [(minted(ground.admin, key.pubkey(), ground.mint, purse), [ground.admin]) for key in keys],
        )
        steps = [
            (
                [
                    ix.create_trader(key.pubkey()),
                    ix.deposit(key.pubkey(), wallet(key.pubkey(), ground.mint), ground.mint, purse),
                ],
                [key],
            )
            for key in keys
        ]
        await send_all(ground.sender, steps)

    async def lend(self) -> None:
        """Loans in each shard whose price then falls a little: sold in time, they feed the funds."""
        self.progress("feeding the insurance funds")
        owners = [Keypair() for _ in range(FUND_LOANS)]
        await self._join(owners, 20 * PURSE)
        for number in self.funds:
            for outcome, key in enumerate(owners):
                owner = key.pubkey()
                steps = [
                    ix.create_position(owner, number, outcome, ix.LEVERAGED),
                    ix.open_leveraged(owner, number, at.feed(FEED), outcome, FUND_SHARES, FUND_X100, ALL),
                ]
                await self.send(steps, key)
            await self._sink(number)

    async def _sink(self, number: int) -> None:
        """Somebody buys the last outcome until the others' loans are at `FUND_RATIO` of their value."""
        market = await self.market(number)
        weights = [math.exp(each / market.liquidity) for each in market.shares]
        total = sum(weights)
        ratio = sum(
            debt / (FUND_SHARES * weight / total)
            for debt, weight in zip(market.debt, weights, strict=True)
            if debt
        )
        wanted = total * FUND_RATIO * FUND_LOANS / ratio
        # the last weight grows until the sum is that much larger
        grown = weights[-1] + wanted - total
        shares = round(market.liquidity * math.log(grown / weights[-1]))
        owner, last = self.maker.pubkey(), len(weights) - 1
        steps = [ix.create_position(owner, number, last, ix.SPOT), ix.buy(owner, number, last, shares, ALL)]
        await self.send(steps, self.maker)

    async def borrow(self, leverage: int) -> float:
        """Open the chains, each two legs at 50x, at even prices; their least effective leverage.

        The first leg's shares also secure the second one's margin, so that with a second leg `n` times as
        dear the whole is `50 (1 + n)` times what the owner puts in.
        """
        self.owners = [Keypair() for _ in range(self.positions)]
        await self._join(self.owners, PURSE)
        least = math.inf
        for i, key in enumerate(self.owners):
            if i % 50 == 0:
                self.progress(f"{i} of {self.positions} chains opened")
                await self.publish(HIGH, await self.ground.sender.engine.now())
            numbers = list(self.numbers)
            pair = numbers[i % len(numbers)], numbers[(i + 1) % len(numbers)]
            least = min(least, await self._chain(key, pair, leverage))
            for number in pair:
                await self._even(number)
        return least

    async def _chain(self, key: Keypair, pair: tuple[int, int], leverage: int) -> float:
        owner = key.pubkey()
        await self.send([legs.create_chain(owner, CHAIN)], key)
        first, second = [_price(log_odds(await self.market(number))) for number in pair]
        size = (leverage / LEG_X - 1) * FIRST * first / second
        while True:
            # its own price goes up with it: a little less each time, until it is within the limit
            size *= 0.998
            order = [
                legs.LegOrder(number, at.feed(FEED), 1, shares, 100 * LEG_X)
                for number, shares in zip(pair, (FIRST, int(size)), strict=True)
            ]
            try:
                done = await self.send([legs.open_chain(owner, CHAIN, order, ALL)], key)
            except ProgramError as error:
                if error.name != "ChainLeverageAboveCap":
                    raise
                continue
            events = programs.event_decoder().decode(done.logs)
            opened = next(each.fields for each in events if each.name == "ChainOpened")
            reached: float = opened["notional"] / (opened["notional"] - opened["debt"])
            if reached <= leverage:
                return reached
            await self.send([legs.unwind_chain(owner, CHAIN, [(n, at.feed(FEED)) for n in pair], 0)], key)

    async def _even(self, number: int) -> None:
        """The maker takes the other side, so that everybody buys at even prices."""
        market = await self.market(number)
        shares = market.shares[1] - market.shares[0]
        if shares > 0:
            await self.send([ix.buy(self.maker.pubkey(), number, 0, shares, ALL)], self.maker)

    async def gap(self, points: float) -> None:
        """Every price falls at once."""
        self.progress("the gap")
        for number in self.numbers:
            market = await self.market(number)
            odds = log_odds(market)
            target = _price(odds) - points / 100
            shares = round((odds - math.log(target / (1 - target))) * market.liquidity)
            await self.send([ix.buy(self.maker.pubkey(), number, 0, shares, ALL)], self.maker)
