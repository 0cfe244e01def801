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

from ._genesis import SOL, UNIT, endow, minted, reach, send_all, wallet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from solders.instruction import Instruction
    from solders.pubkey import Pubkey

    from breakwater.chain.accounts import Feed

    from ._genesis import Ground

    Request = tuple[Sequence[Instruction], Sequence[Keypair]]

__all__ = ["LOCAL", "FeedPrices", "Need", "Tempo", "prepare", "sink"]

PRICE: Final = 100
EXPONENT: Final = -2
RACE: Final = 500_000
"""Behind this are the numbers of a race's markets: it may share an exchange with a drill."""

ROOMS: Final = 4
"""Markets with loans and orders, and as many with remains; a trader has a position of each kind in each."""

DEPTH: Final = 10_000 * UNIT
LOAN_SHARES, ORDER_SHARES = 20 * UNIT, 10 * UNIT
LEVERAGE: Final = 500
PURSE: Final = 1_000 * UNIT
WHALE: Final = 150_000 * UNIT
FALL: Final = 0.05
"""Where the price goes that makes loans unhealthy and orders due; the last minute's follows it in parts."""

TRIGGER: Final = round(0.45 * (1 << 28))
TIP: Final = UNIT // 100
MAX_AGE_S: Final = 30
LIFE_S: Final = 30 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Tempo:
    """Seconds that pass on the chain before there is anything to do; they really pass on a validator.

    Attributes:
        late_s: from the opening of the markets that are to be resolved or tidied up to their close.
        silent_s: after which a feed that nobody publishes to counts as silent.
        fall_s: from the fall of the price until the last minute's has come far enough down.
    """

    late_s: int = 400
    silent_s: int = MAX_AGE_S
    fall_s: int = 65


LOCAL: Final = Tempo(late_s=20, silent_s=5, fall_s=15)


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
    tempo: Tempo
    progress: Callable[[str], None]
    main: str = "DRILL"
    first: int = 0
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
        event = PriceEvent(self.main, PRICE, EXPONENT, 1, self.sequence, 1, at_ms)
        await self.send([([ix.publish(self.own, event)], [self.ground.admin])])

    async def now(self) -> int:
        return await self.ground.sender.engine.now()

    # Numbers of markets: loans and orders, remains, to be resolved, with a feed of their own

    def loans(self) -> range:
        return range(self.first + 1, self.first + ROOMS + 1)

    def remains(self) -> range:
        return range(ROOMS + 1, 2 * ROOMS + 1)

    def closing(self) -> range:
        return range(1_000, 1_000 + self.count)

    def silent(self) -> range:
        return range(100_000, 100_000 + self.count)

    def places(self) -> list[tuple[Keypair, int]]:
        """A trader and a room for each of `count` positions."""
        return [(self.traders[i // ROOMS], i % ROOMS) for i in range(self.count)]

    async def feeds(self, silent: range) -> None:
        self.progress("opening feeds")
        own, admin = self.own, self.ground.admin
        names = [f"{self.main} {number}" for number in silent]
        made = [ix.create_feed(own, self.main, own, EXPONENT, MAX_AGE_S)]
        made += [ix.create_feed(own, name, own, EXPONENT, self.tempo.silent_s) for name in names]
        await self.send([([each], [admin]) for each in made])
        now_ms = await self.now() * 1000
        first = [PriceEvent(name, PRICE, EXPONENT, 1, 1, 1, now_ms) for name in names]
        await self.send([([ix.publish(own, each)], [admin]) for each in first])

    def market(self, number: int, feed: str, closes_s: int, depth: int) -> Request:
        terms = ix.MarketTerms(at.feed(feed), closes_s * 1000, depth, (PRICE,))
        return [ix.create_market(self.own, number, terms)], [self.ground.admin]

    async def rooms(self, silent: range) -> None:
        """Markets that stay open."""
        self.progress("opening markets")
        far = await self.now() + LIFE_S
        made = [self.market(number, self.main, far, DEPTH) for number in self.loans()]
        made += [self.market(number, f"{self.main} {number}", far, 10 * UNIT) for number in silent]
        await self.send(made)

    async def late(self) -> int:
        """Markets that close soon, and positions in some of them; when they close."""
        self.progress("opening markets that close soon")
        close_s = await self.now() + self.tempo.late_s
        made = [self.market(number, self.main, close_s, DEPTH) for number in self.remains()]
        made += [self.market(number, self.main, close_s, 10 * UNIT) for number in self.closing()]
        await self.send(made)
        requests: list[Request] = []
        for key, room in self.places():
            owner, rest = key.pubkey(), self.remains()[room]
            steps = [
                ix.create_position(owner, rest, 0, ix.SPOT),
                ix.buy(owner, rest, 0, ORDER_SHARES, 10**12),
            ]
            requests.append((steps, [key]))
        await self.send(requests)
        return close_s

    async def people(self) -> None:
        self.progress("funding traders")
        ground = self.ground
        self.traders = [Keypair() for _ in range(math.ceil(self.count / ROOMS) + 1)]
        await endow(ground, self.traders, SOL)
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
        feed, loans = at.feed(self.main), self.loans()
        requests: list[Request] = []
        for key, room in self.places():
            owner, loan = key.pubkey(), loans[room]
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
            requests += [(leveraged, [key]), (order, [key])]
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
        feed, index = at.feed(self.main), self.sequence - 1
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
            feed = at.feed(f"{self.main} {number}")
            found.append(Need(kx.PRICE_UPDATE, feed, at.market(number), admin))
        for number in self.closing():
            found.append(Need(kx.RESOLUTION, at.market(number), at.market(number), admin))
        return found


async def prepare(
    ground: Ground,
    count: int,
    tempo: Tempo | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Need]:
    """Make `count` subjects of each kind of task that prove their need now."""
    stage = _Stage(ground, count, tempo or Tempo(), progress)
    fallen_s = await _fallen(stage, stage.silent())
    close_s = await stage.late()
    await stage.settle(close_s)
    await reach(ground.sender, fallen_s)
    return stage.needs()


async def sink(
    ground: Ground, tempo: Tempo | None = None, progress: Callable[[str], None] = lambda _: None
) -> Need:
    """One loan that has to go."""
    stage = _Stage(ground, 1, tempo or Tempo(), progress, "RACE", RACE)
    await reach(ground.sender, await _fallen(stage, range(0)))
    return stage.needs()[0]


async def _fallen(stage: _Stage, silent: range) -> int:
    """Loans and orders in markets whose price has fallen; when the last minute's price is low enough."""
    await stage.feeds(silent)
    await stage.people()
    await stage.rooms(silent)
    await stage.publish(await stage.now() * 1000)
    await stage.trades()
    await stage.fall()
    return await stage.now() + stage.tempo.fall_s
