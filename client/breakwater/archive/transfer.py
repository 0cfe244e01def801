"""A whole exchange out of one cluster and into the first block of another, with the same root on both sides.

Programs write only accounts they own, and the exchange has no instruction that would take a state over from
elsewhere: nobody could be trusted with it. So an import is a genesis: the accounts in files, as a validator
reads them before its first block. Whoever doubts that nothing was changed reads the new cluster's accounts
and computes the root.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from solders.account import Account
from solders.pubkey import Pubkey
from spl.token.instructions import get_associated_token_address

from breakwater.chain import accounts, keeper_accounts, programs
from breakwater.chain import addresses as at
from breakwater.chain._account_files import account_files, final_program
from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.queries import answers, genesis_hash, read_accounts
from breakwater.errors import InvalidInput

from .snapshot import Held, State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from breakwater.chain.engine import RpcEngine

__all__ = ["read_live", "read_state", "write_genesis"]

TRIES: Final = 5
LIVE: Final = ("Market", "Position")


async def read_state(
    engine: EmbeddedEngine | RpcEngine, progress: Callable[[str], None] = lambda _: None
) -> State:
    """Every account of the exchange: the programs' own, the token accounts they sign for, and the mints.

    It is read until it was the same twice in a row, because a node has no way to give it as of one slot.

    Raises:
        InvalidInput: there is no exchange, or it does not stand still.
    """
    before: State | None = None
    for attempt in range(TRIES):
        progress(f"reading all accounts, time {attempt + 1}")
        now = await _read(engine)
        if before is not None and before.accounts == now.accounts:
            return now
        before = now
    raise InvalidInput("Stop trading and keepers first: the exchange changed while it was read, five times.")


async def read_live(engine: EmbeddedEngine | RpcEngine) -> State:
    """Markets and positions alone, as they are now; not all of one slot on a chain that moves."""
    slot, time = await engine.slot(), await engine.now()
    tags = {accounts.layout(name)[0] for name in LIVE}
    found = [each for each in await _owned(engine, at.EXCHANGE) if each.data[:8] in tags]
    return State(await _cluster(engine), slot, time, tuple(sorted(found, key=lambda each: each.address)))


async def _read(engine: EmbeddedEngine | RpcEngine) -> State:
    slot, time = await engine.slot(), await engine.now()
    found = [*await _owned(engine, at.EXCHANGE), *await _owned(engine, at.ORACLE)]
    by_address = {each.address: each.data for each in found}
    config = by_address.get(bytes(at.config()))
    if config is None:
        raise InvalidInput("Name another engine: there is no exchange on this one.")
    tokens = [Pubkey.from_bytes(accounts.config(config).mint), at.token_vault()]
    season = by_address.get(bytes(at.season()))
    if season is not None:
        mmt = Pubkey.from_bytes(keeper_accounts.season(season).mint)
        sink = get_associated_token_address(at.mmt_sink(), mmt)
        tokens += [mmt, at.stake_vault(), at.reward_vault(), sink]
    for address, account in zip(tokens, await read_accounts(engine, tokens), strict=True):
        if account is not None:
            found.append(_held(address, account))
    return State(await _cluster(engine), slot, time, tuple(sorted(found, key=lambda each: each.address)))


async def _owned(engine: EmbeddedEngine | RpcEngine, program: Pubkey) -> list[Held]:
    if isinstance(engine, EmbeddedEngine):
        return [_held(address, account) for address, account in engine.index.owned_by(program)]
    with answers():
        found = await engine.client.get_program_accounts(program, encoding="base64")
    return [_held(each.pubkey, each.account) for each in found.value]


async def _cluster(engine: EmbeddedEngine | RpcEngine) -> str:
    return await genesis_hash(engine)


def _held(address: Pubkey, account: Account) -> Held:
    return Held(bytes(address), bytes(account.owner), account.lamports, bytes(account.data))


def write_genesis(state: State, directory: Path) -> int:
    """Write a validator's account files of a state and of the programs, which nobody can upgrade; how many.

    Start a validator with `--account-dir` this directory and `--warp-slot` the state's slot: slots and
    times in the accounts go on from where they were.

    Raises:
        InvalidInput: the directory holds something else already.
    """
    if directory.exists() and any(directory.iterdir()):
        raise InvalidInput(f"Name a new or empty directory: {directory} holds something.")
    files = {
        Pubkey.from_bytes(each.address): Account(each.lamports, each.data, Pubkey.from_bytes(each.owner))
        for each in state.accounts
    }
    for name in programs.NAMES:
        files |= final_program(programs.address(name), programs.binary(name, "v3"))
    account_files(directory, files)
    return len(files)
