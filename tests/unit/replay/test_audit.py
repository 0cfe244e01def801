"""The audit of a replay: every token has its place in the books, whoever's it is."""

from __future__ import annotations

from solders.account import Account

from breakwater.chain import addresses as at
from breakwater.chain import programs
from breakwater.chain.accounts import shard
from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.replay._audit import Auditor
from breakwater.replay._books import Books
from breakwater.replay._desk import Desk
from breakwater.replay._stage import set_stage

CASH, RESERVE = slice(8, 16), slice(-8, None)


async def test_what_a_launch_has_set_aside_is_missing_from_the_vault_and_not_from_the_tokens() -> None:
    engine, aside = EmbeddedEngine(programs.embedded_programs()), 7_000_000
    desk = Desk(Sender(engine, preflight=False, priority_fee=0), Books())
    auditor = Auditor(engine, await set_stage(engine, desk, seed=1, traders=2, exponent=-2), desk.books)
    assert (await auditor.audit()).differences == ()

    account = engine.get_account(at.shard(2))
    assert account is not None
    data, before = bytearray(account.data), shard(account.data)
    data[CASH], data[RESERVE] = (before.cash - aside).to_bytes(8, "little"), aside.to_bytes(8, "little")
    assert shard(bytes(data)).reserve == aside
    engine.set_account(at.shard(2), Account(account.lamports, bytes(data), account.owner))
    assert (await auditor.audit()).differences == (("vault cash against liquidity and results", -aside),)
