"""Whoever is cancelled, wherever it waits: what was sent lands once at most, what was recorded, for sure."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

from solders.keypair import Keypair

from breakwater.api.metrics import Metrics
from breakwater.api.reader import CachedEngine
from breakwater.api.relay import Relay
from breakwater.api.schemas import OrderRequest
from breakwater.api.store import Pending, Store
from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.faults.busy import Busy
from breakwater.faults.cancellation import AFTERWARDS_S, SOL, Ground, pay, payments, unreachable
from breakwater.faults.stepping import at_every_await
from breakwater.pools.post import Letter, Post
from breakwater.simulate.loop import run_seeded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from pathlib import Path

    from solders.signature import Signature

    Check = Callable[[bool], Awaitable[None]]


def test_a_payment_that_is_cancelled_anywhere_lands_once_or_never_and_leaves_nothing_behind() -> None:
    found = run_seeded(payments())
    assert found.wrong == []
    assert found.points >= 5
    assert 0 < found.landed < found.points, "cancelled before it was sent, and after"
    assert found.left == 0


def test_whoever_posts_an_order_and_goes_leaves_an_order_that_is_carried_out_once(tmp_path: Path) -> None:
    runs = iter(range(1_000))

    async def make() -> tuple[Coroutine[Any, Any, Any], Check]:
        busy = Busy()
        await busy.open()
        ground = Ground(busy.engine)
        store = Store(tmp_path / f"{next(runs)}.sqlite")
        engine = ground.connect()
        cached = CachedEngine(engine)
        cached.time.clock = asyncio.get_running_loop().time
        relay = Relay(engine, cached, store, Metrics())
        order = OrderRequest(busy.order())
        before = busy.bought

        async def check(_: bool) -> None:
            done = await relay.post(order)  # the client comes back and asks again
            assert done.status == "landed"
            assert busy.bought == before + 1
            assert await store.pending() == []
            assert not relay._flights
            await relay.close()
            await store.close()
            assert await ground.rest() == 0

        return relay.post(order), check

    assert run_seeded(at_every_await(make, stride=4)) >= 2


def test_a_relay_that_is_killed_anywhere_has_recorded_what_it_sent(tmp_path: Path) -> None:
    """The relay's own work is cancelled at each of its waits; the next relay delivers on."""
    runs = iter(range(1_000))
    left: list[int] = []

    async def make() -> tuple[Coroutine[Any, Any, Any], Check]:
        busy = Busy()
        await busy.open()
        ground, file = Ground(busy.engine), tmp_path / f"{next(runs)}.sqlite"
        store = Store(file)

        def relay_on(store: Store) -> Relay:
            engine = ground.connect()
            cached = CachedEngine(engine)
            cached.time.clock = asyncio.get_running_loop().time
            return Relay(engine, cached, store, Metrics())

        relay, order, before = relay_on(store), OrderRequest(busy.order()), busy.bought
        flight_of = relay._start

        def start(signature: str, work: Any) -> Any:
            flights.append(work)
            return flight_of(signature, lambda _: forever())

        async def forever() -> Any:
            await asyncio.Event().wait()

        flights: list[Any] = []
        relay._start = start  # type: ignore[method-assign]
        posting = asyncio.ensure_future(relay.post(order))
        await asyncio.sleep(0)
        (work,) = flights
        from breakwater.api.relay import _Flight

        flight = _Flight()
        carrying = work(flight)

        async def check(_: bool) -> None:
            posting.cancel()
            for each in relay._flights.values():
                each.task.cancel()
            await asyncio.gather(posting, return_exceptions=True)
            await store.close()
            again = Store(file)
            pending = await again.pending()
            left.append(len(pending))
            other = relay_on(again)
            assert await other.resume() == len(pending)
            async with asyncio.timeout(AFTERWARDS_S):
                while await again.pending():  # noqa: ASYNC110 - a store has no event
                    await asyncio.sleep(1)
            # what was not recorded was not sent
            found = await again.find(str(transaction_signature(order)))
            assert busy.bought == before + (found is not None and found.status == "landed")
            assert found is None or found.status == "landed"
            bought = busy.bought
            await other.close()
            await again.close()
            assert await ground.rest() == 0
            assert busy.bought == bought

        return carrying, check

    assert run_seeded(at_every_await(make)) >= 5
    assert {0, 1} <= set(left)


def transaction_signature(order: OrderRequest) -> Signature:
    from solders.transaction import VersionedTransaction

    return VersionedTransaction.from_bytes(base64.b64decode(order.transaction)).signatures[0]


def test_a_letter_whose_sender_goes_takes_no_other_letter_with_it() -> None:
    async def make() -> tuple[Coroutine[Any, Any, Any], Check]:
        ground = Ground(EmbeddedEngine(start_time=1_800_000_000))
        keys = [Keypair.from_seed(bytes([number]) * 32) for number in (1, 2)]
        for each in keys:
            ground.engine.fund(each.pubkey(), SOL)
        post, signed = Post(Sender(ground.connect())), list[int]()

        def letter(number: int) -> Letter:
            key = keys[number]
            return Letter([pay(key)], [key], lambda *_: signed.append(number))

        other = asyncio.ensure_future(post.send(letter(1)))

        async def check(_: bool) -> None:
            receipt = await other
            assert receipt.err is None
            await post.rest()
            assert await ground.rest() == 0
            for number in (0, 1):
                assert ground.paid(keys[number]) == signed.count(number) <= 1

        return post.send(letter(0)), check

    assert run_seeded(at_every_await(make)) >= 1


def test_a_write_whose_writer_goes_is_there_or_not_and_the_store_goes_on(tmp_path: Path) -> None:
    runs = iter(range(1_000))

    async def make() -> tuple[Coroutine[Any, Any, Any], Check]:
        store = Store(tmp_path / f"{next(runs)}.sqlite")
        order = Pending("sig", b"\1\2", 9)

        async def check(cancelled: bool) -> None:
            found = await store.pending()
            assert found in ([], [order]) if cancelled else found == [order]
            await store.accept(order)
            assert await store.pending() == [order]
            await store.close()

        return store.accept(order), check

    async def real_threads() -> None:
        await at_every_await(make)

    asyncio.run(real_threads())


def test_a_failure_on_the_way_reaches_whoever_waits() -> None:
    error, waited_s = run_seeded(unreachable())
    assert error == "Unreachable"
    assert 0 < waited_s < 120
