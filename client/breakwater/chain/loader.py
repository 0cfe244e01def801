"""Programs through the upgradeable loader: buffer, parallel writes, deploy, upgrade, authority, close.

Every step can be repeated: writing reads the buffer first and sends only the chunks that differ, so that a
deployment cut short continues where it stopped, given the same buffer. A buffer is a key pair, or a
`SeededAddress` of the payer's (`buffer_address`), which needs no key of its own.
"""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING

from solders.account import Account
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM

from breakwater.errors import BreakwaterError, Fatal, InvalidInput, Retryable

from . import _loader_ix as make
from ._loader_ix import (
    ProgramState,
    SeededAddress,
    buffer_address,
    program_of,
    programdata_address,
    programdata_of,
)
from .addresses import LOADER
from .engine import EmbeddedEngine, RpcEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair

    from .engine import Receipt
    from .sender import Sender

__all__ = [
    "BUFFER_HEADER",
    "CHUNK",
    "LOADER",
    "PROGRAMDATA_HEADER",
    "PROGRAM_SIZE",
    "ProgramState",
    "SeededAddress",
    "account",
    "buffer_address",
    "close",
    "create_buffer",
    "deploy",
    "deploy_program",
    "finalize",
    "finalize_instruction",
    "program_of",
    "program_state",
    "programdata_address",
    "programdata_of",
    "rent_of",
    "set_authority",
    "upgrade",
    "write_buffer",
    "write_chunks",
]

BUFFER_HEADER = make.BUFFER_HEADER
PROGRAM_SIZE = make.PROGRAM_SIZE
PROGRAMDATA_HEADER = make.PROGRAMDATA_HEADER
CHUNK = 900
"""Bytes in one write; with two signatures and a compute budget they fill a packet."""

WRITE_COMPUTE = 5_000
ROUNDS = 8


