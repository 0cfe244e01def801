"""Pools to work in: make one with mints of its own, take in one that exists, drop those that are gone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountParams, create_account
from spl.token import instructions as spl

from breakwater.chain import addresses as at
from breakwater.chain import pool_accounts
from breakwater.chain import pool_instructions as px
from breakwater.errors import InvalidInput

from .records import PoolRecord

if TYPE_CHECKING:
    from solders.instruction import Instruction

    from breakwater.chain.pool_instructions import PoolTerms
    from breakwater.chain.sender import Sender

    from .moves import Wallet
    from .reader import Reader

__all__ = ["create", "examine", "is_there", "terms_of"]

MINT_SPACE: Final = 82
MINT_RENT: Final = 1_461_600
WORD: Final = 2**64
RULES: Final = (
    "Give decimals from 0 to 9, whole numbers above zero for the ratio (below 2^64), and a fee of at most "
    "100,000 ppm."
)


def terms_of(decimals: tuple[int, int], tokens: tuple[int, int], fee_ppm: int) -> PoolTerms:
    """Terms that make `tokens[0]` whole tokens a worth `tokens[1]` whole tokens b.

    Raises:
        InvalidInput: decimals, ratio or fee are outside their ranges.
    """
    in_range = (
        all(0 <= each <= px.MAX_DECIMALS for each in decimals)
        and all(each > 0 for each in tokens)
        and 0 <= fee_ppm <= px.MAX_FEE_PPM
    )
    if not in_range:
        raise InvalidInput(RULES)
    ratio = [each * 10**places for each, places in zip(tokens, decimals, strict=True)]
    while all(each % 10 == 0 for each in ratio):
        ratio = [each // 10 for each in ratio]
    if max(ratio) >= WORD:
        raise InvalidInput(RULES)
    return px.PoolTerms(ratio[0], ratio[1], fee_ppm)


async def create(
    sender: Sender, core: Wallet, number: int, decimals: tuple[int, int], terms: PoolTerms
) -> PoolRecord:
    """Make two mints of the core wallet's and a pool of them that it owns.

    Raises:
        ProgramError: the number is used.
        Retryable: the node does not answer.
    """
    mints = [Keypair(), Keypair()]
    made = [
        instruction
        for key, places in zip(mints, decimals, strict=True)
        for instruction in _mint(core.address, key.pubkey(), places)
    ]
    await sender.send(made, [core.key, *mints], compute_limit=50_000)
    a, b = (key.pubkey() for key in mints)
    await sender.send([px.create_pool(core.address, number, a, b, terms)], [core.key], compute_limit=200_000)
    pool = at.pool(core.address, number)
    return PoolRecord(
        address=str(pool),
        owner=str(core.address),
        number=number,
        mints=(str(a), str(b)),
        lp_mints=(str(at.pool_lp_mint(pool, 0)), str(at.pool_lp_mint(pool, 1))),
        vaults=(str(at.pool_vault(pool, 0)), str(at.pool_vault(pool, 1))),
        ratio=(terms.ratio_a, terms.ratio_b),
        decimals=decimals,
        fee_ppm=terms.fee_ppm,
        mintable=(True, True),
        whole=True,
        created_ms=int(time.time() * 1000),
    )


def _mint(payer: Pubkey, mint: Pubkey, decimals: int) -> list[Instruction]:
    space = CreateAccountParams(
        from_pubkey=payer, to_pubkey=mint, lamports=MINT_RENT, space=MINT_SPACE, owner=at.TOKEN_PROGRAM
    )
    begin = spl.InitializeMintParams(
        decimals=decimals, program_id=at.TOKEN_PROGRAM, mint=mint, mint_authority=payer
    )
    return [create_account(space), spl.initialize_mint(begin)]


async def examine(reader: Reader, core: Wallet, address: str) -> PoolRecord:
    """Take a pool that exists for what it is, after looking at everything about it.

    Raises:
        InvalidInput: there is no such pool, or something about it is not as the program makes it.
    """
    try:
        key = Pubkey.from_string(address)
    except ValueError:
        raise InvalidInput(f"Give a pool's address in base58, not {address!r}.") from None
    (found,) = await reader.accounts([key])
    if found is None:
        raise InvalidInput(f"Give the address of a pool: there is nothing at {address}.")
    pool = pool_accounts.pool(found.data)
    owner = Pubkey.from_bytes(pool.owner)
    lp_mints, vaults = ([f(key, side) for side in (0, 1)] for f in (at.pool_lp_mint, at.pool_vault))
    derived = (
        at.pool(owner, pool.number) == key
        and tuple(map(bytes, lp_mints)) == pool.lp_mints
        and tuple(map(bytes, vaults)) == pool.vaults
    )
    if not derived:
        raise InvalidInput(f"Do not trust {address}: it is not where the program puts such a pool.")
    mints = [Pubkey.from_bytes(each) for each in pool.mints]
    accounts = await reader.accounts(mints)
    mintable = [each is not None and _authority(each.data) == bytes(core.address) for each in accounts]
    record = PoolRecord(
        address=address,
        owner=str(owner),
        number=pool.number,
        mints=(str(mints[0]), str(mints[1])),
        lp_mints=(str(lp_mints[0]), str(lp_mints[1])),
        vaults=(str(vaults[0]), str(vaults[1])),
        ratio=pool.ratio,
        decimals=pool.decimals,
        fee_ppm=pool.fee_ppm,
        mintable=(mintable[0], mintable[1]),
        whole=False,
        created_ms=int(time.time() * 1000),
        reserve=pool.reserve,
        fees=pool.fees,
    )
    view = await reader.pool(record)
    if view is None or not view.is_sound:
        raise InvalidInput(f"Leave {address} alone: its vaults do not cover what is booked.")
    return record


def _authority(mint: bytes) -> bytes | None:
    return mint[4:36] if mint[:4] == b"\1\0\0\0" else None


async def is_there(reader: Reader, record: PoolRecord) -> bool:
    """Whether the pool still exists as it was taken in."""
    view = await reader.pool(record)
    if view is None:
        return False
    mints = (bytes(Pubkey.from_string(record.mints[0])), bytes(Pubkey.from_string(record.mints[1])))
    return (view.pool.mints, view.pool.ratio) == (mints, record.ratio)
