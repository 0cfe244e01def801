"""Every shipped rule fires and clears at its exact threshold, on a chain that was brought into that state."""

from __future__ import annotations

import asyncio
import io
import math
import re
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from tests.integration.monitor_ground import UNIT, Ground, make_ground
from tests.integration.monitor_node import Node
from tests.integration.monitor_watch import NOW, RULES, Watch

from breakwater.alerts import Reading
from breakwater.chain import instructions as ix
from breakwater.chain import keeper_instructions as kx
from breakwater.chain import programs
from breakwater.chain.engine import RpcEngine, Snapshot
from breakwater.cli._monitor_view import sample_view
from breakwater.errors import Unreachable
from breakwater.monitor import Check, Mark, Metric, Monitor, View


@pytest.fixture(scope="module")
def whole() -> tuple[Ground, Snapshot]:
    async def make() -> Ground:
        ground = await make_ground(start_time=int(NOW))
        market = await ground.market(100_000 * UNIT)
        await ground.lend(market, 1, 20_000 * UNIT)
        await ground.keeper()
        await ground.send(ix.fold())
        return ground

    ground = asyncio.run(make())
    return ground, ground.engine.snapshot()


@pytest.fixture
def ground(whole: tuple[Ground, Snapshot]) -> Ground:
    ground, snapshot = whole
    ground.engine.restore(snapshot)
    return replace(ground, keepers=list(ground.keepers))


def least(ratio: float, at_risk: int) -> int:
    """The least cash whose coverage is at least `ratio`."""
    cash = math.floor(ratio * at_risk) - 1
    while cash / at_risk < ratio:
        cash += 1
    return cash


async def test_coverage_low_is_below_a_half_and_until_six_tenths(ground: Ground) -> None:
    watch, at_risk = Watch(ground.engine, "coverage_low"), ground.at_risk
    await ground.have_cash(least(0.5, at_risk))
    assert not await watch.fires()
    await ground.have_cash(least(0.5, at_risk) - 1)
    assert await watch.fires()
    await ground.have_cash(least(0.6, at_risk) - 1)
    assert await watch.fires()
    await ground.have_cash(least(0.6, at_risk))
    assert not await watch.fires()


async def test_coverage_low_needs_a_vault(ground: Ground) -> None:
    """At launch coverage is 0 and so is the vault: nobody has to get up."""
    watch = Watch(ground.engine, "coverage_low")
    view = (await watch.look()).view
    assert view.vault is not None
    empty = tuple(replace(e, cash=0, debt=0, debt_at_risk=0) for e in view.shards)
    nothing = watch.monitor.judge(replace(view, vault=replace(view.vault, cash=0), shards=empty))
    assert (nothing.values["coverage"], nothing.values["vault"], nothing.alerts) == (0, 0, ())
    lent = replace(
        view, vault=replace(view.vault, cash=0), shards=(replace(empty[0], debt=1, debt_at_risk=1),)
    )
    assert [each.rule for each in watch.monitor.judge(lent).alerts] == ["coverage_low"]


async def test_coverage_thin_is_below_one_for_25_slots_and_until_1_2(ground: Ground) -> None:
    watch, at_risk = Watch(ground.engine, "coverage_thin"), ground.at_risk
    await ground.have_cash(at_risk)
    assert not await watch.fires()
    await ground.have_cash(at_risk - 1)
    assert not await watch.fires()
    ground.engine.advance_slots(24)
    assert not await watch.fires()
    ground.engine.advance_slots(1)
    assert await watch.fires()
    await ground.have_cash(least(1.2, at_risk) - 1)
    assert await watch.fires()
    await ground.have_cash(least(1.2, at_risk))
    assert not await watch.fires()


async def test_books_short_is_one_unit_too_little(ground: Ground) -> None:
    watch = Watch(ground.engine, "books_short")
    sample = await watch.look()
    owed = (sample.view.token_balance or 0) - round(sample.values["token_surplus"] * UNIT)
    ground.set_tokens(owed)
    assert not await watch.fires()
    ground.set_tokens(owed - 1)
    assert await watch.fires()
    ground.set_tokens(owed)
    assert not await watch.fires()
    view = (await watch.look()).view
    first, *rest = view.shards
    aside = replace(first, cash=first.cash - 5, reserve=first.reserve + 5)
    assert watch.monitor.judge(replace(view, shards=(aside, *rest))).values["token_surplus"] == 0
    lost = replace(first, reserve=first.reserve + 5)
    assert watch.monitor.judge(replace(view, shards=(lost, *rest))).alerts


async def test_fold_overdue_is_1501_slots_and_until_150(ground: Ground) -> None:
    watch, engine = Watch(ground.engine, "fold_overdue"), ground.engine
    await ground.send(ix.fold())
    engine.advance_slots(1_500)
    assert not await watch.fires()
    engine.advance_slots(1)
    assert await watch.fires()
    await ground.send(ix.fold())
    engine.advance_slots(151)
    assert await watch.fires()
    await ground.send(ix.fold())
    engine.advance_slots(150)
    assert not await watch.fires()


