"""Making MMT: the mint, its whole supply, nine tenths of it beyond everybody's reach, and no authority left.

One transaction does it, so that nobody can ever mint but for it. The mint's address follows from who pays: it
needs no key of its own, and is found again with no secret kept.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from solders.pubkey import Pubkey
from solders.system_program import (
    AllocateWithSeedParams,
    CreateAccountWithSeedParams,
    TransferParams,
    allocate_with_seed,
    create_account_with_seed,
    transfer,
)
from spl.token import instructions as spl

from . import addresses as at
from .mmt_instructions import MMT

if TYPE_CHECKING:
    from solders.instruction import Instruction

__all__ = ["DECIMALS", "MINT_SPACE", "SUNK", "SUPPLY", "TOKEN_SPACE", "address", "create", "sink", "wallet"]

DECIMALS: Final = 9
SUPPLY: Final = 100_000_000 * MMT
SUNK: Final = 90_000_000 * MMT
MINT_SPACE: Final = 82
TOKEN_SPACE: Final = 165


def _seed() -> str:
    return hashlib.sha256(b"breakwater mmt" + bytes(at.EXCHANGE)).hexdigest()[:32]


def address(payer: Pubkey) -> Pubkey:
    """The one mint of MMT that `payer` can make for this exchange."""
    return Pubkey.create_with_seed(payer, _seed(), at.TOKEN_PROGRAM)


def wallet(owner: Pubkey, mint: Pubkey) -> Pubkey:
    """The owner's associated token account."""
    return spl.get_associated_token_address(owner, mint)


def sink(mint: Pubkey) -> Pubkey:
    """The token account for which nobody can sign."""
    return wallet(at.mmt_sink(), mint)


def create(payer: Pubkey, *, rent: int, held: int = 0) -> list[Instruction]:
    """Everything at once, signed by `payer` alone, who gets what is not sunk.

    Args:
        payer: pays, and is the mint's authority until the last of these instructions.
        rent: lamports of a mint's account.
        held: lamports that somebody has sent to the mint's address before it exists.
    """
    mint = address(payer)
    token = at.TOKEN_PROGRAM
    fresh = spl.InitializeMintParams(
        decimals=DECIMALS, program_id=token, mint=mint, mint_authority=payer, freeze_authority=None
    )
    fixed = spl.SetAuthorityParams(
        program_id=token,
        account=mint,
        authority=spl.AuthorityType.MINT_TOKENS,
        current_authority=payer,
        new_authority=None,
    )
    return [
        *_account(payer, mint, rent, held),
        spl.initialize_mint(fresh),
        *_minted(payer, at.mmt_sink(), mint, SUNK),
        *_minted(payer, payer, mint, SUPPLY - SUNK),
        spl.set_authority(fixed),
    ]


def _account(payer: Pubkey, mint: Pubkey, rent: int, held: int) -> list[Instruction]:
    if not held:
        params = CreateAccountWithSeedParams(
            from_pubkey=payer,
            to_pubkey=mint,
            base=payer,
            seed=_seed(),
            lamports=rent,
            space=MINT_SPACE,
            owner=at.TOKEN_PROGRAM,
        )
        return [create_account_with_seed(params)]
    missing = TransferParams(from_pubkey=payer, to_pubkey=mint, lamports=max(0, rent - held))
    room = AllocateWithSeedParams(
        address=mint, base=payer, seed=_seed(), space=MINT_SPACE, owner=at.TOKEN_PROGRAM
    )
    return [transfer(missing), allocate_with_seed(room)]


def _minted(payer: Pubkey, owner: Pubkey, mint: Pubkey, amount: int) -> list[Instruction]:
    params = spl.MintToParams(
        program_id=at.TOKEN_PROGRAM,
        mint=mint,
        dest=wallet(owner, mint),
        mint_authority=payer,
        amount=amount,
    )
    return [spl.create_associated_token_account(payer, owner, mint), spl.mint_to(params)]
