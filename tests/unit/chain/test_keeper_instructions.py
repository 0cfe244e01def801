"""MMT's and the keepers' instructions are those of the IDL, and tasks rank as the program ranks them."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import pytest
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from breakwater.chain import addresses as at
from breakwater.chain import keeper_instructions as kx
from breakwater.chain import mmt_instructions as mx
from breakwater.chain import programs

A, B, C, D = (Pubkey(bytes([i]) * 32) for i in range(1, 5))
RULES = mx.MmtRules()

BUILT: dict[str, Instruction] = {
    "initialize_mmt": mx.initialize_mmt(A, B, C, D, RULES),
    "create_stake": mx.create_stake(A),
    "close_stake": mx.close_stake(A),
    "stake": mx.stake(A, B, C, 7),
    "unstake": mx.unstake(A, 7),
    "withdraw_stake": mx.withdraw_stake(A, B, C),
    "claim_rewards": mx.claim_rewards(A, B, C),
    "claim_keeper_rewards": mx.claim_keeper_rewards(A, B, C, D),
    "register_keeper": kx.register_keeper(A, B, C, 7, D),
    "heartbeat": kx.heartbeat(A),
    "suspend_keeper": kx.suspend_keeper(A),
    "resume_keeper": kx.resume_keeper(A),
    "unregister_keeper": kx.unregister_keeper(A, B),
    "withdraw_bond": kx.withdraw_bond(A, B, C, D),
    "post_task": kx.post_task(A, kx.PRUNING, B, C),
    "claim_task": kx.claim_task(A, kx.PRUNING, B),
    "complete_task": kx.complete_task(A, kx.PRUNING, B),
    "fail_task": kx.fail_task(A, kx.PRUNING, B),
    "expire_claim": kx.expire_claim(A, kx.PRUNING, B),
    "close_task": kx.close_task(A, kx.PRUNING, B),
}
DERIVED = {
    "config": at.config(),
    "season": at.season(),
    "registry": at.registry(),
    "stake_vault": at.stake_vault(),
    "reward_vault": at.reward_vault(),
    "token_program": at.TOKEN_PROGRAM,
}


def declared(name: str) -> Mapping[str, Any]:
    each: Mapping[str, Any] = next(i for i in programs.idl("exchange")["instructions"] if i["name"] == name)
    return each


@pytest.mark.parametrize("name", BUILT)
def test_accounts_and_discriminator_are_those_of_the_idl(name: str) -> None:
    built, idl = BUILT[name], declared(name)
    assert built.program_id == at.EXCHANGE
    assert bytes(built.data[:8]) == bytes(idl["discriminator"])
    assert [(each.is_signer, each.is_writable) for each in built.accounts] == [
        (each.get("signer", False), each.get("writable", False)) for each in idl["accounts"]
    ]
    for meta, account in zip(built.accounts, idl["accounts"], strict=True):
        assert meta.pubkey == DERIVED.get(account["name"], meta.pubkey), account["name"]


def test_every_builder_is_tested() -> None:
    builders = {*mx.__all__, *kx.__all__} & {
        each["name"] for each in programs.idl("exchange")["instructions"]
    }
    assert builders == set(BUILT)


def test_the_rules_are_packed_in_the_idls_order() -> None:
    types = {each["name"]: each["type"] for each in programs.idl("exchange")["types"]}
    offset, data = 8, bytes(BUILT["initialize_mmt"].data)
    for field in types["MmtRules"]["fields"]:
        expected = getattr(RULES, field["name"])
        if isinstance(expected, tuple):
            assert field["type"] == {"array": ["u64", len(expected)]}
            assert struct.unpack_from(f"<{len(expected)}Q", data, offset) == expected
            offset += 8 * len(expected)
        else:
            code, size = {"u64": ("<Q", 8), "u32": ("<I", 4)}[field["type"]]
            assert struct.unpack_from(code, data, offset) == (expected,)
            offset += size
    assert offset == len(data)


def test_the_default_schedule_fits_the_pool() -> None:
    assert sum(RULES.rates) * 38_880_000 <= 10_000_000 * mx.MMT


def test_urgency_comes_before_value_and_grows_three_times() -> None:
    fresh = kx.priority_at(4, 0, 100, 100)
    assert fresh > kx.priority_at(0, 2**64 - 1, 0, 10**9)
    levels = [kx.priority_at(1, 5, 100, slot) >> 56 for slot in (0, 100, 109, 110, 129, 130, 10_000)]
    assert levels == [1, 1, 1, 2, 3, 4, 4]
    assert kx.priority_at(0, 5, 0, 0) == 5


def test_turns_are_dealt_evenly_and_move_on_every_hundred_slots() -> None:
    turns = [kx.turn(sequence, 12_345, 20) for sequence in range(500)]
    assert all(turns.count(each) == 25 for each in range(20))
    assert [kx.turn(3, slot, 7) for slot in (0, 99, 100, 250, 700)] == [3, 3, 4, 5, 3]
    assert kx.turn(3, 0, 0) is None
