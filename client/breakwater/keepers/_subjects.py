"""Real subjects for a drill's tasks: loans under water, due orders, silent feeds, closed markets, remains."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from solders.keypair import Keypair

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import keeper_instructions as kx
from breakwater.chain import liquidation_instructions as lx
from breakwater.model import PriceEvent

from ._genesis import SOL, UNIT, minted, reach, send_all, wallet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from solders.instruction import Instruction
    from solders.pubkey import Pubkey

    from breakwater.chain.accounts import Feed

    from ._genesis import Ground

    Request = tuple[Sequence[Instruction], Sequence[Keypair]]

__all__ = ["FeedPrices", "Need", "prepare"]

MAIN: Final = "DRILL"
PRICE: Final = 100
EXPONENT: Final = -2
MAX_AGE_S: Final = 30
ROOMS: Final = 4
"""Markets with loans and orders, and as many with remains; a trader has a position of each kind in each."""

DEPTH: Final = 10_000 * UNIT
LOAN_SHARES, ORDER_SHARES = 20 * UNIT, 10 * UNIT
LEVERAGE: Final = 500
PURSE: Final = 1_000 * UNIT
WHALE: Final = 100_000 * UNIT
FALL: Final = 0.38
"""Where the price goes that makes loans unhealthy and orders due."""

TRIGGER: Final = round(0.45 * (1 << 28))
TIP: Final = UNIT // 100
LATE_S: Final = 400
"""Seconds in which markets to be resolved or pruned close; they really pass on a validator."""

LIFE_S: Final = 30 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Need:
    """A task to be posted."""

    kind: int
    subject: Pubkey
    related: Pubkey
    poster: Keypair


@dataclass(slots=True)
class FeedPrices:
    """Publishes what a feed said last, as of now: for feeds whose price does not matter."""

    publisher: Keypair

    def next(self, feed: Feed, slot: int, now_s: int) -> PriceEvent | None:
        """The feed's last price again."""
        return PriceEvent(feed.name, feed.price, feed.exponent, 1, feed.sequence + 1, slot, now_s * 1000)


