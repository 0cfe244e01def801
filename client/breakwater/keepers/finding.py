"""Everything in the world that wants doing, whoever may do it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import keeper_instructions as kx
from breakwater.chain import liquidation_instructions as lx

from .lending import chain_work, liquidation_work
from .pricing import fill_estimate, mark_estimate
from .work import Work

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from breakwater.chain.accounts import Feed, Market, Position
    from breakwater.chain.kinds import Stop
    from breakwater.model import PriceEvent

    from .world import World

__all__ = ["Finder", "Prices"]

OPEN: Final = 0
GROUPS: Final = 64
VOID_GRACE_S: Final = 7 * 24 * 60 * 60
PRUNE_AFTER_S: Final = 30 * 24 * 60 * 60
"""Where no registry says it: settled positions of others are left alone for so long."""

SLACK: Final = 0.01
"""An order this near to its trigger is worth a simulation."""

ONE: Final = 1 << 28


class Prices(Protocol):
    """Where prices for stale feeds come from."""

    publisher: Keypair

    def next(self, feed: Feed, slot: int, now_s: int) -> PriceEvent | None:
        """What to publish to a feed now; None for nothing."""


class Finder:
    """Looks through the world once for every version of it.

    Args:
        world: where.
        prices: a source for stale feeds; without it they are only reported.
        prune_after_s: seconds from a market's close until what is left of it may go; None takes the
            registry's rule, or a month where there is none.
    """

    def __init__(self, world: World, prices: Prices | None = None, prune_after_s: int | None = None) -> None:
        self.world, self.prices, self.prune_after_s = world, prices, prune_after_s
        self.stale: list[str] = []
        self._first: dict[tuple[str, Pubkey], int] = {}
        self._cached: tuple[int, list[Work]] = (-1, [])

    def find(self) -> list[Work]:
        """All there is to do, in no order; asked twice about one version, it looks once."""
        version, works = self._cached
        if version == self.world.version:
            return works
        found: dict[tuple[str, Pubkey], Work] = {}
        for each in self._all():
            other = found.get((each.kind, each.subject))
            # a position with two orders that may be due: one work, two ways
            merged = each if other is None else replace(each, attempts=(*other.attempts, *each.attempts))
            found[each.kind, each.subject] = merged
        slot = self.world.slot
        self._first = {key: self._first.get(key, slot) for key in found}
        works = [replace(each, since_slot=self._first[key]) for key, each in found.items()]
        self._cached = (self.world.version, works)
        return works

    @property
    def waiting(self) -> list[Work]:
        """What was found the last time."""
        return self._cached[1]

    def _all(self) -> Iterator[Work]:
        yield from self._loans()
        yield from self._orders()
        yield from self._feeds()
        yield from self._closed()
        yield from self._remains()
        yield from self._halts()

    def _open(self, market: Market) -> bool:
        return market.status == OPEN and self.world.now_s * 1000 < market.close_ms

    def _loans(self) -> Iterator[Work]:
        world = self.world
        for address, position in world.positions.items():
            market = world.markets.get(Pubkey.from_bytes(position.market))
            if position.debt and market is not None and self._open(market):
                work = liquidation_work(world, address, position, market)
                if work is not None:
                    yield work
        for address, chain in world.chains.items():
            work = chain_work(world, address, chain)
            if work is not None:
                yield work

    def _orders(self) -> Iterator[Work]:
        world = self.world
        for order in world.stops.values():
            address = Pubkey.from_bytes(order.position)
            position = world.positions.get(address)
            market = None if position is None else world.markets.get(Pubkey.from_bytes(position.market))
            if position is None or market is None or not position.shares or not self._open(market):
                continue
            if order.generation != position.generation:
                continue  # dead: the shares for which it was given are gone
            owner = world.owner(position.trader)
            if owner is not None and self._due(order, position, market):
                yield _stop_work(address, owner, order, position, market)

    def _due(self, order: Stop, position: Position, market: Market) -> bool:
        """Perhaps: the sale's own price decides."""
        now, outcome = self.world.now_s, position.outcome
        sold = min(order.shares, position.shares)
        fill = fill_estimate(market, outcome, sold, now)
        trigger = order.trigger_q28 / ONE
        if order.side == lx.STOP_LOSS:
            return max(fill, mark_estimate(market, outcome, now)) <= trigger + SLACK
        return fill >= trigger - SLACK

    def _feeds(self) -> Iterator[Work]:
        """Feeds that an open market needs and that have nothing fresh to say."""
        world = self.world
        used = {
            Pubkey.from_bytes(each.feed): address
            for address, each in world.markets.items()
            if each.status == OPEN
        }
        self.stale = []
        publisher = None if self.prices is None else bytes(self.prices.publisher.pubkey())
        for address, market in used.items():
            feed = world.feeds.get(address)
            if feed is None:
                continue
            age_s = world.now_s - feed.timestamp_ms // 1000
            if feed.count and age_s <= feed.max_age_s:
                continue
            self.stale.append(feed.name)
            if self.prices is not None and publisher == feed.publisher:
                yield Work(
                    "price",
                    address,
                    max(0, age_s),
                    (_Publication(self.world, address, self.prices),),
                    related=market,
                    task_kind=kx.PRICE_UPDATE,
                    signers=(self.prices.publisher,),
                )

    def _closed(self) -> Iterator[Work]:
        world = self.world
        for address, market in world.markets.items():
            if market.status != OPEN or world.now_s * 1000 < market.close_ms:
                continue
            feed = Pubkey.from_bytes(market.feed)
            if world.now_s * 1000 >= market.close_ms + VOID_GRACE_S * 1000:
                made = ix.void(market.id)
            else:
                index = _settling(world.feeds.get(feed), market.close_ms)
                if index is None:
                    continue
                made = ix.resolve(market.id, feed, index)
            yield Work(
                "resolution",
                address,
                market.escrow,
                (lambda _, made=made: [made],),  # type: ignore[misc]
                related=address,
                task_kind=kx.RESOLUTION,
            )

    def _prunable(self, market: Market) -> bool:
        registry = self.world.registry
        age = self.prune_after_s
        if age is None:
            age = PRUNE_AFTER_S if registry is None else registry.prune_age_s
        return market.status != OPEN and self.world.now_s * 1000 >= market.close_ms + age * 1000

    def _remains(self) -> Iterator[Work]:
        """Positions of settled markets, then the markets themselves."""
        world = self.world
        old: Mapping[Pubkey, Market] = {
            address: each for address, each in world.markets.items() if self._prunable(each)
        }
        orders = defaultdict(list)
        for order in world.stops.values() if old else ():
            orders[order.position].append(order.side)
        for address, position in world.positions.items():
            market = old.get(Pubkey.from_bytes(position.market))
            owner = world.owner(position.trader)
            if market is not None and owner is not None:
                yield _remains_work(address, owner, position, market, orders[bytes(address)])
        for address, market in old.items():
            if market.positions == 0:
                payer = Pubkey.from_bytes(market.rent_payer)
                made = ix.close_market(market.id, payer)
                yield Work(
                    "pruning",
                    address,
                    0,
                    (lambda _, made=made: [made],),  # type: ignore[misc]
                    related=address,
                    task_kind=kx.PRUNING,
                )

    def _halts(self) -> Iterator[Work]:
        """Groups whose halt not every shard knows."""
        shards = self.world.shards
        if len(shards) < at.SHARDS:
            return
        for group in range(1, GROUPS):
            ends = {each.halts[group] for each in shards.values()}
            if len(ends) > 1 and max(ends) > self.world.slot:
                made = ix.propagate_halt(group)
                # there is no account of a group: its number stands for it
                subject = Pubkey(bytes([group]) * 32)
                yield Work("halt", subject, 0, (lambda _, made=made: [made],))  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class _Publication:
    """Asks for the price when it is needed, not when the need is noticed."""

    world: World
    address: Pubkey
    prices: Prices

    def __call__(self, _: Pubkey) -> list[Instruction]:
        feed = self.world.feeds.get(self.address)
        event = None if feed is None else self.prices.next(feed, self.world.slot, self.world.now_s)
        return [] if event is None else [ix.publish(self.prices.publisher.pubkey(), event)]


