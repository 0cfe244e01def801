"""`breakwater stress public` as a person types it, on an embedded chain behind a socket."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from solders.keypair import Keypair

from breakwater.stress._public_trial import BUDGET, COLLATERAL, DEPTH, LIQUIDITY, collateral
from breakwater.stress._stage import UNIT, Stage
from breakwater.stress._trades import spread

from .conftest import refused
from .shore import Shore, shore

SOL = 10**9
USERS = 2


@pytest.fixture
def on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Shore]:
    with shore(tmp_path, capsys.readouterr, speed=40.0) as made:
        yield made


@pytest.fixture
def payer(on: Shore) -> Keypair:
    """Somebody with SOL and collateral, on an exchange with open markets."""

    async def prepare() -> Keypair:
        stage = await Stage.opened(on.engine, LIQUIDITY, 1, books=False)
        (key,) = await stage.join(1, UNIT)
        await on.engine.airdrop(key.pubkey(), BUDGET)
        await collateral(stage, key.pubkey(), USERS)
        await stage.markets(spread(2), DEPTH)
        await stage.fold()
        await stage.publish()
        return key

    return on.do(prepare())


def lamports(on: Shore, key: Keypair) -> int:
    account = on.call(on.engine.get_account, key.pubkey())
    return 0 if account is None else account.lamports


def words(on: Shore, payer: Keypair) -> tuple[object, ...]:
    return (
        *("stress", "public", "--url", on.url, "--key", on.keypair(payer), "--no-airdrop"),
        *(
            "--requests",
            4_000,
            "--per-method",
            2_000,
            "--budget",
            "0.2",
            "--users",
            USERS,
            "--rate",
            4,
            "--collateral",
            COLLATERAL // UNIT,
        ),
    )


def test_mainnet_is_refused_and_a_run_that_only_cleans_spends_nothing(on: Shore, payer: Keypair) -> None:
    before = lamports(on, payer)
    for url in ("mainnet", "embedded"):
        assert refused(on.bw(*words(on, payer), "--url", url)) == (
            "Name devnet, testnet or an http address: stress is not for mainnet."
        )
    cleaned = on.js(*words(on, payer), "--clean")
    assert (cleaned["users"], cleaned["trades"], cleaned["spent"], cleaned["passed"]) == (0, 0, 0, True)
    assert (cleaned["budget"], lamports(on, payer)) == (BUDGET, before)


def test_an_interrupted_run_takes_everything_back_first_and_ends_with_130(on: Shore, payer: Keypair) -> None:
    before, ended = lamports(on, payer), threading.Event()
    state = on.place / "cache" / "stress"

    def interrupt() -> None:
        while not ended.wait(0.05):
            if any(state.glob("*.json")):  # users are there
                os.kill(os.getpid(), signal.SIGINT)
                return

    watching = threading.Thread(target=interrupt)
    watching.start()
    began = time.monotonic()
    try:
        status, out, err = on.bw(*words(on, payer), "--duration", 600)
    finally:
        ended.set()
        watching.join()
    assert (status, "Traceback" in err) == (130, False)
    assert time.monotonic() - began < 300
    spent, table = before - lamports(on, payer), " ".join(out.split())
    assert 0 < spent < 2_000_000
    for row in ("left with users │ 0.000000", f"spent for good │ {spent / SOL:.6f}", "budget │ 0.200000"):
        assert f"{row} SOL" in table
    assert not list(state.glob("*.json"))
