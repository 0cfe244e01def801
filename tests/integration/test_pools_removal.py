"""Emptying ends: whether the node is silent, tokens come or are gone meanwhile, or the disk is full."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from solders.account import Account
from tests.integration.pools_ground import Ground, ground, until

from breakwater.errors import Retryable, Unreachable
from breakwater.pools import moves, run_simulated
from breakwater.pools.records import PoolRecord, Rates, ThreadRecord
from breakwater.pools.service import STOP_S


async def worked(on: Ground, moves_: int = 2) -> tuple[PoolRecord, ThreadRecord]:
    """A pool, and a thread that has deposited and stands."""
    pool = await on.pool()
    thread = await on.service.create_thread("deposit", pool.address, 0, rates=Rates(1, 2))
    on.service.start_thread(thread.id)
    await on.until(moves_)
    await on.service.stop_thread(thread.id)
    return pool, thread


def test_a_removal_that_the_node_interrupts_is_told_of_and_goes_on_by_itself(tmp_path: Path) -> None:
    async def main() -> None:
        async with ground(tmp_path) as on:
            _, thread = await worked(on)
            accounts, refused = on.service.reader.accounts, 0

            async def silent(*given: Any, **named: Any) -> Any:
                nonlocal refused
                refused += 1
                if refused <= 5:
                    raise Unreachable("Wait for the node.")
                return await accounts(*given, **named)

            on.service.reader.accounts = silent  # type: ignore[method-assign]
            with pytest.raises(Retryable, match=f"{thread.id} is not empty yet. Wait for the node"):
                await on.service.delete_thread(thread.id)
            assert on.service.threads[thread.id].state == "deleting"
            await until(lambda: thread.id not in on.service.threads)
            assert refused > 5
            assert (await on.service.reconcile()).ok

    run_simulated(main())


async def test_a_share_that_comes_while_a_wallet_is_emptied_does_not_keep_it(tmp_path: Path) -> None:
    async with ground(tmp_path) as on:
        pool, thread = await worked(on)
        giver, wallet = await on.service.create_thread("deposit", pool.address, 1), None
        wallet = on.service.books.wallets[giver.id]
        core, books = on.service.core, on.service.books
        await books.run(moves.open_accounts(core, wallet, [*pool.mints]))
        await books.run(moves.top_up(core, wallet, 10**9))
        await books.run(moves.fund(core, wallet, pool, 1, 10**9))
        run, late = books.run, [moves.deposit(wallet, pool, 1, 7, books.wallets[thread.id])]

        async def with_a_share(move: moves.Move) -> Any:
            if move.what == "close" and late:
                await run(moves.open_accounts(core, books.wallets[thread.id], [pool.lp_mints[1]]))
                await run(late.pop())
            return await run(move)

        books.run = with_a_share  # type: ignore[method-assign]
        with pytest.raises(Retryable):
            await on.service.delete_thread(thread.id)
        await until(lambda: thread.id not in on.service.threads)
        assert late == []
        assert (await on.service.reconcile()).ok


async def test_tokens_that_are_gone_are_written_off_with_an_alert(tmp_path: Path) -> None:
    async with ground(tmp_path) as on:
        pool, thread = await worked(on)
        wallet = on.service.books.wallets[thread.id]
        address = wallet.tokens(pool.mints[0])
        account = on.engine.get_account(address)
        assert account is not None
        data = bytearray(account.data)
        data[64:72] = (int.from_bytes(data[64:72], "little") - 3).to_bytes(8, "little")
        on.engine.set_account(address, Account(account.lamports, bytes(data), account.owner))
        await on.service.delete_thread(thread.id)
        assert thread.id not in on.service.threads
        assert on.engine.get_account(wallet.address) is None
        (alert,) = on.service.books.alerts
        assert "written off: 3 of" in alert["message"]
        assert on.service.books.held("outside", pool.mints[0]) == 3


def test_a_service_stops_though_its_node_is_silent_and_finds_out_later(tmp_path: Path) -> None:
    async def main() -> None:
        async with ground(tmp_path) as on:
            pool, thread = await worked(on)

            async def silent(*_: Any, **__: Any) -> Any:
                await asyncio.Event().wait()

            on.service.post._sender.send_many = silent  # type: ignore[method-assign]
            on.service.start_thread(thread.id)
            await until(lambda: bool(on.service.post._batches))
            loop = asyncio.get_running_loop()
            began = loop.time()
            await on.service.stop()
            assert loop.time() - began < 3 * STOP_S
            on.service.store.close()
            on.open()
            await on.service.start()
            assert on.service.thread(thread.id).state == "running"
            await on.until(thread.stats.succeeded + 1)
            await on.service.stop_thread(thread.id)
            assert (await on.service.reconcile()).ok
            assert pool.address in on.service.pools

    run_simulated(main())


def test_what_has_landed_is_booked_once_though_the_disk_was_full(tmp_path: Path) -> None:
    async def main() -> None:
        async with ground(tmp_path) as on:
            pool, thread = await worked(on)
            books, store = on.service.books, on.service.store
            before, commit, refused = books.held(thread.id, pool.mints[0]), store.commit, 0

            def full(changes: Any) -> None:
                nonlocal refused
                if any(key.startswith("balances/") for key in changes) and refused < 5:
                    refused += 1
                    raise Retryable("Make room.")
                commit(changes)

            store.commit = full  # type: ignore[method-assign]
            wallet = books.wallets[thread.id]
            await books.run(moves.deposit(wallet, pool, 0, 1_000, wallet))
            assert (refused, books.held(thread.id, pool.mints[0])) == (5, before - 1_000)
            assert books.pending == {}
            assert not any(key.startswith("pending/") for key in store.documents)
            assert (await on.service.reconcile()).ok

    run_simulated(main())
