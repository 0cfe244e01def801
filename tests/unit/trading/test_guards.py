"""Circuit breakers, groups, flash fee, spread and divergence: what a trader sees of them, and when."""

from __future__ import annotations

from dataclasses import replace

import pytest

from breakwater import trading
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.errors import InvalidInput, ProgramError
from breakwater.model import PriceEvent
from breakwater.trading import Guards, Request

from .conftest import World

UNIT = trading.UNIT
ODDS = "ODDS"


async def refused(world: World, name: str, *request: object, **more: object) -> None:
    with pytest.raises(ProgramError) as caught:
        await trading.prepare(world.engine, world.owner, Request(*request, **more))  # type: ignore[arg-type]
    assert caught.value.name == name
    assert str(caught.value).endswith(f"; {trading.ADVICE[name]}.")


async def test_a_market_halts_by_default_when_its_price_moves_by_30_points(world: World) -> None:
    world.engine.advance_slots(200)  # no window is open, as on any chain that has run for a while
    view = await world.market(guards=Guards())
    await world.trade(view.id, "open", 1, 10 * UNIT, leverage_x100=200)
    await world.trade(view.id, "buy", 1, 1_000 * UNIT)
    assert (await trading.read_market(world.engine, view.id)).halts == []
    await world.trade(view.id, "buy", 1, 1_500 * UNIT)  # it still happens; the next one does not
    view = await trading.read_market(world.engine, view.id)
    (halt,) = view.halts
    assert (halt.by, halt.left_slots) == ("market", 149)
    assert halt.left_s == pytest.approx(59.6)
    await refused(world, "MarketHalted", view.id, "buy", 0, UNIT)
    await refused(world, "MarketHalted", view.id, "sell", 1, UNIT)
    await world.trade(view.id, "close", 1, None)  # loans can be repaid

    world.engine.advance_slots(halt.until_slot - world.engine.clock.slot)
    assert (await trading.read_market(world.engine, view.id)).halts == []
    await trading.prepare(world.engine, world.owner, Request(view.id, "buy", 0, UNIT))


async def test_a_volume_of_a_hundred_times_the_liquidity_halts_and_no_breaker_never_does(
    world: World,
) -> None:
    small, free = (
        await world.market(liquidity=UNIT, guards=Guards(max_move_ppm=1_000_000)),
        await world.market(),
    )
    await world.trade(small.id, "buy", 1, 102 * UNIT)
    assert [each.by for each in (await trading.read_market(world.engine, small.id)).halts] == ["market"]
    await world.trade(free.id, "buy", 1, 20_000 * UNIT)
    assert (await trading.read_market(world.engine, free.id)).halts == []


async def test_a_groups_halt_reaches_its_shard_at_once_and_the_others_by_propagation(world: World) -> None:
    world.engine.advance_slots(200)
    guards = Guards(group=7, cooldown_slots=100)
    views = [await world.market(guards=guards) for _ in range(8)]
    alone = await world.market(guards=Guards())
    first = views[0]
    await world.trade(first.id, "buy", 1, UNIT)
    await world.trade(first.id, "buy", 1, 4_000 * UNIT)
    near = {view.id for view in views if view.market.shard == first.market.shard}
    assert 1 <= len(near) < len(views)

    async def halted() -> dict[int, list[str]]:
        return {
            view.id: [each.by for each in view.halts] for view in await trading.read_markets(world.engine)
        }

    found = await halted()
    assert found[first.id] == ["market", "group"]
    assert {number for number, by in found.items() if "group" in by} == near
    slot = world.engine.clock.slot
    until, done, _ = await trading.propagate_halt(world.sender, world.trader, 7)
    assert (until, done) == (slot - 1 + 100, slot)
    found = await halted()
    assert {number for number, by in found.items() if "group" in by} == {view.id for view in views}
    assert found[alone.id] == []
    far = next(view for view in views if view.id not in near)
    await refused(world, "MarketHalted", far.id, "buy", 1, UNIT)
    with pytest.raises(InvalidInput, match="from 1 to 63"):
        await trading.propagate_halt(world.sender, world.trader, 64)


