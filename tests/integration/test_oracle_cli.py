"""`breakwater oracle` as a person types it, on the embedded engine: in its process, and behind a socket."""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from solders.keypair import Keypair

from breakwater import config, oracle
from breakwater.chain import instructions as ix
from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.model import PriceEvent

from .monitor_node import Node
from .typed import Typed, key_file, refusal, rows, typed, typed_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEY = "11111111111111111111111111111112"
START_MS = 1_784_851_200_000


class Town:
    """A chain behind a socket, and who pays there."""

    def __init__(self, engine: EmbeddedEngine, node: Node, key: Keypair, place: Path) -> None:
        self.engine, self.node, self.key, self.place = engine, node, key, place
        self.file = key_file(place, key)

    async def __call__(self, *arguments: object) -> Typed:
        verb, *rest = arguments
        return await typed("oracle", verb, "--engine", self.node.url, *rest)

    async def json(self, *arguments: object, status: int = 0) -> Any:
        verb, *rest = arguments
        return await typed_json("oracle", verb, "--engine", self.node.url, *rest, status=status)


@pytest_asyncio.fixture
async def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    monkeypatch.delenv("BREAKWATER_RPC_URL", raising=False)
    monkeypatch.delenv("BREAKWATER_KEYPAIR", raising=False)
    config.settings.cache_clear()
    engine, key = EmbeddedEngine(programs.embedded_programs()), Keypair()
    await engine.airdrop(key.pubkey(), 10**10)
    node = Node(engine)
    async with node.serving():
        yield Town(engine, node, key, tmp_path)
    await engine.close()
    config.settings.cache_clear()


async def test_a_feed_is_opened_shown_and_handed_over_in_tables_and_in_json(town: Town) -> None:
    signed, own = ("--keypair", town.file), str(town.key.pubkey())
    created = await town("create", "BTC/USD", *signed, "--exponent", "-2", "--max-age", "30")
    assert created.status == 0, created
    assert created.out.startswith("Done in slot ")

    never = await town.json("show", "BTC/USD", status=1)
    assert (never["price"], never["age_s"], never["freshness"]) == (None, None, "degraded")
    shown = await town("show", "BTC/USD")
    assert shown.status == 1
    table = rows(shown.out)
    assert (table["price"], table["age"], table["freshness"]) == ("none yet", "never published", "degraded")

    event = PriceEvent("BTC/USD", 6_500_025, -2, 650, 1, 0, await town.engine.now() * 1000)
    await Sender(town.engine).send([ix.publish(town.key.pubkey(), event)], [town.key])
    found, table = await town.json("show", "BTC/USD"), rows((await town("show", "BTC/USD")).out)
    assert (found["price"], found["confidence"], found["freshness"]) == ("65000.25", "6.50", "fresh")
    assert {name: table[name] for name in ("price", "freshness", "sequence", "unit")} == {
        "price": "65000.25 ± 6.50",
        "freshness": "fresh",
        "sequence": "1",
        "unit": "10^-2",
    }
    assert table["age"] == f"{found['age_s']} s of 30 s"
    assert (table["address"], table["publisher"], table["authority"]) == (found["address"], own, own)

    heir = str(Keypair().pubkey())
    moved = await town.json("rotate", "BTC/USD", heir, *signed)
    assert moved.keys() == {"signature", "slot", "compute_units"}
    assert rows((await town("show", "BTC/USD")).out)["publisher"] == heir
    assert "NotPublisher" in str(await publish(town)), "the old key can publish no more"


async def publish(town: Town) -> Exception | None:
    event = PriceEvent("BTC/USD", 6_500_026, -2, 650, 2, 0, await town.engine.now() * 1000 + 1)
    try:
        await Sender(town.engine).send([ix.publish(town.key.pubkey(), event)], [town.key])
    except Exception as error:  # noqa: BLE001 - whatever it is, its name is asserted
        return error
    return None


