"""The pools service on the real program: shares, refills, emptying, kills, mismatches, a day."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from solders.account import Account
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from tests.integration.pools_ground import EVERY, Ground, ground, until

from breakwater.chain import pool_instructions as px
from breakwater.errors import InvalidInput, ProgramError, Unreachable
from breakwater.pools import DrillConfig, drill, moves, run_simulated
from breakwater.pools.records import Pending, Rates
from breakwater.pools.worker import MOST_FAILURES


async def test_threads_share_and_everything_comes_out_to_the_unit(tmp_path: Path) -> None:
    async with ground(tmp_path) as on:
        pool = await on.pool()
        threads = await on.threads(pool)
        await until(lambda: all(each.stats.succeeded and each.stats.shared for each in threads))
        for each in threads:
            await on.service.stop_thread(each.id)
        found = await on.service.reconcile()
        assert (found.ok, found.lost_units, found.differences) == (True, 0, [])
        assert found.sums >= 6 * 4
        stats = {each.id: each.stats for each in threads}
        assert all(each.succeeded == each.verified > 0 for each in stats.values())
        totals = on.service.totals(pool.address)
        assert all(
            sum(sides) > 0 for sides in (totals.deposited, totals.withdrawn, totals.swapped_in, totals.fees)
        )


async def test_one_swap_thread_a_direction(tmp_path: Path) -> None:
    async with ground(tmp_path) as on:
        pool = await on.pool()
        await on.service.create_thread("swap", pool.address, 0)
        await on.service.create_thread("swap", pool.address, 1)
        with pytest.raises(InvalidInput, match="a direction of a pool has one"):
            await on.service.create_thread("swap", pool.address, 0)


async def test_a_thread_below_five_percent_is_refilled_and_one_short_of_sol_topped_up(tmp_path: Path) -> None:
    async with ground(tmp_path) as on:
        pool = await on.pool()
        (thread,) = [
            await on.service.create_thread("deposit", pool.address, 0, rates=Rates(1, 2, 10_000, 10_000))
        ]
        on.service.start_thread(thread.id)
        await on.until(3)
        await on.service.stop_thread(thread.id)
        assert thread.stats.refills >= 2
        assert thread.stats.top_ups == 1
        core = on.engine.get_account(on.core.pubkey())
        assert core is not None
        assert core.lamports > 900 * 10**9
        assert (await on.service.reconcile()).ok


async def test_empty_redeems_burns_closes_and_returns_everything(tmp_path: Path) -> None:
    async with ground(tmp_path) as on:
        pool = await on.pool()
        threads = await on.threads(pool)
        await on.until(40)
        wallets = {each.id: on.service.books.wallets[each.id] for each in threads}
        for each in threads:
            await on.service.delete_thread(each.id)
        assert on.service.threads == {}
        for wallet in wallets.values():
            assert on.engine.get_account(wallet.address) is None
            assert all(
                on.engine.get_account(wallet.tokens(mint)) is None for mint in (*pool.mints, *pool.lp_mints)
            )
        view = await on.service.reader.pool(pool)
        assert view is not None
        assert view.supply == (0, 0), "every claim was redeemed or burned"
        assert (await on.service.reconcile()).ok


async def test_a_wallet_whose_claims_nobody_can_pay_is_emptied_all_the_same(tmp_path: Path) -> None:
    async with ground(tmp_path) as on:
        pool = await on.pool()
        thread = await on.service.create_thread("deposit", pool.address, 0, share=False, rates=Rates(1, 2))
        on.service.start_thread(thread.id)
        await on.until(2)
        await on.service.stop_thread(thread.id)
        # somebody swaps the whole reserve away and redeems what that left
        taker = await on.service.create_thread("swap", pool.address, 1, funding=10**15)
        wallet = on.service.books.wallets[taker.id]
        core, books = on.service.core, on.service.books
        await books.run(moves.open_accounts(core, wallet, [*pool.mints]))
        await books.run(moves.top_up(core, wallet, 10**9))
        await books.run(moves.fund(core, wallet, pool, 1, 10**15))
        reserve = books.views[pool.address].pool.reserve[0]
        await books.run(moves.swap(wallet, pool, 1, -(-reserve * pool.ratio[1] // pool.ratio[0]), wallet))
        assert books.views[pool.address].pool.reserve[0] == 0
        emptied = await on.service.delete_thread(thread.id)
        assert sum(emptied.redeemed.values()) > 0, "in the other token"
        assert (await on.service.reconcile()).ok


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_kill_between_signing_and_knowing_is_found_out_at_the_next_start(
    tmp_path: Path, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    async with ground(tmp_path) as on:
        pool = await on.pool()
        thread = await on.service.create_thread("deposit", pool.address, 0, rates=Rates(1, 2))
        on.service.start_thread(thread.id)
        await on.until(2)
        await on.service.stop_thread(thread.id)
        wallet = on.service.books.wallets[thread.id]
        held = on.service.books.held(thread.id, pool.mints[0])
        execute = on.engine.execute

        def dies(*given: Any, **named: Any) -> Any:
            if when == "after":
                execute(*given, **named)
            raise Killed

        with monkeypatch.context() as patched:
            patched.setattr(on.engine, "execute", dies)
            with pytest.raises(Killed):
                await on.service.books.run(moves.deposit(wallet, pool, 0, 1_000, wallet))
        on.kill()
        on.open()
        recovered = await on.service.start()
        assert recovered == {"landed": int(when == "after"), "dropped": int(when == "before")}
        spent = 1_000 if when == "after" else 0
        assert on.service.books.held(thread.id, pool.mints[0]) == held - spent
        assert (await on.service.reconcile()).ok


async def test_a_killed_service_goes_on_with_what_was_running_and_emptying(tmp_path: Path) -> None:
    async with ground(tmp_path) as on:
        pool = await on.pool()
        threads = await on.threads(pool)
        await on.until(30)
        on.service.set_state(threads[0], "deleting")
        on.kill()
        on.open()
        await on.service.start()
        await on.until(60)
        await until(lambda: threads[0].id not in on.service.threads)
        states = {each.state for each in on.service.threads.values()}
        assert (len(on.service.threads), states) == (5, {"running"})
        for name in list(on.service.threads):
            await on.service.stop_thread(name)
        assert (await on.service.reconcile()).ok


async def test_a_balance_that_nobody_booked_stops_the_thread_and_raises_an_alert(tmp_path: Path) -> None:
    async with ground(tmp_path) as on:
        pool = await on.pool()
        thread = await on.service.create_thread("deposit", pool.address, 0, rates=Rates(1, 2))
        on.service.start_thread(thread.id)
        await on.until(2)
        address = on.service.books.wallets[thread.id].tokens(pool.mints[0])
        account = on.engine.get_account(address)
        assert account is not None
        data = bytearray(account.data)
        data[64:72] = (int.from_bytes(data[64:72], "little") - 1).to_bytes(8, "little")
        on.engine.set_account(address, Account(account.lamports, bytes(data), account.owner))
        await until(lambda: thread.state == "failed")
        assert "should hold" in thread.last_error
        assert [each["thread"] for each in on.service.books.alerts] == [thread.id]
        found = await on.service.reconcile()
        assert found.lost_units >= 1


async def test_a_paused_pool_is_waited_for(tmp_path: Path) -> None:
    async with ground(tmp_path) as on:
        pool = await on.pool()
        thread = await on.service.create_thread("deposit", pool.address, 0, rates=Rates(1, 2))
        on.service.start_thread(thread.id)
        await on.until(2)
        key = Pubkey.from_string(pool.address)
        await on.service._sender.send([px.set_paused(on.core.pubkey(), key, paused=True)], [on.core])
        await until(lambda: thread.stats.waits > 0)
        assert thread.state == "running"
        assert set(thread.stats.errors) <= {"Paused"}
        assert thread.stats.failed == 0


async def test_pools_are_taken_in_only_for_what_they_are(tmp_path: Path) -> None:
    async with ground(tmp_path) as on:
        pool = await on.pool()
        stranger = Ground(tmp_path / "other")
        stranger.engine = on.engine
        other = stranger.service
        other.engine = other.reader._engine = on.engine
        taken = await other.import_pool(pool.address)
        assert (taken.mints, taken.ratio, taken.mintable, taken.whole) == (
            pool.mints, pool.ratio, (False, False), False,
        )  # fmt: skip
        with pytest.raises(InvalidInput, match="there is nothing"):
            await other.import_pool(str(Keypair().pubkey()))
        with pytest.raises(InvalidInput, match="Pass a Pool account"):
            await other.import_pool(pool.mints[0])
        forged = Keypair().pubkey()
        account = on.engine.get_account(Pubkey.from_string(pool.address))
        assert account is not None
        on.engine.set_account(forged, account)
        with pytest.raises(InvalidInput, match="not where the program puts"):
            await other.import_pool(str(forged))
        with pytest.raises(InvalidInput, match="the core wallet can make"):
            await other.mint_and_send(pool.address, 0, str(forged), 1)
        other.store.close()


async def test_pools_that_are_gone_are_cleaned_up(tmp_path: Path) -> None:
    async with ground(tmp_path) as on:
        kept, gone = await on.pool(), await on.pool((0, 0))
        key, core = Pubkey.from_string(gone.address), on.service.core
        await on.service.books.run(moves.open_accounts(core, core, gone.mints))
        closing = px.close_pool(core.address, key, core.tokens(gone.mints[0]), core.tokens(gone.mints[1]))
        await on.service._sender.send([closing], [on.core])
        assert await on.service.clean_up() == [gone.address]
        assert list(on.service.pools) == [kept.address]


async def test_tokens_are_minted_for_anybody_and_counted(tmp_path: Path) -> None:
    async with ground(tmp_path) as on:
        pool = await on.pool()
        somebody = Keypair().pubkey()
        await asyncio.gather(
            *(on.service.mint_and_send(pool.address, 1, str(somebody), n) for n in range(1, 11))
        )
        assert on.service.books.held("outside", pool.mints[1]) == 55
        assert (await on.service.reconcile()).ok
        with pytest.raises(InvalidInput, match="in base58"):
            await on.service.mint_and_send(pool.address, 1, "nobody", 1)


async def test_a_refused_move_changes_nothing(tmp_path: Path) -> None:
    async with ground(tmp_path) as on:
        pool = await on.pool()
        thread = await on.service.create_thread("deposit", pool.address, 0, rates=Rates(1, 2))
        on.service.start_thread(thread.id)
        await on.until(1)
        await on.service.stop_thread(thread.id)
        wallet, books = on.service.books.wallets[thread.id], on.service.books
        before = dict(books.balances[thread.id])
        with pytest.raises(ProgramError, match="InsufficientReserve"):
            await books.run(moves.swap(wallet, pool, 0, 10, wallet))
        assert (books.balances[thread.id], books.pending) == (before, {})
        assert (await on.service.reconcile()).ok


def test_a_day_goes_by_in_seconds_and_every_unit_is_there() -> None:
    config = DrillConfig("embedded", pools=1, threads=len(EVERY), seconds=86_400, seed=7, pace=90)
    result = run_simulated(drill(config))
    assert (result.lost_units, result.reconciled, result.broken) == (0, True, [])
    assert result.seconds >= 86_400
    assert result.operations > 3_000


async def test_a_service_that_stops_while_it_still_looks_something_up_begins_nothing_new(
    tmp_path: Path,
) -> None:
    async with ground(tmp_path) as on:
        pool = await on.pool()
        thread = await on.service.create_thread("deposit", pool.address, 0, rates=Rates(1, 2))
        on.service.start_thread(thread.id)
        await on.until(2)
        on.kill()
        service = on.open()
        entry = Pending("1" * 64, 2**40, thread.id, "deposit", {thread.id: {pool.mints[0]: -1}})
        service.books.pending[entry.signature] = entry
        looking = asyncio.Event()

        async def nobody_knows(_: Pending) -> None:
            looking.set()
            await asyncio.Event().wait()

        service.books._find_out = nobody_knows  # type: ignore[method-assign,assignment]
        await service.start(wait=False)
        await looking.wait()
        await asyncio.sleep(0.02)
        before = service.post.sent
        await service.stop()
        assert service.post.sent == before, "its wallet is locked until the move is found out"
        assert list(service.books.pending) == [entry.signature]


def test_a_thread_that_has_got_over_a_failure_begins_with_a_short_pause_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with ground(tmp_path) as on:
            pool = await on.pool()
            thread = await on.service.create_thread("deposit", pool.address, 0)
            on.service.start_thread(thread.id)
            run, loop = on.service.books.run, asyncio.get_running_loop()
            pauses: list[float] = []
            for _ in range(3):
                await on.until(thread.stats.succeeded + 1)
                tries: list[float] = []

                async def once(move: moves.Move, tries: list[float] = tries) -> Any:
                    tries.append(loop.time())
                    if len(tries) < 4:
                        raise Unreachable("Wait for the node.")
                    return await run(move)

                on.service.books.run = once  # type: ignore[method-assign]
                await until(lambda tries=tries: len(tries) > 4)  # type: ignore[misc]
                pauses.append(tries[1] - tries[0])
            assert pauses == pytest.approx([0.5] * 3, abs=0.1)
            assert thread.state == "running"

    run_simulated(main())


def test_a_thread_that_fails_again_and_again_pauses_longer_each_time_and_is_stopped(tmp_path: Path) -> None:
    async def main() -> None:
        async with ground(tmp_path) as on:
            pool = await on.pool()
            thread = await on.service.create_thread("deposit", pool.address, 0)
            on.service.start_thread(thread.id)
            await on.until(2)
            tries: list[float] = []

            async def silent(_: Any) -> Any:
                tries.append(asyncio.get_running_loop().time())
                raise Unreachable("Wait for the node.")

            on.service.books.run = silent  # type: ignore[method-assign,assignment]
            await until(lambda: thread.state == "failed")
            pauses = [later - earlier for earlier, later in pairwise(tries)]
            assert len(tries) == MOST_FAILURES
            assert pauses == pytest.approx([0.5 * 2**n for n in range(MOST_FAILURES - 1)], abs=0.1)
            assert thread.stats.errors == {"Unreachable": MOST_FAILURES}
            assert "after 8 failures" in on.service.books.alerts[-1]["message"]

    run_simulated(main())
