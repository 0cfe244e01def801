"""Values -> `Instruction` for keepers and their tasks: one pure function for every instruction.

Nothing here talks to a chain or signs. Amounts are billionths of an MMT, times slots.
"""

from __future__ import annotations

import struct
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
    "CLAIMED",
    "DONE",
    "KINDS",
    "LIQUIDATION",
    "PRICE_UPDATE",
    "PRUNING",
    "RESOLUTION",
    "STOP_LOSS",
    "UNCLAIMED",
    "claim_task",
    "close_task",
    "complete_task",
    "expire_claim",
    "fail_task",
    "heartbeat",
    "post_task",
    "priority_at",
    "register_keeper",
    "resume_keeper",
    "suspend_keeper",
    "turn",
    "unregister_keeper",
    "withdraw_bond",
]

LIQUIDATION: Final = 0
STOP_LOSS: Final = 1
PRICE_UPDATE: Final = 2
RESOLUTION: Final = 3
PRUNING: Final = 4
KINDS: Final = ("liquidation", "stop loss", "price update", "resolution", "pruning")
"""Kinds of task by number."""

UNCLAIMED: Final = 0
CLAIMED: Final = 1
DONE: Final = 2

ESCALATION_SLOTS: Final = 10
MAX_ESCALATION: Final = 3
ROTATION_SLOTS: Final = 100
_VALUE_BITS: Final = 56
_U64: Final = struct.Struct("<Q")


def register_keeper(
    authority: Pubkey, source: Pubkey, mint: Pubkey, bond: int, beneficiary: Pubkey
) -> Instruction:
    """Put a keeper on duty with a bond; rewards and bond go to the beneficiary."""
    accounts = [
        _w(authority, signer=True),
        _w(at.keeper(authority)),
        _w(at.registry()),
        _r(at.season()),
        _w(source),
        _w(at.stake_vault()),
        _r(mint),
        _r(at.TOKEN_PROGRAM),
        _r(SYSTEM),
    ]
    return _exchange("register_keeper", accounts, _U64.pack(bond) + bytes(beneficiary))


def heartbeat(authority: Pubkey) -> Instruction:
    """Give a sign of life."""
    return _exchange("heartbeat", [_r(authority, signer=True), _w(at.keeper(authority))])


def suspend_keeper(authority: Pubkey) -> Instruction:
    """Strike a silent or failing keeper off the list; needs nobody's signature."""
    return _exchange("suspend_keeper", [_w(at.keeper(authority)), _w(at.registry())])


def _duty(name: str, principal: Pubkey, authority: Pubkey) -> Instruction:
    accounts = [
        _r(principal, signer=True),
        _w(at.keeper(authority)),
        _w(at.registry()),
        _r(at.season()),
    ]
    return _exchange(name, accounts)


def resume_keeper(authority: Pubkey) -> Instruction:
    """Come back on duty after a suspension."""
    return _duty("resume_keeper", authority, authority)


def unregister_keeper(principal: Pubkey, authority: Pubkey) -> Instruction:
    """Leave; `principal` is the authority or the beneficiary."""
    return _duty("unregister_keeper", principal, authority)


def withdraw_bond(authority: Pubkey, destination: Pubkey, sink: Pubkey, mint: Pubkey) -> Instruction:
    """Pay a keeper's bond back after the cool-down; needs nobody's signature."""
    accounts = [
        _w(authority),
        _w(at.keeper(authority)),
        _r(at.season()),
        _w(destination),
        _w(at.stake_vault()),
        _w(sink),
        _r(mint),
        _r(at.TOKEN_PROGRAM),
    ]
    return _exchange("withdraw_bond", accounts)


# Tasks


def post_task(poster: Pubkey, kind: int, subject: Pubkey, related: Pubkey) -> Instruction:
    """Post a task about a subject.

    `related` proves the need: the market of a position or feed, for a stop loss the poster's trader
    account, for the rest the subject itself.
    """
    accounts = [
        _w(poster, signer=True),
        _w(at.season()),
        _r(at.registry()),
        _r(subject),
        _r(related),
        _w(at.task(subject, kind)),
        _r(SYSTEM),
    ]
    return _exchange("post_task", accounts, bytes([kind]))


def claim_task(authority: Pubkey, kind: int, subject: Pubkey) -> Instruction:
    """Hold a task until its deadline."""
    accounts = [
        _r(authority, signer=True),
        _w(at.keeper(authority)),
        _w(at.task(subject, kind)),
        _r(at.registry()),
        _r(subject),
    ]
    return _exchange("claim_task", accounts)


def complete_task(authority: Pubkey, kind: int, subject: Pubkey) -> Instruction:
    """Be credited with a task that the subject shows as done."""
    accounts = [
        _r(authority, signer=True),
        _w(at.keeper(authority)),
        _w(at.task(subject, kind)),
        _r(subject),
    ]
    return _exchange("complete_task", accounts)


def fail_task(authority: Pubkey, kind: int, subject: Pubkey) -> Instruction:
    """Give a task up, at the price of a missed deadline."""
    accounts = [
        _r(authority, signer=True),
        _w(at.keeper(authority)),
        _w(at.task(subject, kind)),
        _r(at.registry()),
    ]
    return _exchange("fail_task", accounts)


def expire_claim(late: Pubkey, kind: int, subject: Pubkey) -> Instruction:
    """Take a task away from a late keeper; followed by `claim_task` in one transaction, it is stolen."""
    accounts = [_w(at.task(subject, kind)), _w(at.keeper(late)), _r(at.registry())]
    return _exchange("expire_claim", accounts)


def close_task(poster: Pubkey, kind: int, subject: Pubkey) -> Instruction:
    """Remove a task that is done, expired or no longer needed; rent goes back to its poster."""
    accounts = [
        _w(poster),
        _w(at.task(subject, kind)),
        _w(at.season()),
        _r(at.registry()),
        _r(subject),
    ]
    return _exchange("close_task", accounts)


# What the program computes, to rank work without asking it


def priority_at(urgency: int, value: int, created_slot: int, slot: int) -> int:
    """A waiting task's priority at `slot`: urgency, up to three levels more by waiting, then value."""
    gained = min(max(slot - created_slot, 0) // ESCALATION_SLOTS, MAX_ESCALATION)
    return (urgency + gained) << _VALUE_BITS | min(value, (1 << _VALUE_BITS) - 1)


def turn(sequence: int, slot: int, keepers: int) -> int | None:
    """Index in the registry of the keeper whose turn a task is in its first slots; None without keepers."""
    return (sequence + slot // ROTATION_SLOTS) % keepers if keepers else None
