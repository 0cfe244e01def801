"""Accounts that a validator starts with: any state a test needs, without the transactions that lead there."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from solders.account import Account

from breakwater.chain import addresses as at
from breakwater.chain import programs
from breakwater.chain._loader_ix import final_content, program_content
from breakwater.chain.loader import LOADER, programdata_address

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from solders.pubkey import Pubkey

RENT = 6_960


def program_accounts(name: str, authority: Pubkey | None = None) -> dict[Pubkey, Account]:
    """A program as the loader keeps it for clusters; without an authority it is final."""
    address, binary = programs.address(name), programs.binary(name, "v3")
    data = final_content(binary)
    if authority is not None:
        data = data[:12] + b"\x01" + bytes(authority) + data[45:]
    programdata = programdata_address(address)
    return {
        programdata: held(data, LOADER),
        address: held(program_content(programdata), LOADER, executable=True),
    }


def held(data: bytes, owner: Pubkey, *, executable: bool = False) -> Account:
    """An account with just its rent."""
    return Account((128 + len(data)) * RENT, data, owner, executable)


def account_files(place: Path, accounts: Mapping[Pubkey, Account]) -> dict[Pubkey, Path]:
    """Files for `LocalEngine.start`."""
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


def exchange_places() -> list[Pubkey]:
    """Every account that a genesis makes for the exchange itself."""
    shards = [at.shard(i) for i in range(at.SHARDS)]
    tokens = [at.token_vault(), at.stake_vault(), at.reward_vault()]
    return [at.config(), at.vault(), at.season(), at.registry(), at.bootstrap(), *shards, *tokens]
