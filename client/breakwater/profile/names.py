"""What programs, instructions and accounts are called: by the shipped IDLs, never by guess."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from solders.compute_budget import ID as COMPUTE_BUDGET
from solders.system_program import ID as SYSTEM
from spl.token.constants import ASSOCIATED_TOKEN_PROGRAM_ID

from breakwater.chain import addresses as at
from breakwater.chain import programs

if TYPE_CHECKING:
    from .calls import Call

__all__ = [
    "BUDGET",
    "PERSONAL",
    "account_name",
    "account_names",
    "call_name",
    "instruction_name",
    "is_ours",
    "program_name",
]

DISCRIMINATOR = 8
BUDGET = str(COMPUTE_BUDGET)

OTHERS = {
    str(at.TOKEN_PROGRAM): "token",
    str(SYSTEM): "system",
    str(ASSOCIATED_TOKEN_PROGRAM_ID): "associated token",
    BUDGET: "compute budget",
}

PERSONAL = frozenset({"owner", "trader", "position", "source", "destination", "payer", "rent_payer", "admin"})
"""Accounts, by their names in the IDL, that belong to one user: others write their own."""


@lru_cache
def _fixed() -> dict[str, str]:
    """Names that are better than the IDL's: instructions call one shard by different names."""
    return {str(at.shard(index)): f"shard {index}" for index in range(at.SHARDS)}


@lru_cache
def _ours() -> dict[str, tuple[str, dict[bytes, tuple[str, tuple[str, ...]]]]]:
    """By address: the program's name and, by discriminator, each instruction's name and accounts."""
    return {
        str(programs.address(name)): (
            name,
            {
                bytes(each["discriminator"]): (
                    each["name"],
                    tuple(account["name"] for account in each["accounts"]),
                )
                for each in programs.idl(name)["instructions"]
            },
        )
        for name in programs.SHIPPED_NAMES
    }


def is_ours(address: str) -> bool:
    """Whether the program is one of those whose IDLs are shipped."""
    return address in _ours()


def program_name(address: str) -> str:
    """A program's name, or the beginning of its address."""
    ours = _ours().get(address)
    return ours[0] if ours else OTHERS.get(address, f"{address[:8]}…")


def instruction_name(address: str, data: bytes) -> str:
    """The name of an instruction, "exchange.buy"; of other programs the program's alone."""
    ours = _ours().get(address)
    if ours is None:
        return program_name(address)
    name, known = ours
    found = known.get(data[:DISCRIMINATOR])
    return f"{name}.{found[0]}" if found else f"{name}.unknown"


def account_names(address: str, data: bytes) -> tuple[str, ...]:
    """What the IDL calls an instruction's accounts, in order; nothing for other programs."""
    ours = _ours().get(address)
    found = ours[1].get(data[:DISCRIMINATOR]) if ours else None
    return found[1] if found else ()


def account_name(address: str, title: str) -> str:
    """What an account is called that an instruction calls `title`."""
    return _fixed().get(address, title)


def call_name(call: Call) -> str:
    """The name of a call from a program into another, whose data the log does not hold."""
    name = program_name(call.program)
    return f"{name}.{call.says}" if call.says else name
