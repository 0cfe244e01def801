"""What is not on the chain is missed, unless an archive has it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import pytest
import pytest_asyncio
from solders.account import Account
from solders.pubkey import Pubkey

from breakwater.archive import open_chain_archive
from breakwater.chain import accounts
from breakwater.chain import addresses as at
from breakwater.chain import archive_instructions as ax
from breakwater.chain import instructions as ix
from breakwater.chain import leg_instructions as lx
from breakwater.chain.engine import EmbeddedEngine
from breakwater.keepers import read_books
from breakwater.stress._stage import ANY, FEED, UNIT, Stage, fresh_chain

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY_S = 86_400
NUMBERS = (1, 2)
ARCHIVED = (1, 0)
"""Market and outcome of the position that is a leaf."""


class Exchange(NamedTuple):
    """Two markets, a chain that was unwound, a position here and one in the archive."""

    engine: EmbeddedEngine
    position: Pubkey


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange() -> AsyncIterator[Exchange]:
    async with fresh_chain("embedded") as engine:
        assert isinstance(engine, EmbeddedEngine)
        stage = await Stage.opened(engine, 1_000_000 * UNIT, 1, books=False)
        (key,) = await stage.join(1, 10_000 * UNIT)
        owner, feed = key.pubkey(), at.feed(FEED)
        await engine.airdrop(owner, 10**9)
        await stage.markets(NUMBERS, 10_000 * UNIT, life_s=60 * DAY_S)
        await stage.fold()
        for number, outcome in (ARCHIVED, (2, 1)):
            made = [
                ix.create_position(owner, number, outcome, ix.SPOT),
                ix.buy(owner, number, outcome, 100 * UNIT, ANY),
            ]
            await stage.require([(made, [key])])
        legs = [lx.LegOrder(number, feed, 0, 50 * UNIT, 200) for number in NUMBERS]
        await stage.require([([lx.create_chain(owner, 1), lx.open_chain(owner, 1, legs, ANY)], [key])])
        stage.pass_slots()
        await stage.require([([lx.unwind_chain(owner, 1, [(n, feed) for n in NUMBERS], 0)], [key])])
        await open_chain_archive(stage.ground.sender, stage.ground.admin)
        engine.advance_time(31 * DAY_S)
        number, outcome = ARCHIVED
        leaf = ax.archive_positions(owner, 0, number, [(owner, outcome, ix.SPOT)])
        await stage.require([([leaf], [key])], compute_limit=200_000)
        yield Exchange(engine, at.position(at.trader(owner), at.market(2), 1, ix.SPOT))


@contextmanager
def without(engine: EmbeddedEngine, address: Pubkey) -> Iterator[None]:
    """An account that has vanished."""
    account = engine.svm.get_account(address)
    assert account is not None
    engine.set_account(address, Account(0, b"", Pubkey.default()))
    yield
    engine.set_account(address, account)


async def test_a_claim_in_the_archive_and_a_chain_that_was_unwound_are_no_loss(exchange: Exchange) -> None:
    books = await read_books(exchange.engine)
    assert books.unsound == []
    assert books.archived == 1
    assert books.markets[bytes(at.market(1))].positions == 1, "the leaf still counts"


async def test_a_position_that_has_vanished_is_in_no_archive(exchange: Exchange) -> None:
    with without(exchange.engine, exchange.position):
        found = (await read_books(exchange.engine)).wrong
    assert found == ["Markets count positions that are not there, {1: 1, 2: 1}; archives hold 1."]


async def test_an_archive_that_has_lost_its_claims(exchange: Exchange) -> None:
    with without(exchange.engine, at.archive(0)):
        found = (await read_books(exchange.engine)).wrong
    assert found == ["Markets count positions that are not there, {1: 1}; archives hold 0."]


async def test_a_share_too_few_in_a_market_whose_chain_was_unwound(exchange: Exchange) -> None:
    account = exchange.engine.svm.get_account(exchange.position)
    assert account is not None
    shares = accounts.position(account.data).shares
    old, new = (each.to_bytes(8, "little") for each in (shares, shares - 1))
    assert account.data.count(old) == 1
    changed = Account(account.lamports, account.data.replace(old, new), account.owner)
    exchange.engine.set_account(exchange.position, changed)
    found = (await read_books(exchange.engine)).wrong
    exchange.engine.set_account(exchange.position, account)
    assert found == [f"Of outcome 1 of market 2 {shares - 1} shares are held, its books say {shares}."]


async def test_a_market_that_is_gone_with_positions_in_it(exchange: Exchange) -> None:
    with without(exchange.engine, at.market(2)):
        found = (await read_books(exchange.engine)).wrong
    assert "1 positions or legs are of markets that are not there." in found


async def test_a_voided_market_pays_every_share_its_part(exchange: Exchange) -> None:
    books = await read_books(exchange.engine)
    address, shares = bytes(at.market(2)), 100 * UNIT
    for escrow, insolvent in ((shares // 2, []), (shares // 2 - 1, [2])):
        voided = replace(books.markets[address], status=2, escrow=escrow)
        changed = replace(books, markets={**books.markets, address: voided})
        assert changed.insolvent == insolvent
