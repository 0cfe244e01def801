"""The oracle as operators run it, on a real chain, with servers that fail and come back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from solders.keypair import Keypair
from tests.unit.oracle.venue import SLUG, Node, Venue, fixture

from breakwater import oracle
from breakwater.chain import addresses, instructions, loader, programs
from breakwater.chain.engine import EmbeddedEngine, RpcEngine, open_engine
from breakwater.chain.sender import Sender
from breakwater.errors import InvalidInput, ProgramError
from breakwater.model import Tick
from breakwater.oracle.sources import Emit, Status, wall_ms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from breakwater.oracle import OracleConfig, Publication, Summary
    from breakwater.oracle.sources import Source

FEED = "made-up"
START = 1_700_000_000


@pytest.fixture
def key() -> Keypair:
    return Keypair.from_seed(b"k" * 32)


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    async with Venue().serving() as opened:
        yield opened


async def chain(key: Keypair, *, start: int | None = None, max_age_s: int = 30) -> EmbeddedEngine:
    engine = EmbeddedEngine(programs.embedded_programs(), start_time=start)
    engine.fund(key.pubkey(), 100 * 10**9)
    await oracle.create(Sender(engine), key, FEED, key.pubkey(), exponent=-6, max_age_s=max_age_s)
    return engine


async def until(true: Callable[[], object], seconds: float = 20.0) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not true():
        assert loop.time() - began < seconds, "it did not happen"
        await asyncio.sleep(0.01)
    return loop.time() - began


class Running:
    """An oracle under way in this process."""

    def __init__(self) -> None:
        self.done: list[Publication] = []
        self.port = 0
        self.stop = asyncio.Event()
        self.task: asyncio.Task[Summary]

    async def health(self) -> tuple[int, dict[str, Any]]:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{self.port}/health")
            return answer.status_code, answer.json()

    async def metrics(self) -> str:
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(f"http://127.0.0.1:{self.port}/metrics")).text

    async def summary(self) -> Summary:
        self.stop.set()
        return await asyncio.wait_for(self.task, 15)


@asynccontextmanager
async def running(
    engine: EmbeddedEngine | RpcEngine,
    config: OracleConfig,
    key: Keypair,
    sources: list[Source],
    **more: Any,
) -> AsyncIterator[Running]:
    found = Running()
    found.task = asyncio.create_task(
        oracle.run(
            engine,
            config,
            key,
            sources,
            on_publication=found.done.append,
            on_listening=lambda port: setattr(found, "port", port),
            stop=found.stop,
            **more,
        )
    )
    try:
        yield found
    finally:
        found.stop.set()
        await asyncio.wait([found.task], timeout=15)
    found.task.result()


class Script:
    """A source that says what the test says."""

    name = "script"

    def __init__(self) -> None:
        self.status = Status()
        self.ticks: asyncio.Queue[Tick | None] = asyncio.Queue()

    async def run(self, emit: Emit) -> None:
        while (tick := await self.ticks.get()) is not None:
            self.status.worked(tick.received_ms)
            emit(tick)

    def say(self, price: int, at_ms: int) -> None:
        self.ticks.put_nowait(Tick(self.name, FEED, price, -6, 100, at_ms, at_ms))


async def assert_no_replay(engine: EmbeddedEngine, done: list[Publication]) -> None:
    feed = await oracle.read_feed(engine, FEED)
    assert feed is not None
    assert feed.count == feed.sequence, "every sequence was used once"
    assert all(a.event.sequence < b.event.sequence for a, b in pairwise(done))
    stamps = [stamp for stamp, _ in feed.history]
    assert stamps == sorted(stamps)
    assert (feed.price, feed.sequence) == (done[-1].event.price, done[-1].event.sequence)


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


class Shell:
    """The command, before a node and a venue on loopback."""

    def __init__(self, node: Node, venue: Venue, keys: Path) -> None:
        self.environment = os.environ | {
            "BREAKWATER_RPC_URL": node.url,
            "BREAKWATER_KEYPAIR": str(keys),
            "BREAKWATER_ORACLE_GAMMA_URL": venue.gamma.url,
            "BREAKWATER_ORACLE_CLOB_URL": venue.clob.url,
            "BREAKWATER_ORACLE_STREAM_URL": venue.stream_url,
            "BREAKWATER_ORACLE_POLL_S": "0.2",
            "BREAKWATER_ORACLE_WAIT_INITIAL_S": "0.05",
            "NO_PROXY": "127.0.0.1",
        }

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from breakwater.cli import main; main()",
            "oracle",
            *arguments,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def __call__(self, *arguments: str) -> tuple[int, str, str]:
        process = await self.start(*arguments)
        out, err = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode or 0, out.decode(), err.decode()


@asynccontextmanager
async def shell(
    venue: Venue, key: Keypair, directory: Path
) -> AsyncIterator[tuple[Shell, EmbeddedEngine, Node]]:
    keys = directory / "id.json"
    keys.write_text(json.dumps(list(bytes(key))))
    engine = EmbeddedEngine(programs.embedded_programs())
    engine.fund(key.pubkey(), 100 * 10**9)
    node = Node(engine)
    ticking = asyncio.create_task(engine.run_clock())
    async with node.serving():
        yield Shell(node, venue, keys), engine, node
    ticking.cancel()


async def line(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    text = await asyncio.wait_for(process.stdout.readline(), 30)
    assert text, "the oracle ended"
    found: dict[str, Any] = json.loads(text)
    return found


async def test_killed_and_resumed(venue: Venue, key: Keypair, tmp_path: Path) -> None:
    async with shell(venue, key, tmp_path) as (run, engine, node):
        assert (await run("create", FEED, "--exponent", "-6", "--max-age", "20"))[0] == 0
        command = ("run", FEED, "--engine", node.url, "--market", SLUG, "--heartbeat", "0.3", "--json")
        sequences = []
        for price in (50, 52, 54):
            venue.move(price)
            process = await run.start(*command)
            while (found := await line(process))["price"] != price * 10_000:
                sequences.append(found["sequence"])
            sequences.append(found["sequence"])
            process.kill()
            await process.wait()
        venue.move(56)
        process = await run.start(*command)
        found = await line(process)
        sequences.append(found["sequence"])
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), 20)
        assert process.returncode == 0, err
        *rest, last = (json.loads(each) for each in out.splitlines())
        sequences += [each["sequence"] for each in rest]
        feed = await oracle.read_feed(engine, FEED)
    assert feed is not None
    assert sequences == sorted(set(sequences)), "no sequence twice, and none falls"
    assert feed.count == feed.sequence == last["summary"]["sequence"] == sequences[-1]
    assert last["summary"]["errors"] == {}
    assert b"oracle_stopped" in err


async def test_create_show_and_rotate(venue: Venue, key: Keypair, tmp_path: Path) -> None:
    async with shell(venue, key, tmp_path) as (run, engine, node):
        code, _, err = await run("show", FEED)
        assert (code, err.count("\n")) == (2, 1)
        assert "Create the feed" in err
        assert (await run("create", FEED, "--json"))[0] == 0
        code, _, err = await run("create", FEED)
        assert (code, err) == (2, f"breakwater: Choose another name: there is a feed '{FEED}' already.\n")

        code, out, _ = await run("show", FEED, "--json")
        found = json.loads(out)
        assert (code, found["freshness"], found["price"], found["count"]) == (1, "degraded", None, 0)
        code, out, err = await run(
            "run", FEED, "--engine", node.url, "--market", SLUG, "--source", "clob", "--seconds", "3"
        )
        assert (code, "publications" in out) == (0, True), err
        code, out, _ = await run("show", FEED, "--json")
        found = json.loads(out)
        assert (code, found["freshness"], found["price"]) == (0, "fresh", "0.58000000")
        assert found["publisher"] == found["authority"] == str(key.pubkey())
        assert found["sequence"] == found["count"] > 0
        code, out, _ = await run("show", FEED)
        assert "0.58000000 ± 0.01000000" in out

        heir = Keypair().pubkey()
        assert (await run("rotate", FEED, str(heir)))[0] == 0
        feed = await oracle.read_feed(engine, FEED)
        assert feed is not None
        assert feed.publisher == bytes(heir)
        code, _, err = await run("run", FEED, "--engine", node.url, "--market", SLUG)
        assert code == 2
        assert f"with its publisher's key, {heir}" in err
        assert (await run("rotate", FEED, "nonsense"))[0] == 2
        assert (await run("show", FEED, "--engine", "embedded"))[0] == 2


async def test_the_node_is_away_while_the_command_starts(venue: Venue, key: Keypair, tmp_path: Path) -> None:
    async with shell(venue, key, tmp_path) as (run, _, node):
        await run("create", FEED)
        node.faults.close = venue.gamma.faults.close = True
        process = await run.start("run", FEED, "--engine", node.url, "--market", SLUG, "--json")
        await until(lambda: len(venue.gamma.requests) >= 2, 30)
        venue.gamma.faults.clear()
        await asyncio.sleep(2)
        node.faults.clear()
        assert (await line(process))["sequence"] == 1
        process.terminate()
        await asyncio.wait_for(process.communicate(), 20)
        assert process.returncode == 0

        node.faults.close = True
        asked = len(node.requests)
        process = await run.start("run", FEED, "--engine", node.url, "--market", SLUG)
        await until(lambda: len(node.requests) > asked, 30)
        process.send_signal(signal.SIGINT)
        out, _ = await asyncio.wait_for(process.communicate(), 20)
        assert process.returncode == 1, "nothing was published"
        assert b"publications" in out


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
