"""What holds an exchange against its own accounts notices a single unit, wherever it is amiss."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from solders.account import Account
from solders.pubkey import Pubkey

from breakwater.chain import accounts
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain.engine import EmbeddedEngine
from breakwater.keepers import read_books
from breakwater.stress._stage import FEED, UNIT, Stage, fresh_chain

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBER = 1
ANY = 2**64 - 1


class Exchange(NamedTuple):
    """An exchange with one loan, and where its accounts are."""

    stage: Stage
    engine: EmbeddedEngine
    trader: Pubkey
    position: Pubkey


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange() -> AsyncIterator[Exchange]:
    async with fresh_chain("embedded") as engine:
        assert isinstance(engine, EmbeddedEngine)
        stage = await Stage.opened(engine, 1_000_000 * UNIT, 1)
        (key,) = await stage.join(1, 10_003 * UNIT + 7)
        await stage.markets([NUMBER], 10_000 * UNIT)
        await stage.fold()
        owner = key.pubkey()
        opening = [
            ix.create_position(owner, NUMBER, 0, ix.LEVERAGED),
            ix.open_leveraged(owner, NUMBER, at.feed(FEED), 0, 1_009 * UNIT, 300, ANY),
        ]
        await stage.require([(opening, [key])])
        trader = at.trader(owner)
        yield Exchange(stage, engine, trader, at.position(trader, at.market(NUMBER), 0, ix.LEVERAGED))


DECODERS: dict[str, Callable[[bytes], Any]] = {
    "Trader": accounts.trader,
    "Position": accounts.position,
    "Shard": accounts.shard,
    "Market": accounts.market,
}


@contextmanager
def damaged(engine: EmbeddedEngine, address: Pubkey, kind: str, field: str, by: int) -> Iterator[None]:
    """The account with one field of eight bytes changed, past all rules; afterwards as it was."""
    account = engine.svm.get_account(address)
    assert account is not None
    data = account.data
    new = getattr(DECODERS[kind](data), field) + by
    old = (new - by).to_bytes(8, "little")
    for at_byte in range(len(data) - 8):
        if data[at_byte : at_byte + 8] == old:
            changed = data[:at_byte] + new.to_bytes(8, "little") + data[at_byte + 8 :]
            if getattr(DECODERS[kind](changed), field) == new:
                break
    else:
        pytest.fail(f"{field} was not found")
    engine.set_account(address, Account(account.lamports, changed, account.owner))
    yield
    engine.set_account(address, account)


async def test_an_exchange_that_was_left_alone_adds_up(exchange: Exchange) -> None:
    assert await exchange.stage.broken() == []
    books = await read_books(exchange.engine)
    assert books.tokens == books.counted > 1_000_000 * UNIT
    assert books.owed > 300 * UNIT


@pytest.mark.parametrize("by", [-1, 1])
async def test_a_token_too_few_or_too_many(exchange: Exchange, by: int) -> None:
    engine, held = exchange.engine, (await read_books(exchange.engine)).tokens
    vault = engine.svm.get_account(at.token_vault())
    assert vault is not None
    changed = vault.data[:64] + (held + by).to_bytes(8, "little") + vault.data[72:]
    engine.set_account(at.token_vault(), Account(vault.lamports, changed, vault.owner))
    found = await exchange.stage.broken()
    engine.set_account(at.token_vault(), vault)
    assert f"The token vault holds {held + by}, the books say {held}." in found


@pytest.mark.parametrize("by", [-1, 1])
async def test_a_balance_that_nobody_paid_in(exchange: Exchange, by: int) -> None:
    held = (await read_books(exchange.engine)).tokens
    with damaged(exchange.engine, exchange.trader, "Trader", "balance", by):
        found = await exchange.stage.broken()
    assert f"The token vault holds {held}, the books say {held + by}." in found


@pytest.mark.parametrize("by", [-1, 1])
async def test_a_share_that_the_market_does_not_know_or_misses(exchange: Exchange, by: int) -> None:
    shares = (await read_books(exchange.engine)).markets[bytes(at.market(NUMBER))].shares[0]
    with damaged(exchange.engine, exchange.position, "Position", "shares", by):
        found = await exchange.stage.broken()
    assert found == [
        f"Of outcome 0 of market {NUMBER} {shares + by} shares are held, its books say {shares}."
    ]


@pytest.mark.parametrize("by", [-1, 1])
async def test_a_debt_that_nobody_lent_or_that_was_forgiven_without_a_trace(
    exchange: Exchange, by: int
) -> None:
    owed = (await read_books(exchange.engine)).owed
    with damaged(exchange.engine, exchange.position, "Position", "debt", by):
        found = await exchange.stage.broken()
    assert found == [f"For outcome 0 of market {NUMBER} {owed + by} is owed, its books say {owed}."]


@pytest.mark.parametrize("by", [-1, 1])
async def test_a_shard_that_has_lent_something_else(exchange: Exchange, by: int) -> None:
    index = at.shard_index(NUMBER)
    lent = (await read_books(exchange.engine)).shards[index].debt
    with damaged(exchange.engine, at.shard(index), "Shard", "debt", by):
        found = await exchange.stage.broken()
    assert f"Shard {index} has lent {lent + by}, its markets {lent}." in found


async def test_an_escrow_below_what_the_likeliest_outcome_may_claim(exchange: Exchange) -> None:
    market = (await read_books(exchange.engine)).markets[bytes(at.market(NUMBER))]
    missing = market.escrow - max(market.shares) + 1
    assert missing > 0
    # nothing is gone: it is only somewhere else
    with (
        damaged(exchange.engine, at.market(NUMBER), "Market", "escrow", -missing),
        damaged(exchange.engine, at.shard(at.shard_index(NUMBER)), "Shard", "cash", missing),
    ):
        found = await exchange.stage.broken()
    assert f"Markets [{NUMBER}] are not covered by their escrows." in found
    assert not [each for each in found if each.startswith("The token vault")]
