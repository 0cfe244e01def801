"""Accounts that a validator starts with: any state a test needs, without the transactions that lead there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breakwater.chain import addresses as at
from breakwater.chain import programs
from breakwater.chain._account_files import final_program, held
from breakwater.chain._loader_ix import final_content, program_content
from breakwater.chain.loader import LOADER, programdata_address

if TYPE_CHECKING:
    from solders.account import Account
    from solders.pubkey import Pubkey


def program_accounts(name: str, authority: Pubkey | None = None) -> dict[Pubkey, Account]:
    """A program as the loader keeps it for clusters; without an authority it is final."""
    address, binary = programs.address(name), programs.binary(name, "v3")
    if authority is None:
        return final_program(address, binary)
    data = final_content(binary)
    data = data[:12] + b"\x01" + bytes(authority) + data[45:]
    programdata = programdata_address(address)
    return {
        programdata: held(data, LOADER),
        address: held(program_content(programdata), LOADER, executable=True),
    }


def exchange_places() -> list[Pubkey]:
    """Every account that a genesis makes for the exchange itself."""
    shards = [at.shard(i) for i in range(at.SHARDS)]
    tokens = [at.token_vault(), at.stake_vault(), at.reward_vault()]
    return [at.config(), at.vault(), at.season(), at.registry(), at.bootstrap(), *shards, *tokens]