async def deploy_program(
    sender: Sender,
    *,
    payer: Keypair,
    program: Keypair,
    buffer: Keypair | SeededAddress,
    authority: Keypair,
    binary: bytes,
    max_len: int | None = None,
    final: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> ProgramState:
    """Bring a program onto the chain, from whatever stage an earlier attempt reached.

    Args:
        sender: sends; its payer, if it has one, pays the fees.
        payer: pays the rent.
        program: key pair of the program's address.
        buffer: key pair of the buffer, or an address of the payer's; the same again continues what was begun.
        authority: upgrade authority.
        binary: SBPF v3 for clusters; v0 for the embedded engine, which takes it without a deployment.
        max_len: bytes to reserve for later upgrades; None reserves what the binary needs.
        final: burn the authority once the program is there; an exchange opens only then.
        progress: called with bytes written and bytes in all.

    Raises:
        InvalidInput: the address already holds another program.
        Retryable, ProgramError: as for sending.
    """
    if isinstance(sender.engine, EmbeddedEngine):
        # LiteSVM's loader cannot deploy; it loads the binary, and nobody can change it afterwards.
        sender.engine.add_program(program.pubkey(), binary)
        return await _deployed(sender, program.pubkey())
    state = await program_state(sender, program.pubkey())
    if state is None:
        await write_buffer(
            sender, payer=payer, buffer=buffer, authority=authority, binary=binary, progress=progress
        )
        receipt = await deploy(
            sender,
            payer=payer,
            program=program,
            buffer=buffer.pubkey(),
            authority=authority,
            max_len=max_len or len(binary),
        )
        # A program is callable in the slot after its deployment; nothing but the clock says when that is.
        while await sender.engine.slot() <= receipt.slot:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
        state = await _deployed(sender, program.pubkey())
    elif not state.holds(binary):
        raise InvalidInput(f"Upgrade {program.pubkey()} instead: another binary is deployed there.")
    if final and state.authority is not None:
        await finalize(sender, payer=payer, program=program.pubkey(), authority=authority)
        return await _deployed(sender, program.pubkey())
    return state


async def _deployed(sender: Sender, program: Pubkey) -> ProgramState:
    state = await program_state(sender, program)
    if state is None:
        raise Retryable("Read the program again in a moment: the node does not show it yet.")
    return state


async def write_buffer(
    sender: Sender,
    *,
    payer: Keypair,
    buffer: Keypair | SeededAddress,
    authority: Keypair,
    binary: bytes,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Create the buffer if need be, and write the chunks that differ till the chain holds the binary exactly.

    Raises:
        InvalidInput: the buffer's address is taken by something else, or its size or authority differ.
        Retryable: chunks were still missing after several rounds.
    """
    held = await account(sender, buffer.pubkey())
    if held is None or held.owner != LOADER:
        await create_buffer(sender, payer=payer, buffer=buffer, authority=authority, size=len(binary))
    await write_chunks(
        sender, payer=payer, buffer=buffer.pubkey(), authority=authority, binary=binary, progress=progress
    )


async def create_buffer(
    sender: Sender,
    *,
    payer: Keypair,
    buffer: Keypair | SeededAddress,
    authority: Keypair,
    size: int,
    rebuilds: int = 1,
) -> Receipt:
    """Create an empty buffer for `size` bytes; a seeded one's base must be the payer."""
    space, address = make.BUFFER_HEADER + size, buffer.pubkey()
    held = await account(sender, address)
    instructions = make.create(
        payer.pubkey(),
        buffer if isinstance(buffer, SeededAddress) else address,
        space=space,
        rent=await rent_of(sender, space),
        held=held.lamports if held is not None else 0,
    )
    signers = [payer] if isinstance(buffer, SeededAddress) else [payer, buffer]
    initialize = make.initialize_buffer(address, authority.pubkey())
    return await sender.send([*instructions, initialize], signers, rebuilds=rebuilds)


async def write_chunks(
    sender: Sender,
    *,
    payer: Keypair,
    buffer: Pubkey,
    authority: Keypair,
    binary: bytes,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write the chunks of an existing buffer that differ, many at a time; how many writes were sent.

    Raises:
        InvalidInput, Fatal: it is no buffer of that size, or of that authority.
        Retryable: chunks were still missing after several rounds.
    """
    sent = 0
    for _ in range(ROUNDS):
        written = await _buffer_data(sender, buffer, authority.pubkey(), len(binary))
        missing = [i for i in range(0, len(binary), CHUNK) if written[i : i + CHUNK] != binary[i : i + CHUNK]]
        there = len(binary) - sum(len(binary[i : i + CHUNK]) for i in missing)
        if progress is not None:
            progress(there, len(binary))
        if not missing:
            return sent
        sizes = [len(binary[i : i + CHUNK]) for i in missing]
        requests = [
            (
                [make.write(buffer, authority.pubkey(), i, binary[i : i + CHUNK])],
                [payer, authority],
            )
            for i in missing
        ]
        sent += len(requests)
        settled = _Counter(progress, there, len(binary), sizes)
        results = await sender.send_many(requests, compute_limit=WRITE_COMPUTE, settled=settled)
        for each in results:
            if isinstance(each, BreakwaterError) and not isinstance(each, Retryable):
                raise each
    raise Retryable("Run the deployment again: too many writes were dropped, and only they will be repeated.")


class _Counter:
    """Turns the indexes of settled writes into bytes written."""

    def __init__(
        self, progress: Callable[[int, int], None] | None, there: int, of: int, sizes: Sequence[int]
    ) -> None:
        self._progress, self._there, self._of, self._sizes = progress, there, of, sizes

    def __call__(self, index: int, result: Receipt | BreakwaterError) -> None:
        if self._progress is not None and not isinstance(result, BreakwaterError):
            self._there += self._sizes[index]
            if self._there < self._of:  # the last word is the chain's, when it is read again
                self._progress(self._there, self._of)


async def deploy(
    sender: Sender,
    *,
    payer: Keypair,
    program: Keypair,
    buffer: Pubkey,
    authority: Keypair,
    max_len: int,
    rebuilds: int = 1,
) -> Receipt:
    """Create the program account and move the buffer into it; the buffer is gone afterwards."""
    held = await account(sender, program.pubkey())
    create = make.create(
        payer.pubkey(),
        program.pubkey(),
        space=make.PROGRAM_SIZE,
        rent=await rent_of(sender, make.PROGRAM_SIZE),
        held=held.lamports if held is not None else 0,
    )
    move = make.deploy(payer.pubkey(), program.pubkey(), buffer, authority.pubkey(), max_len)
    return await sender.send([*create, move], [payer, program, authority], rebuilds=rebuilds)


async def upgrade(
    sender: Sender, *, payer: Keypair, program: Pubkey, buffer: Pubkey, authority: Keypair
) -> Receipt:
    """Replace the program's binary by the buffer's; the buffer's rent goes to the payer."""
    instruction = make.upgrade(program, buffer, payer.pubkey(), authority.pubkey())
    return await sender.send([instruction], [payer, authority])


async def set_authority(
    sender: Sender,
    *,
    payer: Keypair,
    target: Pubkey,
    authority: Keypair,
    new: Pubkey | None,
    rebuilds: int = 1,
) -> Receipt:
    """Hand a buffer or a programdata account to `new`; None burns the authority, and no one can undo that."""
    instruction = make.set_authority(target, authority.pubkey(), new)
    return await sender.send([instruction], [payer, authority], rebuilds=rebuilds)


async def finalize(
    sender: Sender, *, payer: Keypair, program: Pubkey, authority: Keypair, rebuilds: int = 1
) -> Receipt:
    """Burn the program's upgrade authority."""
    instruction = finalize_instruction(program, authority.pubkey())
    return await sender.send([instruction], [payer, authority], rebuilds=rebuilds)


def finalize_instruction(program: Pubkey, authority: Pubkey) -> Instruction:
    """What burns the program's upgrade authority; what follows it in its transaction sees a final program."""
    return make.set_authority(programdata_address(program), authority, None)


async def close(
    sender: Sender,
    *,
    payer: Keypair,
    target: Pubkey,
    recipient: Pubkey,
    authority: Keypair,
    rebuilds: int = 1,
) -> Receipt:
    """Close a buffer and send its rent to `recipient`."""
    instruction = make.close(target, recipient, authority.pubkey())
    return await sender.send([instruction], [payer, authority], rebuilds=rebuilds)


async def program_state(sender: Sender, program: Pubkey) -> ProgramState | None:
    """What is deployed at `program`, or None.

    Raises:
        InvalidInput: the address is taken by something that is no upgradeable program.
    """
    found = await account(sender, program)
    if found is None or (found.owner == SYSTEM and not found.data):  # lamports alone are no program
        return None
    programdata = program_of(program, found)
    held = await account(sender, programdata)
    return None if held is None else programdata_of(programdata, held.data)


async def rent_of(sender: Sender, space: int) -> int:
    """Lamports that keep an account of `space` bytes."""
    engine = sender.engine
    if isinstance(engine, RpcEngine):
        return int(await engine.rpc.call("getMinimumBalanceForRentExemption", space))
    return (await engine.client.get_minimum_balance_for_rent_exemption(space)).value


async def account(sender: Sender, address: Pubkey) -> Account | None:
    """An account as it is now; a node's silence is Retryable."""
    engine = sender.engine
    if isinstance(engine, EmbeddedEngine):
        return engine.get_account(address)
    config = {"encoding": "base64", "commitment": engine.commitment}
    value = (await engine.rpc.call("getAccountInfo", str(address), config))["value"]
    if value is None:
        return None
    return Account(
        value["lamports"],
        base64.b64decode(value["data"][0]),
        Pubkey.from_string(value["owner"]),
        value["executable"],
        value.get("rentEpoch") or 0,
    )


async def _buffer_data(sender: Sender, buffer: Pubkey, authority: Pubkey, size: int) -> bytes:
    held = await account(sender, buffer)
    if held is None:
        raise Retryable("Run the deployment again: the node does not show the buffer yet.")
    data = held.data
    if held.owner != LOADER or data[:4] != make.BUFFER or len(data) != BUFFER_HEADER + size:
        raise InvalidInput(f"Use another buffer key: {buffer} is not a buffer for {size} bytes.")
    if data[4:BUFFER_HEADER] != b"\x01" + bytes(authority):
        raise Fatal(f"Sign with the authority of buffer {buffer}, or use another buffer key.")
    return data[BUFFER_HEADER:]
