"""The model at a time: liquidity that decays, and the price of the last minute that secures loans."""

from __future__ import annotations

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakwater import trading
from breakwater.chain import instructions as ix
from breakwater.trading import Request, quotes
from breakwater.trading.curves import PmAmmCurve, Pool, follow

from .conftest import World

UNIT = trading.UNIT
L = 1_000 * UNIT


@given(
    full=st.integers(1, 10**12),
    life_ms=st.integers(1, 10**10),
    part=st.floats(0, 1, exclude_max=True),
    delta=st.integers(-(10**12), 10**12),
)
def test_liquidity_decays_with_the_root_of_the_time_left_and_the_price_stays(
    full: int, life_ms: int, part: float, delta: int
) -> None:
    now_ms = min(life_ms - 1, int(part * life_ms))
    found = Pool(full).decayed(full, 0, life_ms, now_ms, delta)
    exact = int(mpmath.floor(full * mpmath.sqrt(mpmath.mpf(life_ms - now_ms) / life_ms)))
    assert max(1, exact - 1) <= found.liquidity <= max(1, exact + 1)
    scaled = delta + found.offset
    assert abs(scaled) == abs(delta) * found.liquidity // full
    assert scaled * delta >= 0


@pytest.mark.parametrize("at_s", [0, 1, 600, 1_800, 3_500, 3_590])
async def test_a_decaying_market_is_quoted_as_it_is_priced(world: World, at_s: int) -> None:
    view = await world.market(curve=ix.PM_AMM_DECAYING, liquidity=L)
    await world.trade(view.id, "buy", 1, 400 * UNIT)
    world.engine.advance_time(at_s)
    await world.publish()
    for side, outcome, shares in (("buy", 0, 30 * UNIT), ("sell", 1, 200 * UNIT), ("buy", 1, 15 * UNIT)):
        view = await trading.read_market(world.engine, view.id)
        left_s = view.market.close_ms // 1000 - view.now_s
        assert view.pool.liquidity == pytest.approx(L * (left_s / 3_600) ** 0.5, abs=1)
        figures = quotes.estimate(side, view.curve(outcome), shares, view.shard.fee_ppm)  # type: ignore[arg-type]
        request = Request(view.id, side, outcome, shares)  # type: ignore[arg-type]
        ticket = await trading.prepare(world.engine, world.owner, request)
        assert ticket.quote.figures.notional == pytest.approx(figures.notional, rel=1e-9, abs=4)
        await trading.place(world.sender, world.trader, ticket)
        after = await trading.read_market(world.engine, view.id)
        assert after.prices[outcome] == pytest.approx(ticket.quote.price_after, abs=1e-9)
        world.engine.advance_time(3)


async def test_waiting_leaves_the_price_and_thins_the_pool_out(world: World) -> None:
    view = await world.market(curve=ix.PM_AMM_DECAYING, liquidity=L)
    await world.trade(view.id, "buy", 1, 400 * UNIT)
    before = await trading.read_market(world.engine, view.id)
    world.engine.advance_time(2_700)
    after = await trading.read_market(world.engine, view.id)
    assert after.prices == pytest.approx(before.prices, abs=1e-9)
    assert after.pool.liquidity == pytest.approx(L / 2, rel=1e-3)
    bought, curve = 50 * UNIT, after.curve(1)
    assert isinstance(curve, PmAmmCurve)
    assert curve.moved(bought) - curve.p > before.curve(1).moved(bought) - before.curve(1).p


@given(st.integers(0, 10**15), st.integers(0, 10**15), st.integers(0, 100))
def test_a_reference_follows_its_quantity_over_64_seconds(before: int, now: int, elapsed_s: int) -> None:
    found = follow(before, now, elapsed_s)
    assert min(before, now) <= found <= max(before, now)
    if elapsed_s >= 64:
        assert found == now
    else:
        exact = before + (now - before) * elapsed_s / 64
        assert abs(found - exact) <= 64


@pytest.mark.parametrize("curve", [ix.LMSR, ix.PM_AMM, ix.PM_AMM_DECAYING])
@pytest.mark.parametrize("waited_s", [0, 7, 40, 100])
async def test_an_estimate_knows_the_premium_of_a_price_that_was_only_just_made(
    world: World, curve: int, waited_s: int
) -> None:
    market = (await world.market(curve=curve)).id
    world.engine.advance_time(90)
    await world.trade(market, "buy", 1, 700 * UNIT)
    if waited_s:
        world.engine.advance_time(waited_s)
    for shares, outcome in ((60 * UNIT, 1), (5 * UNIT, 0)):
        request = Request(market, "open", outcome, shares, leverage_x100=300)
        exact, _ = await trading.quote(world.engine, world.owner, request)
        guess, _ = await trading.quote(world.engine, None, request)
        assert (exact.exact, guess.exact) == (True, False)
        # the exchange's bound of an LMSR's price is up to 0.2 % below it; the estimate takes the lowest
        above = 0.002 * exact.figures.loan if curve == ix.LMSR else 0
        low, high = exact.figures.premium, exact.figures.premium * (1 + 1e-6) + above
        assert low * (1 - 1e-6) - 3 <= guess.figures.premium <= high + 3
        assert guess.figures.loan == pytest.approx(exact.figures.loan, abs=3)
