"""Every scenario of this package in small: it passes, and what it says it did has happened."""

from __future__ import annotations

import asyncio
import random

import pytest
from solders.account import Account

from breakwater.chain import addresses as at
from breakwater.chain.engine import EmbeddedEngine
from breakwater.stress import run
from breakwater.stress._stage import UNIT, Stage, fresh_chain
from breakwater.stress._trades import Trader, spread
from breakwater.trials import Context

SMALL = Context(scale=0.05)


@pytest.mark.parametrize(
    ("name", "ctx", "figures"),
    [
        ("concurrent-trades", Context(scale=0.1), {"trades": 100, "succeeded": 100, "refused": {}}),
        ("multi-market", SMALL, {"markets": 10, "succeeded": 50, "halt_slots": 1}),
        ("concurrent-users", SMALL, {"users": 50, "operations": 300, "succeeded": 300}),
        ("market-volatility", SMALL, {"markets": 3, "moves": 12, "points": 10.0}),
        ("chain-execution", SMALL, {"chains": 25, "legs": 5, "opened": 25}),
        ("network-congestion", SMALL, {"spam": 500, "legitimate": 10, "landed": 10}),
    ],
)
async def test_a_scenario_passes_and_says_what_it_did(
    name: str, ctx: Context, figures: dict[str, object]
) -> None:
    result = await run(name, ctx)
    assert result.outcome.passed, result.outcome.reason
    assert result.outcome.success_rate == 1.0
    assert {each: result.outcome.figures[each] for each in figures} == figures


async def test_a_cascade_at_500x_leaves_nothing_owed() -> None:
    result = await run("liquidation-cascade", Context(scale=0.04))
    assert result.outcome.passed, result.outcome.reason
    assert result.outcome.figures["owed"] == 0
    assert 495 <= result.outcome.figures["leverage"] <= 500


async def test_keepers_share_their_tasks_and_the_dead_ones_are_done_by_others() -> None:
    result = await run("keeper-coordination", Context(users=6, scale=0.1))
    assert result.outcome.passed, result.outcome.reason
    assert result.outcome.figures["killed"] == 1
    assert (result.outcome.figures["completed"], result.outcome.figures["duplicates"]) == (50, 0)


async def _trading() -> Stage:
    async with fresh_chain("embedded") as engine:
        stage = await Stage.opened(engine, 10_000_000 * UNIT, 1)
        await stage.join(4, 1_000_000 * UNIT)
        numbers = spread(4)
        await stage.markets(numbers, 200_000 * UNIT)
        await stage.fold()
        trades = Trader(stage, numbers, random.Random(1)).batch(8)
        await stage.attempt([each.request for each in trades])
        return stage


def test_one_unit_more_in_a_balance_breaks_the_invariants() -> None:
    stage = asyncio.run(_trading())
    assert asyncio.run(stage.broken()) == []
    assert isinstance(stage.engine, EmbeddedEngine)
    place = at.trader(stage.people[0].pubkey())
    account = stage.engine.get_account(place)
    assert account is not None
    data = bytearray(account.data)
    data[40:48] = (int.from_bytes(data[40:48], "little") + 1).to_bytes(8, "little")
    stage.engine.set_account(place, Account(account.lamports, bytes(data), account.owner))
    broken = asyncio.run(stage.broken())
    assert any(f"balance of {place} is off by 1 micro-units" in each for each in broken), broken
    assert any(each.startswith("The token vault holds ") for each in broken)


def test_markets_are_spread_evenly_over_the_shards() -> None:
    shards = [at.shard_index(number) for number in spread(8)]
    assert sorted(shards) == [0, 0, 1, 1, 2, 2, 3, 3]
