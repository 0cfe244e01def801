"""Values every engine speaks: receipts, blockhashes, statuses, simulations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from solders.hash import Hash
    from solders.signature import Signature

__all__ = ["Blockhash", "ErrJson", "Receipt", "Simulation", "Status"]

ErrJson: TypeAlias = str | dict[str, Any]
"""A transaction error as JSON-RPC has it: "BlockhashNotFound", {"InstructionError": [0, {"Custom": 1}]}."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A transaction's outcome.

    `err` is None for success. `logs` and `compute_units` are empty and 0 where they were not asked for.
    """

    signature: Signature
    slot: int
    err: ErrJson | None
    logs: tuple[str, ...]
    compute_units: int


@dataclass(frozen=True, slots=True)
class Blockhash:
    """A recent blockhash and the last block height at which a transaction with it can land."""

    hash: Hash
    last_valid_block_height: int


@dataclass(frozen=True, slots=True)
class Status:
    """Where a signature stands: `level` is "processed", "confirmed" or "finalized"."""

    slot: int
    err: ErrJson | None
    level: str


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a transaction would do now."""

    err: ErrJson | None
    logs: tuple[str, ...]
    compute_units: int
    return_data: bytes
