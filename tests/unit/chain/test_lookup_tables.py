"""Versioned transactions: what a lookup table names is found, and slot hashes are there when asked for."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from solana.rpc.types import MemcmpOpts
from solders.address_lookup_table_account import ID as LOOKUP_TABLES
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM
from solders.system_program import TransferParams, transfer

from breakwater.chain.sender import Sender

if TYPE_CHECKING:
    from solders.keypair import Keypair

    from breakwater.chain.engine import EmbeddedEngine

SOL = 10**9


async def test_accounts_behind_a_table_are_found(
    engine: EmbeddedEngine, sender: Sender, payer: Keypair
) -> None:
    target = Pubkey.new_unique()
    engine.advance_slots(20)
    recent = engine.clock.slot - 1  # the table program looks it up among the slot hashes
    seeds = [bytes(payer.pubkey()), struct.pack("<Q", recent)]
    table, bump = Pubkey.find_program_address(seeds, LOOKUP_TABLES)
    metas = [
        AccountMeta(table, is_signer=False, is_writable=True),
        AccountMeta(payer.pubkey(), is_signer=True, is_writable=False),
        AccountMeta(payer.pubkey(), is_signer=True, is_writable=True),
        AccountMeta(SYSTEM, is_signer=False, is_writable=False),
    ]
    extend = struct.pack("<IQ", 2, 1) + bytes(target)
    await sender.send([Instruction(LOOKUP_TABLES, struct.pack("<IQB", 0, recent, bump), metas)])
    await sender.send([Instruction(LOOKUP_TABLES, extend, metas)])
    engine.advance_slots()

    compressing = Sender(engine, payer, tables=[AddressLookupTableAccount(table, [target])])
    pay = transfer(TransferParams(from_pubkey=payer.pubkey(), to_pubkey=target, lamports=SOL))
    receipt = await compressing.send([pay])

    landed = engine.landed(receipt.signature)
    assert landed is not None
    assert target not in landed.transaction.message.account_keys
    assert engine.svm.get_balance(target) == SOL
    owned = await engine.client.get_program_accounts(SYSTEM, encoding="base64", filters=[0])
    assert target in {each.pubkey for each in owned.value}
    tables = await engine.client.get_program_accounts(
        LOOKUP_TABLES, encoding="base64", filters=[MemcmpOpts(offset=0, bytes="2UzHM")]
    )
    assert [each.pubkey for each in tables.value] == [table]
