"""Drills in this process: a crew, rivals at one loan, a cascade, and the books that watch them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from solders.keypair import Keypair

from breakwater.chain import accounts, programs, queries
from breakwater.chain import addresses as at
from breakwater.chain.engine import EmbeddedEngine, open_engine
from breakwater.chain.events import Event
from breakwater.chain.sender import Sender
from breakwater.cli import main
from breakwater.keepers import drill, register
from breakwater.keepers._books import Loans
from breakwater.keepers._genesis import SOL, UNIT, bonded, found, found_mmt, wallet
from breakwater.keepers.drill import RULES


@pytest.fixture
async def engine() -> AsyncIterator[EmbeddedEngine]:
    async with open_engine("embedded", programs=programs.embedded_programs()) as opened:
        assert isinstance(opened, EmbeddedEngine)
        yield opened


async def test_a_crew_does_every_task_once_and_shares_the_load_while_one_of_it_dies(
    engine: EmbeddedEngine,
) -> None:
    result = await drill(engine, keepers=10, tasks=100, kills=1)
    assert result.broken == []
    assert (result.tasks, result.completed, result.duplicates) == (100, 100, 0)
    assert sum(each.completed for each in result.members) == 100
    assert set(result.by_kind.values()) == {20}
    assert len(result.tasks_per_keeper) == 9
    # the dead one held a task, which somebody took over after its deadline
    assert result.stolen == 1
    assert result.longest_response_slots > 20


async def test_a_drill_says_which_bound_is_broken(engine: EmbeddedEngine) -> None:
    result = await drill(engine, keepers=3, tasks=30, kills=2)
    # one keeper is left, and does much more than a third
    assert result.completed == 30
    assert [each for each in result.broken if each.startswith("Loads of ")]


def test_the_drills_json_has_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["keeper", "drill", "--keepers", "6", "--tasks", "60", "--json"])
    assert stopped.value.code == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["tasks"], figures["completed"], figures["duplicates"]) == (60, 60, 0)
    assert figures["mean_response_slots"] < 4
    assert len(figures["tasks_per_keeper"]) == 5
    assert len(figures["killed"]) == 1


@pytest.mark.parametrize("command", ["drill", "race"])
def test_drills_need_a_chain_of_their_own(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["keeper", command, "--engine", "devnet"])
    assert stopped.value.code == 2
    assert "Drill with --engine embedded, or local" in capsys.readouterr().err


async def test_the_bonds_of_a_drill_are_mmt_that_the_schedule_leaves(engine: EmbeddedEngine) -> None:
    ground = await found(Sender(engine), Keypair(), 1_000_000 * UNIT)
    mmt = await found_mmt(ground, RULES)
    own = wallet(ground.admin.pubkey(), mmt)
    (before,) = await queries.read(engine, [own])
    key = Keypair()
    await engine.airdrop(key.pubkey(), SOL)
    await ground.sender.send(bonded(ground, mmt, key.pubkey(), RULES.min_bond), [ground.admin])
    await register(ground.sender, key)
    own_after, staked = await queries.read(engine, [own, at.stake_vault()])
    assert before is not None
    assert own_after is not None
    assert staked is not None
    # ten million less what the schedule pays
    assert accounts.token_amount(before) == 10**16 - sum(RULES.rates) * 38_880_000
    assert accounts.token_amount(before) - accounts.token_amount(own_after) == RULES.min_bond
    assert accounts.token_amount(staked) == RULES.min_bond


def test_of_rivals_at_one_loan_one_is_paid(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["keeper", "race", "--keepers", "3", "--engine", "embedded", "--json"])
    figures = json.loads(capsys.readouterr().out)
    assert stopped.value.code == 0, figures["broken"]
    assert (figures["paid"], figures["calls"], figures["debt_after"]) == (1, 1, 0)
    assert sorted(each["done"] for each in figures["rivals"]) == [0, 0, 1]


def test_a_cascade_keeps_to_the_rules_and_the_unit(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["keeper", "cascade", "--positions", "12", "--leverage", "500", "--gap", "10", "--json"])
    figures = json.loads(capsys.readouterr().out)
    assert stopped.value.code == 0, figures["broken"]
    assert 495 < figures["leverage"] <= 500
    assert figures["tokens"] == figures["counted"]
    assert figures["loans"] == figures["repaid"] + figures["drawn"] + figures["lost"]
    assert (figures["owed"], figures["insolvent"]) == (0, [])
    assert figures["fund_before"] > 0
    assert figures["fund_after"] == figures["fund_computed"]
    assert figures["fullest"] <= 1.0


async def test_loans_and_funds_that_are_not_as_the_rules_say_are_noticed() -> None:
    position, market = bytes([1]) * 32, bytes([2]) * 32
    sale: dict[str, Any] = dict.fromkeys(
        ("notional", "fee", "reward", "insured", "repaid", "amount", "debt", "left"), 0
    )
    sale |= {"source": position, "market": market, "notional": 100, "reward": 1, "repaid": 99}
    for fund, drawn, lost, wrong in ((5, 5, 16, 0), (5, 4, 17, 1), (50, 21, 0, 0), (50, 20, 1, 1)):
        loans = Loans({(position, market): 120}, {}, {market: 0}, {0: fund}, {0: 0}, 10_000, 0, frozenset())
        loans.take([Event("", "Liquidated", {**sale, "drawn": drawn, "lost": lost})])
        assert len(loans.wrong) == wrong, loans.wrong
    loans = Loans({(position, market): 99}, {}, {market: 0}, {0: 0}, {0: 0}, 9_000, 0, frozenset())
    loans.take([Event("", "Liquidated", sale)])
    assert loans.wrong == ["A keeper got 1 of 100."]
