"""The oracle as a service, on a real chain, with servers that fail and come back."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from solders.keypair import Keypair
from tests.unit.oracle.venue import SLUG, Venue, fixture

from breakwater import oracle
from breakwater.chain import addresses, instructions, loader, programs
from breakwater.chain.engine import open_engine
from breakwater.chain.sender import Sender
from breakwater.errors import InvalidInput, ProgramError
from breakwater.oracle.sources import wall_ms

from .oracle_ground import FEED, START, Script, assert_no_replay, chain, running, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
def key() -> Keypair:
    return Keypair.from_seed(b"k" * 32)


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    async with Venue().serving() as opened:
        yield opened


async def test_three_sources_fail_in_turn_and_nobody_is_needed(venue: Venue, key: Keypair) -> None:
    engine = await chain(key)
    config = oracle.OracleConfig(
        FEED, oracle.Rules(max_age_ms=1_500, probability=True), heartbeat_s=1.0, metrics_port=0
    )
    wanted = oracle.Wanted(FEED, SLUG, "Up")
    async with (
        oracle.open_sources(wanted, venue.settings()) as sources,
        running(engine, config, key, sources) as it,
    ):
        await until(lambda: it.done and it.done[-1].event.price == 580_000)
        venue.move(60)
        await until(lambda: it.done[-1].event.price == 600_000)

        # one after another fails; the others carry the price on
        for number, (break_it, mend_it) in enumerate(
            (
                (lambda: setattr(venue.gamma.faults, "status", 500), venue.gamma.faults.clear),
                (lambda: setattr(venue.clob.faults, "malformed", True), venue.clob.faults.clear),
                (lambda: setattr(venue, "mute", True), lambda: setattr(venue, "mute", False)),
            )
        ):
            break_it()
            price = 61 + number
            venue.move(price)
            await venue.push(venue.snapshot)
            await until(lambda price=price: it.done[-1].event.price == price * 10_000)  # type: ignore[misc]
            mend_it()

        # everything fails: nothing is made up, and the price ages
        for http in (venue.gamma, venue.clob):
            http.faults.close = True
        venue.mute = True
        await asyncio.sleep(2.0)
        count = len(it.done)
        await asyncio.sleep(1.5)
        assert len(it.done) == count
        code, health = await it.health()
        assert (code, health["state"]) == (200, "fresh")
        assert all(each["failures"] for each in health["sources"].values())

        # and comes back
        venue.move(70)
        for http in (venue.gamma, venue.clob):
            http.faults.clear()
        venue.mute = False
        took = await until(lambda: it.done[-1].event.price == 700_000)
        assert took < 10
        text = await it.metrics()
        assert f'breakwater_oracle_state{{feed="{FEED}",state="fresh"}} 1.0' in text
        assert "breakwater_oracle_source_failures_total" in text
        summary = await it.summary()
        await assert_no_replay(engine, it.done)
    assert summary.publications == len(it.done)
    assert summary.sequence == summary.publications
    assert summary.state == "fresh"
    assert summary.unpublished == 0
    assert all(summary.source_failures.values())


async def test_degraded_after_five_minutes_and_back(key: Keypair) -> None:
    engine = await chain(key, start=START)
    now = START * 1000
    script = Script()
    config = oracle.OracleConfig(FEED, metrics_port=0, run_clock=False)
    async with running(engine, config, key, [script], clock=lambda: now) as it:
        script.say(500_000, now)
        await until(lambda: it.done)
        expected = ((30, 200, "fresh"), (31, 200, "cached"), (300, 200, "cached"), (301, 503, "degraded"))
        for age, code, state in expected:
            now = (START + age) * 1000
            engine.set_time(START + age)
            found = await it.health()
            for _ in range(100):  # until it has looked again
                found = await it.health()
                if found[1]["state"] == state:
                    break
                await asyncio.sleep(0.05)
            assert (found[0], found[1]["state"], found[1]["age_s"]) == (code, state, age)
            assert (await oracle.show(engine, FEED)).freshness == state, "the chain agrees"
        with pytest.raises(ProgramError, match="StalePrice"):
            await Sender(engine).send([instructions.read_feed(FEED, 300)], [key])
        assert len(it.done) == 1, "an old price is never published as new"
        script.say(510_000, now)
        await until(lambda: len(it.done) == 2)
        assert (await it.health())[1]["state"] == "fresh"
        assert (await oracle.show(engine, FEED)).price == "0.510000"
        summary = await it.summary()
    assert (summary.degraded, summary.recovered, summary.longest_gap_s) == (1, 1, 301.0)


async def test_ten_changes_of_the_stream_in_one_slot(venue: Venue, key: Keypair) -> None:
    engine = await chain(key)
    config = oracle.OracleConfig(FEED, oracle.Rules(probability=True), run_clock=False)
    wanted = oracle.Wanted(FEED, SLUG, "Up", kinds=("stream",))
    change = fixture("stream_price_change")
    frames = []
    for i in range(10):
        change["price_changes"][0] |= {"best_bid": f"0.5{i}", "best_ask": f"0.5{i}5"}
        frames.append(json.loads(json.dumps(change)))
    async with (
        oracle.open_sources(wanted, venue.settings(ping_s=5.0)) as sources,
        running(engine, config, key, sources) as it,
    ):
        await until(lambda: it.done and venue.sockets)
        await venue.push(frames)
        await until(lambda: len(it.done) == 11)
        await assert_no_replay(engine, it.done)
    prices = [each.event.price for each in it.done[1:]]
    assert prices == [502_500 + 10_000 * i for i in range(10)]
    assert len({each.slot for each in it.done}) == 1


async def test_an_unchanged_price_does_not_go_stale(venue: Venue, key: Keypair) -> None:
    engine = await chain(key, max_age_s=3)
    config = oracle.OracleConfig(FEED, oracle.Rules(probability=True))
    wanted = oracle.Wanted(FEED, SLUG, "Up", kinds=("clob",))
    states = set()
    async with (
        oracle.open_sources(wanted, venue.settings()) as sources,
        running(engine, config, key, sources) as it,
    ):
        await until(lambda: it.done)
        for _ in range(50):
            states.add((await oracle.show(engine, FEED)).freshness)
            await asyncio.sleep(0.1)
        summary = await it.summary()
    assert states == {"fresh"}
    assert {each.event.price for each in it.done} == {580_000}
    assert summary.heartbeats >= 4
    assert summary.longest_gap_s < 3


async def test_an_end_of_all_sources_publishes_what_waits(key: Keypair) -> None:
    engine = await chain(key)
    script = Script()
    now = 1_795_000_000_000
    for i in range(30):
        script.say(500_000 + i, now + i)
    script.ticks.put_nowait(None)
    config = oracle.OracleConfig(FEED, run_clock=False)
    summary = await oracle.run(engine, config, key, [script], clock=lambda: now + 40)
    assert (summary.publications, summary.unpublished, summary.largest_batch) == (30, 0, 16)


async def test_wrong_settings_are_refused(key: Keypair) -> None:
    engine = await chain(key)
    for config, keys, sources in (
        (oracle.OracleConfig("none"), key, [Script()]),
        (oracle.OracleConfig(FEED), Keypair(), [Script()]),
        (oracle.OracleConfig(FEED), key, []),
        (oracle.OracleConfig(FEED), key, [Script(), Script()]),
        (oracle.OracleConfig(FEED, heartbeat_s=31), key, [Script()]),
    ):
        with pytest.raises(InvalidInput):
            await oracle.run(engine, config, keys, sources)


@pytest.mark.local
async def test_on_a_validator_of_this_machine() -> None:
    async with open_engine("local") as engine:
        key, payer = Keypair(), Keypair()
        await engine.airdrop(payer.pubkey(), 100 * 10**9)
        await engine.airdrop(key.pubkey(), 10**9)
        sender = Sender(engine, payer)
        await loader.deploy_program(
            sender,
            payer=payer,
            program=addresses.development_keypair("oracle"),
            buffer=Keypair(),
            authority=payer,
            binary=programs.binary("oracle", "v3"),
        )
        await oracle.create(sender, key, FEED, key.pubkey(), exponent=-6, max_age_s=30)
        script, config = Script(), oracle.OracleConfig(FEED)
        async with running(engine, config, key, [script]) as it:
            for number in range(40):
                script.say(500_000 + number, wall_ms())
                await asyncio.sleep(0.05)
            await until(lambda: len(it.done) == 40, 30)
            summary = await it.summary()
        view = await oracle.show(engine, FEED)
    assert (view.price, view.count, view.sequence, view.freshness) == ("0.500039", 40, 40, "fresh")
    assert [each.event.price for each in it.done] == [500_000 + number for number in range(40)]
    assert summary.largest_batch > 1
    assert summary.errors == {}