async def test_tps_low_is_below_100_for_ten_seconds_and_until_120(ground: Ground) -> None:
    """Rates are over ten seconds of the chain; the ten seconds of the rule are the monitor's."""
    watch, engine = Watch(ground.engine, "tps_low"), ground.engine

    async def carry(transactions: int) -> float:
        """So many in the ten seconds up to this look."""
        for _ in range(transactions):
            engine.fund(ground.admin.pubkey(), 1)
        engine.advance_slots(25)
        sample = await watch.look()
        assert sample.values["tps"] == transactions / 10
        return bool(sample.alerts)

    await watch.look()
    assert not await carry(1_000)
    watch.time_s += 60
    assert not await carry(999)
    view = (await watch.look()).view

    def carried(transactions: int, after_s: float) -> bool:
        """The same view after some time, or with another count."""
        past = (Mark(0, 0, 0), Mark(10_000, 25, transactions))
        return bool(watch.monitor.judge(replace(view, past=past, time_s=view.time_s + after_s)).alerts)

    assert not carried(999, 9.75)
    assert carried(999, 10)
    assert carried(1_199, 11)
    assert not carried(1_200, 12)


async def test_chain_stalled_is_over_ten_seconds_in_one_slot_and_until_two(ground: Ground) -> None:
    watch = Watch(ground.engine, "chain_stalled")
    assert not await watch.fires()
    watch.time_s += 10
    assert not await watch.fires()
    watch.time_s += 0.25
    assert await watch.fires()
    ground.engine.advance_slots(1)
    assert not await watch.fires()
    watch.time_s += 11
    assert await watch.fires()
    # two looks miss the moment it moves, and see it only later
    view = (await watch.look()).view
    assert watch.monitor.judge(replace(view, still_s=2.25)).alerts
    assert not watch.monitor.judge(replace(view, still_s=2.0)).alerts


async def test_a_node_that_is_ill_or_gone_is_told_apart(ground: Ground) -> None:
    """Behind a real socket: rpc_unhealthy after ten seconds, rpc_down after three, nothing else meanwhile."""
    node = Node(ground.engine)
    async with AsyncExitStack() as stack:
        up = await stack.enter_async_context(AsyncExitStack())
        port = await up.enter_async_context(node.serving())
        engine = RpcEngine(node.url)
        stack.push_async_callback(engine.close)
        ill, gone = Watch(engine, "rpc_unhealthy"), Watch(engine, "rpc_down")
        assert not await ill.fires()
        assert not await gone.fires()

        node.healthy = False
        assert not await ill.fires()
        ill.time_s += 9.75
        assert not await ill.fires()
        ill.time_s += 0.25
        assert await ill.fires()
        assert not await gone.fires()
        node.healthy = True
        assert not await ill.fires()

        await up.aclose()
        sample = await gone.look()
        assert (sample.alerts, sample.view.node.error) == ((), str(Unreachable(sample.view.node.error or "")))
        assert sample.values == {"rpc_up": 0, "rpc_healthy": 0, "slot_still": 0.0}
        gone.time_s += 2.75
        assert not await gone.fires()
        gone.time_s += 0.25
        assert await gone.fires()
        await stack.enter_async_context(node.serving(port))
        assert not await gone.fires()


async def test_a_node_that_answers_nonsense_is_down_and_no_error(ground: Ground) -> None:
    node = Node(ground.engine)
    async with node.serving():
        engine = RpcEngine(node.url)
        watch = Watch(engine, "rpc_down")
        assert (await watch.look()).values["rpc_up"] == 1
        node.raving = True
        sample = await watch.look()
        assert (sample.values["rpc_up"], sample.view.node.error) == (0, "it answers nonsense: TypeError")
        await engine.close()


