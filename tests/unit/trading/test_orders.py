"""Orders on the embedded engine: exact previews, limits on the chain, and what is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.keypair import Keypair

from breakwater import trading
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.errors import InvalidInput, ProgramError
from breakwater.trading import Request, quotes

from .conftest import World, make_world

UNIT = trading.UNIT


async def test_a_preview_is_what_happens_to_the_unit(world: World) -> None:
    market = (await world.market()).id
    await world.trade(market, "buy", 1, 100 * UNIT)
    for request in (
        Request(market, "buy", 0, 30 * UNIT),
        Request(market, "open", 1, 50 * UNIT, leverage_x100=300),
        Request(market, "sell", 1, 33_333_333),
        Request(market, "close", 1, 7 * UNIT),
        Request(market, "close", 1, None),
    ):
        ticket = await trading.prepare(world.engine, world.owner, request)
        expected = ticket.quote
        fill = await trading.place(world.sender, world.trader, ticket)
        account = await trading.read_account(world.engine, world.owner)
        assert expected.exact
        assert (fill.shares, fill.notional, fill.fee, fill.amount, fill.premium, fill.debt) == (
            expected.shares,
            expected.figures.notional,
            expected.figures.fee,
            expected.figures.amount,
            expected.figures.premium,
            expected.debt_after,
        )
        assert account.trader is not None
        assert account.trader.balance == expected.balance_after
        price = (await trading.read_market(world.engine, market)).prices[request.outcome]
        assert price == pytest.approx(expected.price_after, rel=1e-9)
        world.engine.advance_slots(1)


async def test_a_position_is_created_in_the_same_transaction(world: World) -> None:
    market = (await world.market()).id
    first = await world.trade(market, "buy", 1, UNIT)
    second = await world.trade(market, "buy", 1, UNIT)
    assert (first.creates_position, len(first.instructions)) == (True, 2)
    assert (second.creates_position, len(second.instructions)) == (False, 1)


@pytest.mark.parametrize(
    ("side", "against"), [("buy", "buy"), ("open", "buy"), ("sell", "sell"), ("close", "sell")]
)
async def test_the_limit_holds_on_the_chain(world: World, side: Any, against: Any) -> None:
    market = (await world.market()).id
    await world.trade(market, "buy", 1, 200 * UNIT)
    await world.trade(market, "open", 1, 100 * UNIT, leverage_x100=200)
    leverage = 200 if side == "open" else 100
    request = Request(market, side, 1, 10 * UNIT, leverage_x100=leverage, slippage_bps=50)
    ticket = await trading.prepare(world.engine, world.owner, request)
    small = Request(market, against, 1, UNIT)
    await trading.place(world.sender, world.trader, await trading.prepare(world.engine, world.owner, small))

    await trading.place(world.sender, world.trader, ticket)  # within half a percent
    ticket = await trading.prepare(world.engine, world.owner, request)
    await world.trade(market, against, 1, 100 * UNIT)
    with pytest.raises(ProgramError, match="ask for a new quote, or allow more with --slippage") as caught:
        await trading.place(world.sender, world.trader, ticket)
    assert caught.value.name == "SlippageExceeded"


@pytest.mark.parametrize("spend", [2, 1_000, 50 * UNIT, 5_000 * UNIT])
async def test_what_is_spent_is_what_was_said_or_a_little_less(world: World, spend: int) -> None:
    market = (await world.market(liquidity=20_000 * UNIT)).id
    await world.trade(market, "buy", 1, 300 * UNIT)
    for outcome in (0, 1):
        if spend == 2:
            with pytest.raises(InvalidInput, match="Spend more"):
                await trading.prepare(world.engine, world.owner, Request(market, "buy", outcome, None, spend))
            continue
        request = Request(market, "buy", outcome, None, spend)
        bought = (await trading.prepare(world.engine, world.owner, request)).quote
        assert spend - 5 <= bought.amount <= spend
        request = Request(market, "open", outcome, None, spend, leverage_x100=250)
        opened = (await trading.prepare(world.engine, world.owner, request)).quote
        assert spend - 20 <= opened.amount <= spend


async def test_a_quote_needs_no_account(world: World) -> None:
    market = (await world.market()).id
    exact, _ = await trading.quote(world.engine, world.owner, Request(market, "buy", 1, UNIT))
    for owner in (None, Keypair().pubkey()):
        found, _ = await trading.quote(world.engine, owner, Request(market, "buy", 1, UNIT))
        assert not found.exact
        assert found.balance_after is None
        assert abs(found.amount - exact.amount) <= 3
    poor = Request(market, "buy", 1, MORE_THAN_THERE_IS)
    found, _ = await trading.quote(world.engine, world.owner, poor)
    assert not found.exact
    assert found.balance_after is not None
    assert found.balance_after < 0


MORE_THAN_THERE_IS = 10**15


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        (("buy", 1, MORE_THAN_THERE_IS), "InsufficientBalance"),
        (("sell", 1, 11 * UNIT), "InsufficientShares"),
        (("open", 1, UNIT, None, 5_100), "LeverageAboveCap"),
        (("open", 1, UNIT, None, 99), "LeverageBelowOne"),
    ],
)
async def test_the_exchanges_refusals_say_what_to_do(world: World, request_: Any, name: str) -> None:
    market = (await world.market()).id
    await world.trade(market, "buy", 1, 10 * UNIT)
    with pytest.raises(ProgramError) as caught:
        await trading.prepare(world.engine, world.owner, Request(market, *request_))
    assert caught.value.name == name
    assert str(caught.value).endswith(f"; {trading.ADVICE[name]}.")


async def test_bad_requests_are_refused_before_anything_is_sent(world: World) -> None:
    market = (await world.market()).id
    for request, why in (
        (Request(market + 1, "buy", 0, UNIT), "there is no market"),
        (Request(market, "buy", 2, UNIT), "outcome from 0 to 1"),
        (Request(market, "sell", 0, UNIT), "you hold no spot shares"),
        (Request(market, "close", 0, None), "you hold no leveraged shares"),
        (Request(market, "buy", 0, None), "Say how much"),
        (Request(market, "buy", 0, UNIT, slippage_bps=10_001), "slippage"),
        (Request(market, "open", 0, None, UNIT, 50), "1x or more"),
    ):
        with pytest.raises(InvalidInput, match=why):
            await trading.prepare(world.engine, world.owner, request)
    with pytest.raises(InvalidInput, match="Open a trader account first"):
        await trading.prepare(world.engine, Keypair().pubkey(), Request(market, "buy", 0, UNIT))


async def test_the_leverage_cap_is_the_programs(world: World) -> None:
    view = await world.market(("90000", "100000", "110000"))
    assert view.leverage_cap == 3_535
    at_cap = Request(view.id, "open", 0, UNIT, leverage_x100=3_535)
    await trading.prepare(world.engine, world.owner, at_cap)
    with pytest.raises(ProgramError, match="LeverageAboveCap"):
        await trading.prepare(world.engine, world.owner, Request(view.id, "open", 0, UNIT, None, 3_536))
    world.engine.advance_time(301)
    view = await trading.read_market(world.engine, view.id)
    assert (view.stale, view.leverage_cap) == (True, 1_767)
    await trading.prepare(world.engine, world.owner, Request(view.id, "open", 0, UNIT, None, 1_767))
    with pytest.raises(ProgramError, match="OracleStale"):
        await trading.prepare(world.engine, world.owner, Request(view.id, "open", 0, UNIT, None, 1_768))


async def test_below_the_underwater_price_a_close_takes_from_the_balance(world: World) -> None:
    market = (await world.market()).id
    opened = await world.trade(market, "open", 1, 100 * UNIT, leverage_x100=400)
    assert opened.quote.underwater_price is not None
    await world.trade(market, "buy", 0, 1_000 * UNIT)
    view = await trading.read_market(world.engine, market)
    assert view.prices[1] < opened.quote.underwater_price
    (holding,) = [h for h in await trading.read_holdings(world.engine, world.owner) if h.kind == "leverage"]
    assert holding.equity < 0
    closing = (await trading.prepare(world.engine, world.owner, Request(market, "close", 1, None))).quote
    assert closing.figures.shortfall == pytest.approx(-holding.equity, abs=3)
    assert (closing.amount, closing.limit) == (0, 0)


@given(
    outcomes=st.one_of(st.just(2), st.integers(2, 16)),
    b=st.integers(UNIT, 10**6 * UNIT),
    trades=st.lists(st.tuples(st.integers(0, 15), st.floats(1e-6, 12), st.booleans()), max_size=6),
    probe=st.tuples(st.integers(0, 15), st.floats(1e-6, 12), st.integers(100, 600)),
)
@settings(max_examples=300, deadline=None)
def test_the_model_agrees_with_the_simulation(
    outcomes: int, b: int, trades: list[tuple[int, float, bool]], probe: tuple[int, float, int]
) -> None:
    asyncio.run(_agree(outcomes, b, trades, probe))


WORLD: list[World] = []


async def _agree(
    outcomes: int, b: int, trades: list[tuple[int, float, bool]], probe: tuple[int, float, int]
) -> None:
    if not WORLD:
        WORLD.append(await make_world())
    world = WORLD[0]
    before = world.engine.snapshot()
    try:
        strikes = tuple(str(90_000 + i) for i in range(outcomes - 1))
        # half of the markets with two outcomes are on the pm-AMM
        curve = ix.PM_AMM if outcomes == 2 and b % 2 else ix.LMSR
        market = (await world.market(strikes, b, curve)).id
        held = [0] * outcomes
        for outcome, size, sells in trades:
            i = outcome % outcomes
            shares = min(held[i], max(1, int(size * b))) if sells else max(1, int(size * b))
            if shares:
                await world.trade(market, "sell" if sells else "buy", i, shares)
                held[i] += -shares if sells else shares
        i, shares = probe[0] % outcomes, max(1, int(probe[1] * b))
        await _compare(world, Request(market, "buy", i, shares))
        if held[i]:
            await _compare(world, Request(market, "sell", i, min(shares, held[i])))
        await _compare(world, Request(market, "open", i, shares, leverage_x100=probe[2]))
    finally:
        world.engine.restore(before)


REFUSED = {"CoverageTooLow", "VaultTooSmall", "DebtAboveShares", "MarketDebtTooLarge"}


async def _compare(world: World, request: Request) -> None:
    view = await trading.read_market(world.engine, request.market)
    curve, rate = view.curve(request.outcome), view.shard.fee_ppm
    assert request.shares is not None
    try:
        exact = (await trading.prepare(world.engine, world.owner, request)).quote.figures
    except ProgramError as error:
        if error.name in REFUSED:
            return
        raise
    model = curve.proceeds(request.shares) if request.side == "sell" else curve.cost(request.shares)
    assert abs(model - exact.notional) <= 1e-9 * exact.notional + 3
    assert exact.fee == min(quotes.fee(exact.notional, rate), exact.notional)
    if request.side == "open":
        assert exact.loan == exact.notional - quotes.margin(exact.notional, request.leverage_x100)
        assert exact.premium >= exact.loan * (1 - exact.notional / request.shares) - 1


async def test_addresses_named_in_a_fill_are_the_traders(world: World) -> None:
    market = (await world.market()).id
    ticket = await trading.prepare(world.engine, world.owner, Request(market, "buy", 1, UNIT))
    fill = await trading.place(world.sender, world.trader, ticket)
    assert (fill.trader, fill.market, fill.side, fill.outcome) == (at.trader(world.owner), market, "buy", 1)
    assert (ticket.order.trader, ticket.order.limit) == (world.owner, ticket.quote.limit)
