"""Nothing is paid twice within one transaction, not even by an account that is closed and filled up again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from breakwater import keepers
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import keeper_instructions as kx
from breakwater.chain import liquidation_instructions as lx
from breakwater.chain import mmt_instructions as mx
from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine, open_engine
from breakwater.chain.sender import Sender
from breakwater.errors import BreakwaterError
from breakwater.keepers._genesis import SOL, wallet

from .keeper_office import COOLDOWN, HALF, open_booth, open_office


@pytest.fixture
async def engine() -> AsyncIterator[EmbeddedEngine]:
    async with open_engine("embedded", programs=programs.embedded_programs()) as opened:
        assert isinstance(opened, EmbeddedEngine)
        yield opened


async def twice(sender: Sender, step: Instruction, closed: Pubkey, keys: Sequence[Keypair]) -> list[str]:
    """What becomes of a step that is done twice, and twice with the closed account revived in between."""
    revived = transfer(TransferParams(from_pubkey=keys[0].pubkey(), to_pubkey=closed, lamports=SOL // 100))
    found = []
    for steps in ([step, step], [step, revived, step]):
        try:
            await sender.send(steps, list(keys))
        except BreakwaterError as error:
            found.append(str(getattr(error, "name", error)))
        else:
            found.append("paid twice")
    await sender.send([step], list(keys))
    return found


async def test_a_bond_and_a_reward_are_paid_once(engine: EmbeddedEngine) -> None:
    office = await open_office(engine)
    sender, key = office.ground.sender, office.keeper.key
    own = key.pubkey()
    await office.work(80)
    earned = office.eyes.world.keepers[office.keeper.account].rewards
    await keepers.claim(sender, key)
    await keepers.unregister(sender, key)
    engine.advance_slots(COOLDOWN)
    season = office.eyes.world.season
    assert season is not None
    destination, sink = wallet(own, office.mmt), Pubkey.from_bytes(season.sink)
    before = await office.tokens(own)
    step = kx.withdraw_bond(own, destination, sink, office.mmt)
    assert "paid twice" not in await twice(sender, step, at.keeper(own), [key])
    assert await office.tokens(own) - before == office.bond
    again = mx.claim_keeper_rewards(own, own, destination, office.mmt)
    with pytest.raises(BreakwaterError):
        await sender.send([again], [key])
    assert await office.tokens(own) == earned + office.bond
    office.eyes.close()


async def test_a_task_pays_once_however_often_it_is_completed_in_a_transaction(
    engine: EmbeddedEngine,
) -> None:
    office = await open_office(engine)
    sender, key = office.ground.sender, office.keeper.key
    own, need = key.pubkey(), office.need(kx.RESOLUTION)
    await sender.send([kx.post_task(own, need.kind, need.subject, need.related)], [key])
    works = [each for each in office.eyes.finder.find() if each.subject == need.subject]
    (done,) = works[0].attempts[0](own)
    claim = kx.claim_task(own, need.kind, need.subject)
    complete = kx.complete_task(own, need.kind, need.subject)
    close = kx.close_task(own, need.kind, need.subject)
    again = kx.post_task(own, need.kind, need.subject, need.related)
    for steps, refusal in (
        ([claim, complete], "TaskUnfinished"),
        ([claim, claim, done, complete], "TaskClaimed"),
        ([claim, done, complete, complete], "TaskDone"),
        ([claim, done, complete, close, complete], "AccountDataTooSmall"),
        ([claim, done, complete, close, again], "TaskUnfounded"),
    ):
        with pytest.raises(BreakwaterError) as refused:
            await sender.send(steps, [key])
        assert refusal in (getattr(refused.value, "name", ""), str(refused.value)), refused.value
    await sender.send([claim, done, complete, close], [key])
    await office.eyes.catch_up()
    record = office.eyes.world.keepers[office.keeper.account]
    assert (record.completed, record.claims) == (1, 0)
    office.eyes.close()


async def test_an_order_is_executed_once(engine: EmbeddedEngine) -> None:
    booth = await open_booth(engine)
    owner, key = booth.trader.pubkey(), booth.keeper.key
    profit = lx.StopTerms(lx.TAKE_PROFIT, 10**6, 10**5, HALF // 2)
    await booth.send(lx.place_stop(owner, 1, 0, ix.SPOT, profit))
    stop = booth.stop(lx.TAKE_PROFIT)
    step = lx.execute_stop(key.pubkey(), owner, 1, 0, ix.SPOT, lx.TAKE_PROFIT)
    assert "paid twice" not in await twice(booth.sender, step, stop, [key])
    assert engine.get_account(stop) is None
    assert await booth.balance(key.pubkey()) == 10**5
    booth.keeper.eyes.close()