async def test_an_alert_holds_while_nobody_can_look(ground: Ground) -> None:
    watch = Watch(ground.engine, "coverage_low")
    await ground.have_cash(ground.at_risk // 3)
    assert await watch.fires()
    view = (await watch.look()).view
    blind = View(view.engine, view.time_s + 1, view.clock_ms, replace(view.node, up=False, healthy=False))
    assert watch.monitor.judge(blind).alerts
    await ground.have_cash(ground.at_risk)
    assert not await watch.fires()


async def test_rpc_slow_is_over_a_second_for_ten_and_until_half_a_second(ground: Ground) -> None:
    watch = Watch(ground.engine, "rpc_slow")
    view = (await watch.look()).view

    def took(latency_ms: float, after_s: float) -> bool:
        node = replace(view.node, latency_ms=latency_ms)
        return bool(watch.monitor.judge(replace(view, node=node, time_s=NOW + after_s)).alerts)

    assert not took(1_000.25, 0)
    assert not took(1_000.0, 20)
    assert not took(1_000.25, 30)
    assert not took(1_000.25, 39.75)
    assert took(1_000.25, 40)
    assert took(500.25, 41)
    assert not took(500.0, 42)


async def test_keeper_silent_is_one_slot_after_the_programs_patience(ground: Ground) -> None:
    watch, (keeper,) = Watch(ground.engine, "keeper_silent"), ground.keepers
    beat = kx.heartbeat(keeper.pubkey())
    await ground.send(beat, key=keeper)
    ground.engine.advance_slots(150)
    assert not await watch.fires()
    ground.engine.advance_slots(1)
    assert await watch.fires()
    await ground.send(beat, key=keeper)
    ground.engine.advance_slots(151)
    assert await watch.fires()
    await ground.send(beat, key=keeper)
    ground.engine.advance_slots(150)
    assert not await watch.fires()


async def test_keeper_suspended_holds_until_it_is_back_on_duty(ground: Ground) -> None:
    watch, (keeper,) = Watch(ground.engine, "keeper_suspended"), ground.keepers
    ground.engine.advance_slots(151)
    assert not await watch.fires()
    await ground.send(kx.suspend_keeper(keeper.pubkey()))
    sample = await watch.look()
    assert [dict(each.labels) for each in sample.alerts] == [{"keeper": str(keeper.pubkey())}]
    ground.engine.advance_slots(300)
    assert await watch.fires()
    await ground.send(kx.resume_keeper(keeper.pubkey()), key=keeper)
    assert not await watch.fires()


async def test_keepers_missing_needs_loans_and_a_registry(ground: Ground) -> None:
    watch, (keeper,) = Watch(ground.engine, "keepers_missing"), ground.keepers
    assert not await watch.fires()
    await ground.send(kx.unregister_keeper(keeper.pubkey(), keeper.pubkey()), key=keeper)
    sample = await watch.look()
    assert sample.alerts
    repaid = tuple(replace(each, debt=0, debt_at_risk=0) for each in sample.view.shards)
    assert not watch.monitor.judge(replace(sample.view, shards=repaid)).alerts
    assert await watch.fires()
    await ground.keeper()
    assert not await watch.fires()


async def test_feed_late_is_a_second_after_the_feeds_own_limit(ground: Ground) -> None:
    watch = Watch(ground.engine, "feed_late")
    ground.engine.advance_time(60)
    await ground.publish(age_s=30)
    assert not await watch.fires()
    ground.engine.set_time(await ground.engine.now() + 1)
    assert await watch.fires()
    await ground.publish(age_s=30)
    assert not await watch.fires()


async def test_feed_dead_is_over_five_minutes_and_until_half_a_minute(ground: Ground) -> None:
    watch, engine = Watch(ground.engine, "feed_dead"), ground.engine
    await ground.publish()
    engine.set_time(await engine.now() + 300)
    assert not await watch.fires()
    engine.set_time(await engine.now() + 1)
    assert await watch.fires()
    await ground.publish(age_s=31)
    assert await watch.fires()
    await ground.publish(age_s=30)
    assert not await watch.fires()


async def test_a_feed_that_no_open_market_needs_may_be_old(ground: Ground) -> None:
    watch, idle = Watch(ground.engine, "feed_dead"), "IDLE/USD"
    await ground.send(ix.create_feed(ground.admin.pubkey(), idle, ground.admin.pubkey(), -2, 30))
    await ground.publish()
    view = (await watch.look()).view
    assert {each.name: view.markets_of(key) for key, each in view.feeds.items()} == {"BTC/USD": 1, idle: 0}
    old = {key: replace(each, count=1, timestamp_ms=1) for key, each in view.feeds.items()}
    alerts = watch.monitor.judge(replace(view, feeds=old)).alerts
    assert [dict(each.labels) for each in alerts] == [{"feed": "BTC/USD"}]


async def test_check_failed_is_a_check_that_raises_for_half_a_minute(ground: Ground) -> None:
    ill = True

    def read(_: View) -> list[Reading]:
        if ill:
            raise ZeroDivisionError("nothing to divide by")
        return [Reading("of_mine", 1)]

    watch = Watch(ground.engine, "check_failed", Check("mine", read, (Metric("of_mine", "count", "Mine."),)))
    assert not await watch.fires()
    watch.time_s += 29.75
    assert not await watch.fires()
    watch.time_s += 0.25
    sample = await watch.look()
    assert [each.title for each in sample.alerts] == ["check_failed (check mine)"]
    assert sample.values["coverage"] > 0, "the other checks go on"
    ill = False
    assert not await watch.fires()


async def test_a_terminal_shows_alerts_figures_feeds_keepers_and_programs(ground: Ground) -> None:
    await ground.have_cash(ground.at_risk // 4)
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(sample_view(await Monitor(ground.engine).sample()))
    text = console.export_text()
    (keeper,) = ground.keepers
    for part in (
        "critical  The vault covers less than half",
        "0.2500",
        "BTC/USD",
        "fresh",
        str(keeper.pubkey()),
    ):
        assert part in text
    assert text.count("nobody") == len(programs.NAMES) == text.count("the manifest's")


def test_every_shipped_rule_is_tested_here_or_beside() -> None:
    here = Path(__file__)
    text = here.read_text() + here.with_name("test_monitor_powers.py").read_text()
    assert set(RULES) == set(re.findall(r'Watch\([a-z.]+, "(\w+)"', text))
