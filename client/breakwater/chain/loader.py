"""Programs through the upgradeable loader: buffer, parallel writes, deploy, upgrade, authority, close.

Every step can be repeated: writing reads the buffer first and sends only the chunks that differ, so that a
deployment cut short continues where it stopped, given the same buffer key.
"""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM
from solders.system_program import CreateAccountParams, create_account
from solders.sysvar import CLOCK, RENT

from breakwater.errors import BreakwaterError, Fatal, InvalidInput, Retryable

from .engine import EmbeddedEngine

if TYPE_CHECKING:
    from collections.abc import Callable

    from solders.account import Account
    from solders.keypair import Keypair

    from .engine import Receipt
    from .sender import Sender

__all__ = [
    "LOADER",
    "ProgramState",
    "close",
    "deploy",
    "deploy_program",
    "finalize",
    "program_state",
    "programdata_address",
    "set_authority",
    "upgrade",
    "write_buffer",
]

LOADER = Pubkey.from_string("BPFLoaderUpgradeab1e11111111111111111111111")

BUFFER_HEADER = 37
PROGRAM_SIZE = 36
PROGRAMDATA_HEADER = 45
CHUNK = 900
"""Bytes in one write; with two signatures and a compute budget they fill a packet."""

WRITE_COMPUTE = 5_000
ROUNDS = 8


@dataclass(frozen=True, slots=True)
class ProgramState:
    """A deployed program; `authority` is None once nobody can change it, `slot` the last deployment's."""

    programdata: Pubkey
    authority: Pubkey | None
    slot: int
    binary: bytes


def programdata_address(program: Pubkey) -> Pubkey:
    """Where the loader keeps the program's binary."""
    return Pubkey.find_program_address([bytes(program)], LOADER)[0]


