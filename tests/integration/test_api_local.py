"""`breakwater api serve` as a process of its own, in front of a real validator."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from solders.hash import Hash
from solders.message import Message
from solders.transaction import VersionedTransaction

from breakwater import config, localnet
from breakwater.api import ApiClient, schemas, sign
from breakwater.chain import instructions as ix
from breakwater.cli import main
from breakwater.errors import BlockhashExpired, ProgramError
from breakwater.localnet import Sandbox

pytestmark = pytest.mark.local

SERVE = "from breakwater.cli import main; main()"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox with a market and a trader who has a balance."""
    cache = tmp_path_factory.mktemp("cache")
    validator = config.settings().validator_path()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BREAKWATER_CACHE_DIR", str(cache))
        patch.setenv("BREAKWATER_VALIDATOR", str(validator))
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        patch.delenv("BREAKWATER_RPC_URL", raising=False)
        config.settings.cache_clear()
        try:
            started, _ = localnet.start(1.0)
            for line in ("trade deposit 1000 --yes", "market create 100000 --closes 1h --id 77 --yes"):
                with pytest.raises(SystemExit) as ended:
                    main(line.split())
                assert ended.value.code == 0
            yield started
        finally:
            localnet.stop()
    config.settings.cache_clear()


@contextmanager
def served(*options: str) -> Iterator[tuple[str, str, subprocess.Popen[str]]]:
    """Address and token of a server, and its process, which is ended with the block."""
    command = [sys.executable, "-c", SERVE, "api", "serve", "--port", "0", "--json", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.stderr.read() if process.stderr else ""
        said = json.loads(line)
        yield said["url"], Path(said["token_file"]).read_text().strip(), process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


async def landed(api: ApiClient, signature: str) -> schemas.OrderStatus:
    """The order once its outcome is known."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = await api.order(signature)
        if found.status != "accepted":
            return found
        await asyncio.sleep(0.3)
    raise AssertionError("no outcome within a minute")


async def test_orders_land_once_through_restarts(sandbox: Sandbox) -> None:
    key = config.load_keypair(sandbox.keypair_path("trader"))
    owner = str(key.pubkey())
    with served() as (url, token, process):
        async with ApiClient(url, token) as api:
            done = await api.trade(key, market=77, side="buy", outcome=1, shares="10")
            assert (done.status, done.fills[0].shares, done.fills[0].market) == ("landed", "10.000000", 77)
            shown = await api.market(77)
            assert shown.outcomes[1].shares == "10.000000"
            assert (await api.trader(owner)).positions[0].shares == "10.000000"
            with pytest.raises(ProgramError) as caught:
                await api.trade(key, market=77, side="open", outcome=1, shares="1", leverage="60")
            assert caught.value.name == "LeverageAboveCap"
            order = schemas.BuildRequest(owner, 77, "buy", 1, "5")
            text = sign(await api.build(order), order, key)
            first = await api.post(text, wait=False)
            assert (first.status, first.replayed) == ("accepted", False)
        # the end comes while the order is on its way
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert "Stopped." in errors
        assert token not in errors
    with served() as (url, again, _):
        assert again == token
        async with ApiClient(url, token) as api:
            found = await landed(api, first.signature)
            assert (found.status, found.fills[0].shares) == ("landed", "5.000000")
            replay = await api.post(text)
            assert (replay.replayed, replay.fills) == (True, found.fills)
            assert (await api.trader(owner)).positions[0].shares == "15.000000"
            selling = ix.sell(key.pubkey(), 77, 1, 1_000_000, 0)
            message = Message.new_with_blockhash([selling], key.pubkey(), Hash.new_unique())
            unknown = bytes(VersionedTransaction(message, [key]))
            with pytest.raises(BlockhashExpired, match="its blockhash has expired"):
                await api.post(base64.b64encode(unknown).decode())


async def test_a_killed_server_has_forgotten_nothing(sandbox: Sandbox) -> None:
    key = config.load_keypair(sandbox.keypair_path("trader"))
    order = schemas.BuildRequest(str(key.pubkey()), 77, "buy", 0, "3")
    with served() as (url, token, process):
        async with ApiClient(url, token) as api:
            text = sign(await api.build(order), order, key)
            first = await api.post(text, wait=False)
        process.kill()
        process.wait()
    with served() as (url, token, _):
        async with ApiClient(url, token) as api:
            found = await landed(api, first.signature)
            assert (found.status, found.fills[0].shares) == ("landed", "3.000000")
            assert (await api.post(text)).replayed
            held = (await api.trader(str(key.pubkey()))).positions
            assert [each.shares for each in held if each.outcome == 0] == ["3.000000"]


async def test_ctrl_c_ends_it_with_status_zero(sandbox: Sandbox) -> None:
    with served() as (url, _, process):
        async with httpx.AsyncClient(base_url=url) as raw:
            health = (await raw.get("/health")).json()
            assert (health["status"], health["slot"] > 0) == ("ok", True)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 0


def test_a_second_server_on_the_same_store_is_refused(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with served():
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["api", "serve", "--port", "0"])
        assert ended.value.code == 2
        assert "another server uses it." in capsys.readouterr().err
    for arguments, sentence in (
        (["--host", "0.0.0.0"], "Add --allow-remote and a --token-file"),  # noqa: S104
        (["--allow-remote"], "Add --token-file"),
        (["--token-file", str(tmp_path / "none")], "Write a token of your choice"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["api", "serve", "--port", "0", *arguments])
        assert ended.value.code == 2
        assert sentence in capsys.readouterr().err
