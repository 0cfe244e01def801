"""Our own exchange, the real programs in LiteSVM, as a source and as what a warning acts on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from solders.keypair import Keypair

from breakwater.cascade.act import act
from breakwater.cascade.chain import Book, news, read_book, symbol_of
from breakwater.cascade.events import Exchange, Kind
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import keeper_instructions as kx
from breakwater.chain import liquidation_instructions as lx
from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine, open_engine
from breakwater.chain.sender import Sender
from breakwater.keepers._genesis import SOL, UNIT, found, found_mmt, minted, wallet
from breakwater.keepers.drill import RULES
from breakwater.model import PriceEvent

FEED = "CASCADE/TEST"
ALL = 10**12


class Town:
    """One market in a group, a borrower at five times, and somebody who moves the price."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        self.engine, self.sender = engine, Sender(engine)
        self.admin, self.borrower, self.whale = Keypair(), Keypair(), Keypair()

    async def build(self) -> None:
        sender, admin = self.sender, self.admin
        ground = await found(sender, admin, 2_000_000 * UNIT)
        await found_mmt(ground, RULES)
        own = admin.pubkey()
        now = await self.engine.now()
        first = PriceEvent(FEED, 100, -2, 1, 1, 1, now * 1000)
        await sender.send([ix.create_feed(own, FEED, own, -2, 3_600), ix.publish(own, first)], [admin])
        terms = ix.MarketTerms(at.feed(FEED), (now + 86_400) * 1000, 2_000 * UNIT, (100,))
        await sender.send([ix.create_market(own, 1, terms)], [admin])
        for key in (self.borrower, self.whale):
            await self.engine.airdrop(key.pubkey(), 10 * SOL)
            await sender.send(minted(admin, key.pubkey(), ground.mint, 50_000 * UNIT), [admin])
            source = wallet(key.pubkey(), ground.mint)
            deposit = ix.deposit(key.pubkey(), source, ground.mint, 50_000 * UNIT)
            await sender.send([ix.create_trader(key.pubkey()), deposit], [key])
        owner = self.borrower.pubkey()
        borrowed = ix.open_leveraged(owner, 1, at.feed(FEED), 1, 100 * UNIT, 500, ALL)
        await sender.send([ix.create_position(owner, 1, 1, ix.LEVERAGED), borrowed], [self.borrower])

    async def fall(self, shares: int) -> None:
        """Buy the other outcome."""
        own = self.whale.pubkey()
        steps = [] if getattr(self, "fallen", False) else [ix.create_position(own, 1, 0, ix.SPOT)]
        await self.sender.send([*steps, ix.buy(own, 1, 0, shares * UNIT, ALL)], [self.whale])
        self.fallen = True


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with open_engine("embedded", programs=programs.embedded_programs()) as engine:
        assert isinstance(engine, EmbeddedEngine)
        built = Town(engine)
        await built.build()
        yield built


async def test_a_loan_comes_nearer_until_it_is_due_and_its_sale_is_an_event(town: Town) -> None:
    sound = await read_book(town.engine)
    (loan,) = sound.loans
    assert 0.05 < loan.distance < 0.3
    assert sound.at_risk() == {}
    assert sound.due() == []
    await town.fall(200)
    near = await read_book(town.engine)
    assert near.loans[0].distance < loan.distance
    await town.fall(1_500)
    town.engine.advance_time(70)
    fallen = await read_book(town.engine)
    assert [each.address for each in fallen.due()] == [loan.address]
    assert fallen.at_risk() == {1: loan.debt}
    (risk,) = news(near, fallen)
    assert (risk.kind, risk.symbol, risk.value) == (Kind.OPEN_INTEREST, symbol_of(1), loan.debt / 1e6)

    keeper = town.whale.pubkey()
    call = lx.take_over(keeper, town.borrower.pubkey(), 1, 1)  # it is under water
    await town.sender.send([call], [town.whale])
    after = await read_book(town.engine)
    assert after.loans == ()
    (sold,) = news(fallen, after)
    assert (sold.kind, sold.exchange, sold.symbol) == (Kind.LIQUIDATION, Exchange.BREAKWATER, "BW-1")
    assert sold.micro_usd == round(loan.shares * fallen.loans[0].price)


async def test_acting_posts_a_task_for_the_loan_that_is_due_and_folds(town: Town) -> None:
    await town.fall(1_700)
    town.engine.advance_time(70)
    book = await read_book(town.engine)
    (loan,) = book.due()
    deeds = await act(town.sender, town.whale, book)
    assert set(deeds.done) == {"fold", f"post_task {loan.address}"}
    assert deeds.refused == {}
    task = town.engine.get_account(at.task(loan.address, kx.LIQUIDATION))
    assert task is not None
    again = await act(town.sender, town.whale, book)
    assert set(again.done) == {"fold"}  # the task stands already
    assert set(again.refused) == {f"post_task {loan.address}"}


async def test_a_warning_alone_is_no_reason_for_a_task(town: Town) -> None:
    book = await read_book(town.engine)
    feared = replace(book, loans=tuple(replace(each, distance=-1.0) for each in book.loans))
    deeds = await act(town.sender, town.whale, feared)
    assert list(deeds.refused.values()) == [["TaskUnfounded"]]
    assert set(deeds.done) == {"fold"}


def test_halts_that_only_some_shards_know_are_named() -> None:
    shards = ((0, 50, 90, 10), (0, 90, 90, 20), (0, 50, 90, 10), (0, 50, 90, 10))
    assert Book(60, 0, (), shards).unequal_halts() == [1]  # group 2 is known, group 3 trades again
