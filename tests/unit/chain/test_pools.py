"""The pools' instructions and accounts are those of the IDL, and their arithmetic is the golden vectors'."""

from __future__ import annotations

import json
import random
import struct
from pathlib import Path

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.chain import pool_accounts, programs
from breakwater.chain import pool_instructions as px
from breakwater.errors import InvalidInput

OWNER, A, B, C = (Pubkey(bytes([i]) * 32) for i in range(1, 5))
POOL = at.pool(OWNER, 7)
TERMS = px.PoolTerms(2, 3, 4)
VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "ratio_exchange.json"

BUILT: dict[str, Instruction] = {
    "create_pool": px.create_pool(OWNER, 7, A, B, TERMS),
    "deposit": px.deposit(OWNER, POOL, 1, A, B, 7),
    "withdraw": px.withdraw(OWNER, POOL, (0, 1), A, B, 7, 8),
    "swap": px.swap(OWNER, POOL, 0, A, B, 7, 8),
    "set_paused": px.set_paused(OWNER, POOL, paused=True),
    "collect_fees": px.collect_fees(OWNER, POOL, A, B),
    "close_pool": px.close_pool(OWNER, POOL, A, B),
}
ARGUMENTS = {
    "create_pool": struct.pack("<3QI", 7, 2, 3, 4),
    "deposit": struct.pack("<Q", 7),
    "withdraw": struct.pack("<2Q", 7, 8),
    "swap": struct.pack("<2Q", 7, 8),
    "set_paused": b"\1",
    "collect_fees": b"",
    "close_pool": b"",
}


def test_every_instruction_of_the_idl_has_a_builder() -> None:
    assert {each["name"] for each in programs.idl("pools")["instructions"]} == set(BUILT)
    assert programs.address("pools") == at.POOLS == at.development_keypair("pools").pubkey()


@pytest.mark.parametrize("name", BUILT)
def test_accounts_and_data_are_those_of_the_idl(name: str) -> None:
    idl = next(each for each in programs.idl("pools")["instructions"] if each["name"] == name)
    built = BUILT[name]
    flags = [(each.is_signer, each.is_writable) for each in built.accounts]
    assert flags == [(each.get("signer", False), each.get("writable", False)) for each in idl["accounts"]]
    assert bytes(built.data) == bytes(idl["discriminator"]) + ARGUMENTS[name]
    derived = {
        "pool": POOL,
        "vault_a": at.pool_vault(POOL, 0),
        "vault_b": at.pool_vault(POOL, 1),
        "lp_mint_a": at.pool_lp_mint(POOL, 0),
        "lp_mint_b": at.pool_lp_mint(POOL, 1),
        "token_program": at.TOKEN_PROGRAM,
        "owner": OWNER,
    }
    for account, declared in zip(built.accounts, idl["accounts"], strict=True):
        assert account.pubkey == derived.get(declared["name"], account.pubkey), declared["name"]


def test_sides_choose_vaults_and_lp_mints() -> None:
    vaults, lp_mints = ([f(POOL, side) for side in (0, 1)] for f in (at.pool_vault, at.pool_lp_mint))
    for side in (0, 1):
        keys = [each.pubkey for each in px.deposit(OWNER, POOL, side, A, B, 1).accounts]
        assert (keys[3], keys[4]) == (vaults[side], lp_mints[side])
        keys = [each.pubkey for each in px.swap(OWNER, POOL, side, A, B, 1, 1).accounts]
        assert (keys[3], keys[4]) == (vaults[side], vaults[1 - side])
        keys = [each.pubkey for each in px.withdraw(OWNER, POOL, (side, 1 - side), A, B, 1).accounts]
        assert (keys[3], keys[4]) == (lp_mints[side], vaults[1 - side])


def test_a_pool_account_is_read_as_it_lies_in_memory() -> None:
    rng = random.Random(8)
    keys = [rng.randbytes(32) for _ in range(7)]
    words = [rng.getrandbits(64) for _ in range(7)]
    body = b"".join(keys) + struct.pack("<7QI4B", *words, 250, 6, 9, 1, 254)
    tag = next(bytes(each["discriminator"]) for each in programs.idl("pools")["accounts"])
    read = pool_accounts.pool(tag + body)
    assert (read.owner, *read.mints, *read.vaults, *read.lp_mints) == tuple(keys)
    assert (read.number, *read.ratio, *read.reserve, *read.fees) == tuple(words)
    assert (read.fee_ppm, read.decimals, read.paused) == (250, (6, 9), True)
    with pytest.raises(InvalidInput, match="Pass a Pool account"):
        pool_accounts.pool(tag + body[:-1])


def test_what_is_paid_out_is_what_the_golden_vectors_say() -> None:
    rows = json.loads(VECTORS.read_text())["rows"]
    exact = [row for row in rows if row[-1].isdigit()]
    assert len(exact) > 200
    for amount, own, other, rate, gross, out in exact:
        got = px.exchange(amount, own, other, rate)
        assert (got.gross, got.out) == (int(gross), int(out))
        assert got.fee == got.gross - got.out
