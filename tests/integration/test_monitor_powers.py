"""Rules about who could change the exchange and about halted markets, on a chain brought into that state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from solders.account import Account
from tests.integration.monitor_ground import UNIT, Ground, make_ground
from tests.integration.monitor_watch import NOW, Watch

from breakwater import trading
from breakwater.chain import instructions as ix
from breakwater.chain import loader, programs
from breakwater.chain.engine import EmbeddedEngine, Snapshot


@pytest.fixture(scope="module")
def whole() -> tuple[Ground, Snapshot]:
    async def make() -> Ground:
        ground = await make_ground(start_time=int(NOW))
        market = await ground.market(100_000 * UNIT)
        await ground.lend(market, 1, 20_000 * UNIT)
        await ground.keeper()
        await ground.send(ix.fold())
        return ground

    ground = asyncio.run(make())
    return ground, ground.engine.snapshot()


@pytest.fixture
def ground(whole: tuple[Ground, Snapshot]) -> Ground:
    ground, snapshot = whole
    ground.engine.restore(snapshot)
    return replace(ground, keepers=list(ground.keepers))


def deployed(engine: EmbeddedEngine, authority: bytes | None, change: Callable[[bytes], bytes]) -> None:
    """The exchange as the upgradeable loader keeps it, for somebody: LiteSVM deploys nothing itself."""
    address = programs.address("exchange")
    data = loader.programdata_address(address)
    slot = engine.clock.slot.to_bytes(8, "little")
    key = b"\1" + authority if authority else bytes(33)
    header = b"\3\0\0\0" + slot + key
    engine.set_account(address, Account(10**9, b"\2\0\0\0" + bytes(data), loader.LOADER))
    binary = change(programs.binary("exchange", "v0"))
    engine.set_account(data, Account(10**10, header + binary, loader.LOADER))


async def test_immutability_lost_is_a_key_that_could_change_a_program() -> None:
    engine = EmbeddedEngine()
    watch = Watch(engine, "immutability_lost")
    absent = await watch.look()
    assert {dict(each.labels)["program"] for each in absent.alerts} == {"exchange", "oracle"}
    deployed(engine, None, bytes)
    sample = await watch.look()
    assert [dict(each.labels)["program"] for each in sample.alerts] == ["oracle"]
    deployed(engine, b"\7" * 32, bytes)
    assert len((await watch.look()).alerts) == 2
    deployed(engine, None, bytes)
    assert len((await watch.look()).alerts) == 1


async def test_program_changed_is_one_bit(ground: Ground) -> None:
    intact = Watch(ground.engine, "program_changed")
    assert not await intact.fires()
    engine = EmbeddedEngine()
    watch = Watch(engine, "program_changed")

    async def changed(change: Callable[[bytes], bytes]) -> bool:
        engine.advance_slots(1)
        deployed(engine, None, change)
        return any(dict(each.labels)["program"] == "exchange" for each in (await watch.look()).alerts)

    assert not await changed(bytes)
    assert await changed(lambda binary: binary[:-1] + bytes([binary[-1] ^ 1]))
    assert not await changed(lambda binary: binary + bytes(1_000))
    assert await changed(lambda binary: binary + b"\1")
    assert not await changed(bytes)


async def test_admin_present_ends_when_the_admin_renounces(ground: Ground) -> None:
    watch = Watch(ground.engine, "admin_present")
    assert await watch.fires()
    await ground.send(ix.renounce_admin(ground.admin.pubkey()))
    assert not await watch.fires()


async def test_market_halted_until_the_slot_in_which_it_trades_again(ground: Ground) -> None:
    watch, engine = Watch(ground.engine, "market_halted"), ground.engine
    market = await ground.market(1_000 * UNIT, trading.Guards(max_move_ppm=50_000, cooldown_slots=200))
    await ground.buy(market, 1, 10 * UNIT)
    assert not await watch.fires()
    await ground.buy(market, 1, 600 * UNIT)
    sample = await watch.look()
    assert sample.alerts
    until = max(each.halted_until_slot for each in sample.view.open_markets.values())
    engine.warp(until - 1)
    assert await watch.fires()
    engine.warp(until)
    assert not await watch.fires()
