"""Compute units of the tree itself, by the chain's crate in the embedded engine's virtual machine."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import TYPE_CHECKING, Final

from solders.account import Account
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.transaction import Transaction

from breakwater.chain import programs
from breakwater.chain.archive_accounts import BYTES
from breakwater.chain.engine import EmbeddedEngine
from breakwater.errors import Fatal

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["TreeProbe", "units_of"]

PROBE: Final = "merkle_probe"
CANOPIED: Final = 1
NOTHING, INITIALIZE, APPEND, BATCH, VERIFY, REPLACE = range(6)
HEADER: Final = 24
"""Bytes of an archive's account before its tree."""
LAMPORTS: Final = 10**12


class TreeProbe:
    """A tree as the archive has it, in an account of a probe program that does to it what it is told."""

    def __init__(self) -> None:
        self._program, self._payer = _key(PROBE), _key("payer")
        program = self._program.pubkey()
        self._engine = EmbeddedEngine({program: programs.binary(PROBE, "v0")}, history=1)
        self._engine.fund(self._payer.pubkey(), LAMPORTS)
        self._tree = _key("tree").pubkey()
        self._engine.set_account(self._tree, Account(LAMPORTS, bytes(BYTES - HEADER), program))
        self._overhead = 0
        self._ask(INITIALIZE)
        self._overhead = self._ask(NOTHING)

    def append(self, *leaves: bytes) -> int:
        """Append leaves, several as one batch; compute units."""
        return self._ask(APPEND if len(leaves) == 1 else BATCH, leaves=leaves)

    def replace(self, index: int, sequence: int, siblings: Sequence[bytes], old: bytes, new: bytes) -> int:
        """Put a leaf in another's place; compute units."""
        return self._ask(REPLACE, index, sequence, siblings, (old, new))

    def verify(self, index: int, sequence: int, siblings: Sequence[bytes], leaf: bytes) -> int:
        """Verify a leaf; compute units."""
        return self._ask(VERIFY, index, sequence, siblings, (leaf,))

    @property
    def data(self) -> bytes:
        """The tree as it lies in the account."""
        account = self._engine.get_account(self._tree)
        return b"" if account is None else bytes(account.data)

    def _ask(
        self,
        verb: int,
        index: int = 0,
        sequence: int = 0,
        siblings: Sequence[bytes] = (),
        leaves: Sequence[bytes] = (),
    ) -> int:
        words = (CANOPIED, verb, index, sequence, len(siblings), len(leaves))
        data = struct.pack("<6Q", *words) + b"".join(siblings) + b"".join(leaves)
        call = Instruction(self._program.pubkey(), data, [AccountMeta(self._tree, False, True)])
        self._engine.advance_slots(1)
        blockhash = self._engine.clock.blockhash.hash
        tx = Transaction([self._payer], Message([call], self._payer.pubkey()), blockhash)
        receipt = self._engine.execute(tx)
        line = next((each for each in receipt.logs if each.startswith("Program return: ")), "")
        answer = base64.b64decode(line.rpartition(" ")[2]).ljust(16, b"\0")
        status, units = struct.unpack_from("<2Q", answer)
        if receipt.err is not None or status:
            raise Fatal(f"Look at the tree's probe: it answers {receipt.err or status}.")
        return int(units) - self._overhead


def units_of(logs: Sequence[str], program: str) -> int:
    """Compute units of a program's top-level invocations in a transaction's logs."""
    depth, total = 0, 0
    for line in logs:
        words = line.split(" ")
        if len(words) < 3 or words[0] != "Program":
            continue
        if words[2] == "invoke":
            depth += 1
        elif words[2] == "consumed" and depth == 1 and words[1] == program:
            total += int(words[3])
        elif words[2] in ("success", "failed:"):
            depth -= 1
    return total


def _key(name: str) -> Keypair:
    return Keypair.from_seed(hashlib.sha256(f"breakwater bench: {name}".encode()).digest())
