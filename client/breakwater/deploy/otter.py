"""The record that explorers read: an account of the otter-verify program, one per program and signer.

It names the public repository, the commit and the build's arguments; a service builds again and compares.
Explorers trust the record of the upgrade authority, so it is written before the authority is burned.

Address, seeds, discriminators and layout: `programs/otter-verify/src/lib.rs` of otter-sec/otter-verify, and
`src/solana_program.rs` of Ellipsis-Labs/solana-verifiable-build, which writes the same record. Discriminators
are Anchor's. Where the program is not on the cluster, nothing is written.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import Final

from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM

__all__ = [
    "OTTER_VERIFY",
    "BuildRecord",
    "arguments",
    "decode",
    "record_address",
    "record_instruction",
    "record_size",
]

OTTER_VERIFY: Final = Pubkey.from_string("verifycLy8mB96wd9wqq3WDXQwM4oU6r42Th37Db9fC")
FORMAT_VERSION: Final = "0.4.12"
"""The version of the record's readers that its arguments are meant for."""

HEADER: Final = 8 + 32 + 32
BUMP: Final = 1


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """How to build a program again; `slot` is that of its deployment."""

    repository: str
    commit: str
    arguments: tuple[str, ...]
    slot: int
    version: str = FORMAT_VERSION


def arguments(name: str) -> tuple[str, ...]:
    """How whoever rebuilds from the record is to build a program."""
    return ("--library-name", name)


def record_address(signer: Pubkey, program: Pubkey) -> Pubkey:
    """Where the signer's record about a program is kept."""
    return Pubkey.find_program_address([b"otter_verify", bytes(signer), bytes(program)], OTTER_VERIFY)[0]


def record_size(record: BuildRecord) -> int:
    """Bytes of the record's account."""
    return HEADER + len(_parameters(record)) + BUMP


def record_instruction(
    signer: Pubkey, program: Pubkey, record: BuildRecord, *, exists: bool = False
) -> Instruction:
    """Write the record; `exists` replaces the one that is there."""
    verb = "update" if exists else "initialize"
    accounts = [
        AccountMeta(record_address(signer, program), is_signer=False, is_writable=True),
        AccountMeta(signer, is_signer=True, is_writable=True),
        AccountMeta(program, is_signer=False, is_writable=False),
        AccountMeta(SYSTEM, is_signer=False, is_writable=False),
    ]
    tag = hashlib.sha256(f"global:{verb}".encode()).digest()[:8]
    return Instruction(OTTER_VERIFY, tag + _parameters(record), accounts)


def decode(data: bytes) -> tuple[Pubkey, Pubkey, BuildRecord]:
    """A record's account: the program it is about, who signed it, and the record.

    Raises:
        ValueError: the data is no such account.
    """
    if data[:8] != hashlib.sha256(b"account:BuildParams").digest()[:8]:
        raise ValueError("not a build record")
    try:
        texts, at = [], HEADER
        for _ in range(3):
            text, at = _text(data, at)
            texts.append(text)
        (count,) = struct.unpack_from("<I", data, at)
        arguments, at = [], at + 4
        for _ in range(count):
            text, at = _text(data, at)
            arguments.append(text)
        (slot,) = struct.unpack_from("<Q", data, at)
    except (struct.error, UnicodeDecodeError) as error:
        raise ValueError("a build record cut short") from error
    version, repository, commit = texts
    record = BuildRecord(repository, commit, tuple(arguments), slot, version)
    return Pubkey.from_bytes(data[8:40]), Pubkey.from_bytes(data[40:72]), record


def _parameters(record: BuildRecord) -> bytes:
    texts = b"".join(map(_borsh, (record.version, record.repository, record.commit)))
    arguments = struct.pack("<I", len(record.arguments)) + b"".join(map(_borsh, record.arguments))
    return texts + arguments + struct.pack("<Q", record.slot)


def _borsh(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<I", len(raw)) + raw


def _text(data: bytes, at: int) -> tuple[str, int]:
    (size,) = struct.unpack_from("<I", data, at)
    start = at + 4
    if start + size > len(data):
        raise struct.error("text beyond the end")
    return data[start : start + size].decode(), start + size
