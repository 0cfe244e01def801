"""What comes from outside: strangers' gifts, receivers that are none, a node that is silent at the start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from spl.token import instructions as spl
from tests.integration.pools_ground import ground

from breakwater.chain import addresses as at
from breakwater.errors import InvalidInput, Unreachable
from breakwater.pools.reader import ata
from breakwater.pools.records import Rates


async def test_what_a_stranger_sends_does_not_keep_a_wallet_from_going(tmp_path: Path) -> None:
    async with ground(tmp_path) as on:
        pool = await on.pool()
        thread = await on.service.create_thread("deposit", pool.address, 0, rates=Rates(1, 2))
        on.service.start_thread(thread.id)
        await on.until(2)
        await on.service.stop_thread(thread.id)
        stranger, core = Keypair(), on.service.core
        await on.service.mint_and_send(pool.address, 0, str(stranger.pubkey()), 1_000)
        gift = spl.transfer(
            spl.TransferParams(
                program_id=at.TOKEN_PROGRAM,
                source=ata(stranger.pubkey(), Pubkey.from_string(pool.mints[0])),
                dest=on.service.books.wallets[thread.id].tokens(pool.mints[0]),
                owner=stranger.pubkey(),
                amount=7,
            )
        )
        await on.service._sender.send([gift], [core.key, stranger])
        emptied = await on.service.delete_thread(thread.id)
        assert emptied.burned[pool.mints[0]] >= 7
        assert on.service.books.held("outside", pool.mints[0]) == 993
        assert (await on.service.reconcile()).ok


async def test_tokens_are_sent_to_no_account_that_nobody_could_spend_them_from(tmp_path: Path) -> None:
    async with ground(tmp_path) as on:
        pool = await on.pool()
        for address in (pool.vaults[0], pool.mints[1]):
            with pytest.raises(InvalidInput, match="Name a wallet"):
                await on.service.mint_and_send(pool.address, 0, address, 1)


async def test_what_somebody_sends_into_a_vault_is_no_loss_and_no_alert(tmp_path: Path) -> None:
    async with ground(tmp_path) as on:
        pool = await on.pool()
        threads = await on.threads(pool)
        await on.until(10)
        stranger = Keypair()
        await on.service.mint_and_send(pool.address, 0, str(stranger.pubkey()), 1_000)
        gift = spl.TransferParams(
            program_id=at.TOKEN_PROGRAM,
            source=ata(stranger.pubkey(), Pubkey.from_string(pool.mints[0])),
            dest=Pubkey.from_string(pool.vaults[0]),
            owner=stranger.pubkey(),
            amount=7,
        )
        await on.service._sender.send([spl.transfer(gift)], [on.core, stranger])
        await on.until(20)
        for each in threads:
            await on.service.stop_thread(each.id)
        found = await on.service.reconcile()
        assert (found.lost_units, found.donated_units, found.differences) == (0, 7, [])
        assert on.service.books.alerts == []


async def test_a_service_starts_though_its_node_is_silent_and_goes_on_when_it_answers(tmp_path: Path) -> None:
    async with ground(tmp_path) as on:
        pool = await on.pool()
        thread = await on.service.create_thread("deposit", pool.address, 0, rates=Rates(1, 2))
        on.service.start_thread(thread.id)
        await on.until(2)
        on.kill()
        service = on.open()
        accounts, silent = service.reader.accounts, True

        async def quiet(*given: Any, **named: Any) -> Any:
            if silent:
                raise Unreachable("Wait for the node.")
            return await accounts(*given, **named)

        service.reader.accounts = quiet  # type: ignore[method-assign]
        await service.start()
        assert service.thread(thread.id).state == "running"
        silent = False
        await on.until(service.thread(thread.id).stats.succeeded + 2)
