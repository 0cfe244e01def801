"""A public run before it has spent anything."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from solders.hash import Hash
from solders.keypair import Keypair

from breakwater.chain.engine import EmbeddedEngine, RpcEngine
from breakwater.deploy import MAINNET
from breakwater.errors import InvalidInput
from breakwater.faults.node import served
from breakwater.stress.public import PublicResult, PublicRun, stress_public


async def _begun(file: Path, cluster: str | None = None) -> None:
    chain = EmbeddedEngine()
    if cluster is not None:
        chain.clock.genesis_hash = Hash.from_string(cluster)
    async with served(chain) as url:
        engine = RpcEngine(url)
        wanted = PublicRun(10**9, 2, 2.0, 1.0, 10**6, file)
        try:
            await stress_public(engine, Keypair(), wanted, Counter())
        finally:
            await engine.close()


async def test_mainnet_is_refused_by_whatever_address(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="stress is not for mainnet"):
        await _begun(tmp_path / "run.json", MAINNET)


async def test_a_cluster_without_an_exchange_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is none here"):
        await _begun(tmp_path / "run.json")


def test_a_run_in_which_nobody_traded_has_failed_unless_it_was_interrupted() -> None:
    assert PublicResult(users=2, budget=1).broken == ["Nobody traded."]
    assert PublicResult(users=2, budget=1, interrupted=True).broken == []
    assert PublicResult(budget=1).broken == []
    assert PublicResult(users=2, budget=1, trades=100, succeeded=99).broken != []
