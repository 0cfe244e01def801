"""Where the machine's rules stand: the world, and how small drawn numbers become accounts and amounts.

Every draw is a small integer, so that a failing sequence shrinks to few and plain steps: 0 is always the
first account and nothing at all.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine
from solders.pubkey import Pubkey

from breakwater.chain import addresses as at

from . import calls
from .desk import is_stale
from .stage import FEEDS, OWNERS, PUBLISHERS, price_event, set_up
from .state import Chain, Market, Position, Trader

if TYPE_CHECKING:
    from .state import Feed
    from .world import Call, Key, Outcome, World

__all__ = ["ANY", "LIMIT", "PART", "SIZE", "U64", "WHO", "Floor", "owner_of", "part_of", "size_of", "stage"]

U64: Final = 2**64 - 1
WHO = st.integers(0, len(OWNERS) - 1)
ANY = st.integers(0, 255)
"""Which one of several, counted round."""
SIZE = st.integers(0, 1023)
"""An amount: 0 is nothing, then ever more up to 50,000 units, and two that are too large."""
PART = st.integers(0, 15)
"""How much of a holding: nothing, parts, all, or one too many."""
LIMIT = st.integers(0, 9)
"""Nine times in ten no limit at all; 0 is one that hardly any price meets."""
LARGEST_EXPONENT = 35.5

_OWNER_OF = {bytes(at.trader(owner.pubkey())): owner for owner in OWNERS}


def owner_of(trader: bytes) -> Key:
    """Who owns a trader account."""
    return _OWNER_OF[trader]


def size_of(size: int) -> int:
    """See `SIZE`."""
    if size >= 1022:
        return U64 if size == 1022 else 1 << 63
    return int(2 ** (size * LARGEST_EXPONENT / 1021)) if size else 0


@lru_cache
def stage() -> tuple[World, Any]:
    """The world, set up once, and its state to return to."""
    world = set_up()
    return world, world.save()


class Floor(RuleBasedStateMachine):
    """Starts every run from the stage."""

    def __init__(self) -> None:
        super().__init__()
        self.world, saved = stage()
        self.world.restore(saved)
        self.next_market = 100
        self.next_chain = 100

    def teardown(self) -> None:
        """Nothing but what the model knows exists."""
        if not self.world.broken:  # else the reason has been given
            self.world.check_everything()

    def run(self, *calls: Call) -> Outcome:
        """Send calls as one transaction."""
        return self.world.run(*calls)

    def publisher(self, name: str) -> Key:
        """Who may publish now."""
        publisher = self.record(at.feed(name)).publisher
        return next(each for each in PUBLISHERS if bytes(each.pubkey()) == publisher)

    def refresh(self) -> None:
        """Publish the last price again where it has become too old to lend on."""
        for name in FEEDS:
            feed: Feed = self.record(at.feed(name))
            if is_stale(feed, self.world.now.s):
                event = price_event(self.world, name, feed.price)
                self.run(calls.publish(self.publisher(name), event))

    def record(self, key: Pubkey) -> Any:
        """What the model has at an address."""
        return self.world.books.get(key)

    def of(self, kind: type) -> list[Any]:
        """All records of a kind, in the order of their creation."""
        return [record for record in self.world.books.values() if type(record) is kind]

    def trader(self, owner: Key) -> Trader | None:
        """An owner's book."""
        record: Trader | None = self.record(at.trader(owner.pubkey()))
        return record

    def trades(self, key: Pubkey) -> bool:
        """Whether a market has not closed."""
        market: Market | None = self.record(key)
        return market is not None and market.status == 0 and self.world.now.ms < market.close_ms

    def market(self, which: int, *, trading: bool = True) -> Market:
        """A market, of those that trade if there are any."""
        markets: list[Market] = self.of(Market)
        live = [each for each in markets if self.trades(at.market(each.id))]
        wanted = live if trading and live else markets
        return wanted[which % len(wanted)]

    def position(self, which: int, kind: int, *, held: bool) -> tuple[Key, int, int, Position] | None:
        """Somebody's position: owner, market, outcome; mostly where one can trade, `held` if there is one."""
        every: list[Position] = [each for each in self.of(Position) if each.kind == kind]
        if which % 8:
            every = [each for each in every if self.trades(Pubkey(each.market))] or every
        full = [each for each in every if each.shares]
        wanted = full if held and full else every
        if not wanted:
            return None
        chosen = wanted[which % len(wanted)]
        market = self.record(Pubkey(chosen.market)).id
        return owner_of(chosen.trader), market, chosen.outcome, chosen

    def chain(self, which: int, *, held: bool) -> tuple[Key, Chain] | None:
        """Somebody's chain, one that is open if `held` and there is one."""
        every: list[Chain] = self.of(Chain)
        full = [each for each in every if each.held]
        wanted = full if held and full else every
        if not wanted:
            return None
        chosen = wanted[which % len(wanted)]
        return owner_of(chosen.trader), chosen

    def market_by_id(self, market_id: int) -> Market:
        """A market that exists."""
        record: Market = self.record(at.market(market_id))
        return record

    def record_of(self, position: Position) -> Any:
        """A position as it is now."""
        key = at.position(Pubkey(position.trader), Pubkey(position.market), position.outcome, position.kind)
        return self.record(key)

    def balance(self, owner: Key) -> int:
        """What an owner may spend."""
        trader = self.trader(owner)
        return trader.balance if trader else 0


def part_of(held: int, part: int) -> int:
    """See `PART`."""
    if part >= 14:
        return held + part - 14
    return held * part // 13
