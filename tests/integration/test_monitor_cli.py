"""`breakwater monitor` as a person types it, on an exchange of the embedded engine behind a socket."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from breakwater import config
from breakwater.chain import instructions as ix

from .monitor_ground import FEED, UNIT, Ground, make_ground
from .monitor_node import Node
from .typed import Typed, cells, refusal, typed, typed_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Ground, Node]]:
    """A loan, a keeper on duty and a price, whose vault covers all that it has lent several times."""
    ground = await make_ground()
    market = await ground.market(100_000 * UNIT)
    await ground.lend(market, 1, 20_000 * UNIT)
    await ground.keeper()
    await ground.send(ix.fold())
    node = Node(ground.engine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BREAKWATER_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("BREAKWATER_RPC_URL", raising=False)
        config.settings.cache_clear()
        ticking = asyncio.create_task(ground.engine.run_clock())
        async with node.serving():
            yield ground, node
        ticking.cancel()
    config.settings.cache_clear()


def figure(shown: str, name: str) -> str:
    """What stands behind a figure's name."""
    line = next(each for each in shown.splitlines() if f" {name} " in f" {each} ")
    return line.split(f"{name} ", 1)[1].split()[0]


async def test_one_look_is_the_same_in_tables_and_in_json(stage: tuple[Ground, Node]) -> None:
    ground, node = stage
    await ground.publish()
    # the embedded engine runs other builds than clusters do, and that is told like anywhere
    place = ("--once", "--engine", node.url)
    seen, done = await asyncio.gather(typed_json("monitor", *place, status=1), process(*place))
    assert (done.status, done.err) == (1, "")
    assert "A program's bytes are not the manifest's. [program" in done.out
    values, tables = seen["values"], cells(done.out)
    for name in ("vault", "cash", "loans", "volume", "fees"):
        assert figure(done.out, name) == f"{values[name]:,.6f}", name
    assert figure(done.out, "coverage") == f"{values['coverage']:,.4f}"
    assert figure(done.out, "open markets") == "1"
    (feed,), (keeper,) = seen["tables"]["feeds"], seen["tables"]["keepers"]
    assert [feed["feed"], feed["price"]] in [each[:2] for each in tables]
    assert [[each[0], each[-1]] for each in tables if each[0] == keeper["keeper"]] == [
        [str(ground.keepers[0].pubkey()), "on duty"]
    ]
    programs = [[each["program"], each["address"], "nobody", "others"]
                for each in seen["tables"]["programs"]]  # fmt: skip
    assert [each for each in tables if each in programs] == programs
    for alert in seen["alerts"]:
        assert f"({alert['metric']} " in done.out


async def test_a_node_that_is_behind_is_a_finding_and_no_reason_not_to_look(
    stage: tuple[Ground, Node],
) -> None:
    _, node = stage
    node.healthy = False
    try:
        seen = await typed("monitor", "--once", "--engine", node.url, "--json")
    finally:
        node.healthy = True
    assert seen.status in (0, 1), seen
    answer = json.loads(seen.out)
    assert answer["values"]["rpc_healthy"] == 0
    assert "rpc_unhealthy" in {each["rule"] for each in answer["alerts"]}


async def process(*arguments: object) -> Typed:
    """The command in a process of its own: only there can it take signals."""
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from breakwater.cli import main; main()",
        "monitor",
        *map(str, arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"COLUMNS": "250", "LINES": "80", "TERM": "xterm"},
    )
    out, err = await asyncio.wait_for(started.communicate(), 120)
    assert b"Traceback" not in err
    return Typed(started.returncode or 0, out.decode(), err.decode())


async def terminal(*arguments: object) -> tuple[int, str]:
    """The command on a terminal of its own; what it wrote there."""
    ours, theirs = os.openpty()
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from breakwater.cli import main; main()", "monitor", *map(str, arguments)),
        stdout=theirs,
        stderr=asyncio.subprocess.DEVNULL,
        env=os.environ | {"COLUMNS": "200", "LINES": "80", "TERM": "xterm"},
    )
    os.close(theirs)

    def written() -> str:
        text = b""
        while True:
            try:
                part = os.read(ours, 1 << 16)
            except OSError:  # Linux: the other side was closed
                part = b""
            if not part:
                return text.decode(errors="replace")
            text += part

    text = await asyncio.to_thread(written)
    os.close(ours)
    return await asyncio.wait_for(started.wait(), 60), text


async def test_watching_shows_a_look_first_a_terminal_all_and_the_page_where_it_is(
    stage: tuple[Ground, Node], tmp_path: Path
) -> None:
    _, node = stage
    place = ("--engine", node.url, "--seconds", "2", "--interval", "0.2")
    serving = ("--serve", "--port", "0", "--history", tmp_path / "history.sqlite")
    plain, (status, live), page = await asyncio.gather(
        process(*place), terminal(*place, "--terminal"), process(*place, *serving)
    )
    assert plain.status == status == page.status == 0
    assert any(each[0] == FEED for each in cells(plain.out))
    assert "Watching; alerts are told as they come. Ctrl-C stops." in plain.err
    assert plain.err.endswith("Stopped.\n")
    assert live.count("Feeds") > 1, "one look after the other"
    assert "others" in live
    token = config.settings().cache / "monitor" / "token"
    assert f"the token is in {token}. Ctrl-C stops." in page.err
    assert (page.out, token.read_text().strip() in page.err) == ("", False)
    assert (tmp_path / "history.sqlite").exists()


COVERED = """
[[rules]]
name = "covered"
metric = "coverage"
severity = "critical"
fire = "< 0.5"
says = "Covered badly."
"""


async def test_a_vault_that_covers_too_little_is_status_1(stage: tuple[Ground, Node], tmp_path: Path) -> None:
    ground, node = stage
    file = tmp_path / "rules.toml"
    file.write_text(COVERED)
    place = ("--once", "--engine", node.url, "--rules", file)
    await ground.have_cash(ground.at_risk // 4)
    seen, done = await asyncio.gather(typed_json("monitor", *place, status=1), process(*place))
    assert done.status == 1
    assert "critical  Covered badly. (coverage 0.25" in done.out
    assert [(each["rule"], each["severity"]) for each in seen["alerts"]] == [("covered", "critical")]
    assert seen["values"]["coverage"] < 0.5


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--once", "--terminal"], "Leave out --once: --serve and --terminal watch."),
        (["--terminal"], "Leave out --terminal: standard output is no terminal."),
        (["--terminal", "--json"], "Choose between --terminal and --json."),
        (
            ["--serve", "--allow-remote"],
            "Add --token-file: other machines need a token that you chose.",
        ),
        (["--once", "--rules", "/nowhere.toml"], "/nowhere.toml"),
        (["--once", "--engine", "http://127.0.0.1:1"], "Start the node or name another with --engine: "),
        (["--once", "--engine", "embedded"], "Name a node that keeps its state"),
        (["--once"], "Run breakwater local start first, or name a node with --engine."),
    ],
)
async def test_what_cannot_be_watched_is_one_sentence(
    stage: tuple[Ground, Node], arguments: list[str], sentence: str
) -> None:
    assert sentence in refusal(await typed("monitor", *arguments))


async def test_the_dashboard_is_printed_as_it_is_shipped(stage: tuple[Ground, Node]) -> None:
    done = await typed("monitor", "--print-grafana")
    assert (done.status, done.err) == (0, "")
    assert json.loads(done.out)["panels"]
