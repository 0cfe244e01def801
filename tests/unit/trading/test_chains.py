"""Chains on the embedded engine: exact previews, one value for all legs, limits on the chain, their end."""

from __future__ import annotations

import pytest
from solders.keypair import Keypair

from breakwater import trading
from breakwater.chain import addresses as at
from breakwater.chain import leg_instructions as legs
from breakwater.chain.queries import PACKET, size
from breakwater.errors import InvalidInput, ProgramError
from breakwater.trading import ChainRequest, LegRequest, Request

from .conftest import World

UNIT = trading.UNIT


async def legs_in(world: World, count: int, shares: int = 20, leverage: int = 300) -> tuple[LegRequest, ...]:
    """A leg in each of so many new markets; each is a little smaller than the one before it."""
    markets = [(await world.market()).id for _ in range(count)]
    return tuple(LegRequest(market, 1, (shares - i) * UNIT, leverage) for i, market in enumerate(markets))


async def opened(world: World, request: ChainRequest) -> trading.ChainTicket:
    ticket = await trading.prepare_chain(world.engine, world.owner, request)
    await trading.place_chain(world.sender, world.trader, ticket)
    world.engine.advance_slots(1)
    return ticket


async def balance(world: World) -> int:
    account = await trading.read_account(world.engine, world.owner)
    assert account.trader is not None
    return account.trader.balance


@pytest.mark.parametrize("count", [2, 5])
async def test_a_preview_is_what_happens_to_the_unit(world: World, count: int) -> None:
    request = ChainRequest(await legs_in(world, count))
    ticket = await trading.prepare_chain(world.engine, world.owner, request)
    done = await trading.place_chain(world.sender, world.trader, ticket)
    assert (done.payment, done.notional, done.debt) == (ticket.payment, ticket.notional, ticket.debt)
    assert await balance(world) == ticket.balance_after
    chain = await trading.find_chain(world.engine, world.owner, ticket.number)
    assert [leg.position.debt for leg in chain.holdings] == [leg.debt for leg in ticket.legs]
    assert (chain.cost, chain.opened_with) == (ticket.payment, count)
    for leg, held in zip(ticket.legs, chain.holdings, strict=True):
        assert held.view.prices[1] == pytest.approx(leg.price_after, rel=1e-9)


async def test_every_margin_but_the_first_is_lent_on_the_leg_before(world: World) -> None:
    ticket = await opened(world, ChainRequest(await legs_in(world, 4)))
    for leg, behind in zip(ticket.legs, [*ticket.legs[1:], None], strict=True):
        advance = behind.margin if behind else 0
        assert (leg.advance, leg.debt) == (advance, leg.notional - leg.margin + advance)
        assert advance <= leg.notional
        assert leg.debt <= leg.request.shares
    assert ticket.leverage_x100 == ticket.notional * 100 // ticket.margin > 3 * 300
    assert ticket.payment < ticket.notional


async def test_a_chain_is_valued_as_one_at_what_unwinding_it_brings(world: World) -> None:
    await opened(world, ChainRequest(await legs_in(world, 3)))
    world.engine.advance_time(2)
    (chain,) = await trading.read_chains(world.engine, world.owner)
    before = await balance(world)
    ticket = await trading.prepare_unwind(world.engine, world.owner, chain.number)
    assert chain.value == pytest.approx(ticket.proceeds, abs=10)
    assert chain.owed == ticket.due
    assert ticket.amount == pytest.approx(chain.equity, abs=10)
    assert not any(leg.flash for leg in ticket.exits)
    done = await trading.place_unwind(world.sender, world.trader, ticket)
    assert (done.amount, done.repaid, done.legs) == (ticket.amount, ticket.due, 3)
    assert await balance(world) == before + done.amount == ticket.balance_after
    (empty,) = await trading.read_chains(world.engine, world.owner)
    assert (empty.legs, empty.equity) == ((), 0)


async def test_what_is_unwound_in_the_slot_of_the_purchase_pays_two_percent_more(world: World) -> None:
    ticket = await trading.prepare_chain(world.engine, world.owner, ChainRequest(await legs_in(world, 2)))
    await trading.place_chain(world.sender, world.trader, ticket)
    chain = await trading.find_chain(world.engine, world.owner, ticket.number)
    ending = await trading.prepare_unwind(world.engine, world.owner, ticket.number)
    for leg in ending.exits:
        assert leg.flash == pytest.approx(0.02 * leg.notional, abs=2)
    assert chain.value == pytest.approx(ending.proceeds, abs=6)


