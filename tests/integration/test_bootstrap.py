"""The launch's incentives on the shipped programs: credited, locked, shown and paid, to the last unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from solders.keypair import Keypair
from tests.integration.bootstrap_ground import RULES, UNIT, World, launch, make_world

from breakwater import bootstrap, keepers
from breakwater.chain import addresses as at
from breakwater.chain import bootstrap_instructions as bx
from breakwater.chain import instructions as ix
from breakwater.cli import _bootstrap_view as view
from breakwater.errors import InvalidInput, ProgramError
from breakwater.keepers import _genesis as genesis

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest_asyncio.fixture
async def world() -> AsyncIterator[World]:
    made = await make_world()
    yield made
    await made.engine.close()


async def test_an_exchange_without_a_launch_says_so(world: World) -> None:
    with pytest.raises(InvalidInput, match="launched without incentives"):
        await bootstrap.status(world.engine)


async def test_trades_and_liquidity_are_paid_what_the_status_says_and_once(world: World) -> None:
    await launch(world)
    maker = world.ground.admin
    locked = await bootstrap.lock(world.sender, maker, 200_000 * UNIT)
    assert (locked.locked, locked.early) == (200_000 * UNIT, RULES.early_shares)
    market = await world.market()
    fees = [await world.buy(market, 300 * UNIT) for _ in range(26)]
    assert min(fees) >= RULES.min_fee
    assert max(fees) <= RULES.max_fee
    world.engine.advance_slots(1_000)

    found = await bootstrap.status(world.engine, world.trader.pubkey())
    assert found.credit == 2 * sum(fees[:25]) + fees[25]
    assert found.early_trades_left == 75
    assert found.credits_left == RULES.trade_credits - found.credit
    assert found.reserved == sum(fees)
    claimed = await bootstrap.claim(world.sender, world.trader)
    assert (claimed.trades, claimed.maker) == (found.credit * RULES.trade_rate // UNIT, 0)
    assert await world.tokens(world.trader) == claimed.trades
    with pytest.raises(InvalidInput, match="nothing is due"):
        await bootstrap.claim(world.sender, world.trader)

    due = await bootstrap.status(world.engine, maker.pubkey())
    before = await world.tokens(maker)
    paid = await bootstrap.claim(world.sender, maker)
    assert paid.maker == due.due_maker == await world.tokens(maker) - before
    slots = due.slot - due.launch.updated_slot
    assert 0 <= slots * RULES.mining_rate - paid.maker <= 1

    shown = view.status_dict(await bootstrap.status(world.engine, world.trader.pubkey()))
    assert shown["owner"]["due_trades"] == "0.000000000"
    assert shown["early_trades_left"] == 75


async def test_locked_liquidity_stays_until_it_is_unlocked(world: World) -> None:
    await launch(world)
    maker = world.ground.admin
    with pytest.raises(InvalidInput, match="none locked"):
        await bootstrap.unlock(world.sender, maker)
    await bootstrap.lock(world.sender, maker, 900_000 * UNIT)
    with pytest.raises(ProgramError) as refused:
        await world.sender.send([ix.take_liquidity(maker.pubkey(), 500_000 * UNIT)], [maker])
    assert refused.value.name == "InsufficientShares"
    done = await bootstrap.unlock(world.sender, maker)
    assert (done.shares, done.locked) == (900_000 * UNIT, 0)
    await world.sender.send([ix.take_liquidity(maker.pubkey(), 500_000 * UNIT)], [maker])


async def test_who_has_no_account_yet_is_told_how_to_get_one(world: World) -> None:
    await launch(world)
    stranger = Keypair()
    with pytest.raises(InvalidInput, match=f"Run breakwater trade deposit first: {stranger.pubkey()} has no"):
        await bootstrap.lock(world.sender, stranger, 1_000 * UNIT)
    for verb in (keepers.heartbeat, keepers.unregister):
        with pytest.raises(InvalidInput, match=f"register first: {stranger.pubkey()} is no keeper"):
            await verb(world.sender, stranger)


async def test_a_launch_that_the_schedule_leaves_no_room_for_is_refused(world: World) -> None:
    admin, mmt = world.ground.admin, world.mmt
    source = genesis.wallet(admin.pubkey(), mmt)
    greedy = bx.BootstrapRules(mining_rate=RULES.mining_rate * 2)
    with pytest.raises(ProgramError) as refused:
        await world.sender.send([bx.open_bootstrap(admin.pubkey(), mmt, source, greedy)], [admin])
    assert refused.value.name == "EmissionExceeded"
    assert at.bootstrap() not in {key for key, _ in world.engine.index.owned_by(at.EXCHANGE)}
