"""The service over several real endpoints of one chain: one hangs, lags or lies, and no unit is lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from solders.keypair import Keypair
from solders.signature import Signature
from tests.integration.pools_ground import EVERY, QUICK, SOL, until
from tests.integration.pools_nodes import Node, encrypted, nodes

from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine, RpcEngine
from breakwater.errors import Retryable
from breakwater.pools import Options, Service, Store, open_cluster
from breakwater.pools.records import PoolRecord

QUICK_SLOT_S = 0.05


@asynccontextmanager
async def chain() -> AsyncIterator[EmbeddedEngine]:
    """One whose slots pass with real time, eight times as fast."""
    engine = EmbeddedEngine(programs.embedded_programs(), start_time=1_700_000_000)

    async def pass_slots() -> None:
        while True:
            await asyncio.sleep(QUICK_SLOT_S)
            engine.advance_slots()

    clock = asyncio.create_task(pass_slots())
    try:
        yield engine
    finally:
        clock.cancel()


@asynccontextmanager
async def serviced(
    engine: EmbeddedEngine, endpoints: list[Node], quorum: int, directory: Path
) -> AsyncIterator[Service]:
    core = Keypair()
    engine.fund(core.pubkey(), 1_000 * SOL)
    store = Store(directory, sync=False)
    cluster = open_cluster([each.url for each in endpoints], quorum=quorum)
    service = Service(cluster, core, store, Options(seed=1))
    await service.start()
    try:
        yield service
    finally:
        await service.stop()
        store.close()
        await cluster.close()


async def working(service: Service) -> PoolRecord:
    """One thread of every kind and side, at work."""
    pool = await service.create_pool((6, 9), (2, 3), 3_000)
    for kind, side in EVERY:
        service.start_thread((await service.create_thread(kind, pool.address, side, rates=QUICK)).id)
    return pool


def done(service: Service) -> int:
    return int(service.statistics()["succeeded"])


async def comes_out(service: Service, more: int) -> None:
    """So many more moves succeed, nobody fails, and all sums come out."""
    before = done(service)
    await until(lambda: done(service) >= before + more)
    assert {each.state for each in service.threads.values()} == {"running"}
    assert service.books.alerts == []
    found = await service.reconcile()
    assert (found.lost_units, found.differences) == (0, [])


async def test_two_of_three_endpoints_carry_the_service_whatever_the_third_does(tmp_path: Path) -> None:
    async with chain() as engine, nodes(engine, 3) as three, serviced(engine, three, 2, tmp_path) as service:
        await working(service)
        for number, fault in enumerate(("hangs", "lags", "lies", "garbage", "refuses")):
            await carries(service, three[number % 3], fault)


async def test_the_next_endpoint_is_asked_when_one_fails(tmp_path: Path) -> None:
    async with chain() as engine, nodes(engine, 2) as two, serviced(engine, two, 1, tmp_path) as service:
        await working(service)
        for number, fault in enumerate(("hangs", "lags", "garbage", "refuses")):
            await carries(service, two[number % 2], fault)


async def carries(service: Service, node: Node, fault: str) -> None:
    """The service goes on while a node fails, and does not wait for it."""
    node.fail(fault)
    began = time.monotonic()
    await comes_out(service, 6)
    assert time.monotonic() - began < 25, f"somebody waits for one that {fault}"
    node.fail("")
    await comes_out(service, 1)


async def test_a_liar_among_two_is_not_believed_and_nothing_is_lost(tmp_path: Path) -> None:
    async with chain() as engine, nodes(engine, 2) as two, serviced(engine, two, 2, tmp_path) as service:
        pool = await working(service)
        await comes_out(service, 2)
        for name in list(service.threads):
            await service.stop_thread(name)
        two[1].fail("lies")
        cluster = service.engine
        assert isinstance(cluster, RpcEngine)
        with pytest.raises(Retryable):
            await cluster.rpc.once([("getMultipleAccounts", [[pool.address], {"encoding": "base64"}])])
        two[1].fail("")
        assert (await service.reconcile()).ok


async def test_an_endpoint_that_lags_does_not_say_what_never_landed(tmp_path: Path) -> None:
    async with chain() as engine, nodes(engine, 2) as two:
        cluster = open_cluster([each.url for each in two])
        landed = engine.fund(Keypair().pubkey(), 1).signature
        two[1].fail("lags")
        engine.advance_slots(200)
        assert await cluster.block_height() > two[1].stuck_at
        two[0].fail("refuses")
        # the only endpoint left has not reached the height at which the transaction would be over
        with pytest.raises(Retryable):
            await never_landed(cluster, landed)
        two[0].fail("")
        assert not await never_landed(cluster, landed)
        await cluster.close()


async def never_landed(cluster: RpcEngine, signature: Signature) -> bool:
    asked = [[str(signature)], {"searchTransactionHistory": True}]
    (found,) = await cluster.rpc.once([("getSignatureStatuses", asked)])
    return bool(found["value"] == [None])


async def test_the_service_multiplexes_over_http_2_where_the_server_speaks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with chain() as engine:
        node = Node(engine)
        async with encrypted(node, tmp_path) as certificate:
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            async with serviced(engine, [node], 1, tmp_path / "state") as service:
                await working(service)
                await comes_out(service, 12)
            assert node.versions == {"2"}
