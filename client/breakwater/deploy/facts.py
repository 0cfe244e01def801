"""Everything `verify` looks at, read from a cluster without any key and without judging it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from solders.pubkey import Pubkey

from breakwater.chain import accounts as layouts
from breakwater.chain import addresses as at
from breakwater.chain import keeper_accounts, programs
from breakwater.chain.loader import LOADER, ProgramState, programdata_address, programdata_of
from breakwater.chain.queries import genesis_hash, read_accounts
from breakwater.charter import read_held
from breakwater.errors import InvalidInput

from . import record
from ._chain import deployer, owned, signatures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from solders.account import Account

    from breakwater.chain.engine import RpcEngine
    from breakwater.charter import Charter, Held

    from .artefacts import Artefact, Reference

__all__ = ["Buffer", "Facts", "KeeperFacts", "ProgramFacts", "gather"]


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """A program's two accounts; `state` is None where there is no program of the upgradeable loader."""

    artefact: Artefact
    account: Account | None
    state: ProgramState | None


@dataclass(frozen=True, slots=True)
class KeeperFacts:
    """A keeper on duty: its account, and who signs for it."""

    account: Pubkey
    authority: Pubkey


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
    expected: Charter
    programs: tuple[ProgramFacts, ...]
    token_program: ProgramState | None
    held: Held
    feeds: tuple[tuple[Pubkey, layouts.Feed], ...]
    keepers: tuple[KeeperFacts, ...]
    buffers: tuple[Buffer, ...]
    records: tuple[record.Record, ...]


async def gather(
    engine: RpcEngine,
    reference: Reference,
    expected: Charter,
    *,
    names: Sequence[str] = programs.NAMES,
    deployers: Sequence[Pubkey] = (),
) -> Facts:
    """Read it all.

    Args:
        engine: the cluster.
        reference: the manifest.
        expected: names the feeds and the mints to look at.
        names: the programs.
        deployers: keys whose left-over buffers are looked for, beside who deployed.
    """
    slot = await engine.slot()
    wanted = [reference.artefacts[name] for name in names]
    found = tuple([await _program(engine, each) for each in wanted])
    signers, records = await _history(engine, wanted)
    held = await read_held(engine, expected)
    signers |= set(deployers)
    return Facts(
        cluster=await genesis_hash(engine),
        slot=slot,
        expected=expected,
        programs=found,
        token_program=await _state(engine, at.TOKEN_PROGRAM),
        held=held,
        feeds=await _feeds(engine),
        keepers=await _keepers(engine, held),
        buffers=tuple([each for key in sorted(signers, key=str) for each in await _buffers(engine, key)]),
        records=records,
    )


async def _program(engine: RpcEngine, artefact: Artefact) -> ProgramFacts:
    (account,) = await read_accounts(engine, [artefact.address])
    return ProgramFacts(artefact, account, await _state(engine, artefact.address))


async def _state(engine: RpcEngine, program: Pubkey) -> ProgramState | None:
    """What the upgradeable loader keeps of a program; None where another loader, or nobody, does."""
    programdata = programdata_address(program)
    account, data = await read_accounts(engine, [program, programdata])
    if account is None or data is None or account.owner != LOADER or data.owner != LOADER:
        return None
    try:
        return programdata_of(programdata, data.data)
    except InvalidInput:
        return None


async def _feeds(engine: RpcEngine) -> tuple[tuple[Pubkey, layouts.Feed], ...]:
    tag = next(each["discriminator"] for each in programs.idl("oracle")["accounts"] if each["name"] == "Feed")
    found = await owned(engine, at.ORACLE, (0, bytes(tag)))
    feeds = [(address, layouts.feed(account.data)) for address, account in found]
    return tuple(sorted(feeds, key=lambda each: each[1].name))


async def _keepers(engine: RpcEngine, held: Held) -> tuple[KeeperFacts, ...]:
    if held.registry is None:
        return ()
    listed = [Pubkey.from_bytes(each) for each in held.registry.keepers]
    found = zip(listed, await read_accounts(engine, listed), strict=True)
    keepers = [(address, keeper_accounts.keeper(account.data)) for address, account in found if account]
    return tuple(KeeperFacts(address, Pubkey.from_bytes(each.authority)) for address, each in keepers)


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
