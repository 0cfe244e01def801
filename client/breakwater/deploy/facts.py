"""Everything `verify` looks at, read from a cluster without any key and without judging it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeGuard

from solders.pubkey import Pubkey

from breakwater.chain import accounts as layouts
from breakwater.chain import addresses as at
from breakwater.chain import programs
from breakwater.chain.loader import LOADER, ProgramState, programdata_address, programdata_of
from breakwater.errors import InvalidInput

from . import record
from ._chain import accounts, deployer, genesis_hash, owned, signatures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.account import Account

    from breakwater.chain.engine import RpcEngine

    from .artefacts import Artefact, Reference
    from .expected import Expected

__all__ = ["Buffer", "Facts", "Mint", "ProgramFacts", "TokenAccount", "gather"]

MINT_SIZE: Final = 82
TOKEN_SIZE: Final = 165


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """A program's two accounts; `state` is None where there is no program of the upgradeable loader."""

    artefact: Artefact
    account: Account | None
    state: ProgramState | None


@dataclass(frozen=True, slots=True)
class Mint:
    """A mint; authorities are None once nobody holds them. `program` owns it."""

    address: Pubkey
    program: Pubkey
    supply: int
    decimals: int
    mint_authority: Pubkey | None
    freeze_authority: Pubkey | None


@dataclass(frozen=True, slots=True)
class TokenAccount:
    """A token account; `frozen` ones can neither pay nor be paid."""

    mint: Pubkey
    owner: Pubkey
    delegate: Pubkey | None
    close_authority: Pubkey | None
    frozen: bool


@dataclass(frozen=True, slots=True)
class Buffer:
    """A buffer of the loader's; `lamports` is the rent in it."""

    address: Pubkey
    authority: Pubkey
    lamports: int


@dataclass(frozen=True, slots=True)
class Facts:
    """One look at a cluster. What does not exist is None; `token_program` too where nobody can change it."""

    cluster: str
    slot: int
    expected: Expected
    programs: tuple[ProgramFacts, ...]
    token_program: ProgramState | None
    config: layouts.Config | None
    vault: layouts.Vault | None
    token_vault: TokenAccount | None
    collateral: Mint | None
    mmt: Mint | None
    feeds: tuple[tuple[Pubkey, layouts.Feed], ...]
    buffers: tuple[Buffer, ...]
    records: tuple[record.Record, ...]


async def gather(
    engine: RpcEngine,
    reference: Reference,
    expected: Expected,
    *,
    names: Sequence[str] = programs.NAMES,
    deployers: Sequence[Pubkey] = (),
) -> Facts:
    """Read it all.

    Args:
        engine: the cluster.
        reference: the manifest.
        expected: names the mints to look at.
        names: the programs.
        deployers: keys whose left-over buffers are looked for, beside who deployed.
    """
    slot = await engine.slot()
    wanted = [reference.artefacts[name] for name in names]
    found = tuple([await _program(engine, each) for each in wanted])
    signers, records = await _history(engine, wanted)
    config_data, vault_data, token_data = await accounts(engine, [at.config(), at.vault(), at.token_vault()])
    config = None if not _owned(config_data, at.EXCHANGE) else layouts.config(config_data.data)
    mints = [
        None if config is None else Pubkey.from_bytes(config.mint),
        None if expected.keys.mmt_mint is None else Pubkey.from_string(expected.keys.mmt_mint),
    ]
    collateral, mmt = [None if each is None else await _mint(engine, each) for each in mints]
    signers |= set(deployers)
    return Facts(
        cluster=await genesis_hash(engine),
        slot=slot,
        expected=expected,
        programs=found,
        token_program=await _state(engine, at.TOKEN_PROGRAM),
        config=config,
        vault=None if not _owned(vault_data, at.EXCHANGE) else layouts.vault(vault_data.data),
        token_vault=_token_account(token_data),
        collateral=collateral,
        mmt=mmt,
        feeds=await _feeds(engine),
        buffers=tuple([each for key in sorted(signers, key=str) for each in await _buffers(engine, key)]),
        records=records,
    )


def _owned(account: Account | None, owner: Pubkey) -> TypeGuard[Account]:
    return account is not None and account.owner == owner


async def _program(engine: RpcEngine, artefact: Artefact) -> ProgramFacts:
    (account,) = await accounts(engine, [artefact.address])
    return ProgramFacts(artefact, account, await _state(engine, artefact.address))


async def _state(engine: RpcEngine, program: Pubkey) -> ProgramState | None:
    """What the upgradeable loader keeps of a program; None where another loader, or nobody, does."""
    programdata = programdata_address(program)
    account, data = await accounts(engine, [program, programdata])
    if account is None or data is None or account.owner != LOADER or data.owner != LOADER:
        return None
    try:
        return programdata_of(programdata, data.data)
    except InvalidInput:
        return None


async def _mint(engine: RpcEngine, address: Pubkey) -> Mint | None:
    (account,) = await accounts(engine, [address])
    if account is None or len(account.data) < MINT_SIZE:
        return None
    data = account.data
    return Mint(
        address,
        account.owner,
        int.from_bytes(data[36:44], "little"),
        data[44],
        _optional(data, 0),
        _optional(data, 46),
    )


def _token_account(account: Account | None) -> TokenAccount | None:
    if account is None or account.owner != at.TOKEN_PROGRAM or len(account.data) < TOKEN_SIZE:
        return None
    data = account.data
    mint, owner = Pubkey.from_bytes(data[:32]), Pubkey.from_bytes(data[32:64])
    return TokenAccount(mint, owner, _optional(data, 72), _optional(data, 129), frozen=data[108] == 2)


def _optional(data: bytes, offset: int) -> Pubkey | None:
    """An address behind a four-byte flag."""
    start = offset + 4
    return Pubkey.from_bytes(data[start : start + 32]) if data[offset] else None


async def _feeds(engine: RpcEngine) -> tuple[tuple[Pubkey, layouts.Feed], ...]:
    tag = next(each["discriminator"] for each in programs.idl("oracle")["accounts"] if each["name"] == "Feed")
    found = await owned(engine, at.ORACLE, (0, bytes(tag)))
    feeds = [(address, layouts.feed(account.data)) for address, account in found]
    return tuple(sorted(feeds, key=lambda each: each[1].name))


async def _buffers(engine: RpcEngine, authority: Pubkey) -> list[Buffer]:
    header = b"\x01\0\0\0\x01" + bytes(authority)
    found = await owned(engine, LOADER, (0, header), only=len(header))
    return [Buffer(address, authority, account.lamports) for address, account in found]


async def _history(
    engine: RpcEngine, wanted: Sequence[Artefact]
) -> tuple[set[Pubkey], tuple[record.Record, ...]]:
    """Who deployed, and the records they signed; anybody else's are no evidence."""
    deployers: set[Pubkey] = set()
    records: dict[str, record.Record] = {}
    for each in wanted:
        listed = await signatures(engine, programdata_address(each.address))
        key = await deployer(engine, each.address, listed)
        if key is not None:
            deployers.add(key)
            records |= {one.signature: one for one in record.among(listed) if one.deployer == str(key)}
    return deployers, tuple(records.values())
