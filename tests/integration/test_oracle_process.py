"""The oracle as operators run it: a process before a node and a venue, killed and gone on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from solders.keypair import Keypair
from tests.unit.oracle.venue import SLUG, Node, Venue

from breakwater import oracle
from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine

from .oracle_ground import FEED, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
def key() -> Keypair:
    return Keypair.from_seed(b"k" * 32)


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    async with Venue().serving() as opened:
        yield opened


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
        assert (await run("create", FEED, "--max-age", "200", "--json"))[0] == 0
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
