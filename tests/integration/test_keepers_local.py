"""Keepers on a real validator: rivals, a process that is killed, stops, an exchange without a registry."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from breakwater.chain.engine import RpcEngine, open_engine
from breakwater.chain.sender import Sender
from breakwater.config import load_keypair
from breakwater.keepers import Eyes, Hands, Keeper, Ledger, Pace, drill, race
from breakwater.keepers._genesis import Ground
from breakwater.keepers.duty import open_account
from breakwater.localnet import Sandbox

from .conftest import Run, refused
from .keeper_ground import Proxy, debts, liquidations, sink_loans

pytestmark = pytest.mark.local

Js = Callable[..., Any]
SOL = 10**9
PATIENCE_S = 150.0
RIVALS = 5


@pytest.fixture
async def engine(sandbox: Sandbox) -> AsyncIterator[RpcEngine]:
    async with open_engine(sandbox.url) as opened:
        assert isinstance(opened, RpcEngine)
        yield opened


async def until(asked: Callable[[], Awaitable[bool]], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    deadline = asyncio.get_running_loop().time() + patience_s
    while not await asked():
        assert asyncio.get_running_loop().time() < deadline, f"{what}: not within {patience_s:g} s"
        await asyncio.sleep(0.3)


def so(asked: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    """A condition that needs no waiting, for `until`."""

    async def ask() -> bool:
        return asked()

    return ask


async def test_of_five_rivals_one_is_paid(engine: RpcEngine, sandbox: Sandbox) -> None:
    operator = load_keypair(sandbox.keypair_path("operator"))
    ground = Ground(Sender(engine), operator, Pubkey.from_string(sandbox.mint))
    result = await race(engine, RIVALS, ground=ground)
    assert result.broken == []
    assert (len(result.rivals), result.paid, result.calls) == (RIVALS, 1, 1)


async def test_a_keeper_whose_socket_is_cut_polls_liquidates_and_listens_again(
    engine: RpcEngine, sandbox: Sandbox
) -> None:
    (loan,) = await sink_loans(engine, sandbox, range(300, 301))
    node = urlsplit(sandbox.ws_url)
    assert node.hostname is not None
    assert node.port is not None
    proxy = Proxy(node.hostname, node.port)
    await proxy.mend()
    through = RpcEngine(sandbox.url, ws_url=f"ws://127.0.0.1:{proxy.port}")
    key = Keypair()
    await engine.airdrop(key.pubkey(), SOL)
    sender = Sender(through)
    await open_account(sender, key)
    eyes = Eyes(through, pace=Pace(3_600.0, 0.5))
    keeper = Keeper(eyes, Hands(sender, key, Ledger(), 1))
    running = [asyncio.create_task(each) for each in (eyes.run(),)]
    try:
        await until(so(lambda: eyes.connected and eyes.pushed > 0), "changes are pushed")
        await proxy.cut()
        await until(so(lambda: not eyes.connected), "the keeper notices")
        polls = eyes.snapshots
        await until(so(lambda: eyes.snapshots > polls + 1), "it polls")
        running.append(asyncio.create_task(keeper.run()))

        async def gone() -> bool:
            return await debts(engine, [loan]) == [0]

        await until(gone, "the loan is called without a socket")
        assert not eyes.connected
        await proxy.mend()
        pushed = eyes.pushed
        await until(so(lambda: eyes.connected and eyes.pushed > pushed), "it listens again")
        assert proxy.connections >= 2
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        with suppress(OSError):
            await proxy.cut()
        await through.close()
    assert await liquidations(engine, loan) == 1


async def test_a_keeper_killed_outright_goes_on_where_the_chain_is(
    engine: RpcEngine, sandbox: Sandbox
) -> None:
    due = await sink_loans(engine, sandbox, range(200, 208))
    command = [sys.executable, "-c", "from breakwater.cli import main; main()"]
    command += ["keeper", "run", "--json", "--metrics-port", "0"]

    async def start() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=dict(os.environ)
        )

    async def first_line(process: asyncio.subprocess.Process) -> dict[str, Any]:
        assert process.stdout is not None
        line: dict[str, Any] = json.loads(await asyncio.wait_for(process.stdout.readline(), PATIENCE_S))
        return line

    first = await start()
    assert (await first_line(first))["kind"] == "liquidation"
    first.send_signal(signal.SIGKILL)
    assert await first.wait() == -signal.SIGKILL

    second = await start()
    try:
        assert second.stderr is not None
        said = (await asyncio.wait_for(second.stderr.readline(), PATIENCE_S)).decode()
        url = said.split()[-1]

        async def all_gone() -> bool:
            return not any(await debts(engine, due))

        await until(all_gone, "every loan is called")
        async with httpx.AsyncClient() as client:

            async def sees() -> bool:
                """What the first one had sent may have called all loans before this one has looked."""
                return bool((await client.get(f"{url}health")).json()["ok"])

            await until(sees, "the second keeper sees the chain")
            metrics = (await client.get(f"{url}metrics")).text
        assert "breakwater_keeper_slot" in metrics
        second.send_signal(signal.SIGTERM)
        out, _ = await asyncio.wait_for(second.communicate(), 30)
        assert second.returncode == 0
        summary = json.loads(out.decode().splitlines()[-1])["summary"]
        assert summary["unknown"] == 0
    finally:
        with suppress(ProcessLookupError):
            second.kill()
        await second.wait()
    for loan in due:
        assert await liquidations(engine, loan) == 1, loan


def test_a_stop_is_placed_and_listed_and_a_keeper_executes_it_for_its_tip(bw: Run, js: Js) -> None:
    js("market", "create", "100000", "--id", "500", "--closes", "2h", "--yes")
    js("trade", "buy", "500", "yes", "20", "--yes")
    placed = js("trade", "stop", "place", "500", "yes", "0.9", "--tip", "0.25", "--yes")
    assert (placed["side"], placed["shares"], placed["tip"]) == ("loss", "20.000000", "0.250000")
    (listed,) = js("trade", "stop", "list")
    assert (listed["market"], listed["trigger"]) == (500, pytest.approx(0.9, abs=1e-6))
    again = refused(bw("trade", "stop", "place", "500", "yes", "0.8", "--yes"))
    assert again.startswith("Cancel the stop that there is first: breakwater trade stop cancel 500 1")
    status, out, _ = bw("keeper", "run", "--once", "--json", "--seconds", "60")
    assert status == 0
    works = [json.loads(line) for line in out.splitlines()]
    assert [each["kind"] for each in works[:-1]] == ["stop"]
    assert works[-1]["summary"]["done"] == {"stop": 1}
    assert js("trade", "stop", "list") == []
    held = [each for each in js("trade", "positions") if each["market"] == 500]
    assert [each["shares"] for each in held] == ["0.000000"]


def test_a_stop_can_be_cancelled_and_is_refused_without_a_position(bw: Run, js: Js) -> None:
    js("trade", "buy", "500", "no", "5", "--yes")
    js("trade", "stop", "place", "500", "no", "0.95", "--side", "profit", "--limit", "0.9", "--yes")
    status, out, _ = bw("trade", "stop", "cancel", "500", "no", "--side", "profit", "--yes")
    assert (status, out) == (0, "The stop is cancelled.\n")
    gone = refused(bw("trade", "stop", "cancel", "500", "no", "--side", "profit", "--yes"))
    assert gone == "Look at breakwater trade stop list: there is no such stop."
    bare = refused(bw("trade", "stop", "place", "500", "yes", "0.3", "--leveraged", "--yes"))
    assert bare == "Buy first: you hold no leveraged position in outcome 1 of market 500."
    wrong = refused(bw("trade", "stop", "place", "500", "no", "1.5", "--yes"))
    assert wrong == "Give the trigger as a price between 0 and 1, such as 0.35, not '1.5'."


def test_an_exchange_without_mmt_has_no_registry_and_says_so(bw: Run) -> None:
    status, out, _ = bw("keeper", "status")
    assert (status, out.split(";")[0]) == (0, "This exchange has no task registry")
    no_place = refused(bw("keeper", "register"))
    assert no_place.startswith("Initialise MMT first")


async def test_a_crew_on_a_validator_does_every_task_once(engine: RpcEngine, sandbox: Sandbox) -> None:
    # the last test: it makes the exchange one with MMT, and bonds what the schedule leaves
    operator = load_keypair(sandbox.keypair_path("operator"))
    ground = Ground(Sender(engine), operator, Pubkey.from_string(sandbox.mint))
    result = await drill(engine, 4, 20, kills=0, ground=ground)
    assert (result.tasks, result.completed, result.duplicates) == (20, 20, 0)
    assert sum(result.tasks_per_keeper) == 20
    assert len(result.by_kind) == 5


def test_mmt_is_staked_and_bonded_and_comes_back_by_commands(bw: Run, js: Js, sandbox: Sandbox) -> None:
    """After the drill: what the schedule leaves is the operator's."""
    signs = ("--keypair", sandbox.keypair_path("operator"))
    staked = js("mmt", "stake", "100", *signs, "--yes")
    assert (staked["moved"], staked["staked"]) == ("100.000000000", "100.000000000")
    assert float(js("mmt", "claim", *signs, "--yes")["amount"]) > 0
    left = js("mmt", "unstake", "40.5", *signs, "--yes")
    assert (left["staked"], left["unbonding"]) == ("59.500000000", "40.500000000")
    owner = js("mmt", "status", *signs)["owner"]
    assert (owner["staked"], owner["tier"], owner["weight"]) == ("59.500000000", 0, "59.500000000")
    assert refused(bw("mmt", "withdraw", *signs, "--yes")).startswith("Wait ")
    status, out, _ = bw("mmt", "status", *signs)
    assert (status, "59.500000000" in out) == (0, True)

    assert refused(bw("keeper", "claim", *signs)).startswith("Run breakwater keeper register first")
    assert refused(bw("keeper", "register", "--bond", "1e30", *signs)).startswith(
        "Give the bond as a smaller"
    )
    js("keeper", "register", "--bond", "150", *signs)
    assert "Do tasks first" in refused(bw("keeper", "claim", *signs))
    listed = js("keeper", "status", *signs)["keepers"]
    assert [each["success_rate"] for each in listed if each["bond"] == str(150 * 10**9)] == [1.0]
    assert refused(bw("keeper", "withdraw", *signs)).startswith("Run breakwater keeper unregister first")
    js("keeper", "unregister", *signs)
    assert "the bond is free in slot" in refused(bw("keeper", "withdraw", *signs))
    assert refused(bw("keeper", "withdraw", "--keeper", "nobody", *signs)).startswith("Name an address")
