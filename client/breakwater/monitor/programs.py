"""Reads the programs: who can change them, and whether their bytes are the manifest's.

A program's bytes change only by a deployment, which the loader stamps with its slot. They are therefore
hashed once for each deployment, and only the headers are read at every look.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from solana.rpc.types import DataSliceOpts

from breakwater.chain import loader, programs, queries
from breakwater.chain.engine import EmbeddedEngine
from breakwater.errors import Fatal

from .view import ProgramFacts

if TYPE_CHECKING:
    from solders.pubkey import Pubkey

    from breakwater.chain.engine import RpcEngine

__all__ = ["Programs"]


class Programs:
    """Both programs on one engine.

    Args:
        engine: where they are.
    """

    def __init__(self, engine: EmbeddedEngine | RpcEngine) -> None:
        self._engine = engine
        self._arch = "v0" if isinstance(engine, EmbeddedEngine) else "v3"
        self._hashes: dict[tuple[str, int], str] = {}

    async def read(self) -> tuple[ProgramFacts, ...]:
        """Both, as they are now."""
        addresses = [programs.address(name) for name in programs.NAMES]
        headers = [loader.programdata_address(each) for each in addresses]
        with queries.answers():
            answer = await self._engine.client.get_multiple_accounts(
                [*addresses, *headers], data_slice=DataSliceOpts(0, loader.PROGRAMDATA_HEADER)
            )
        found = answer.value
        return tuple(
            [
                await self._facts(name, address, found[i], found[len(addresses) + i])
                for i, (name, address) in enumerate(zip(programs.NAMES, addresses, strict=True))
            ]
        )

    async def _facts(self, name: str, address: Pubkey, program: object, programdata: object) -> ProgramFacts:
        data = bytes(getattr(programdata, "data", b""))
        expected = _expected(name, self._arch)[0]
        owners = {getattr(each, "owner", None) for each in (program, programdata)}
        if owners != {loader.LOADER} or len(data) < loader.PROGRAMDATA_HEADER:
            return ProgramFacts(name, str(address), False, None, None, expected)
        where = loader.programdata_address(address)
        state = loader.programdata_of(where, data)
        authority = None if state.authority is None else str(state.authority)
        digest = await self._hash(name, where, state.slot)
        return ProgramFacts(name, str(address), True, authority, digest, expected)

    async def _hash(self, name: str, address: Pubkey, slot: int) -> str:
        key = (name, slot)
        if key not in self._hashes:
            (data,) = await queries.read(self._engine, [address])
            if data is None:
                raise Fatal(f"Look again: {address} was removed meanwhile.")
            size = _expected(name, self._arch)[1]
            held = data[loader.PROGRAMDATA_HEADER :]
            self._hashes[key] = hashlib.sha256(held if any(held[size:]) else held[:size]).hexdigest()
        return self._hashes[key]


def _expected(name: str, arch: str) -> tuple[str, int]:
    """SHA-256 and bytes that the manifest gives a binary."""
    entry = programs.manifest()["files"][f"{name}.{arch}.so"]
    return str(entry["sha256"]), int(entry["bytes"])