@pytest.mark.parametrize("side", ["sell", "close"])
async def test_a_sale_in_the_slot_of_the_purchase_shows_its_flash_fee(world: World, side: str) -> None:
    market = (await world.market()).id
    buy = Request(market, "buy" if side == "sell" else "open", 1, 10 * UNIT)
    await trading.place(world.sender, world.trader, await trading.prepare(world.engine, world.owner, buy))
    request = Request(market, side, 1, 5 * UNIT)  # type: ignore[arg-type]
    sold = (await trading.prepare(world.engine, world.owner, request)).quote.figures
    assert sold.flash == pytest.approx(0.02 * sold.notional, abs=2)
    assert sold.fee - sold.flash == trading.quotes.fee(sold.notional, 300)
    (holding,) = await trading.read_holdings(world.engine, world.owner)
    at_once = holding.value
    world.engine.advance_slots(1)
    sold = (await trading.prepare(world.engine, world.owner, request)).quote.figures
    assert sold.flash == 0
    (holding,) = await trading.read_holdings(world.engine, world.owner)
    assert holding.value - at_once == pytest.approx(0.02 * holding.value, rel=1e-3)


async def publish(world: World, feed: str, price: int, confidence: int, sequence: int) -> None:
    key = world.stage.keys["publisher"]
    slot, now_ms = world.engine.clock.slot, world.engine.clock.unix_timestamp * 1000
    event = PriceEvent(feed, price, -4, confidence, sequence, slot, now_ms)
    await world.sender.send([ix.publish(key.pubkey(), event)], [key])


async def odds_market(world: World, guards: Guards) -> trading.MarketView:
    """A market over a feed of probabilities, which says 50 %."""
    key = world.stage.keys["publisher"]
    await world.sender.send([ix.create_feed(key.pubkey(), ODDS, key.pubkey(), -4, 30)], [key])
    await publish(world, ODDS, 5_000, 10, 1)
    made, _ = await trading.create_market(
        world.sender,
        world.stage.keys["operator"],
        feed=ODDS,
        strikes=["0.5"],
        closes="1h",
        liquidity=1_000 * UNIT,
        market_id=None,
        guards=guards,
    )
    return made


async def test_a_wide_spread_stops_leverage_and_nothing_else(world: World) -> None:
    view = await odds_market(world, Guards())
    for sequence, confidence, wide in ((2, 249, False), (3, 250, True), (4, 10, False)):
        await publish(world, ODDS, 5_000, confidence, sequence)
        view = await trading.read_market(world.engine, view.id)
        assert view.wide is wide
        if wide:
            await refused(world, "SpreadTooWide", view.id, "open", 1, UNIT, leverage_x100=200)
            await trading.prepare(world.engine, world.owner, Request(view.id, "buy", 1, UNIT))
        else:
            request = Request(view.id, "open", 1, UNIT, leverage_x100=200)
            await trading.prepare(world.engine, world.owner, request)


async def test_leverage_needs_a_fill_near_the_feeds_probability(world: World) -> None:
    view = await odds_market(world, Guards(max_divergence_ppm=100_000))
    assert view.max_divergence == pytest.approx(0.1)
    assert (view.expected(0), view.expected(1)) == (0.5, 0.5)
    request = Request(view.id, "open", 1, UNIT, leverage_x100=200)
    await trading.prepare(world.engine, world.owner, request)
    await publish(world, ODDS, 6_100, 10, 2)
    view = await trading.read_market(world.engine, view.id)
    assert view.expected(0) == pytest.approx(0.39)
    assert view.expected(1) == 0.61
    await refused(world, "PriceDiverges", view.id, "open", 1, UNIT, leverage_x100=200)
    await trading.prepare(world.engine, world.owner, Request(view.id, "buy", 1, UNIT))


@pytest.mark.parametrize(
    ("guards", "why"),
    [
        (Guards(group=64), "group from 1 to 63"),
        (Guards(window_slots=0), "1 to 216000 slots"),
        (Guards(cooldown_slots=216_001), "1 to 216000 slots"),
        (Guards(max_divergence_ppm=1), "BTC/USD at 100000 is no probability"),
    ],
)
async def test_guards_that_mean_nothing_are_refused(world: World, guards: Guards, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        await world.market(guards=guards)


def test_a_breakers_volume_follows_the_liquidity_unless_it_is_given() -> None:
    assert Guards().limits(1_000 * UNIT) == ix.BreakerLimits(100_000 * UNIT, 300_000, 500_000, 150, 150)
    assert replace(Guards(), max_volume=5).limits(UNIT).max_volume == 5
    assert Guards(breaker=False).limits(UNIT) == ix.BreakerLimits()
    assert Guards().limits(2**63).max_volume == 2**64 - 1
    assert at.SHARDS == 4
