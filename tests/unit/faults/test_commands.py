"""`breakwater faults` as people and machines use it: drills that hold, one that does not, and the proxy."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import httpx
import pytest

from breakwater.chain.engine import EmbeddedEngine
from breakwater.cli import main
from breakwater.faults import drills, scenarios
from breakwater.faults.drills import DRILLS
from breakwater.faults.model import Drill, DrillResult
from breakwater.faults.node import served
from breakwater.trials import Context


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["faults", *arguments])
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


async def _losing(_: float) -> DrillResult:
    return DrillResult("losing", operations=10, succeeded=9, lost=1, struck=1, wrong=["[/tmp/x] is gone."])


@pytest.fixture
def losing(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more drill, which loses something."""
    monkeypatch.setitem(drills.DRILLS, "losing", Drill("losing", "made up", "loses one", _losing))


def test_the_list_for_people_has_what_the_one_for_machines_has(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    status, out, _ = run(capsys, "list", "--json")
    listed = json.loads(out)
    assert (status, [each["name"] for each in listed]) == (0, list(DRILLS))
    table = " ".join(run(capsys, "list")[1].split())
    for each in listed:
        assert f"{each['name']} │ {each['target']} │ {each['fault']}" in table


def test_drills_of_people_and_redis_lose_nothing_by_command(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    names = ("redis-cut", "source-outage")
    status, out, err = run(capsys, "drill", *names, "--part", "0.1", "--json")
    assert status == 0, err
    found = [json.loads(line) for line in out.splitlines()]
    assert [each["name"] for each in found] == list(names)
    for each in found:
        assert (each["lost"], each["repeated"], each["passed"]) == (0, 0, True), each
        assert each["succeeded"] == each["operations"] > 0
    cut, people = (each["figures"] for each in found)
    assert (cut["resets"] > 0, cut["given_up"]) == (True, 0)
    assert (people["seeds"], people["faults"] > 0) == (1, True)
    assert people["orders"]["landed"] > 0


@pytest.mark.usefixtures("losing")
def test_a_drill_that_lost_something_ends_with_1_and_says_what(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    status, out, err = run(capsys, "drill", "made up", "rpc-reset", "--part", "0.1")
    table = " ".join(out.split())
    assert (status, "Traceback" in err) == (1, False)
    assert "losing │ loses one │ 9 of 10 │ 1 │ 0 │" in table
    assert (table.count("FAILED"), table.count("│ ok │")) == (1, 1)
    said = [line for line in err.splitlines() if line.startswith("breakwater: ")]
    assert "breakwater: losing: 1 of 10 operations were lost." in said
    assert "breakwater: losing: [/tmp/x] is gone." in said, "what is between brackets is no markup"
    assert all(line.startswith("breakwater: losing: ") for line in said)
    status, out, _ = run(capsys, "drill", "losing", "--json")
    assert (status, json.loads(out)["passed"]) == (1, False)


@pytest.mark.usefixtures("losing")
async def test_a_scenario_of_drills_fails_with_the_drill_that_failed() -> None:
    outcome = await scenarios._drills("rpc-reset", "losing")(Context(scale=0.01))
    assert (outcome.passed, outcome.success_rate < 1) == (False, True)
    assert outcome.reason.startswith("49 of 50 operations succeeded. ")
    assert "losing: 1 of 10 operations were lost." in outcome.reason
    assert outcome.figures["losing"].startswith("9 of 10, recovered in ")
    assert "rpc-reset: " not in outcome.reason


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("drill", "nothing"), "Name drills that breakwater faults list shows, not 'nothing'."),
        (("drill", "all", "--part", "0"), "Invalid value for '--part'"),
        (("drill", "all", "--part", "nan"), "Invalid value for '--part'"),
        (("proxy", "x"), "Give the endpoint behind the proxy as an http address, not 'x'."),
        (("proxy", "http://127.0.0.1:1", "--profile", "kind"), "Choose a --profile out of honest, "),
        (("proxy", "http://127.0.0.1:1", "--requests", "0"), "Invalid value for '--requests'"),
    ],
)
def test_bad_input_is_one_sentence(
    arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"breakwater: {sentence}")


async def test_the_proxy_answers_until_ctrl_c_and_then_says_what_it_did() -> None:
    async with served(EmbeddedEngine(), 0) as node:
        process = subprocess.Popen(  # noqa: ASYNC220 - it only starts
            [
                *(sys.executable, "-c", "from breakwater.cli import main; main()", "faults", "proxy", node),
                *("--profile", "public", "--latency-ms", "0", "--requests", "2", "--json"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        try:
            assert process.stdout is not None
            at = json.loads(process.stdout.readline())
            assert at["ws_url"] == f"ws://127.0.0.1:{int(at['url'].rpartition(':')[2]) + 1}"
            async with httpx.AsyncClient() as client:
                body = {"jsonrpc": "2.0", "id": 1, "method": "getSlot"}
                answers = [await client.post(at["url"], json=body) for _ in range(3)]
        finally:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        assert [each.status_code for each in answers] == [200, 200, 429]
        assert (process.returncode, "Traceback" in err) == (0, False)
        assert json.loads(out)["limited"] == 1
        assert f"for {node}. Ctrl-C stops." in err
