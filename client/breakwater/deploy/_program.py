"""One program's way onto the chain: buffer, writes, deployment, read back, burn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwater.chain import loader
from breakwater.chain.queries import read_accounts
from breakwater.errors import Fatal

from .plan import standing

if TYPE_CHECKING:
    from solders.keypair import Keypair

    from breakwater.chain.engine import Receipt, RpcEngine
    from breakwater.steps import Runner

    from .artefacts import Target
    from .costs import Standing

__all__ = ["Deployed", "ProgramSteps"]


@dataclass(frozen=True, slots=True)
class Deployed:
    """A program as it was read back: base58 addresses, hexadecimal SHA-256, bytes, lamports of rent."""

    name: str
    address: str
    programdata: str
    sha256: str
    bytes: int
    slot: int
    authority: str | None
    rent: int


class ProgramSteps:
    """The steps of one program; each asks the chain whether it is needed."""

    def __init__(self, runner: Runner, engine: RpcEngine, deployer: Keypair, target: Target) -> None:
        self._engine = engine
        self._run, self._deployer, self._target = runner, deployer, target
        self._buffer = loader.buffer_address(deployer.pubkey(), target.address)

    async def deploy(self) -> None:
        """Bring the program onto the chain, and leave no buffer behind."""
        once, name = self._run.once, self._target.name
        await self._run.settled("close", name, self._no_buffer)
        if (await self.standing()).misfit:
            await once("close", name, self._no_buffer, self._close)
        # were it to land after the deployment, the creation of an earlier run would pay a second rent
        await self._run.settled("buffer", name, self._begun)
        if not await self._deployed():
            await once("buffer", name, self._begun, self._create)
            await once("write", name, self._written, self._write)
        await once("deploy", name, self._deployed, self._publish)
        if not await self._no_buffer():
            await once("close", name, self._no_buffer, self._close)

    async def burn(self) -> None:
        """Give the upgrade authority up, for good."""
        await self._run.once("burn", self._target.name, self._burned, self._finalize)

    async def read_back(self, *, burned: bool) -> Deployed:
        """What the chain holds, compared with the manifest.

        Raises:
            Fatal: the bytes or the authority are not what they must be.
        """
        artefact, address = self._target.artefact, self._target.address
        programdata = loader.programdata_address(address)
        program, data = await read_accounts(self._engine, [address, programdata])
        if program is None or data is None or loader.program_of(address, program) != programdata:
            raise Fatal(f"Stop: {address} is not the program that was deployed.")
        state = loader.programdata_of(programdata, data.data)
        digest = artefact.found(state.binary)
        if digest != artefact.sha256:
            raise Fatal(f"Stop: {address} holds {digest}, and the manifest says {artefact.sha256}.")
        if burned and state.authority is not None:
            raise Fatal(f"Stop: {state.authority} can still change {address}.")
        authority = None if state.authority is None else str(state.authority)
        self._run.journal.write(
            "read", "done", artefact.name, sha256=digest, slot=state.slot, authority=authority or "none"
        )
        rent = program.lamports + data.lamports
        places = (str(address), str(programdata))
        return Deployed(artefact.name, *places, digest, artefact.size, state.slot, authority, rent)

    async def standing(self) -> Standing:
        """How far it has come."""
        return await standing(self._engine, self._deployer.pubkey(), self._target)

    # What has to hold

    async def _no_buffer(self) -> bool:
        return not (await self.standing()).buffer_rent

    async def _begun(self) -> bool:
        now = await self.standing()
        return now.state is not None or now.buffer_rent > 0

    async def _written(self) -> bool:
        now = await self.standing()
        return now.state is not None or now.written == now.chunks

    async def _deployed(self) -> bool:
        return (await self.standing()).state is not None

    async def _burned(self) -> bool:
        state = (await self.standing()).state
        return state is not None and state.authority is None

    # What makes it hold; a transaction is signed once, and its retry is decided above

    async def _create(self) -> Receipt:
        return await loader.create_buffer(
            self._run.sender,
            payer=self._deployer,
            buffer=self._buffer,
            authority=self._deployer,
            size=len(self._target.binary),
            rebuilds=0,
        )

    async def _write(self) -> None:
        await loader.write_chunks(
            self._run.sender,
            payer=self._deployer,
            buffer=self._buffer.pubkey(),
            authority=self._deployer,
            binary=self._target.binary,
            progress=self._show,
        )

    async def _publish(self) -> Receipt:
        return await loader.deploy(
            self._run.sender,
            payer=self._deployer,
            program=self._target.key,
            buffer=self._buffer.pubkey(),
            authority=self._deployer,
            max_len=len(self._target.binary),
            rebuilds=0,
        )

    async def _close(self) -> Receipt:
        return await loader.close(
            self._run.sender,
            payer=self._deployer,
            target=self._buffer.pubkey(),
            recipient=self._deployer.pubkey(),
            authority=self._deployer,
            rebuilds=0,
        )

    async def _finalize(self) -> Receipt:
        return await loader.finalize(
            self._run.sender,
            payer=self._deployer,
            program=self._target.address,
            authority=self._deployer,
            rebuilds=0,
        )

    def _show(self, done: int, of: int) -> None:
        """Bytes as chunks."""
        chunks = -(-of // loader.CHUNK)
        self._run.progress(f"{self._target.name}: write", min(-(-done // loader.CHUNK), chunks), chunks)
