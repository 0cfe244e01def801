"""`breakwater monitor` as a person types it, on a real validator."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.conftest import Run, refused

from breakwater.chain import instructions as ix
from breakwater.chain.engine import open_engine
from breakwater.chain.sender import Sender
from breakwater.config import load_keypair
from breakwater.localnet import Sandbox
from breakwater.monitor import Monitor, Sample

pytestmark = pytest.mark.local
BREAKWATER = [sys.executable, "-c", "from breakwater.cli import main; main()"]
RULES = '[[rules]]\nname = "lent"\nmetric = "loans"\nseverity = "info"\nfire = "> 0"\nsays = "Lent."\n'


def test_one_look_tells_what_a_sandbox_is(bw: Run, sandbox: Sandbox) -> None:
    """It has an admin, which is a warning and no failure; nobody can change its programs."""
    status, out, err = bw("monitor", "--once", "--json")
    assert status == 0, err
    seen = json.loads(out)
    fired = {each["rule"]: each["severity"] for each in seen["alerts"]}
    assert fired["admin_present"] == "warning"
    assert {"immutability_lost", "program_changed", "rpc_down", "feed_late"} & set(fired) == set()
    assert {each["authority"] for each in seen["tables"]["programs"]} == {None}
    values = seen["values"]
    assert (values["rpc_up"], values["rpc_healthy"], values["vault"]) == (1, 1, 1_000_000)
    assert values["slots_per_s"] > 0
    assert values["tps"] > 0
    assert {each["matches"] for each in seen["tables"]["programs"]} == {True}
    (feed,) = seen["tables"]["feeds"]
    assert (feed["feed"], feed["state"]) == (sandbox.feed, "fresh")


def test_rules_of_ones_own_and_a_table(bw: Run, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(RULES)
    status, out, _ = bw("monitor", "--once", "--rules", file)
    assert status == 0
    assert "No alert holds." in out
    assert "1,000,000.000000" in out
    file.write_text(RULES.replace("loans", "lones"))
    assert "rule lent: there is no metric lones" in refused(bw("monitor", "--rules", file))
    file.write_text("")
    status, _, err = bw("monitor", "--once", "--rules", file)
    assert (status, "nothing will be an alert" in " ".join(err.split())) == (0, True)
    assert refused(bw("monitor", "--once", "--serve")).startswith("Leave out --once")
    assert refused(bw("monitor", "--serve", "--host", "192.0.2.1")).startswith("Add --allow-remote")
    status, out, _ = bw("monitor", "--print-rules")
    assert (status, "coverage_low" in out) == (0, True)


def test_every_look_is_a_line_of_json(js: Callable[..., Any], bw: Run) -> None:
    status, out, _ = bw("monitor", "--json", "--seconds", "2", "--interval", "0.2")
    looks = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert len(looks) >= 2
    assert [each["time_s"] for each in looks] == sorted(each["time_s"] for each in looks)


def test_the_page_is_served_until_it_is_told_to_stop(sandbox: Sandbox, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    arguments = ["monitor", "--serve", "--port", "0", "--json", "--history", str(tmp_path / "history.sqlite")]
    with subprocess.Popen(
        [*BREAKWATER, *arguments], stdout=subprocess.PIPE, env=environment, text=True
    ) as run:
        assert run.stdout is not None
        where = json.loads(run.stdout.readline())
        token_file = Path(where["token_file"])
        assert token_file.stat().st_mode & 0o077 == 0
        bearer = {"authorization": f"Bearer {token_file.read_text().strip()}"}
        with httpx.Client(base_url=where["url"], headers=bearer, trust_env=False) as http:
            deadline = time.monotonic() + 120
            while (answer := http.get("/metrics").text).count("breakwater_tps") == 0:
                assert time.monotonic() < deadline, answer
                time.sleep(0.2)
            assert "breakwater_vault 1e+06" in answer
        run.send_signal(signal.SIGINT)
        assert run.wait(60) == 0


def test_an_alert_clears_when_the_chain_has_changed(sandbox: Sandbox) -> None:
    async def renounce() -> tuple[Sample, Sample]:
        operator = load_keypair(sandbox.keypair_path("operator"))
        async with open_engine(sandbox.url) as engine:
            monitor = Monitor(engine)
            before = await monitor.sample()
            await Sender(engine).send([ix.renounce_admin(operator.pubkey())], [operator])
            return before, await monitor.sample()

    before, after = asyncio.run(renounce())
    assert "admin_present" in {each.rule for each in before.alerts}
    assert [each.kind for each in after.notices if each.alert.rule == "admin_present"] == ["cleared"]


def test_a_critical_alert_is_status_1(bw: Run, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(RULES.replace("info", "critical").replace("loans", "vault"))
    status, out, _ = bw("monitor", "--once", "--rules", file)
    assert status == 1
    assert "critical  Lent. (vault 1e+06" in out
