"""What is in a keeper's way and may not stop it: spent tasks, dead orders; and what it is owed in the end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from solders.keypair import Keypair

from breakwater import keepers, trading
from breakwater.chain import accounts, programs
from breakwater.chain import addresses as at
from breakwater.chain import instructions as ix
from breakwater.chain import keeper_instructions as kx
from breakwater.chain import liquidation_instructions as lx
from breakwater.chain.engine import EmbeddedEngine, open_engine
from breakwater.chain.sender import Sender
from breakwater.errors import InsufficientFunds, InvalidInput
from breakwater.keepers import Eyes, Hands, Keeper, Ledger
from breakwater.keepers._genesis import SOL, UNIT
from breakwater.keepers.drill import RULES
from breakwater.keepers.telemetry import Telemetry
from breakwater.model import PriceEvent

from .keeper_office import COOLDOWN, FEED, HALF, open_booth, open_office


@pytest.fixture
async def engine() -> AsyncIterator[EmbeddedEngine]:
    async with open_engine("embedded", programs=programs.embedded_programs()) as opened:
        assert isinstance(opened, EmbeddedEngine)
        yield opened


async def test_a_loan_is_called_although_the_task_about_it_is_of_no_use_any_more(
    engine: EmbeddedEngine,
) -> None:
    office = await open_office(engine)
    loan, owner = office.need(kx.LIQUIDATION), office.need(kx.STOP_LOSS).poster
    sender, stranger = office.ground.sender, Keypair()
    await engine.airdrop(stranger.pubkey(), SOL)
    # the owner has a task posted and repays a hundredth of a share: nobody can be paid for the task any more
    posted = kx.post_task(stranger.pubkey(), loan.kind, loan.subject, loan.related)
    await sender.send([posted], [stranger])
    engine.advance_slots(1)
    await sender.send([ix.close(owner.pubkey(), 1, 0, UNIT // 100, 0)], [owner])
    await office.eyes.snapshot()
    await office.work(40)
    account = engine.get_account(loan.subject)
    assert account is not None
    assert accounts.position(account.data).debt == 0
    assert "TaskObsolete" not in office.keeper.hands.errors
    office.eyes.close()


async def test_a_task_that_nobody_can_be_paid_for_is_closed_by_who_posted_it(engine: EmbeddedEngine) -> None:
    office = await open_office(engine)
    feed, key = office.need(kx.PRICE_UPDATE), office.keeper.key
    sender, admin = office.ground.sender, office.ground.admin
    await sender.send([kx.post_task(key.pubkey(), feed.kind, feed.subject, feed.related)], [key])
    account = engine.get_account(feed.subject)
    assert account is not None
    old = accounts.feed(account.data)
    # somebody publishes, and then nobody does until the feed is silent again
    event = PriceEvent(old.name, old.price, old.exponent, 1, old.sequence + 1, 1, await engine.now() * 1000)
    await sender.send([ix.publish(admin.pubkey(), event)], [admin])
    engine.advance_time(600)
    await office.eyes.snapshot()
    await office.work(60)
    record = office.eyes.world.keepers[office.keeper.account]
    fed = office.eyes.world.feeds[feed.subject]
    # it was posted anew, and done: by then the reward is for what really was missing
    assert fed.sequence == old.sequence + 2
    assert record.completed >= 1
    assert not set(office.keeper.hands.errors) & {"TaskObsolete", "AccountAlreadyInUse"}
    office.eyes.close()


async def test_a_keeper_is_paid_what_it_earned_and_its_bond_after_the_cool_down(
    engine: EmbeddedEngine,
) -> None:
    office = await open_office(engine)
    sender, key = office.ground.sender, office.keeper.key
    own = key.pubkey()
    with pytest.raises(InvalidInput, match=f"Do tasks first: nothing is due to {own}"):
        await keepers.claim(sender, key)
    await office.work(80)
    earned = office.eyes.world.keepers[office.keeper.account].rewards
    assert earned > 0
    paid = await keepers.claim(sender, key)
    assert (paid.rewards, paid.bond, await office.tokens(own)) == (earned, 0, earned)
    stranger = Keypair()
    with pytest.raises(InvalidInput, match="Sign with the authority or the beneficiary of keeper"):
        await keepers.claim(sender, stranger, own)
    with pytest.raises(InvalidInput, match="is no keeper"):
        await keepers.claim(sender, stranger)

    with pytest.raises(InvalidInput, match="Run breakwater keeper unregister first"):
        await keepers.withdraw(sender, key)
    await keepers.unregister(sender, key)
    with pytest.raises(InvalidInput, match=f"Wait {COOLDOWN} slots: the bond is free in slot"):
        await keepers.withdraw(sender, key)
    engine.advance_slots(COOLDOWN)
    back = await keepers.withdraw(sender, key)
    assert (back.bond, back.sunk) == (RULES.min_bond, 0)
    assert await office.tokens(own) == earned + RULES.min_bond
    assert engine.get_account(at.keeper(own)) is None
    office.eyes.close()


async def test_a_dead_order_is_not_tried_and_keeps_nobody_from_the_other_one(engine: EmbeddedEngine) -> None:
    booth = await open_booth(engine)
    await booth.work(30)
    assert not booth.keeper.hands.outcomes
    owner = booth.trader.pubkey()
    profit = lx.StopTerms(lx.TAKE_PROFIT, 7 * UNIT, UNIT, HALF // 2)
    await booth.send(lx.place_stop(owner, 1, 0, ix.SPOT, profit))
    await booth.work(30)
    assert dict(booth.keeper.hands.outcomes) == {("stop", "done"): 1}
    booth.keeper.eyes.close()


async def test_an_order_that_cannot_be_paid_for_keeps_nobody_from_the_other_one(
    engine: EmbeddedEngine,
) -> None:
    booth = await open_booth(engine)
    owner = booth.trader.pubkey()
    dear = lx.StopTerms(lx.STOP_LOSS, 7 * UNIT, 10**9 * UNIT, HALF * 9 // 5)
    profit = lx.StopTerms(lx.TAKE_PROFIT, 7 * UNIT, UNIT, HALF // 2)
    await booth.send(
        lx.cancel_stop(owner, 1, 0, ix.SPOT, lx.STOP_LOSS),
        lx.place_stop(owner, 1, 0, ix.SPOT, dear),
        lx.place_stop(owner, 1, 0, ix.SPOT, profit),
    )
    engine.advance_time(70)  # the last minute's price is what it is now
    await booth.work(30)
    assert booth.keeper.hands.outcomes["stop", "done"] == 1
    assert engine.get_account(booth.stop(lx.TAKE_PROFIT)) is None
    booth.keeper.eyes.close()


async def test_dead_orders_are_listed_as_such_and_cleared_for_their_rent(engine: EmbeddedEngine) -> None:
    booth = await open_booth(engine)
    owner = booth.trader.pubkey()
    profit = lx.StopTerms(lx.TAKE_PROFIT, 7 * UNIT, 1, HALF * 9 // 5)
    await booth.send(lx.place_stop(owner, 1, 0, ix.SPOT, profit))
    orders = await trading.read_stops(engine, owner)
    assert [(each.order.side, each.stands) for each in orders] == [(0, False), (1, True)]
    before = booth.lamports()
    cleared, signatures = await trading.clear_stops(booth.sender, booth.trader)
    assert ([each.order.side for each in cleared], len(signatures)) == ([0], 1)
    assert booth.lamports() > before + 10**6
    assert [each.stands for each in await trading.read_stops(engine, owner)] == [True]
    assert await trading.clear_stops(booth.sender, booth.trader) == ([], [])
    booth.keeper.eyes.close()


async def test_what_is_left_of_a_settled_market_goes_with_its_orders(engine: EmbeddedEngine) -> None:
    booth = await open_booth(engine)
    engine.set_time(booth.closes_s + 5)
    last = PriceEvent(FEED, 101, -2, 1, 2, 1, booth.closes_s * 1000)
    await booth.sender.send([ix.publish(booth.admin.pubkey(), last)], [booth.admin])
    await booth.work(60)
    assert engine.get_account(booth.stop(lx.STOP_LOSS)) is None
    assert engine.get_account(at.market(1)) is None
    booth.keeper.eyes.close()


async def test_a_keeper_without_sol_is_left_out_while_others_can_pay(engine: EmbeddedEngine) -> None:
    booth = await open_booth(engine)
    owner, rich = booth.trader.pubkey(), booth.keeper
    poor = Keeper(rich.eyes, Hands(booth.sender, Keypair(), rich.hands.ledger))
    crew = rich.eyes.crew = [poor, rich]
    profit = lx.StopTerms(lx.TAKE_PROFIT, 7 * UNIT, UNIT, HALF // 2)
    await booth.send(lx.place_stop(owner, 1, 0, ix.SPOT, profit))
    await rich.eyes.catch_up()
    for each in crew:
        await each.look()
    assert [each.is_poor for each in crew] == [True, False]
    assert rich.hands.outcomes["stop", "done"] == 1
    # alone it ends the run
    rich.eyes.crew = [poor]
    rich.eyes.fail(poor, InsufficientFunds("fund it"))
    with pytest.raises(ExceptionGroup) as ended:
        await rich.eyes.run()
    assert ended.group_contains(InsufficientFunds)
    rich.eyes.close()


async def test_a_keeper_counts_as_its_own_only_what_it_does_itself(engine: EmbeddedEngine) -> None:
    eyes, ledger, sender = Eyes(engine), Ledger(), Sender(engine)
    crew = [Keeper(eyes, Hands(sender, Keypair(), ledger)) for _ in range(2)]
    ledger.flying.add(("stop", at.market(1)))
    told = Telemetry(eyes, crew).health()["keepers"]
    assert [each["in_flight"] for each in told.values()] == [0, 0]
    eyes.close()