async def test_the_payments_limit_holds_on_the_chain(world: World) -> None:
    request = ChainRequest(await legs_in(world, 2))
    ticket = await trading.prepare_chain(world.engine, world.owner, request)
    await world.trade(request.legs[0].market, "buy", 1, 100 * UNIT)
    with pytest.raises(ProgramError, match="ask for a new quote") as caught:
        await trading.place_chain(world.sender, world.trader, ticket)
    assert caught.value.name == "SlippageExceeded"
    stingy = ChainRequest(request.legs, max_payment=ticket.payment // 2)
    with pytest.raises(ProgramError, match="SlippageExceeded"):
        await trading.prepare_chain(world.engine, world.owner, stingy)


async def test_the_limit_of_an_unwinding_holds_on_the_chain(world: World) -> None:
    request = ChainRequest(await legs_in(world, 2, leverage=120))
    number = (await opened(world, request)).number
    ticket = await trading.prepare_unwind(world.engine, world.owner, number)
    assert ticket.limit == -(-ticket.amount * 9_950 // 10_000) > 0
    await world.trade(request.legs[0].market, "buy", 0, 300 * UNIT)
    with pytest.raises(ProgramError) as caught:
        await trading.place_unwind(world.sender, world.trader, ticket)
    assert caught.value.name == "SlippageExceeded"


async def test_settled_legs_are_redeemed_and_the_last_one_closes_the_chain(world: World) -> None:
    early, late = await world.market(closes="60s"), await world.market(closes="120s")
    request = ChainRequest(tuple(LegRequest(each.id, 1, 10 * UNIT, 200) for each in (early, late)))
    number = (await opened(world, request)).number
    with pytest.raises(InvalidInput, match="Wait until a leg's market is resolved"):
        await trading.redeem_chain(world.sender, world.trader, number)
    before = await balance(world)
    for seconds, view, left in ((60, early, 1), (60, late, 0)):
        world.engine.advance_time(seconds - 1)
        await world.publish()
        world.engine.advance_time(2)
        await world.publish()
        if left:
            with pytest.raises(InvalidInput, match=f"breakwater market resolve {view.id}"):
                await trading.prepare_unwind(world.engine, world.owner, number)
        await trading.resolve_market(world.sender, world.trader, view.id)
        if left:
            with pytest.raises(InvalidInput, match="chain redeem"):
                await trading.prepare_unwind(world.engine, world.owner, number)
        (paid,) = await trading.redeem_chain(world.sender, world.trader, number)
        assert (paid.kind, paid.market) == ("chain", view.id)
        before += paid.amount
        assert await balance(world) == before
        assert len(await trading.read_chains(world.engine, world.owner)) == left


async def test_an_empty_chain_is_used_again_or_closed(world: World) -> None:
    request = ChainRequest(await legs_in(world, 2))
    first = await opened(world, request)
    second = await opened(world, request)
    assert (first.number, second.number) == (1, 2)
    with pytest.raises(InvalidInput, match="chain 1 holds 2 legs"):
        await trading.close_chain(world.sender, world.trader, 1)
    with pytest.raises(InvalidInput, match="chain 1 holds something"):
        await trading.prepare_chain(world.engine, world.owner, ChainRequest(request.legs, number=1))
    await trading.place_unwind(
        world.sender, world.trader, await trading.prepare_unwind(world.engine, world.owner, 1)
    )
    world.engine.advance_slots(1)
    again = await trading.prepare_chain(world.engine, world.owner, request)
    assert (again.number, again.creates_chain) == (1, False)
    with pytest.raises(InvalidInput, match="chain 1 is empty"):
        await trading.prepare_unwind(world.engine, world.owner, 1)
    await trading.close_chain(world.sender, world.trader, 1)
    with pytest.raises(InvalidInput, match="you have no chain 1"):
        await trading.find_chain(world.engine, world.owner, 1)


async def test_bad_chains_are_refused_with_what_to_do(world: World) -> None:
    some = await legs_in(world, 2)
    other = LegRequest(some[1].market, 2, UNIT, 200)
    for request, why in (
        (ChainRequest(some[:1]), "2 to 5 legs, not 1"),
        (ChainRequest(some * 3), "2 to 5 legs, not 6"),
        (ChainRequest((some[0], some[0])), "a market of its own"),
        (ChainRequest((some[0], other)), "outcome from 0 to 1"),
        (ChainRequest(some, slippage_bps=10_001), "slippage"),
        (ChainRequest(some, number=2**64), "64 bits"),
    ):
        with pytest.raises(InvalidInput, match=why):
            await trading.prepare_chain(world.engine, world.owner, request)
    with pytest.raises(InvalidInput, match="Open a trader account first"):
        await trading.prepare_chain(world.engine, Keypair().pubkey(), ChainRequest(some))
    small = LegRequest(some[0].market, 1, UNIT // 100, 300)
    half = LegRequest(some[0].market, 1, 10 * UNIT, 100)  # costs half its payout, secures nothing of its own
    for chain, name in (
        ((small, some[1]), "DebtAboveShares"),
        ((half, LegRequest(some[1].market, 1, 15 * UNIT, 100)), "MarginAboveProceeds"),
        ((some[0], LegRequest(some[1].market, 1, UNIT, 5_100)), "LeverageAboveCap"),
    ):
        with pytest.raises(ProgramError) as caught:
            await trading.prepare_chain(world.engine, world.owner, ChainRequest(chain))
        assert caught.value.name == name
        assert str(caught.value).endswith(f"; {trading.ADVICE[name]}.")


async def test_there_are_no_chains_on_a_stale_feed(world: World) -> None:
    request = ChainRequest(await legs_in(world, 2))
    world.engine.advance_time(301)
    with pytest.raises(ProgramError, match="open the legs one by one") as caught:
        await trading.prepare_chain(world.engine, world.owner, request)
    assert caught.value.name == "ChainsSuspended"
    single = Request(request.legs[0].market, "open", 1, UNIT, leverage_x100=200)
    await trading.prepare(world.engine, world.owner, single)
    await world.publish()
    await trading.prepare_chain(world.engine, world.owner, request)


def test_five_legs_in_five_markets_with_five_feeds_fit_into_a_transaction() -> None:
    owner = Keypair().pubkey()
    assert {at.shard_index(100 + i) for i in range(5)} == set(range(at.SHARDS))
    orders = [legs.LegOrder(100 + i, Keypair().pubkey(), 1, 10**15, 5_000) for i in range(5)]
    steps = [legs.create_chain(owner, 2**64 - 1), legs.open_chain(owner, 2**64 - 1, orders, 2**63)]
    assert size(steps, owner) == 881 < PACKET
