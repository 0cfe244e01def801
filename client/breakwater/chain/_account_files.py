"""Accounts in files, as a validator reads them when it makes its first block."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from solders.account import Account

from ._loader_ix import final_content, program_content, programdata_address
from .addresses import LOADER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from solders.pubkey import Pubkey

__all__ = ["RENT", "account_files", "final_program", "held"]

RENT = 6_960
"""Lamports for a byte that stays, two years' worth."""


def held(data: bytes, owner: Pubkey, *, executable: bool = False) -> Account:
    """An account with just its rent."""
    return Account((128 + len(data)) * RENT, data, owner, executable)


def final_program(address: Pubkey, binary: bytes) -> dict[Pubkey, Account]:
    """A program and its data as the upgradeable loader keeps them when nobody can upgrade it any more.

    A validator's own option for that names the system program as authority, which is somebody.
    """
    programdata = programdata_address(address)
    return {
        programdata: held(final_content(binary), LOADER),
        address: held(program_content(programdata), LOADER, executable=True),
    }


def account_files(place: Path, accounts: Mapping[Pubkey, Account]) -> dict[Pubkey, Path]:
    """Files for `LocalEngine.start`, one an account."""
    place.mkdir(parents=True, exist_ok=True)
    files = {}
    for address, account in accounts.items():
        value = {
            "lamports": account.lamports,
            "data": [base64.b64encode(account.data).decode(), "base64"],
            "owner": str(account.owner),
            "executable": account.executable,
            "rentEpoch": account.rent_epoch,
            "space": len(account.data),
        }
        files[address] = place / f"{address}.json"
        files[address].write_text(json.dumps({"pubkey": str(address), "account": value}))
    return files
