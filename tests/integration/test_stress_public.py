"""A public run on a real validator, behind a proxy with a public endpoint's manners, killed and gone on."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from solders.keypair import Keypair

from breakwater.chain.engine import RpcEngine
from breakwater.chain.queries import read_accounts
from breakwater.errors import InsufficientFunds
from breakwater.faults import PUBLIC, Endpoint, Limit
from breakwater.stress._public_trial import BUDGET, COLLATERAL, DEPTH, LIQUIDITY, collateral
from breakwater.stress._stage import UNIT, Stage, fresh_chain
from breakwater.stress._trades import spread
from breakwater.stress.public import (
    Patience,
    PublicRun,
    Purse,
    PurseFile,
    patient_engine,
    stress_public,
)
from breakwater.stress.public import run as public_run

pytestmark = pytest.mark.local


def wanted(file: Path, **changes: object) -> PublicRun:
    plan = {
        "budget": BUDGET,
        "users": 2,
        "duration_s": 2.0,
        "per_second": 4.0,
        "collateral": COLLATERAL,
        "file": file,
        "airdrop": False,
    }
    return PublicRun(**(plan | changes))  # type: ignore[arg-type]


async def test_a_killed_run_is_cleaned_up_by_the_next_and_every_lamport_but_fees_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, counts = tmp_path / "run.json", Counter[str]()
    async with fresh_chain("local") as engine:
        assert isinstance(engine, RpcEngine)
        stage = await Stage.opened(engine, LIQUIDITY, 1, books=False)
        (payer,) = await stage.join(1, UNIT)
        await engine.airdrop(payer.pubkey(), BUDGET)
        await collateral(stage, payer.pubkey(), 2)
        await stage.markets(spread(2), DEPTH)
        await stage.fold()
        await stage.publish()
        before = await _lamports(engine, payer)
        # so few that even a busy machine asks for more: the endpoint has to say so
        strict = replace(PUBLIC, limit=Limit(20, 10, period_s=5.0))
        async with Endpoint(engine.url, strict, seed=3) as endpoint:
            patient = patient_engine(endpoint.url, Patience(400, 200), counts)
            with monkeypatch.context() as patch:

                async def killed(_: object) -> None:
                    raise asyncio.CancelledError

                patch.setattr(public_run._Run, "end", killed)
                with pytest.raises(asyncio.CancelledError):
                    await stress_public(patient, payer, wanted(file, duration_s=0.5), counts)
            left = PurseFile.read(file)
            assert left is not None
            assert file.stat().st_mode & 0o077 == 0
            members = [each.pubkey() for each in left.members()]
            assert all(each is not None for each in await read_accounts(engine, members))
            done = await stress_public(patient, payer, wanted(file), counts)
            await patient.close()
        assert done.broken == []
        assert done.succeeded == done.trades > 0
        assert done.limited == endpoint.counts["limited"] > 0
        assert endpoint.counts["lagged"] > 0
        assert await read_accounts(engine, members) == [None, None]
        assert not file.exists()
        # nothing but fees is gone, those of the killed run included
        spent = before - await _lamports(engine, payer)
        assert 0 < spent < 2_000_000
        assert spent % 5_000 == 0
        assert await stage.broken() == []


async def _lamports(engine: RpcEngine, key: Keypair) -> int:
    (account,) = await read_accounts(engine, [key.pubkey()])
    return 0 if account is None else account.lamports


def test_a_purse_never_gives_more_than_its_budget() -> None:
    purse = Purse(100_000)
    purse.lend(60_000)
    purse.pay(2)
    with pytest.raises(InsufficientFunds, match="Raise --budget"):
        purse.lend(30_001)
    assert (purse.left, purse.most) == (30_000, 70_000)
    purse.returned(60_000)
    purse.lend(90_000)
    assert (purse.left, purse.most) == (0, 100_000)
    with pytest.raises(InsufficientFunds):
        purse.pay(1)
