"""Keepers in this process: random prices under which exactly the unhealthy loans are called, and all else."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from breakwater.chain import accounts, kinds, programs, queries
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import keeper_instructions as kx
from breakwater.chain import leg_instructions as legs
from breakwater.chain import liquidation_instructions as lx
from breakwater.chain.engine import EmbeddedEngine, Receipt, open_engine
from breakwater.chain.sender import Sender
from breakwater.cli._keeper_prices import quotes
from breakwater.errors import InvalidInput, ProgramError
from breakwater.keepers import Eyes, Hands, Keeper, Ledger, register
from breakwater.keepers._genesis import SOL, UNIT, bonded, found, found_mmt, minted, wallet
from breakwater.keepers._subjects import FeedPrices, prepare
from breakwater.keepers.drill import RULES
from breakwater.model import PriceEvent

FEED = "KEEPERS/TEST"
MARKETS = range(1, 5)
CURVES = (ix.LMSR, ix.PM_AMM, ix.PM_AMM_DECAYING, ix.LMSR)
DEPTH = 20_000 * UNIT
TRADERS = 24
ALL = 10**12


@pytest.fixture
async def engine() -> AsyncIterator[EmbeddedEngine]:
    async with open_engine("embedded", programs=programs.embedded_programs()) as opened:
        assert isinstance(opened, EmbeddedEngine)
        yield opened


class Town:
    """Traders with loans of random sizes and leverage in four markets."""

    def __init__(self, engine: EmbeddedEngine, seed: int) -> None:
        self.engine, self.sender, self.chance = engine, Sender(engine), random.Random(seed)
        self.admin = Keypair()
        self.traders = [Keypair() for _ in range(TRADERS)]
        self.whale = Keypair()
        self.called: list[dict[str, Any]] = []
        engine.on_landed.append(self._landed)

    def _landed(self, landed: Any) -> None:
        if landed.receipt.err is None:
            events = programs.event_decoder().decode(landed.receipt.logs)
            self.called += [each.fields for each in events if each.name in ("Liquidated", "TakenOver")]

    async def send(self, steps: list[Any], key: Keypair) -> None:
        assert isinstance(await self.sender.send(steps, [key]), Receipt)

    async def build(self) -> None:
        ground = await found(self.sender, self.admin, 2_000_000 * UNIT)
        own = self.admin.pubkey()
        await self.send([ix.create_feed(own, FEED, own, -2, 3_600)], self.admin)
        now = await self.engine.now()
        await self.send([ix.publish(own, PriceEvent(FEED, 100, -2, 1, 1, 1, now * 1000))], self.admin)
        for number, curve in zip(MARKETS, CURVES, strict=True):
            terms = ix.MarketTerms(at.feed(FEED), (now + 86_400) * 1000, DEPTH, (100,), curve)
            await self.send([ix.create_market(own, number, terms)], self.admin)
        for key in [*self.traders, self.whale]:
            purse = 500_000 * UNIT if key is self.whale else 5_000 * UNIT
            await self.engine.airdrop(key.pubkey(), 10 * SOL)
            await self.send(minted(self.admin, key.pubkey(), ground.mint, purse), self.admin)
            source = wallet(key.pubkey(), ground.mint)
            deposit = ix.deposit(key.pubkey(), source, ground.mint, purse)
            await self.send([ix.create_trader(key.pubkey()), deposit], key)
        for number in MARKETS:
            for outcome in (0, 1):
                own = self.whale.pubkey()
                await self.send([ix.create_position(own, number, outcome, ix.SPOT)], self.whale)
                await self.send([ix.buy(own, number, outcome, 10_000 * UNIT, ALL)], self.whale)

    async def borrow(self) -> int:
        """Every trader buys both outcomes of every market with a loan; how many could."""
        opened = 0
        for key in self.traders:
            for number in MARKETS:
                for outcome in (0, 1):
                    owner, shares = key.pubkey(), self.chance.randint(1, 60) * UNIT
                    leverage = self.chance.choice((150, 200, 300, 500, 1_000, 2_000))
                    steps = [
                        ix.create_position(owner, number, outcome, ix.LEVERAGED),
                        ix.open_leveraged(owner, number, at.feed(FEED), outcome, shares, leverage, ALL),
                    ]
                    try:
                        await self.send(steps, key)
                    except ProgramError as error:
                        if error.name not in ("LeverageAboveCap", "CoverageTooLow", "MarketDebtTooLarge"):
                            raise
                        continue
                    opened += 1
        return opened

    async def move(self) -> None:
        """Somebody trades a lot, somewhere."""
        own, number = self.whale.pubkey(), self.chance.choice(MARKETS)
        outcome, shares = self.chance.randint(0, 1), self.chance.randint(500, 9_000) * UNIT
        trade = ix.sell if self.chance.random() < 0.4 else ix.buy
        limit = 0 if trade is ix.sell else ALL
        try:
            await self.send([trade(own, number, outcome, shares, limit)], self.whale)
        except ProgramError as error:
            if error.name != "InsufficientShares":
                raise

    async def loans(self) -> dict[Pubkey, accounts.Position]:
        raw = await queries.owned(self.engine, at.EXCHANGE, kinds.filter_of("Position"))
        every = {address: accounts.position(data) for address, data in raw}
        return {address: each for address, each in every.items() if each.debt}

    async def callable_now(self) -> set[Pubkey]:
        """Loans that the program would call, by asking it with every size that may be legal."""
        owners = {bytes(at.trader(key.pubkey())): key.pubkey() for key in self.traders}
        numbers = {bytes(at.market(number)): number for number in MARKETS}
        answer = set()
        for address, each in (await self.loans()).items():
            part = -(-each.shares * 300_000 // 1_000_000)
            place = (self.whale.pubkey(), owners[each.trader], numbers[each.market], each.outcome)
            sales = [lx.liquidate(*place, shares) for shares in (each.shares, part)]
            for call in (*sales, lx.take_over(*place)):
                try:
                    await queries.simulate(self.engine, [call], self.whale.pubkey())
                except ProgramError as error:
                    if error.name not in ("Healthy", "LiquidationTooLarge", "BelowLoan", "AboveLoan"):
                        raise
                else:
                    answer.add(address)
        return answer


@pytest.mark.parametrize("seed", range(2))
async def test_every_liquidatable_loan_is_called_and_no_healthy_one_ever(
    engine: EmbeddedEngine, seed: int
) -> None:
    town = Town(engine, seed)
    await town.build()
    assert await town.borrow() > 120
    # coverage is published by a fold alone, and nobody folds from here on
    shards = {n: await _shard(engine, n) for n in MARKETS}
    needed = {bytes(at.market(n)): _maintenance(shards[n].coverage_q32) for n in MARKETS}
    key = Keypair()
    await engine.airdrop(key.pubkey(), 10 * SOL)
    await town.send([ix.create_trader(key.pubkey())], key)
    eyes = Eyes(engine)
    await eyes.snapshot()
    keeper = Keeper(eyes, Hands(town.sender, key, Ledger(), seed))
    seen = 0
    for _ in range(6):
        await town.move()
        for _ in range(60):  # a reference takes 160 slots to get there, and a pause is at most 12
            engine.advance_slots(4)
            await eyes.catch_up()
            await keeper.look()
        left = await town.callable_now()
        assert left == set()
        for each in town.called[seen:]:
            assert _was_unhealthy(each, needed[bytes(each["market"])]), each
        seen = len(town.called)
    assert seen > 20, "prices moved too little to show anything"
    assert await town.loans(), "prices moved so much that no loan was left to spare"
    assert not set(keeper.hands.errors) - {
        "AboveLoan",
        "BelowLoan",
        "Healthy",
        "LiquidationTooLarge",
        "LiquidationTooSmall",
        "LiquidationCapReached",
    }


async def _shard(engine: EmbeddedEngine, market: int) -> accounts.Shard:
    (data,) = await queries.read(engine, [at.shard(at.shard_index(market))])
    assert data is not None
    return accounts.shard(data)


def _maintenance(coverage_q32: int) -> Fraction:
    """docs/economics.md: 3 / (4 cap) of two outcomes, rounded up to a millionth, at most 7.5 %."""
    root_half = Fraction(707_106_781, 10**9)
    cap = min(Fraction(50), max(Fraction(1), 100 * Fraction(coverage_q32, 1 << 32) * root_half))
    return Fraction(-(-Fraction(3 * 10**6, 4) // max(cap, Fraction(10))), 10**6)


def _was_unhealthy(event: dict[str, Any], maintenance: Fraction) -> bool:
    """What the loan was when it was called, at the mark that called it."""
    taken = "sold" in event
    held = event["shares"] + (event["sold"] if taken else event["left"])
    debt = event["debt"] + (0 if taken else event["repaid"])
    value: int = held * event["mark_q28"] >> 28
    return Fraction(debt) > Fraction(value) * (1 - maintenance)


async def test_a_keeper_that_starts_again_needs_nothing_but_the_chain(engine: EmbeddedEngine) -> None:
    town = Town(engine, 7)
    await town.build()
    await town.borrow()
    own = town.whale.pubkey()
    await town.send([ix.buy(own, 1, 1, 9_000 * UNIT, ALL)], town.whale)
    engine.advance_slots(170)
    due = await town.callable_now()
    assert len(due) > 4
    key = Keypair()
    await engine.airdrop(key.pubkey(), 10 * SOL)
    await town.send([ix.create_trader(key.pubkey())], key)
    for _ in range(40):  # a life of one look each, forgotten afterwards
        eyes = Eyes(engine)
        await eyes.snapshot()
        await Keeper(eyes, Hands(town.sender, key, Ledger(), 1)).look()
        eyes.close()
        engine.advance_slots(2)
        await asyncio.sleep(0)
    assert await town.callable_now() == set()
    called = {bytes(each["source"]) for each in town.called}
    assert {bytes(each) for each in due} <= called


async def test_registered_keepers_post_claim_and_tidy_by_themselves(engine: EmbeddedEngine) -> None:
    sender, admin = Sender(engine), Keypair()
    ground = await found(sender, admin, 1_000_000 * UNIT)
    needs = await prepare(ground, 4)
    mmt = await found_mmt(ground, RULES)
    eyes = Eyes(engine, prices=FeedPrices(admin))
    crew = []
    for number in range(4):
        key = Keypair()
        await engine.airdrop(key.pubkey(), 10 * SOL)
        await sender.send(bonded(ground, mmt, key.pubkey(), RULES.min_bond), [admin])
        await register(sender, key)
        crew.append(Keeper(eyes, Hands(sender, key, Ledger(), number)))
    await eyes.snapshot()
    for _ in range(120):
        engine.advance_slots(1)
        await eyes.catch_up()
        for each in crew:
            await each.look()
    by_kind = {kind: [n.subject for n in needs if n.kind == kind] for kind in range(len(kx.KINDS))}
    # remains and resolved markets are gone, feeds are fresh, loans are smaller, orders executed
    for subject in (*by_kind[kx.PRUNING], *by_kind[kx.RESOLUTION]):
        assert engine.get_account(subject) is None
    assert eyes.finder.stale == []
    for subject in by_kind[kx.STOP_LOSS]:
        account = engine.get_account(subject)
        assert account is not None
        assert accounts.position(account.data).shares == 0
    records = [eyes.world.keepers[each.account] for each in crew]
    assert sum(each.completed for each in records) >= 12
    assert sum(each.rewards for each in records) > 0
    assert sum(each.missed + each.failed for each in records) == 0
    # what is done is closed by who posted it, and its rent is back
    assert not [each for each in eyes.world.tasks.values() if each.state == kx.DONE]
    assert all(each.status == 0 and each.listed for each in records)
    eyes.close()


@pytest.mark.parametrize("waits", [False, True], ids=["all legs trade", "a leg waits for its settlement"])
async def test_a_chain_is_left_alone_while_it_is_sound_and_liquidated_when_it_is_not(
    engine: EmbeddedEngine, waits: bool
) -> None:
    town = Town(engine, 3)
    await town.build()
    key, keeper_key = town.traders[0], Keypair()
    venues = [2, 60 if waits else 1]
    if waits:
        soon = ix.MarketTerms(at.feed(FEED), (await engine.now() + 30) * 1000, DEPTH, (100,))
        await town.send([ix.create_market(town.admin.pubkey(), 60, soon)], town.admin)
    order = [legs.LegOrder(number, at.feed(FEED), 0, 40 * UNIT, 300) for number in venues]
    owner, address = key.pubkey(), at.chain(at.trader(key.pubkey()), 5)
    await town.send([legs.create_chain(owner, 5), legs.open_chain(owner, 5, order, ALL)], key)
    await engine.airdrop(keeper_key.pubkey(), 10 * SOL)
    await town.send([ix.create_trader(keeper_key.pubkey())], keeper_key)
    eyes = Eyes(engine)
    keeper = Keeper(eyes, Hands(town.sender, keeper_key, Ledger(), 1))
    await eyes.snapshot()

    async def work(slots: int) -> list[int]:
        for _ in range(slots):
            engine.advance_slots(1)
            await eyes.catch_up()
            await keeper.look()
        account = engine.get_account(address)
        assert account is not None
        return [leg.shares for leg in accounts.chain(account.data).legs]

    assert await work(20) == [40 * UNIT, 40 * UNIT]
    if waits:
        engine.advance_time(60)
    for number in venues[: 1 if waits else 2]:
        await town.send([ix.buy(town.whale.pubkey(), number, 1, 12_000 * UNIT, ALL)], town.whale)
    sold, other = await work(250)
    assert sold < 40 * UNIT
    assert (other == 40 * UNIT) == waits
    assert keeper.hands.outcomes["chain", "done"] >= 1
    (reward,) = await queries.read(engine, [at.trader(keeper_key.pubkey())])
    assert reward is not None
    assert accounts.trader(reward).balance > 0
    eyes.close()


async def test_halts_reach_every_shard_and_closed_markets_are_settled_without_a_registry(
    engine: EmbeddedEngine,
) -> None:
    town = Town(engine, 4)
    await town.build()
    own, now = town.admin.pubkey(), await engine.now()
    breaker = ix.BreakerLimits(10**15, 100_000, 500_000, 150, 1_000)
    terms = ix.MarketTerms(at.feed(FEED), (now + 600) * 1000, DEPTH, (100,), group=9, breaker=breaker)
    await town.send([ix.create_market(own, 50, terms)], town.admin)
    whale = town.whale.pubkey()
    await town.send([ix.create_position(whale, 50, 1, ix.SPOT)], town.whale)
    await town.send([ix.buy(whale, 50, 1, 30_000 * UNIT, ALL)], town.whale)
    key = Keypair()
    await engine.airdrop(key.pubkey(), 10 * SOL)
    await town.send([ix.create_trader(key.pubkey())], key)
    eyes = Eyes(engine)
    keeper = Keeper(eyes, Hands(town.sender, key, Ledger(), 1))
    await eyes.snapshot()
    assert len({each.halts[9] for each in eyes.world.shards.values()}) == 2
    engine.advance_slots(1)
    await eyes.catch_up()
    await keeper.look()
    await eyes.catch_up()
    (until,) = {each.halts[9] for each in eyes.world.shards.values()}
    assert until > engine.clock.slot

    close_ms = eyes.world.markets[at.market(50)].close_ms
    engine.advance_time(700)
    await eyes.catch_up()
    await keeper.look()
    assert keeper.hands.outcomes["resolution", "done"] == 0, "the feed has nothing after the close yet"
    await town.send([ix.publish(own, PriceEvent(FEED, 101, -2, 1, 2, 1, close_ms + 5))], town.admin)
    engine.advance_slots(1)
    await eyes.catch_up()
    await keeper.look()
    await eyes.catch_up()
    assert eyes.world.markets[at.market(50)].status == 1
    eyes.close()


async def test_a_silent_feed_is_published_from_a_source(engine: EmbeddedEngine, tmp_path: Path) -> None:
    town = Town(engine, 2)
    await town.build()
    ticks = tmp_path / "ticks.csv"
    ticks.write_text(f"feed_ts_ms,full_accuracy_value\n1000,{12345 * 10**16}\n")
    engine.set_time(int(time.time()) + 4_000)
    key = Keypair()
    await engine.airdrop(key.pubkey(), 10 * SOL)
    async with quotes([f"{FEED}={ticks}"], town.admin, lambda: None) as prices:
        assert prices is not None
        eyes = Eyes(engine, prices=prices)
        await eyes.snapshot()
        assert [each.kind for each in eyes.finder.find()] == ["price"]
        keeper = Keeper(eyes, Hands(town.sender, key, Ledger(), 1))
        while not keeper.hands.outcomes["price", "done"]:
            engine.advance_slots(1)
            await eyes.catch_up()
            await keeper.look()
            await asyncio.sleep(0)
    await eyes.catch_up()
    feed = eyes.world.feeds[at.feed(FEED)]
    assert (feed.sequence, feed.price) == (2, 12_345)
    eyes.close()


@pytest.mark.parametrize(
    ("wish", "sentence"), [("BTC/USD", "Give a price as FEED=SOURCE"), ("A=b.csv", "Name a file of ticks")]
)
async def test_a_wish_for_prices_that_is_none_is_refused(wish: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        async with quotes([wish], Keypair(), lambda: None):
            pass
