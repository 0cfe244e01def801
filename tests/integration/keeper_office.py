"""A registry with one keeper on duty, and a market with one trader: grounds for tests of keepers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from solders.keypair import Keypair
from solders.pubkey import Pubkey

from breakwater import keepers
from breakwater.chain import accounts, queries
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import liquidation_instructions as lx
from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.keepers import Eyes, Ground, Hands, Keeper, Ledger
from breakwater.keepers._genesis import SOL, UNIT, bonded, found, found_mmt, minted, wallet
from breakwater.keepers._subjects import FeedPrices, Need, prepare
from breakwater.keepers.drill import RULES
from breakwater.model import PriceEvent

__all__ = ["ALL", "COOLDOWN", "FEED", "HALF", "Booth", "Office", "open_booth", "open_office"]

FEED = "TASKS/TEST"
COOLDOWN = 100
ALL = 10**12
HALF = 1 << 27


@dataclass
class Office:
    """An exchange with a registry, and one keeper on duty in it."""

    engine: EmbeddedEngine
    ground: Ground
    mmt: Pubkey
    needs: list[Need]
    keeper: Keeper

    @property
    def eyes(self) -> Eyes:
        return self.keeper.eyes

    async def work(self, slots: int) -> None:
        for _ in range(slots):
            self.engine.advance_slots(1)
            await self.eyes.catch_up()
            await self.keeper.look()
        await self.eyes.catch_up()

    @property
    def bond(self) -> int:
        """What a keeper bonds."""
        return RULES.min_bond

    def need(self, kind: int) -> Need:
        return next(each for each in self.needs if each.kind == kind)

    async def tokens(self, owner: Pubkey) -> int:
        (data,) = await queries.read(self.engine, [wallet(owner, self.mmt)])
        return 0 if data is None else accounts.token_amount(data)


async def open_office(engine: EmbeddedEngine) -> Office:
    sender, admin, key = Sender(engine), Keypair(), Keypair()
    ground = await found(sender, admin, 1_000_000 * UNIT)
    needs = await prepare(ground, 1)
    mmt = await found_mmt(ground, replace(RULES, cooldown_slots=COOLDOWN))
    await engine.airdrop(key.pubkey(), 10 * SOL)
    await sender.send(bonded(ground, mmt, key.pubkey(), RULES.min_bond), [admin])
    await keepers.register(sender, key)
    eyes = Eyes(engine, prices=FeedPrices(admin))
    await eyes.snapshot()
    return Office(engine, ground, mmt, needs, Keeper(eyes, Hands(sender, key, Ledger(), 1)))


@dataclass
class Booth:
    """A trader in one market, and a keeper without a registry."""

    engine: EmbeddedEngine
    sender: Sender
    admin: Keypair
    trader: Keypair
    keeper: Keeper
    closes_s: int

    async def send(self, *steps: Any) -> None:
        await self.sender.send(list(steps), [self.trader])
        self.engine.advance_slots(1)

    def stop(self, side: int) -> Pubkey:
        owner = at.trader(self.trader.pubkey())
        return at.stop(at.position(owner, at.market(1), 0, ix.SPOT), side)

    async def balance(self, owner: Pubkey) -> int:
        """A trader account's balance."""
        (data,) = await queries.read(self.engine, [at.trader(owner)])
        return 0 if data is None else accounts.trader(data).balance

    def lamports(self) -> int:
        account = self.engine.get_account(self.trader.pubkey())
        assert account is not None
        return account.lamports

    async def work(self, slots: int) -> None:
        for _ in range(slots):
            self.engine.advance_slots(1)
            await self.keeper.eyes.catch_up()
            await self.keeper.look()


async def open_booth(engine: EmbeddedEngine) -> Booth:
    sender, admin, trader, key = Sender(engine), Keypair(), Keypair(), Keypair()
    ground, own, owner = await found(sender, admin, 1_000_000 * UNIT), admin.pubkey(), trader.pubkey()
    now = await engine.now()
    feed = ix.create_feed(own, FEED, own, -2, 3_600)
    first = PriceEvent(FEED, 100, -2, 1, 1, 1, now * 1000)
    terms = ix.MarketTerms(at.feed(FEED), (now + 3_600) * 1000, 1_000 * UNIT, (100,))
    await sender.send([feed, ix.publish(own, first), ix.create_market(own, 1, terms)], [admin])
    for each in (trader, key):
        await engine.airdrop(each.pubkey(), 10 * SOL)
        await sender.send([ix.create_trader(each.pubkey())], [each])
    await sender.send(minted(admin, owner, ground.mint, 1_000 * UNIT), [admin])
    source = wallet(owner, ground.mint)
    await sender.send([ix.deposit(owner, source, ground.mint, 1_000 * UNIT)], [trader])
    eyes = Eyes(engine, prune_after_s=0)
    keeper = Keeper(eyes, Hands(sender, key, Ledger(), 1))
    booth = Booth(engine, sender, admin, trader, keeper, now + 3_600)
    await booth.send(
        ix.create_position(owner, 1, 0, ix.SPOT),
        ix.buy(owner, 1, 0, 10 * UNIT, ALL),
        lx.place_stop(owner, 1, 0, ix.SPOT, lx.StopTerms(lx.STOP_LOSS, 10 * UNIT, 1, HALF * 9 // 5)),
    )
    await booth.send(ix.sell(owner, 1, 0, 10 * UNIT, 0), ix.buy(owner, 1, 0, 7 * UNIT, ALL))
    await eyes.snapshot()
    return booth
