"""The launch's instructions are those of the IDL, and its rules fit the pool."""

from __future__ import annotations

import hashlib

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.chain import bootstrap_instructions as bx
from breakwater.chain import mmt_instructions as mx
from breakwater.chain import programs

A, B, C = (Pubkey(bytes([i]) * 32) for i in range(1, 4))
RULES = bx.BootstrapRules()

BUILT: dict[str, Instruction] = {
    "open_bootstrap": bx.open_bootstrap(A, B, C, RULES),
    "create_maker": bx.create_maker(A),
    "close_maker": bx.close_maker(A),
    "lock_liquidity": bx.lock_liquidity(A, 7),
    "unlock_liquidity": bx.unlock_liquidity(A, 7),
    "claim_trades": bx.claim_trades(A, B, C),
    "claim_maker": bx.claim_maker(A, B, C),
}


@pytest.mark.parametrize("name", BUILT)
def test_accounts_and_discriminator_are_those_of_the_idl(name: str) -> None:
    built = BUILT[name]
    idl = next(each for each in programs.idl("exchange")["instructions"] if each["name"] == name)
    assert bytes(built.data)[:8] == bytes(idl["discriminator"])
    assert bytes(built.data)[:8] == hashlib.sha256(f"global:{name}".encode()).digest()[:8]
    flags = [(each.is_writable, each.is_signer) for each in built.accounts]
    assert flags == [(bool(a.get("writable")), bool(a.get("signer"))) for a in idl["accounts"]]
    addresses = {a["name"]: each.pubkey for a, each in zip(idl["accounts"], built.accounts, strict=True)}
    known = {"bootstrap": at.bootstrap(), "trader": at.trader(A), "maker": at.maker(at.trader(A))}
    assert {key: value for key, value in addresses.items() if key in known}.items() <= known.items()


def test_schedule_and_launch_fit_the_pool_together() -> None:
    schedule = sum(mx.MmtRules().rates) * 38_880_000
    assert schedule + RULES.budget <= 10_000_000 * mx.MMT


def test_the_budget_is_every_credit_and_every_slot() -> None:
    rules = bx.BootstrapRules(trade_credits=4, trade_rate=1, mining_rate=3, mining_slots=5)
    assert rules.budget == 1 + 15  # a part of a billionth of an MMT is reserved as a whole