async def test_a_price_that_has_grown_old_is_status_1(town: Town) -> None:
    await oracle.create(Sender(town.engine), town.key, "OLD", town.key.pubkey(), exponent=-2, max_age_s=30)
    event = PriceEvent("OLD", 100, -2, 1, 1, 0, (await town.engine.now() - 301) * 1000)
    await Sender(town.engine).send([ix.publish(town.key.pubkey(), event)], [town.key])
    found = await town.json("show", "OLD", status=1)
    assert (found["price"], found["freshness"]) == ("1.00", "degraded")
    assert found["age_s"] >= 301


async def test_what_goes_wrong_is_one_sentence(town: Town) -> None:
    signed = ("--keypair", town.file)
    long = "x" * 33
    for arguments, sentence in (
        (("show", "GOLD"), "Create the feed"),
        (("show", long), "at most 32 bytes"),
        (("create", long, *signed), "at most 32 bytes"),
        (("create", "\x1b[2J", *signed), "printable"),
        (("create", "GOLD"), "BREAKWATER_KEYPAIR"),
        (("create", "GOLD", "--publisher", "me", *signed), "Name an address in base58, not 'me'."),
        (("rotate", "GOLD", "me", *signed), "Name an address in base58, not 'me'."),
        (("rotate", "GOLD", town.key.pubkey(), *signed), "Create the feed"),
    ):
        assert sentence in refusal(await town(*arguments)), arguments
    for engine in ("embedded", "local"):
        done = await typed("oracle", "show", "GOLD", "--engine", engine)
        assert refusal(done).startswith("Name a cluster that outlives this command")
    assert refusal(await typed("oracle", "show", "GOLD")).startswith("Name a cluster that outlives")
    for arguments in (("show", "GOLD"), ("create", "GOLD", *signed), ("rotate", "GOLD", KEY, *signed)):
        gone = await typed("oracle", *arguments, "--engine", "http://127.0.0.1:1")
        assert refusal(gone) == (
            "Start the node or name another with --engine: http://127.0.0.1:1 does not answer."
        )


async def played(place: Path, *more: str) -> tuple[int, str, str]:
    """`oracle run` of a capture, in a process of its own: only there can it take signals."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from breakwater.cli import main; main()"),
        *("oracle", "run", "BTC/USD", "--capture", str(place), "--speed", "100", "--exponent", "-2", *more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 120)
    assert b"Traceback" not in err
    return process.returncode or 0, out.decode(), err.decode()


async def test_a_capture_is_played_on_the_embedded_engine_and_summed_up(tmp_path: Path) -> None:
    file, prices = tmp_path / "ticks.csv.gz", (6_500_025, 6_500_050, 6_500_075)
    lines = ["feed_ts_ms,value,full_accuracy_value,server_ts_ms,recv_ms"]
    for i, price in enumerate(prices):
        at_ms = START_MS + 1_000 * i
        lines.append(f"{at_ms},{price / 100},{price}{'0' * 16},{at_ms + 1_000},{at_ms + 1_200}")
    file.write_bytes(gzip.compress("\n".join([*lines, ""]).encode()))
    (status, out, err), (shown, table, _), (some, fewer, _), (bad, nothing, why) = await asyncio.gather(
        played(file, "--json"),
        played(file),
        played(file, "--ticks", "2", "--json"),
        played(tmp_path / "none.csv"),
    )
    *events, last = [json.loads(line) for line in out.splitlines()]
    assert (status, shown, some) == (0, 0, 0), err
    assert [each["price"] for each in events] == list(prices)
    assert [each["sequence"] for each in events] == [1, 2, 3]
    summary = last["summary"]
    assert (summary["publications"], summary["ticks"], summary["errors"]) == (3, {"capture": 3}, {})
    told = rows(table)
    assert (told["publications"], told["ticks"], told["sequence"]) == ("3", "capture 3", "3")
    assert {told[name] for name in ("refused", "dropped", "errors", "failures of sources")} == {"none"}
    assert json.loads(fewer.splitlines()[-1])["summary"]["publications"] == 2
    assert (bad, nothing) == (2, "")
    assert f"breakwater: Name a file of ticks: {tmp_path / 'none.csv'} does not exist.\n" in why