@dataclass(slots=True)
class _Stage:
    ground: Ground
    count: int
    progress: Callable[[str], None]
    traders: list[Keypair] = field(default_factory=list)
    sequence: int = 0
    whale: Keypair = field(default_factory=Keypair)

    @property
    def own(self) -> Pubkey:
        return self.ground.admin.pubkey()

    async def send(self, requests: Sequence[Request]) -> None:
        await send_all(self.ground.sender, requests)

    async def publish(self, at_ms: int) -> None:
        self.sequence += 1
        event = PriceEvent(MAIN, PRICE, EXPONENT, 1, self.sequence, 1, at_ms)
        await self.send([([ix.publish(self.own, event)], [self.ground.admin])])

    async def now(self) -> int:
        return await self.ground.sender.engine.now()

    # Numbers of markets: loans and orders, remains, to be resolved, with a feed of their own

    def loans(self) -> range:
        return range(1, ROOMS + 1)

    def remains(self) -> range:
        return range(ROOMS + 1, 2 * ROOMS + 1)

    def closing(self) -> range:
        return range(1_000, 1_000 + self.count)

    def silent(self) -> range:
        return range(100_000, 100_000 + self.count)

    def places(self) -> list[tuple[Keypair, int]]:
        """A trader and a room for each of `count` positions."""
        return [(self.traders[i // ROOMS], i % ROOMS) for i in range(self.count)]

    async def feeds(self) -> None:
        self.progress("opening feeds")
        own, admin = self.own, self.ground.admin
        names = [MAIN, *(f"{MAIN} {number}" for number in self.silent())]
        made = [ix.create_feed(own, name, own, EXPONENT, MAX_AGE_S) for name in names]
        await self.send([([each], [admin]) for each in made])
        now_ms = await self.now() * 1000
        first = [PriceEvent(name, PRICE, EXPONENT, 1, 1, 1, now_ms) for name in names[1:]]
        await self.send([([ix.publish(own, each)], [admin]) for each in first])

    async def markets(self, close_s: int) -> None:
        self.progress("opening markets")
        admin, far = self.ground.admin, close_s + LIFE_S

        def one(number: int, feed: str, closes: int, depth: int) -> Request:
            terms = ix.MarketTerms(at.feed(feed), closes * 1000, depth, (PRICE,))
            return [ix.create_market(self.own, number, terms)], [admin]

        rooms = [one(number, MAIN, far, DEPTH) for number in self.loans()]
        rooms += [one(number, MAIN, close_s, DEPTH) for number in self.remains()]
        rooms += [one(number, MAIN, close_s, 10 * UNIT) for number in self.closing()]
        rooms += [one(number, f"{MAIN} {number}", far, 10 * UNIT) for number in self.silent()]
        await self.send(rooms)

    async def people(self) -> None:
        self.progress("funding traders")
        ground = self.ground
        self.traders = [Keypair() for _ in range(math.ceil(self.count / ROOMS) + 1)]
        for key in self.traders:
            await ground.sender.engine.airdrop(key.pubkey(), 10 * SOL)
        purses = [WHALE, *[PURSE] * (len(self.traders) - 1)]
        made = zip(self.traders, purses, strict=True)
        await self.send(
            [(minted(ground.admin, key.pubkey(), ground.mint, purse), [ground.admin]) for key, purse in made]
        )
        requests: list[Request] = []
        for key, purse in zip(self.traders, purses, strict=True):
            owner = key.pubkey()
            source = wallet(owner, ground.mint)
            steps = [ix.create_trader(owner), ix.deposit(owner, source, ground.mint, purse)]
            requests.append((steps, [key]))
        await self.send(requests)
        # the first is the one who will move the price
        self.whale = self.traders.pop(0)

    async def trades(self) -> None:
        self.progress("opening positions")
        feed, loans, remains = at.feed(MAIN), self.loans(), self.remains()
        requests: list[Request] = []
        for key, room in self.places():
            owner, loan, rest = key.pubkey(), loans[room], remains[room]
            terms = lx.StopTerms(lx.STOP_LOSS, ORDER_SHARES, TIP, TRIGGER)
            leveraged = [
                ix.create_position(owner, loan, 0, ix.LEVERAGED),
                ix.open_leveraged(owner, loan, feed, 0, LOAN_SHARES, LEVERAGE, 10**12),
            ]
            order = [
                ix.create_position(owner, loan, 0, ix.SPOT),
                ix.buy(owner, loan, 0, ORDER_SHARES, 10**12),
                lx.place_stop(owner, loan, 0, ix.SPOT, terms),
            ]
            rest_of = [
                ix.create_position(owner, rest, 0, ix.SPOT),
                ix.buy(owner, rest, 0, ORDER_SHARES, 10**12),
            ]
            requests += [(leveraged, [key]), (order, [key]), (rest_of, [key])]
        await self.send(requests)

    async def fall(self) -> None:
        """Somebody buys the other outcome until the first is worth less than its loans."""
        self.progress("moving the price")
        owner = self.whale.pubkey()
        held = (LOAN_SHARES + ORDER_SHARES) * math.ceil(self.count / ROOMS)
        shares = round(DEPTH * math.log((1 - FALL) / FALL)) + held
        requests: list[Request] = []
        for number in self.loans():
            steps = [ix.create_position(owner, number, 1, ix.SPOT), ix.buy(owner, number, 1, shares, 10**12)]
            requests.append((steps, [self.whale]))
        await self.send(requests)

    async def settle(self, close_s: int) -> None:
        self.progress("waiting for markets to close")
        await reach(self.ground.sender, close_s + 1)
        await self.publish(close_s * 1000)
        feed = at.feed(MAIN)
        index = self.sequence - 1
        done = [ix.resolve(number, feed, index) for number in self.remains()]
        await self.send([([each], [self.ground.admin]) for each in done])

    def needs(self) -> list[Need]:
        """Every kind `count` times, each about a subject of its own."""
        admin, loans, remains = self.ground.admin, self.loans(), self.remains()
        found: list[Need] = []
        for key, room in self.places():
            trader = at.trader(key.pubkey())
            loan, rest = at.market(loans[room]), at.market(remains[room])
            found += [
                Need(kx.LIQUIDATION, at.position(trader, loan, 0, ix.LEVERAGED), loan, admin),
                Need(kx.STOP_LOSS, at.position(trader, loan, 0, ix.SPOT), trader, key),
                Need(kx.PRUNING, at.position(trader, rest, 0, ix.SPOT), rest, admin),
            ]
        for number in self.silent():
            feed = at.feed(f"{MAIN} {number}")
            found.append(Need(kx.PRICE_UPDATE, feed, at.market(number), admin))
        for number in self.closing():
            found.append(Need(kx.RESOLUTION, at.market(number), at.market(number), admin))
        return found


async def prepare(ground: Ground, count: int, progress: Callable[[str], None] = lambda _: None) -> list[Need]:
    """Make `count` subjects of each kind of task that prove their need now."""
    stage = _Stage(ground, count, progress)
    await stage.feeds()
    await stage.publish(await stage.now() * 1000)
    close_s = await stage.now() + LATE_S
    await stage.markets(close_s)
    await stage.people()
    await stage.publish(await stage.now() * 1000)
    await stage.trades()
    await stage.settle(close_s)
    await stage.fall()
    # the last minute's price follows
    await reach(ground.sender, await stage.now() + 65)
    return stage.needs()
