"""Values -> `Instruction` for MMT: its schedule, stakes and rewards. One pure function for every instruction.

Nothing here talks to a chain or signs. Amounts are billionths of an MMT, times slots.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solders.instruction import Instruction
from solders.system_program import ID as SYSTEM

from . import addresses as at
from ._metas import exchange as _exchange
from ._metas import r as _r
from ._metas import w as _w

if TYPE_CHECKING:
    from solders.pubkey import Pubkey

__all__ = [
    "MMT",
    "MmtRules",
    "claim_keeper_rewards",
    "claim_rewards",
    "close_stake",
    "create_stake",
    "initialize_mmt",
    "stake",
    "unstake",
    "withdraw_stake",
]

MMT: Final = 10**9
"""One MMT."""


@dataclass(frozen=True, slots=True)
class MmtRules:
    """The rules of MMT and keepers, fixed at initialization.

    `rates` are units per slot by season of 38,880,000 slots, together at most ten million MMT (these leave a
    tenth of that for a launch); `tiers` the
    amounts at which tiers 1 to 3 begin; `task_rewards` what a task pays in tier 0 by kind: nothing for
    liquidations and stops, which pay from their own proceeds, and which an owner could make for himself;
    `keepers_ppm` the keepers' part.
    """

    rates: tuple[int, ...] = (
        115_740_000,
        57_870_000,
        28_935_000,
        14_467_500,
        7_233_750,
        3_616_875,
        1_808_437,
        904_218,
    )
    tiers: tuple[int, int, int] = (1_000 * MMT, 10_000 * MMT, 100_000 * MMT)
    task_rewards: tuple[int, ...] = (0, 0, MMT // 10, MMT // 5, MMT // 50)
    min_bond: int = 100 * MMT
    cooldown_slots: int = 1_512_000
    claim_slots: int = 20
    exclusive_slots: int = 4
    max_claims: int = 8
    heartbeat_slots: int = 150
    suspension_slots: int = 300
    expiry_slots: int = 216_000
    prune_age_s: int = 30 * 24 * 60 * 60
    keepers_ppm: int = 200_000


_U64: Final = struct.Struct("<Q")
_RULES: Final = struct.Struct("<8Q3Q5Q9QI")


def initialize_mmt(admin: Pubkey, mint: Pubkey, source: Pubkey, sink: Pubkey, rules: MmtRules) -> Instruction:
    """Fix the rules, create ledgers and vaults, and move what the schedule pays from `source` into the vault.

    `sink` is a token account of `addresses.mmt_sink()` that holds ninety million.
    """
    accounts = [
        _w(admin, signer=True),
        _r(at.config()),
        _w(at.season()),
        _w(at.registry()),
        _w(at.stake_vault()),
        _w(at.reward_vault()),
        _r(mint),
        _w(source),
        _r(sink),
        _r(at.TOKEN_PROGRAM),
        _r(SYSTEM),
    ]
    data = _RULES.pack(
        *rules.rates,
        *rules.tiers,
        *rules.task_rewards,
        rules.min_bond,
        rules.cooldown_slots,
        rules.claim_slots,
        rules.exclusive_slots,
        rules.max_claims,
        rules.heartbeat_slots,
        rules.suspension_slots,
        rules.expiry_slots,
        rules.prune_age_s,
        rules.keepers_ppm,
    )
    return _exchange("initialize_mmt", accounts, data)


# Stakes


def create_stake(owner: Pubkey) -> Instruction:
    """Open the owner's stake account."""
    accounts = [_w(owner, signer=True), _r(at.season()), _w(at.stake(owner)), _r(SYSTEM)]
    return _exchange("create_stake", accounts)


def close_stake(owner: Pubkey) -> Instruction:
    """Close the owner's empty stake account."""
    return _exchange("close_stake", [_w(owner, signer=True), _w(at.stake(owner))])


def stake(owner: Pubkey, source: Pubkey, mint: Pubkey, amount: int) -> Instruction:
    """Stake MMT from `source`."""
    accounts = [
        _r(owner, signer=True),
        _w(at.stake(owner)),
        _w(at.season()),
        _w(source),
        _w(at.stake_vault()),
        _r(mint),
        _r(at.TOKEN_PROGRAM),
    ]
    return _exchange("stake", accounts, _U64.pack(amount))


def unstake(owner: Pubkey, amount: int) -> Instruction:
    """Stop staking so much; the cool-down starts."""
    accounts = [_r(owner, signer=True), _w(at.stake(owner)), _w(at.season())]
    return _exchange("unstake", accounts, _U64.pack(amount))


def withdraw_stake(owner: Pubkey, destination: Pubkey, mint: Pubkey) -> Instruction:
    """Take out what was unstaked, after the cool-down."""
    accounts = [
        _r(owner, signer=True),
        _w(at.stake(owner)),
        _r(at.season()),
        _w(destination),
        _w(at.stake_vault()),
        _r(mint),
        _r(at.TOKEN_PROGRAM),
    ]
    return _exchange("withdraw_stake", accounts)


def _rewards(name: str, signer: Pubkey, account: Pubkey, destination: Pubkey, mint: Pubkey) -> Instruction:
    accounts = [
        _r(signer, signer=True),
        _w(account),
        _w(at.season()),
        _w(destination),
        _w(at.reward_vault()),
        _r(mint),
        _r(at.TOKEN_PROGRAM),
    ]
    return _exchange(name, accounts)


def claim_rewards(owner: Pubkey, destination: Pubkey, mint: Pubkey) -> Instruction:
    """Pay what the owner's stake has earned."""
    return _rewards("claim_rewards", owner, at.stake(owner), destination, mint)


def claim_keeper_rewards(
    principal: Pubkey, authority: Pubkey, destination: Pubkey, mint: Pubkey
) -> Instruction:
    """Pay what a keeper has earned to its beneficiary; `principal` is that or the authority."""
    return _rewards("claim_keeper_rewards", principal, at.keeper(authority), destination, mint)
