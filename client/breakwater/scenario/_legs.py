"""What has legs, and what keepers do: batches, chains, liquidations, standing orders, tasks.

Five markets of two outcomes, guarded by circuit breakers that watch every trade and stop none; loans in them;
then somebody makes what secures the loans cheap, and a minute passes.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from breakwater.chain import accounts, queries
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import keeper_instructions as kx
from breakwater.chain import leg_instructions as lx
from breakwater.chain import liquidation_instructions as qx
from breakwater.chain import mmt_instructions as mx
from breakwater.errors import Fatal

from ._life import UNIT, Scenario, Step, key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from solders.pubkey import Pubkey

__all__ = ["Legs"]

MARKETS = (101, 102, 103, 104, 105)
LIQUIDITY = 5_000 * UNIT
SHARES = 100 * UNIT
AGAINST = 8_000 * UNIT
SOLD_LEGS, TAKEN_LEGS = MARKETS[3:], MARKETS[:2]
"""Markets of the chain that is sold while it repays its loans, and of the one that is taken over."""
OWED = 0.991
"""Of its value: so much leaves a loan unhealthy, and its sale repays it."""
LIFE_S = 3_600
REFERENCE_S = 66
"""After so many seconds a price is its own reference."""
WATCHFUL = ix.BreakerLimits(2**63, 1_000_000, 1_000_000, 1, 1)
MOST = 10**15


class Legs:
    """Continues a `Scenario` that is set up; needs a little more than a minute of the chain's time."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._owner = scenario.trader.pubkey()
        self._keeper = key("keeper")
        self._mmt = key("mmt")

    @property
    def parts(self) -> tuple[tuple[str, Callable[[], AsyncIterator[Step]]], ...]:
        """What happens, by name, in its order."""
        return (
            ("markets", self._open),
            ("batches", self._batches),
            ("chains", self._chains),
            ("loans", self._loans),
            ("calls", self._called),
            ("tasks", self._tasks),
        )

    async def run(self) -> AsyncIterator[Step]:
        """Everything, in order."""
        for _, part in self.parts:
            async for step in part():
                yield step

    async def _open(self) -> AsyncIterator[Step]:
        """Markets, the trader's positions in them, a keeper's account."""
        s = self._scenario
        await s.fund(self._keeper.pubkey())
        yield await s.send("exchange.create_trader", ix.create_trader(self._keeper.pubkey()), self._keeper)
        close_ms = (await s.now() + LIFE_S) * 1000
        for market in MARKETS:
            terms = ix.MarketTerms(s.feed, close_ms, LIQUIDITY, (100,), group=5, breaker=WATCHFUL)
            created = ix.create_market(s.admin.pubkey(), market, terms)
            yield await s.send("exchange.create_market", created, s.admin)
            for outcome, kind in ((0, ix.SPOT), (1, ix.SPOT), (1, ix.LEVERAGED)):
                opened = ix.create_position(self._owner, market, outcome, kind)
                yield await s.send("exchange.create_position", opened, s.trader)

    async def _batches(self) -> AsyncIterator[Step]:
        """One to five purchases at once, and as many sales."""
        s = self._scenario
        for side, limit in ((lx.BUY, MOST), (lx.SELL, 0)):
            orders = [lx.SpotOrder(market, 1, side, 7 * UNIT + 1, limit) for market in MARKETS]
            for count in range(1, len(orders) + 1):
                batch = lx.batch(self._owner, orders[:count])
                yield await s.send(f"exchange.batch ({count})", batch, s.trader)

    async def _chains(self) -> AsyncIterator[Step]:
        """A chain of five legs, there and back; one of two that stays."""
        s = self._scenario
        legs = [
            lx.LegOrder(market, s.feed, i % 2, (20 + 3 * i) * UNIT, 250) for i, market in enumerate(MARKETS)
        ]
        for number in (1, 2, 3):
            created = lx.create_chain(self._owner, number)
            yield await s.send("exchange.create_chain", created, s.trader)
        opened = lx.open_chain(self._owner, 1, legs, MOST)
        yield await s.send("exchange.open_chain (5 legs)", opened, s.trader)
        unwound = lx.unwind_chain(self._owner, 1, [(leg.market_id, leg.feed) for leg in legs], 0)
        yield await s.send("exchange.unwind_chain (5 legs)", unwound, s.trader)
        yield await s.send("exchange.close_chain", lx.close_chain(self._owner, 1), s.trader)
        two = [lx.LegOrder(market, s.feed, 1, 50 * UNIT, 300) for market in SOLD_LEGS]
        yield await s.send("exchange.open_chain (2 legs)", lx.open_chain(self._owner, 2, two, MOST), s.trader)
        two = [lx.LegOrder(market, s.feed, 1, 50 * UNIT, 300) for market in TAKEN_LEGS]
        yield await s.send("exchange.open_chain (2 legs)", lx.open_chain(self._owner, 3, two, MOST), s.trader)

    async def _loans(self) -> AsyncIterator[Step]:
        """Loans on one outcome, and purchases of the other that leave them unhealthy after a minute."""
        s = self._scenario
        for market in MARKETS[:3]:
            bought = ix.open_leveraged(self._owner, market, s.feed, 1, SHARES, 300, MOST)
            yield await s.send("exchange.open", bought, s.trader)
        bought = ix.buy(self._owner, MARKETS[3], 1, SHARES, MOST)
        yield await s.send("exchange.buy", bought, s.trader)
        for market in MARKETS:
            pushed = ix.buy(self._owner, market, 0, await self._against(market), MOST)
            yield await s.send("exchange.buy", pushed, s.trader)
        await s.reach(await s.now() + REFERENCE_S)

    async def _against(self, market: int) -> int:
        """Shares of outcome 0 that make outcome 1 as cheap as the market's part in the story wants it."""
        trader = at.trader(self._owner)
        if market in MARKETS[:2]:
            place = at.position(trader, at.market(market), 1, ix.LEVERAGED)
            debt, held = accounts.position(await self._data(place)).debt, SHARES
        elif market in SOLD_LEGS:
            legs = accounts.chain(await self._data(at.chain(trader, 2))).legs
            debt, held = sum(leg.debt for leg in legs), sum(leg.shares for leg in legs)
        else:
            return AGAINST
        price = debt / held / OWED
        shares = accounts.market(await self._data(at.market(market))).shares
        return round(shares[1] - shares[0] - LIQUIDITY * log(price / (1 - price)))

    async def _data(self, address: Pubkey) -> bytes:
        (data,) = await queries.read(self._scenario.engine, [address])
        if data is None:
            raise Fatal(f"There is no account {address}: run the parts in their order.")
        return data

    async def _called(self) -> AsyncIterator[Step]:
        """What is sold, what is taken over, a loss that is stopped, a halt's way to every shard."""
        s, keeper = self._scenario, self._keeper
        by = keeper.pubkey()
        part = qx.liquidate(by, self._owner, MARKETS[0], 1, SHARES * 3 // 10)
        yield await s.send("exchange.liquidate (partial)", part, keeper)
        whole = qx.liquidate(by, self._owner, MARKETS[1], 1, SHARES)
        yield await s.send("exchange.liquidate (full)", whole, keeper)
        taken = qx.take_over(by, self._owner, MARKETS[2], 1)
        yield await s.send("exchange.take_over", taken, keeper)
        legs = [(market, s.feed) for market in SOLD_LEGS]
        sold = qx.liquidate_chain(by, self._owner, 2, legs)
        yield await s.send("exchange.liquidate_chain (2 legs)", sold, keeper)
        legs = [(market, s.feed) for market in TAKEN_LEGS]
        taken = qx.take_over_chain(by, self._owner, 3, legs)
        yield await s.send("exchange.take_over_chain (2 legs)", taken, keeper)
        stop = qx.StopTerms(qx.STOP_LOSS, SHARES, UNIT // 10, 1 << 27)
        position = (MARKETS[3], 1, ix.SPOT)
        for name, instruction, signer in (
            ("place_stop", qx.place_stop(self._owner, *position, stop), s.trader),
            ("cancel_stop", qx.cancel_stop(self._owner, *position, stop.side), s.trader),
            ("place_stop", qx.place_stop(self._owner, *position, stop), s.trader),
            ("execute_stop", qx.execute_stop(by, self._owner, *position, stop.side), keeper),
        ):
            yield await s.send(f"exchange.{name}", instruction, signer)
        yield await s.send("exchange.propagate_halt", ix.propagate_halt(5), keeper)

    async def _tasks(self) -> AsyncIterator[Step]:
        """MMT, a keeper with a bond, and one task from its posting to its end."""
        s, keeper = self._scenario, self._keeper
        by = keeper.pubkey()
        wallet = await self._mint_mmt()
        rules = mx.MmtRules()
        mint, sink = self._mmt.pubkey(), key("mmt sink").pubkey()
        started = mx.initialize_mmt(s.admin.pubkey(), mint, key("mmt source").pubkey(), sink, rules)
        yield await s.send("exchange.initialize_mmt", started, s.admin)
        registered = kx.register_keeper(by, wallet, mint, rules.min_bond, by)
        yield await s.send("exchange.register_keeper", registered, keeper)
        yield await s.send("exchange.heartbeat", kx.heartbeat(by), keeper)
        feed, kind = s.feed, kx.PRICE_UPDATE
        posted = kx.post_task(s.admin.pubkey(), kind, feed, at.market(MARKETS[0]))
        yield await s.send("exchange.post_task", posted, s.admin)
        yield await s.send("exchange.claim_task", kx.claim_task(by, kind, feed), keeper)
        yield await s.publish(100)
        yield await s.send("exchange.complete_task", kx.complete_task(by, kind, feed), keeper)
        yield await s.send("exchange.close_task", kx.close_task(s.admin.pubkey(), kind, feed), s.admin)

    async def _mint_mmt(self) -> Pubkey:
        """A hundred million MMT and no more: ten to give out, ninety in the sink; a keeper's account."""
        s, mint, admin = self._scenario, self._mmt, self._scenario.admin
        bond = mx.MmtRules().min_bond
        holders = {
            key("mmt source"): (admin.pubkey(), 10_000_000 * mx.MMT - bond),
            key("mmt sink"): (at.mmt_sink(), 90_000_000 * mx.MMT),
            key("mmt bond"): (self._keeper.pubkey(), bond),
        }
        await s.create_mint(mint, 9)
        for account, (owner, amount) in holders.items():
            await s.create_tokens(account, mint.pubkey(), owner, amount)
        await s.burn_mint_authority(mint.pubkey())
        return key("mmt bond").pubkey()