def _settling(feed: Feed | None, close_ms: int) -> int | None:
    """The publication that settles a market: the first at or after its close, with the one before it kept."""
    if feed is None:
        return None
    oldest = feed.count - len(feed.history)
    for i in range(1, len(feed.history)):
        if feed.history[i - 1][0] < close_ms <= feed.history[i][0]:
            return oldest + i
    return None


def _stop_work(address: Pubkey, owner: Pubkey, order: Stop, position: Position, market: Market) -> Work:
    market_id, outcome, kind, side = market.id, position.outcome, position.kind, order.side
    return Work(
        "stop",
        address,
        min(order.shares, position.shares),
        (lambda keeper: [lx.execute_stop(keeper, owner, market_id, outcome, kind, side)],),
        related=at.trader(owner),
        task_kind=kx.STOP_LOSS,
    )


def _remains_work(
    address: Pubkey, owner: Pubkey, position: Position, market: Market, orders: Sequence[int]
) -> Work:
    """Redeem, clear the orders that are dead by then, whose rent is their owner's, and close."""
    outcome, kind = position.outcome, position.kind
    steps = [ix.redeem(owner, market.id, outcome, kind)] if position.shares else []
    steps += [lx.cancel_stop(owner, market.id, outcome, kind, side, signed=False) for side in orders]
    steps.append(ix.close_position(owner, market.id, outcome, kind, signed=False))
    return Work(
        "pruning",
        address,
        position.shares,
        (lambda _: steps,),
        related=Pubkey.from_bytes(position.market),
        task_kind=kx.PRUNING,
    )