async def deploy_program(
    sender: Sender,
    *,
    payer: Keypair,
    program: Keypair,
    buffer: Keypair,
    authority: Keypair,
    binary: bytes,
    max_len: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ProgramState:
    """Bring a program onto the chain, from whatever stage an earlier attempt reached.

    Args:
        sender: sends; its payer, if it has one, pays the fees.
        payer: pays the rent.
        program: key pair of the program's address.
        buffer: key pair of the buffer; keep it to continue after an interruption.
        authority: upgrade authority.
        binary: SBPF v3 for clusters; v0 for the embedded engine, which takes it without a deployment.
        max_len: bytes to reserve for later upgrades; None reserves what the binary needs.
        progress: called with bytes written and bytes in all.

    Raises:
        InvalidInput: the address already holds another program.
        Retryable, ProgramError: as for sending.
    """
    if isinstance(sender.engine, EmbeddedEngine):
        # LiteSVM's loader cannot deploy; it loads the binary, and nobody can change it afterwards.
        sender.engine.add_program(program.pubkey(), binary)
        slot = await sender.engine.slot()
        return ProgramState(programdata_address(program.pubkey()), None, slot, binary)
    existing = await program_state(sender, program.pubkey())
    if existing is not None:
        if existing.binary[: len(binary)] != binary or any(existing.binary[len(binary) :]):
            raise InvalidInput(f"Upgrade {program.pubkey()} instead: another binary is deployed there.")
        return existing
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
    state = await program_state(sender, program.pubkey())
    if state is None:
        raise Retryable("Read the program again in a moment: the node does not show it yet.")
    return state


async def write_buffer(
    sender: Sender,
    *,
    payer: Keypair,
    buffer: Keypair,
    authority: Keypair,
    binary: bytes,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Create the buffer if need be, and write the chunks that differ till the chain holds the binary exactly.

    Raises:
        InvalidInput: the buffer's address is taken by something else, or its size or authority differ.
        Retryable: chunks were still missing after several rounds.
    """
    if await _account(sender, buffer.pubkey()) is None:
        await _create_buffer(sender, payer, buffer, authority.pubkey(), len(binary))
    for _ in range(ROUNDS):
        written = await _buffer_data(sender, buffer.pubkey(), authority.pubkey(), len(binary))
        missing = [i for i in range(0, len(binary), CHUNK) if written[i : i + CHUNK] != binary[i : i + CHUNK]]
        if progress is not None:
            progress(len(binary) - sum(min(CHUNK, len(binary) - i) for i in missing), len(binary))
        if not missing:
            return
        requests = [
            ([_write(buffer.pubkey(), authority.pubkey(), i, binary[i : i + CHUNK])], [payer, authority])
            for i in missing
        ]
        results = await sender.send_many(requests, compute_limit=WRITE_COMPUTE)
        for each in results:
            if isinstance(each, BreakwaterError) and not isinstance(each, Retryable):
                raise each
    raise Retryable("Run the deployment again: too many writes were dropped, and only they will be repeated.")


async def deploy(
    sender: Sender, *, payer: Keypair, program: Keypair, buffer: Pubkey, authority: Keypair, max_len: int
) -> Receipt:
    """Create the program account and move the buffer into it; the buffer is gone afterwards."""
    rent = (await sender.engine.client.get_minimum_balance_for_rent_exemption(PROGRAM_SIZE)).value
    create = create_account(
        CreateAccountParams(
            from_pubkey=payer.pubkey(),
            to_pubkey=program.pubkey(),
            lamports=rent,
            space=PROGRAM_SIZE,
            owner=LOADER,
        )
    )
    accounts = [
        AccountMeta(payer.pubkey(), is_signer=True, is_writable=True),
        AccountMeta(programdata_address(program.pubkey()), is_signer=False, is_writable=True),
        AccountMeta(program.pubkey(), is_signer=False, is_writable=True),
        AccountMeta(buffer, is_signer=False, is_writable=True),
        *_reads(RENT, CLOCK, SYSTEM),
        AccountMeta(authority.pubkey(), is_signer=True, is_writable=False),
    ]
    move = Instruction(LOADER, struct.pack("<IQ", 2, max_len), accounts)
    return await sender.send([create, move], [payer, program, authority])


async def upgrade(
    sender: Sender, *, payer: Keypair, program: Pubkey, buffer: Pubkey, authority: Keypair
) -> Receipt:
    """Replace the program's binary by the buffer's; the buffer's rent goes to the payer."""
    accounts = [
        AccountMeta(programdata_address(program), is_signer=False, is_writable=True),
        AccountMeta(program, is_signer=False, is_writable=True),
        AccountMeta(buffer, is_signer=False, is_writable=True),
        AccountMeta(payer.pubkey(), is_signer=False, is_writable=True),
        *_reads(RENT, CLOCK),
        AccountMeta(authority.pubkey(), is_signer=True, is_writable=False),
    ]
    return await sender.send([Instruction(LOADER, struct.pack("<I", 3), accounts)], [payer, authority])


async def set_authority(
    sender: Sender, *, payer: Keypair, target: Pubkey, authority: Keypair, new: Pubkey | None
) -> Receipt:
    """Hand a buffer or a programdata account to `new`; None burns the authority, and no one can undo that."""
    accounts = [
        AccountMeta(target, is_signer=False, is_writable=True),
        AccountMeta(authority.pubkey(), is_signer=True, is_writable=False),
        *(_reads(new) if new is not None else ()),
    ]
    return await sender.send([Instruction(LOADER, struct.pack("<I", 4), accounts)], [payer, authority])


async def finalize(sender: Sender, *, payer: Keypair, program: Pubkey, authority: Keypair) -> Receipt:
    """Burn the program's upgrade authority."""
    return await set_authority(
        sender, payer=payer, target=programdata_address(program), authority=authority, new=None
    )


async def close(
    sender: Sender, *, payer: Keypair, target: Pubkey, recipient: Pubkey, authority: Keypair
) -> Receipt:
    """Close a buffer and send its rent to `recipient`."""
    accounts = [
        AccountMeta(target, is_signer=False, is_writable=True),
        AccountMeta(recipient, is_signer=False, is_writable=True),
        AccountMeta(authority.pubkey(), is_signer=True, is_writable=False),
    ]
    return await sender.send([Instruction(LOADER, struct.pack("<I", 5), accounts)], [payer, authority])


async def program_state(sender: Sender, program: Pubkey) -> ProgramState | None:
    """What is deployed at `program`, or None.

    Raises:
        InvalidInput: the address is taken by something that is no upgradeable program.
    """
    account = await _account(sender, program)
    if account is None:
        return None
    if account.owner != LOADER or account.data[:4] != b"\x02\0\0\0":
        raise InvalidInput(f"Choose another address: {program} is not an upgradeable program.")
    programdata = Pubkey.from_bytes(account.data[4:36])
    held = await _account(sender, programdata)
    if held is None:
        return None
    slot = int.from_bytes(held.data[4:12], "little")
    authority = Pubkey.from_bytes(held.data[13:45]) if held.data[12] else None
    return ProgramState(programdata, authority, slot, held.data[PROGRAMDATA_HEADER:])


async def _create_buffer(
    sender: Sender, payer: Keypair, buffer: Keypair, authority: Pubkey, size: int
) -> None:
    space = BUFFER_HEADER + size
    rent = (await sender.engine.client.get_minimum_balance_for_rent_exemption(space)).value
    create = create_account(
        CreateAccountParams(
            from_pubkey=payer.pubkey(), to_pubkey=buffer.pubkey(), lamports=rent, space=space, owner=LOADER
        )
    )
    accounts = [AccountMeta(buffer.pubkey(), is_signer=False, is_writable=True), *_reads(authority)]
    initialize = Instruction(LOADER, struct.pack("<I", 0), accounts)
    await sender.send([create, initialize], [payer, buffer])


def _write(buffer: Pubkey, authority: Pubkey, offset: int, chunk: bytes) -> Instruction:
    accounts = [
        AccountMeta(buffer, is_signer=False, is_writable=True),
        AccountMeta(authority, is_signer=True, is_writable=False),
    ]
    return Instruction(LOADER, struct.pack("<IIQ", 1, offset, len(chunk)) + chunk, accounts)


async def _buffer_data(sender: Sender, buffer: Pubkey, authority: Pubkey, size: int) -> bytes:
    account = await _account(sender, buffer)
    if account is None:
        raise Retryable("Run the deployment again: the node does not show the buffer yet.")
    data = account.data
    if account.owner != LOADER or data[:4] != b"\x01\0\0\0" or len(data) != BUFFER_HEADER + size:
        raise InvalidInput(f"Use another buffer key: {buffer} is not a buffer for {size} bytes.")
    if data[4:BUFFER_HEADER] != b"\x01" + bytes(authority):
        raise Fatal(f"Sign with the authority of buffer {buffer}, or use another buffer key.")
    return data[BUFFER_HEADER:]


async def _account(sender: Sender, address: Pubkey) -> Account | None:
    return (await sender.engine.client.get_account_info(address, encoding="base64")).value


def _reads(*keys: Pubkey) -> list[AccountMeta]:
    return [AccountMeta(each, is_signer=False, is_writable=False) for each in keys]
