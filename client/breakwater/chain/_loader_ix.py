"""The upgradeable loader's accounts and instructions: addresses, layouts, and one pure function a verb."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM
from solders.system_program import (
    AllocateParams,
    AllocateWithSeedParams,
    AssignParams,
    CreateAccountParams,
    CreateAccountWithSeedParams,
    TransferParams,
    allocate,
    allocate_with_seed,
    assign,
    create_account,
    create_account_with_seed,
    transfer,
)
from solders.sysvar import CLOCK, RENT

from breakwater.errors import InvalidInput

from .addresses import LOADER, program_data

if TYPE_CHECKING:
    from solders.account import Account

BUFFER_HEADER = 37
PROGRAM_SIZE = 36
PROGRAMDATA_HEADER = 45
BUFFER, PROGRAM, PROGRAMDATA = (struct.pack("<I", state) for state in (1, 2, 3))


@dataclass(frozen=True, slots=True)
class ProgramState:
    """A deployed program; `authority` is None once nobody can change it, `slot` the last deployment's.

    `binary` is all the account keeps: bytes reserved beyond the program follow it as zeros.
    """

    programdata: Pubkey
    authority: Pubkey | None
    slot: int
    binary: bytes

    def holds(self, binary: bytes) -> bool:
        """Whether `binary` is what is deployed, byte for byte."""
        return self.binary[: len(binary)] == binary and not any(self.binary[len(binary) :])


@dataclass(frozen=True, slots=True)
class SeededAddress:
    """An address that follows from `base` and `seed`: `base` makes an account there, without another key."""

    base: Pubkey
    seed: str

    def pubkey(self) -> Pubkey:
        """The address, as a key pair would give it."""
        return Pubkey.create_with_seed(self.base, self.seed, LOADER)


def buffer_address(payer: Pubkey, program: Pubkey) -> SeededAddress:
    """The one buffer that `payer` deploys `program` through: found again with no secret kept."""
    digest = hashlib.sha256(b"breakwater buffer" + bytes(program)).hexdigest()
    return SeededAddress(payer, digest[:32])


def programdata_address(program: Pubkey) -> Pubkey:
    """Where the loader keeps the program's binary."""
    return program_data(program)


def program_of(address: Pubkey, account: Account) -> Pubkey:
    """The programdata address that a program account names.

    Raises:
        InvalidInput: the account is no upgradeable program.
    """
    if account.owner != LOADER or account.data[:4] != PROGRAM or len(account.data) < PROGRAM_SIZE:
        raise InvalidInput(f"Choose another address: {address} is not an upgradeable program.")
    return Pubkey.from_bytes(account.data[4:PROGRAM_SIZE])


def programdata_of(address: Pubkey, data: bytes) -> ProgramState:
    """A programdata account, decoded."""
    if data[:4] != PROGRAMDATA or len(data) < PROGRAMDATA_HEADER:
        raise InvalidInput(f"Deploy the program: {address} holds none.")
    slot = int.from_bytes(data[4:12], "little")
    authority = Pubkey.from_bytes(data[13:45]) if data[12] else None
    return ProgramState(address, authority, slot, data[PROGRAMDATA_HEADER:])


def final_content(binary: bytes, slot: int = 0) -> bytes:
    """A programdata account's content when the authority is burned, as the loader writes it."""
    return PROGRAMDATA + struct.pack("<QB", slot, 0) + bytes(32) + binary


def program_content(programdata: Pubkey) -> bytes:
    """A program account's content: it names the account that holds the binary."""
    return PROGRAM + bytes(programdata)


def create(
    payer: Pubkey, target: Pubkey | SeededAddress, *, space: int, rent: int, held: int = 0
) -> list[Instruction]:
    """An account of the loader's; `held` is what somebody has sent to its address before it exists.

    Creating refuses an address with lamports, so such an account is topped up and taken instead.
    """
    if isinstance(target, SeededAddress):
        return _create_seeded(payer, target, space, rent, held)
    if not held:
        params = CreateAccountParams(
            from_pubkey=payer, to_pubkey=target, lamports=rent, space=space, owner=LOADER
        )
        return [create_account(params)]
    return [
        *_top_up(payer, target, rent - held),
        allocate(AllocateParams(pubkey=target, space=space)),
        assign(AssignParams(pubkey=target, owner=LOADER)),
    ]


