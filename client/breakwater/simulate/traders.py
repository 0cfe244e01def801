"""Traders: each does something at random every few seconds, directly or through the API's relay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from breakwater.chain import accounts
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import leg_instructions as lx

from .ground import UNIT

if TYPE_CHECKING:
    from solders.instruction import Instruction

    from .desk import Desk
    from .ground import Person
    from .world import Listing, World

__all__ = ["provide", "trade"]

MOST: Final = 10**15
PAUSE_S: Final = 2.5
PROVIDER_PAUSE_S: Final = 15.0


async def trade(world: World, person: Person, desk: Desk | None) -> None:
    """A trader's life."""
    await _Trader(world, person, desk).run()


class _Trader:
    def __init__(self, world: World, person: Person, desk: Desk | None) -> None:
        self._world, self._person, self._desk = world, person, desk
        self._chance = world.chance(person.name)
        self._sender = world.sender(person.name)
        self._chains = 0
        self._legs: dict[int, list[tuple[int, object]]] = {}

    async def run(self) -> None:
        world = self._world
        while await world.pause(self._chance.expovariate(1 / PAUSE_S)):
            steps = await self._decide()
            if not steps:
                continue
            if self._desk is not None and self._chance.random() < 0.5:
                await self._desk.post(self._person, steps, self._sender)
            else:
                await world.claims.send(self._sender, self._person.name, steps, [self._person.key])

    async def _decide(self) -> list[Instruction] | None:
        chance, own = self._chance, self._person.address
        listings = self._world.open_listings()
        roll = chance.random()
        if roll < 0.06:
            amount = chance.randint(1, 20_000 * UNIT)
            made = ix.deposit if chance.random() < 0.5 else ix.withdraw
            return [made(own, self._person.tokens, self._world.ground.mint, amount)]
        if roll < 0.10:
            return [ix.fold()]
        if not listings:
            return await self._redeem()
        market = chance.choice(listings)
        if roll < 0.55:
            return await self._buy(market)
        if roll < 0.80:
            return await self._sell(market)
        if roll < 0.86:
            return await self._redeem()
        if roll < 0.94 and len(listings) > 1:
            return self._chain(listings)
        return self._unwind()

    async def _position(self, market: int, outcome: int, kind: int) -> accounts.Position | str | None:
        """The position, "none", or None where nobody says."""
        address = at.position(at.trader(self._person.address), at.market(market), outcome, kind)
        found = await self._world.read(self._sender, "position", address)
        if found is None:
            return None
        return "none" if found[0] is None else accounts.position(found[0])

    async def _buy(self, market: Listing) -> list[Instruction] | None:
        chance, own = self._chance, self._person.address
        outcome, kind = (
            chance.randrange(market.outcomes),
            chance.choice((ix.SPOT, ix.LEVERAGED, ix.LEVERAGED)),
        )
        there = await self._position(market.id, outcome, kind)
        if there is None:
            return None
        steps = [ix.create_position(own, market.id, outcome, kind)] if there == "none" else []
        shares = max(
            1, int(market.terms.liquidity * chance.choice((0.001, 0.02, 0.2, 0.6)) * chance.random())
        )
        if kind == ix.SPOT:
            return [*steps, ix.buy(own, market.id, outcome, shares, MOST)]
        leverage = chance.choice((100, 150, 300, 1_000, 2_500))
        return [
            *steps,
            ix.open_leveraged(own, market.id, self._world.ground.feed, outcome, shares, leverage, MOST),
        ]

    async def _sell(self, market: Listing) -> list[Instruction] | None:
        chance, own = self._chance, self._person.address
        outcome, kind = chance.randrange(market.outcomes), chance.choice((ix.SPOT, ix.LEVERAGED))
        there = await self._position(market.id, outcome, kind)
        if not isinstance(there, accounts.Position) or not there.shares:
            return None
        shares = there.shares if chance.random() < 0.4 else chance.randint(1, there.shares)
        made = ix.sell if kind == ix.SPOT else ix.close
        return [made(own, market.id, outcome, shares, 0)]

    async def _redeem(self) -> list[Instruction] | None:
        chance, own = self._chance, self._person.address
        if not self._world.listings:
            return None
        market = chance.choice(self._world.listings)
        outcome, kind = chance.randrange(market.outcomes), chance.choice((ix.SPOT, ix.LEVERAGED))
        there = await self._position(market.id, outcome, kind)
        if not isinstance(there, accounts.Position):
            return None
        return [ix.redeem(own, market.id, outcome, kind)]

    def _chain(self, listings: list[Listing]) -> list[Instruction]:
        chance, own, feed = self._chance, self._person.address, self._world.ground.feed
        self._chains += 1
        chosen = chance.sample(listings, min(len(listings), chance.randint(2, 3)))
        legs = [
            lx.LegOrder(
                each.id,
                feed,
                chance.randrange(each.outcomes),
                max(1, int(each.terms.liquidity * 0.1 * chance.random())),
                chance.choice((100, 200, 400)),
            )
            for each in chosen
        ]
        self._legs[self._chains] = [(each.id, feed) for each in chosen]
        return [lx.create_chain(own, self._chains), lx.open_chain(own, self._chains, legs, MOST)]

    def _unwind(self) -> list[Instruction] | None:
        if not self._legs:
            return None
        number = self._chance.choice(list(self._legs))
        return [lx.unwind_chain(self._person.address, number, self._legs[number], 0)]  # type: ignore[arg-type]


async def provide(world: World, person: Person) -> None:
    """A liquidity provider's life: takes out what loans leave, or a little more; brings some of it back."""
    chance, sender = world.chance(person.name), world.sender(person.name)
    ledgers = [at.trader(person.address), at.vault(), *(at.shard(i) for i in range(at.SHARDS))]
    while await world.pause(chance.expovariate(1 / PROVIDER_PAUSE_S)):
        found = await world.read(sender, "ledgers", *ledgers)
        if found is None:
            continue
        own, vault, *rest = [each or b"" for each in found]
        book, shards = accounts.trader(own), [accounts.shard(each) for each in rest]
        if chance.random() < 0.3 and book.balance:
            step = ix.provide_liquidity(person.address, chance.randint(1, book.balance))
        elif book.lp_shares:
            cash = accounts.vault(vault).cash + sum(each.cash for each in shards)
            at_risk = sum(each.debt_at_risk for each in shards)
            worth = cash + sum(each.debt - each.debt_at_risk + each.claim_floor for each in shards)
            wanted = cash - chance.uniform(0.2, 1.5) * at_risk / 2
            part = min(1.0, max(wanted, 1) / max(worth, 1))
            step = ix.take_liquidity(person.address, max(1, int(book.lp_shares * part)))
        else:
            continue
        await world.claims.send(sender, person.name, [step], [person.key])
