"""Every error of the package, classed by what the caller should do about it.

::

    BreakwaterError
    ├── Retryable                 do the same again, after `retry_after` seconds
    │   ├── RateLimited           the node asked for a pause
    │   ├── Unreachable           no answer, or half of one
    │   ├── NodeBehind            the node lags behind the cluster
    │   └── BlockhashExpired      the transaction did not land and never will: sign it anew
    ├── Fatal                     the same again ends the same way
    │   ├── InsufficientFunds     the payer cannot pay
    │   ├── InvalidInput          a value or a setting is wrong
    │   ├── EngineUnavailable     the engine cannot be started on this machine
    │   └── TransactionRejected   the runtime refused the transaction
    └── ProgramError              a program refused the instruction, and says by name why

A message is one sentence and says what to do. Seconds are floats, code numbers are those on the wire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BlockhashExpired",
    "BreakwaterError",
    "EngineUnavailable",
    "Fatal",
    "InsufficientFunds",
    "InvalidInput",
    "NodeBehind",
    "ProgramError",
    "RateLimited",
    "Retryable",
    "TransactionRejected",
    "Unreachable",
]


class BreakwaterError(Exception):
    """The root; catching it catches everything this package raises on purpose."""


class Retryable(BreakwaterError):  # noqa: N818 - named for the reaction
    """Trying again can succeed.

    Args:
        message: what to do.
        retry_after: seconds to wait first, or None when the caller's own back-off should decide.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(Retryable):
    """HTTP 429, or the JSON-RPC code for it."""


class Unreachable(Retryable):
    """The connection failed, timed out or was cut, so it is unknown whether the request was carried out."""


class NodeBehind(Retryable):
    """The node answers, but from too old a state."""


class BlockhashExpired(Retryable):
    """The blockhash is past its last valid height and the transaction was not found: it can no longer land.

    Args:
        signature: base58 signature of the transaction that expired.
    """

    def __init__(self, message: str, *, signature: str | None = None) -> None:
        super().__init__(message)
        self.signature = signature


class Fatal(BreakwaterError):  # noqa: N818 - named for the reaction
    """Trying again cannot succeed."""


class InsufficientFunds(Fatal):
    """The fee payer, or the source of a transfer, holds too little."""


class InvalidInput(Fatal):
    """An argument, a file or a setting is wrong; nothing was sent."""


class EngineUnavailable(Fatal):
    """A binary or a library the engine needs is absent, or it did not start."""


class TransactionRejected(Fatal):
    """The runtime refused the transaction before or beside any program's own judgement.

    Args:
        reason: the runtime's name for it, e.g. "AccountInUse" or "SignatureFailure".
        logs: what the transaction logged, if it ran.
        signature: base58, if known.
    """

    def __init__(
        self, message: str, *, reason: str, logs: Sequence[str] = (), signature: str | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.logs = tuple(logs)
        self.signature = signature


class ProgramError(BreakwaterError):
    """A program returned an error: the request was understood and refused.

    Args:
        name: the error's name in the program's IDL, in Anchor, or the runtime's (`InstructionError`) name.
        code: the custom code, or None for a builtin variant.
        message: the sentence to show.
        program: base58 address of the program that failed, if the logs name it.
        accounts: names or addresses concerned, as far as they are known.
        logs: the whole log of the transaction.
        signature: base58, if the transaction has one.
        instruction: index of the top-level instruction that failed.
    """

    def __init__(
        self,
        name: str,
        code: int | None,
        message: str,
        *,
        program: str | None = None,
        accounts: Sequence[str] = (),
        logs: Sequence[str] = (),
        signature: str | None = None,
        instruction: int | None = None,
    ) -> None:
        label = name if code is None else f"{name} ({code})"
        super().__init__(f"{label}: {message}")
        self.name = name
        self.code = code
        self.message = message
        self.program = program
        self.accounts = tuple(accounts)
        self.logs = tuple(logs)
        self.signature = signature
        self.instruction = instruction
