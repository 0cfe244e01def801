"""Values -> `Instruction` for pools, one pure function for every instruction, and the program's arithmetic.

Nothing here talks to a chain or signs. Sides are 0 for a and 1 for b; amounts are units of their token.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from solders.instruction import AccountMeta, Instruction
from solders.system_program import ID as SYSTEM

from . import addresses as at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.pubkey import Pubkey

__all__ = [
    "MAX_DECIMALS",
    "MAX_FEE_PPM",
    "Exchanged",
    "PoolTerms",
    "close_pool",
    "collect_fees",
    "create_pool",
    "deposit",
    "exchange",
    "set_paused",
    "swap",
    "withdraw",
]

MAX_DECIMALS: Final = 9
MAX_FEE_PPM: Final = 100_000
_PPM: Final = 10**6


@dataclass(frozen=True, slots=True)
class PoolTerms:
    """What never changes: `ratio_a` units of a are worth `ratio_b` of b; `fee_ppm` of what is paid out."""

    ratio_a: int
    ratio_b: int
    fee_ppm: int = 3_000


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What leaves a reserve, the owner's part of it, and what the taker gets."""

    gross: int
    fee: int
    out: int


def exchange(amount: int, own: int, other: int, fee_ppm: int) -> Exchanged:
    """What the program pays for `amount` units of which `own` are worth `other`: down, the fee up."""
    gross = amount * other // own
    fee = -(-gross * fee_ppm // _PPM)
    return Exchanged(gross, fee, gross - fee)


_NAMES: Final = (
    "create_pool",
    "deposit",
    "withdraw",
    "swap",
    "set_paused",
    "collect_fees",
    "close_pool",
)
_TAGS: Final = {name: hashlib.sha256(f"global:{name}".encode()).digest()[:8] for name in _NAMES}
_U64: Final = struct.Struct("<Q")
_TWO: Final = struct.Struct("<2Q")
_TERMS: Final = struct.Struct("<3QI")


def _w(key: Pubkey, *, signer: bool = False) -> AccountMeta:
    return AccountMeta(key, signer, True)


def _r(key: Pubkey, *, signer: bool = False) -> AccountMeta:
    return AccountMeta(key, signer, False)


def _pools(name: str, accounts: Sequence[AccountMeta], data: bytes = b"") -> Instruction:
    return Instruction(at.POOLS, _TAGS[name] + data, accounts)


def create_pool(owner: Pubkey, number: int, mint_a: Pubkey, mint_b: Pubkey, terms: PoolTerms) -> Instruction:
    """Open the owner's pool of that number, which is good for one pool ever."""
    pool = at.pool(owner, number)
    accounts = [
        _w(owner, signer=True),
        _w(pool),
        _r(mint_a),
        _r(mint_b),
        _w(at.pool_vault(pool, 0)),
        _w(at.pool_vault(pool, 1)),
        _w(at.pool_lp_mint(pool, 0)),
        _w(at.pool_lp_mint(pool, 1)),
        _r(at.TOKEN_PROGRAM),
        _r(SYSTEM),
    ]
    data = _TERMS.pack(number, terms.ratio_a, terms.ratio_b, terms.fee_ppm)
    return _pools("create_pool", accounts, data)


def deposit(
    owner: Pubkey, pool: Pubkey, side: int, source: Pubkey, lp_destination: Pubkey, amount: int
) -> Instruction:
    """Deposit from `source`; as many LP tokens go to `lp_destination`, whosever it is."""
    accounts = [
        _r(owner, signer=True),
        _w(pool),
        _w(source),
        _w(at.pool_vault(pool, side)),
        _w(at.pool_lp_mint(pool, side)),
        _w(lp_destination),
        _r(at.TOKEN_PROGRAM),
    ]
    return _pools("deposit", accounts, _U64.pack(amount))


def withdraw(
    owner: Pubkey,
    pool: Pubkey,
    sides: tuple[int, int],
    lp_source: Pubkey,
    destination: Pubkey,
    shares: int,
    least: int = 0,
) -> Instruction:
    """Burn LP tokens of side `sides[0]`; what side `sides[1]` pays for them goes to `destination`."""
    burned, paid = sides
    accounts = [
        _r(owner, signer=True),
        _w(pool),
        _w(lp_source),
        _w(at.pool_lp_mint(pool, burned)),
        _w(at.pool_vault(pool, paid)),
        _w(destination),
        _r(at.TOKEN_PROGRAM),
    ]
    return _pools("withdraw", accounts, _TWO.pack(shares, least))


def swap(
    owner: Pubkey, pool: Pubkey, side: int, source: Pubkey, destination: Pubkey, amount: int, least: int
) -> Instruction:
    """Swap `amount` of a side for at least `least` of the other one, which goes to `destination`."""
    accounts = [
        _r(owner, signer=True),
        _w(pool),
        _w(source),
        _w(at.pool_vault(pool, side)),
        _w(at.pool_vault(pool, 1 - side)),
        _w(destination),
        _r(at.TOKEN_PROGRAM),
    ]
    return _pools("swap", accounts, _TWO.pack(amount, least))


def set_paused(owner: Pubkey, pool: Pubkey, *, paused: bool) -> Instruction:
    """Stop deposits and swaps, or let them in again."""
    return _pools("set_paused", [_r(owner, signer=True), _w(pool)], bytes([paused]))


def collect_fees(owner: Pubkey, pool: Pubkey, to_a: Pubkey, to_b: Pubkey) -> Instruction:
    """Pay what the owner has earned."""
    accounts = [
        _r(owner, signer=True),
        _w(pool),
        _w(at.pool_vault(pool, 0)),
        _w(at.pool_vault(pool, 1)),
        _w(to_a),
        _w(to_b),
        _r(at.TOKEN_PROGRAM),
    ]
    return _pools("collect_fees", accounts)


def close_pool(owner: Pubkey, pool: Pubkey, to_a: Pubkey, to_b: Pubkey) -> Instruction:
    """Close a pool without claims; what its vaults hold goes to `to_a` and `to_b`, the rent to the owner."""
    accounts = [
        _w(owner, signer=True),
        _w(pool),
        _w(at.pool_vault(pool, 0)),
        _w(at.pool_vault(pool, 1)),
        _r(at.pool_lp_mint(pool, 0)),
        _r(at.pool_lp_mint(pool, 1)),
        _w(to_a),
        _w(to_b),
        _r(at.TOKEN_PROGRAM),
    ]
    return _pools("close_pool", accounts)
