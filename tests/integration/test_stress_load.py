"""Load over HTTP: a master and two workers of Locust in processes of their own, our API, a real chain."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from breakwater.stress._users_http import users_over_http
from breakwater.stress.load import Load, Member, load
from breakwater.trials import Context


async def test_two_workers_share_the_users_and_every_request_succeeds(tmp_path: Path) -> None:
    """One of them joins by the command that is printed."""
    joined: list[subprocess.Popen[bytes]] = []

    def join(step: str) -> None:
        if " --worker " in step:
            setting, *command = shlex.split(step.partition(": ")[2])
            name, _, plan = setting.partition("=")
            environment = os.environ | {name: plan, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            joined.append(subprocess.Popen([sys.executable, *command[1:]], env=environment))

    ctx = Context(users=12, duration_s=5.0, workers=1, progress=join)
    outcome = await users_over_http(
        ctx, per_second=20.0, csv=tmp_path / "load", html=tmp_path / "load.html", others=1
    )
    (worker,) = joined
    assert worker.wait(30) in (0, 1)
    assert outcome.passed, outcome.reason
    figures = outcome.figures
    assert (figures["processes"], figures["users_at_most"], figures["causes"]) == (2, 12, {})
    assert figures["succeeded"] == figures["operations"] > 12
    assert figures["by_path"]["POST /v1/orders"]["requests"] > 0
    assert (tmp_path / "load_stats.csv").read_text().startswith("Type,Name,Request Count")
    assert "<title>" in (tmp_path / "load.html").read_text()


async def test_locusts_page_is_for_who_has_the_token_that_the_command_prints() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from breakwater.cli import main; main()", "stress", "load", "--json"),
        *("--engine", "embedded", "--users", "2", "--duration", "2", "--rate", "4", "--web", str(port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert process.stderr is not None
    said = b""
    try:
        while not (found := re.search(rb"http://127\.0\.0\.1:\d+/\?token=\S+", said)):
            piece = await asyncio.wait_for(process.stderr.read(1_000), 120)
            assert piece, said
            said += piece
        address = found[0].decode()
        base, _, token = address.partition("?token=")
        async with httpx.AsyncClient() as client:
            async with asyncio.timeout(120):
                while True:
                    try:
                        bare = await client.get(base)
                        break
                    except httpx.TransportError:
                        await asyncio.sleep(0.05)
            assert (bare.status_code, token in bare.text) == (401, False)
            assert (await client.get(base, params={"token": token[:-1]})).status_code == 401
            assert (await client.get(f"{base}stats/requests")).status_code == 401
            shown = await client.get(address)
            assert (shown.status_code, token in shown.headers["location"]) == (302, False)
            assert "HttpOnly" in shown.headers["set-cookie"]
            assert (await client.get(base)).status_code == 200, "from then on the cookie is enough"
    finally:
        out, rest = await asyncio.wait_for(process.communicate(), 180)
    suite = json.loads(out)
    assert (process.returncode, suite["passed"]) == (0, True), rest
    (result,) = suite["scenarios"]
    assert (result["name"], result["figures"]["users"]) == ("concurrent-users", 2)
    assert result["figures"]["succeeded"] == result["figures"]["operations"] > 2


async def test_a_server_that_is_gone_fails_the_load_and_says_why() -> None:
    members = [Member(f"{number:064x}", "t" * 24) for number in range(2)]
    result = await load(Load("http://127.0.0.1:9", members, [1], 2.0, 4.0))
    assert result.status == 1
    assert result.figures["failures"] == result.figures["requests"] > 0
    assert result.figures["causes"] == {"RPC": result.figures["failures"]}
    assert "most often for RPC" in result.figures["broken"][0]
