"""Batches on the embedded engine: exact previews trade by trade, all or nothing, and how many fit."""

from __future__ import annotations

import pytest
from solders.keypair import Keypair

from breakwater import trading
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import leg_instructions as legs
from breakwater.chain.queries import PACKET, size
from breakwater.errors import InvalidInput, ProgramError
from breakwater.trading import Request, SpotRequest

from .conftest import World

UNIT = trading.UNIT


async def balance(world: World) -> int:
    account = await trading.read_account(world.engine, world.owner)
    assert account.trader is not None
    return account.trader.balance


@pytest.mark.parametrize("curve", [ix.LMSR, ix.PM_AMM, ix.PM_AMM_DECAYING])
async def test_a_preview_is_what_happens_to_the_unit(world: World, curve: int) -> None:
    one, two = (await world.market(curve=curve)).id, (await world.market(("90000", "110000"))).id
    await world.trade(one, "buy", 1, 50 * UNIT)
    world.engine.advance_time(1_200)
    requests = [
        SpotRequest(one, "buy", 1, 10 * UNIT),
        SpotRequest(two, "buy", 2, 20 * UNIT),
        SpotRequest(one, "buy", 0, 5 * UNIT),
        SpotRequest(one, "sell", 1, None),
        SpotRequest(two, "buy", 0, 7 * UNIT),
    ]
    ticket = await trading.prepare_batch(world.engine, world.owner, requests)
    fills = await trading.place_batch(world.sender, world.trader, ticket)
    assert [(f.shares, f.amount, f.fee) for f in fills] == [
        (q.shares, q.amount, q.figures.fee) for q in ticket.quotes
    ]
    assert fills[3].shares == 60 * UNIT
    assert await balance(world) == ticket.balance_after
    assert ticket.creates == 3
    for market, outcome, quote in ((one, 1, ticket.quotes[3]), (two, 0, ticket.quotes[4])):
        after = (await trading.read_market(world.engine, market)).prices[outcome]
        assert after == pytest.approx(quote.price_after, rel=1e-8)


async def test_selling_what_the_same_batch_bought_pays_two_percent_more(world: World) -> None:
    market = (await world.market()).id
    requests = [SpotRequest(market, "buy", 1, 10 * UNIT), SpotRequest(market, "sell", 1, None)]
    sold = (await trading.prepare_batch(world.engine, world.owner, requests)).quotes[1].figures
    assert sold.flash == pytest.approx(0.02 * sold.notional, abs=2)
    assert sold.fee == sold.flash + trading.quotes.fee(sold.notional, 300)


async def test_all_trades_happen_or_none_and_the_error_names_the_trade(world: World) -> None:
    market = (await world.market()).id
    before = await balance(world)
    requests = [SpotRequest(market, "buy", 1, UNIT), SpotRequest(market, "sell", 0, UNIT)]
    with pytest.raises(ProgramError, match=r"trade 2 of 2: .*; give up at most what you hold") as caught:
        await trading.prepare_batch(world.engine, world.owner, requests)
    assert caught.value.name == "InsufficientShares"
    assert await balance(world) == before


async def test_each_trade_has_its_limit_on_the_chain(world: World) -> None:
    market, other = (await world.market()).id, (await world.market()).id
    requests = [SpotRequest(other, "buy", 1, UNIT), SpotRequest(market, "buy", 1, 10 * UNIT)]
    ticket = await trading.prepare_batch(world.engine, world.owner, requests)
    assert ticket.worst > ticket.paid
    await world.trade(market, "open", 1, 100 * UNIT)
    with pytest.raises(ProgramError) as caught:
        await trading.place_batch(world.sender, world.trader, ticket)
    assert caught.value.name == "SlippageExceeded"
    holdings = await trading.read_holdings(world.engine, world.owner)
    assert [each.kind for each in holdings] == ["leverage"]
    own = [SpotRequest(market, "buy", 1, 10 * UNIT, limit=UNIT)]
    with pytest.raises(ProgramError, match="trade 1 of 1"):
        await trading.prepare_batch(world.engine, world.owner, own)
    enough = [SpotRequest(market, "buy", 1, 10 * UNIT, limit=9 * UNIT)]
    (found,) = (await trading.prepare_batch(world.engine, world.owner, enough)).quotes
    assert found.limit == 9 * UNIT


async def test_bad_batches_are_refused_with_what_to_do(world: World) -> None:
    market = (await world.market()).id
    one = SpotRequest(market, "buy", 1, UNIT)
    for requests, why in (
        ([], "1 to 16 trades, not 0"),
        ([one] * 17, "1 to 16 trades, not 17"),
        ([SpotRequest(market, "sell", 1, None)], "you hold no spot shares"),
        ([SpotRequest(market, "buy", 2, UNIT)], "outcome from 0 to 1"),
        ([SpotRequest(market + 1, "buy", 1, UNIT)], "there is no market"),
    ):
        with pytest.raises(InvalidInput, match=why):
            await trading.prepare_batch(world.engine, world.owner, requests)
    with pytest.raises(InvalidInput, match="Open a trader account first"):
        await trading.prepare_batch(world.engine, Keypair().pubkey(), [one])
    await trading.prepare_batch(world.engine, world.owner, [one] * 16)


async def test_more_than_fits_into_a_transaction_says_how_many_do(world: World) -> None:
    markets = [(await world.market()).id for _ in range(9)]
    new = [SpotRequest(each, "buy", 1, UNIT) for each in markets]
    with pytest.raises(InvalidInput, match="its first 7 trades fit into one transaction of 1232 bytes"):
        await trading.prepare_batch(world.engine, world.owner, new)
    for part in (new[:7], new[7:]):
        ticket = await trading.prepare_batch(world.engine, world.owner, part)
        await trading.place_batch(world.sender, world.trader, ticket)
    # positions that are there take less room: all nine fit
    more = await trading.prepare_batch(world.engine, world.owner, new)
    assert len(await trading.place_batch(world.sender, world.trader, more)) == 9
    again = Request(markets[0], "sell", 1, None)
    assert (await trading.prepare(world.engine, world.owner, again)).quote.shares == 2 * UNIT


def test_how_many_trades_fit() -> None:
    owner = Keypair().pubkey()
    ids = [next(i for i in range(1 + 40 * k, 41 + 40 * k) if at.shard_index(i) == k % 4) for k in range(16)]

    def most(markets: list[int]) -> int:
        orders = [legs.SpotOrder(each, 1, legs.BUY, UNIT, UNIT) for each in markets]
        return max(n for n in range(1, 17) if size([legs.batch(owner, orders[:n])], owner) <= PACKET)

    assert most(ids) == 9
    assert most(ids[:1] * 16) == 16