def _create_seeded(
    payer: Pubkey, target: SeededAddress, space: int, rent: int, held: int
) -> list[Instruction]:
    base, seed, address = target.base, target.seed, target.pubkey()
    if not held:
        params = CreateAccountWithSeedParams(
            from_pubkey=payer,
            to_pubkey=address,
            base=base,
            seed=seed,
            lamports=rent,
            space=space,
            owner=LOADER,
        )
        return [create_account_with_seed(params)]
    # allocating with a seed assigns as well
    room = AllocateWithSeedParams(address=address, base=base, seed=seed, space=space, owner=LOADER)
    return [*_top_up(payer, address, rent - held), allocate_with_seed(room)]


def _top_up(payer: Pubkey, target: Pubkey, missing: int) -> list[Instruction]:
    if missing <= 0:
        return []
    return [transfer(TransferParams(from_pubkey=payer, to_pubkey=target, lamports=missing))]


def initialize_buffer(buffer: Pubkey, authority: Pubkey) -> Instruction:
    """Make a new account of the loader's a buffer."""
    return Instruction(LOADER, struct.pack("<I", 0), [_writes(buffer), _reads(authority)])


def write(buffer: Pubkey, authority: Pubkey, offset: int, chunk: bytes) -> Instruction:
    """Write `chunk` at `offset` of the binary."""
    data = struct.pack("<IIQ", 1, offset, len(chunk)) + chunk
    return Instruction(LOADER, data, [_writes(buffer), _reads(authority, signer=True)])


def deploy(payer: Pubkey, program: Pubkey, buffer: Pubkey, authority: Pubkey, max_len: int) -> Instruction:
    """Move the buffer into a new program; the buffer's rent goes to the payer first."""
    accounts = [
        _writes(payer, signer=True),
        _writes(programdata_address(program)),
        _writes(program),
        _writes(buffer),
        *(_reads(each) for each in (RENT, CLOCK, SYSTEM)),
        _reads(authority, signer=True),
    ]
    return Instruction(LOADER, struct.pack("<IQ", 2, max_len), accounts)


def upgrade(program: Pubkey, buffer: Pubkey, spill: Pubkey, authority: Pubkey) -> Instruction:
    """Replace the program's binary by the buffer's; the buffer's rent goes to `spill`."""
    accounts = [
        _writes(programdata_address(program)),
        _writes(program),
        _writes(buffer),
        _writes(spill),
        *(_reads(each) for each in (RENT, CLOCK)),
        _reads(authority, signer=True),
    ]
    return Instruction(LOADER, struct.pack("<I", 3), accounts)


def set_authority(target: Pubkey, authority: Pubkey, new: Pubkey | None) -> Instruction:
    """Hand a buffer or a programdata account over; None gives it to nobody, for good."""
    accounts = [_writes(target), _reads(authority, signer=True), *([_reads(new)] if new is not None else [])]
    return Instruction(LOADER, struct.pack("<I", 4), accounts)


def close(target: Pubkey, recipient: Pubkey, authority: Pubkey) -> Instruction:
    """Close a buffer; its lamports go to `recipient`."""
    accounts = [_writes(target), _writes(recipient), _reads(authority, signer=True)]
    return Instruction(LOADER, struct.pack("<I", 5), accounts)


def _writes(key: Pubkey, *, signer: bool = False) -> AccountMeta:
    return AccountMeta(key, is_signer=signer, is_writable=True)


def _reads(key: Pubkey, *, signer: bool = False) -> AccountMeta:
    return AccountMeta(key, is_signer=signer, is_writable=False)
