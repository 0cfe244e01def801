"""Samples of real transactions on the embedded engine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from solders.compute_budget import request_heap_frame
from spl.token import instructions as spl

from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import programs
from breakwater.errors import ProgramError
from breakwater.profile.probe import Probe, TimedEngine
from breakwater.scenario import FEED, Scenario


@pytest.fixture
async def stage() -> AsyncIterator[tuple[Scenario, Probe]]:
    engine = TimedEngine(programs.embedded_programs())
    probe = Probe(engine)
    scenario = Scenario(engine, probe, lambda _: None)
    async for _ in scenario.set_up():
        pass
    yield scenario, probe
    await engine.close()


async def test_only_what_is_sent_inside_the_block_is_sampled(stage: tuple[Scenario, Probe]) -> None:
    scenario, probe = stage
    assert probe.samples == []
    with probe.measured("folds"):
        await scenario.send("exchange.fold", ix.fold(), scenario.trader)
    await scenario.send("exchange.fold", ix.fold(), scenario.trader)
    assert [(each.group, len(each.instructions)) for each in probe.samples] == [("folds", 1)]


async def test_transactions_of_other_programs_are_left_out(stage: tuple[Scenario, Probe]) -> None:
    scenario, probe = stage
    params = spl.TransferParams(
        program_id=at.TOKEN_PROGRAM,
        source=scenario.wallet,
        dest=at.token_vault(),
        owner=scenario.trader.pubkey(),
        amount=1,
    )
    with probe.measured(""):
        await probe.send([spl.transfer(params)], [scenario.trader])
    assert probe.samples == []


async def test_accounts_signers_bytes_and_locks_are_those_of_the_transaction(
    stage: tuple[Scenario, Probe],
) -> None:
    scenario, probe = stage
    owner = scenario.trader.pubkey()
    with probe.measured(""):
        await probe.send([ix.deposit(owner, scenario.wallet, scenario.mint, 5)], [scenario.trader])
    (sample,) = probe.samples
    (measured,) = sample.instructions
    assert (measured.name, measured.events) == ("exchange.deposit", ("BalanceMoved",))
    # the owner only signs the instruction, and is written because it pays the fee
    assert (measured.accounts, measured.writable, measured.signers) == (8, 4, 1)
    assert {(each.address, each.name, each.shared) for each in sample.locks} == {
        (str(at.trader(owner)), "trader", False),
        (str(scenario.wallet), "source", False),
        (str(at.token_vault()), "token_vault", True),
    }
    assert sample.execution_s is not None
    assert 0 < sample.execution_s < sample.latency_s
    assert (sample.size, sample.heap, sample.truncated) == (457, 32_768, False)
    assert sample.compute_units == 150 + (measured.call.cu or 0)


async def test_a_larger_heap_is_read_from_the_transaction(stage: tuple[Scenario, Probe]) -> None:
    scenario, probe = stage
    with probe.measured(""):
        await probe.send([request_heap_frame(65_536), ix.fold()], [scenario.trader])
    (sample,) = probe.samples
    assert (sample.heap, [each.name for each in sample.instructions]) == (65_536, ["exchange.fold"])


async def test_a_log_that_the_runtime_truncates_is_noticed(stage: tuple[Scenario, Probe]) -> None:
    scenario, probe = stage
    with probe.measured(""):
        await probe.send([ix.read_feed(FEED, 3_600)] * 45, [scenario.trader])
    (sample,) = probe.samples
    assert sample.truncated
    assert 20 < len(sample.instructions) < 45
    assert {each.call.cu for each in sample.instructions} <= {401, None}


async def test_a_refused_instruction_is_raised_and_not_sampled(stage: tuple[Scenario, Probe]) -> None:
    scenario, probe = stage
    owner = scenario.trader.pubkey()
    with probe.measured(""), pytest.raises(ProgramError) as caught:
        await scenario.send("exchange.take_liquidity", ix.take_liquidity(owner, 10**15), scenario.trader)
    assert caught.value.name == "InsufficientShares"
    assert probe.samples == []
