"""The two probe programs inside the embedded engine: a call of a function, its value, its compute units."""

from __future__ import annotations

import base64
import hashlib
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.transaction import Transaction

from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine
from breakwater.errors import Fatal

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["OURS", "THEIRS", "Answer", "Ours", "Probes", "Theirs"]

OURS, THEIRS = "math_probe", "solmath_probe"
NOTHING = 0
"""The function that does nothing, in both programs."""
MEASURE = 3
"""The probes' mode that answers status, value and compute units of one call."""
U64 = 2**64


class Ours(IntEnum):
    """Functions of tests/sbf/math_probe, as far as they are measured here."""

    EXP = 1
    LN = 2
    COST = 4
    NORMAL_CDF = 28
    NORMAL_PDF = 29
    NORMAL_BOTH = 30
    NORMAL_INVERSE = 31
    POSITION = 32
    POOL_COST = 35
    SOLVE_BUY = 38
    POSITION_STEPS = 49
    SOLVE_STEPS = 50


class Theirs(IntEnum):
    """Functions of tests/sbf/solmath_probe."""

    EXP = 1
    LN = 2
    NORMAL_CDF = 3
    NORMAL_PDF = 4
    NORMAL_BOTH = 5
    NORMAL_INVERSE = 6


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call gave.

    Attributes:
        value: the result's word as a natural number; None where the function refused its arguments.
        cu: compute units of the call alone.
    """

    value: int | None
    cu: int


class Probes:
    """Calls functions of the probe programs, each in a transaction of its own.

    A call's compute units are the difference between two readings of the virtual machine's own meter around
    it, less the same difference with nothing in between. Equal calls are made once: they cost the same.
    """

    def __init__(self) -> None:
        self._ids = {name: _key(name).pubkey() for name in (OURS, THEIRS)}
        binaries: dict[Pubkey, bytes] = {at: programs.binary(name, "v0") for name, at in self._ids.items()}
        self._engine = EmbeddedEngine(binaries, history=1)
        self._payer = _key("payer")
        self._engine.fund(self._payer.pubkey(), 10**15)
        self._overhead = dict.fromkeys(self._ids, 0)
        self._overhead = {name: self._call(name, NOTHING, ()).cu for name in self._ids}
        self._known: dict[tuple[str, int, tuple[int, ...]], Answer] = {
            (name, NOTHING, ()): Answer(0, 0) for name in self._ids
        }

    def call(self, program: str, function: int, operands: Sequence[int]) -> Answer:
        """Call a function once.

        Args:
            program: `OURS` or `THEIRS`.
            function: its number there.
            operands: words, signed or not; those left out are zero.

        Raises:
            Fatal: the program crashed.
        """
        key = (program, function, tuple(operands))
        if key not in self._known:
            self._known[key] = self._call(*key)
        return self._known[key]

    def _call(self, program: str, function: int, operands: tuple[int, ...]) -> Answer:
        words = (MEASURE, function, *operands)
        data = struct.pack(f"<{len(words)}Q", *(word % U64 for word in words))
        message = Message([Instruction(self._ids[program], data, [])], self._payer.pubkey())
        blockhash = self._engine.clock.blockhash.hash
        receipt = self._engine.execute(Transaction([self._payer], message, blockhash))
        if receipt.err is not None:
            raise Fatal(f"{program} failed at function {function} of {operands}: {receipt.err}.")
        answer = _returned(receipt.logs).ljust(24, b"\0")  # trailing zeros are not returned
        status, value, cu = struct.unpack("<3Q", answer)
        return Answer(None if status else value, cu - self._overhead[program])


def _returned(logs: Sequence[str]) -> bytes:
    prefix = "Program return: "
    line = next((line for line in logs if line.startswith(prefix)), "")
    return base64.b64decode(line.rpartition(" ")[2])


def _key(name: str) -> Keypair:
    return Keypair.from_seed(hashlib.sha256(f"breakwater bench: {name}".encode()).digest())
