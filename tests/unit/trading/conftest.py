"""A sandbox's exchange on the embedded engine, with more money than a sandbox has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from breakwater import trading
from breakwater.chain import instructions as ix
from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.localnet.stage import Stage, Walk, set_up

START = 1_800_000_000
MONEY = 10**9 * trading.UNIT
UNGUARDED = trading.Guards(breaker=False)
"""Without a circuit breaker: these trades are larger than any breaker would let pass."""


@dataclass(frozen=True, slots=True)
class World:
    """An exchange with liquidity, a published price and a trader with a balance."""

    engine: EmbeddedEngine
    sender: Sender
    stage: Stage
    walk: Walk

    @property
    def trader(self) -> Keypair:
        return self.stage.keys["trader"]

    @property
    def owner(self) -> Pubkey:
        return self.trader.pubkey()

    async def market(
        self,
        strikes: tuple[str, ...] = ("100000",),
        liquidity: int = 1_000 * trading.UNIT,
        curve: int = ix.LMSR,
        closes: str = "1h",
        guards: trading.Guards = UNGUARDED,
    ) -> trading.MarketView:
        made, _ = await trading.create_market(
            self.sender,
            self.stage.keys["operator"],
            feed="BTC/USD",
            strikes=strikes,
            closes=closes,
            liquidity=liquidity,
            curve=curve,
            market_id=None,
            guards=guards,
        )
        return made

    async def publish(self) -> None:
        publisher = self.stage.keys["publisher"]
        event = self.walk.step(await self.engine.slot(), await self.engine.now() * 1000)
        await self.sender.send([ix.publish(publisher.pubkey(), event), ix.fold()], [publisher])

    async def trade(self, *request: object, **more: object) -> trading.Ticket:
        ticket = await trading.prepare(self.engine, self.owner, trading.Request(*request, **more))  # type: ignore[arg-type]
        await trading.place(self.sender, self.trader, ticket)
        self.engine.advance_slots(1)
        return ticket


async def make_world() -> World:
    engine = EmbeddedEngine(programs.embedded_programs(), start_time=START)
    sender = Sender(engine, priority_fee=0)
    seeds = {"trader": b"t", "operator": b"o", "publisher": b"p"}
    keys = {role: Keypair.from_seed(seed * 32) for role, seed in seeds.items()}
    stage = await set_up(sender, keys, liquidity=MONEY, purse=MONEY)
    world = World(engine, sender, stage, Walk(seed=1))
    await trading.deposit(sender, keys["trader"], MONEY // 2)
    await world.publish()
    return world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = await make_world()
    yield made
    await made.engine.close()
