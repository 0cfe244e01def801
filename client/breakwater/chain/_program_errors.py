"""Transaction errors -> the package's errors, named as the program that failed names them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from breakwater.errors import (
    BlockhashExpired,
    BreakwaterError,
    InsufficientFunds,
    ProgramError,
    Retryable,
    TransactionRejected,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._types import ErrJson

__all__ = ["ErrorNames", "error_from", "failed_program"]

ErrorNames = dict[int, tuple[str, str]]
"""Custom code -> (name, message)."""

ANCHOR: ErrorNames = {
    100: ("InstructionMissing", "Send the discriminator of an instruction."),
    101: ("InstructionFallbackNotFound", "Call an instruction this program has."),
    102: ("InstructionDidNotDeserialize", "Encode the arguments as the IDL says."),
    2000: ("ConstraintMut", "Pass the account as writable."),
    2001: ("ConstraintHasOne", "Pass the account that the other account names."),
    2002: ("ConstraintSigner", "Let the account sign."),
    2003: ("ConstraintRaw", "Meet the condition the account is held to."),
    2004: ("ConstraintOwner", "Pass an account of the owner the program expects."),
    2005: ("ConstraintRentExempt", "Fund the account up to rent exemption."),
    2006: ("ConstraintSeeds", "Pass the address derived from the seeds."),
    2007: ("ConstraintExecutable", "Pass a program."),
    2011: ("ConstraintClose", "Close the account into another one."),
    2012: ("ConstraintAddress", "Pass the account at the fixed address."),
    2013: ("ConstraintZero", "Pass an account that is still zeroed."),
    2019: ("ConstraintSpace", "Pass an account of the exact size."),
    2020: ("ConstraintAccountIsNone", "Pass the optional account."),
    2040: ("ConstraintDuplicateMutableAccount", "Pass each writable account once."),
    2500: ("RequireViolated", "Meet the requirement the program states."),
    2501: ("RequireEqViolated", "Pass values that are equal."),
    2502: ("RequireKeysEqViolated", "Pass keys that are equal."),
    2503: ("RequireNeqViolated", "Pass values that differ."),
    2504: ("RequireKeysNeqViolated", "Pass keys that differ."),
    2505: ("RequireGtViolated", "Pass a greater value."),
    2506: ("RequireGteViolated", "Pass a value at least as great."),
    3001: ("AccountDiscriminatorNotFound", "Pass an account that holds a discriminator."),
    3002: ("AccountDiscriminatorMismatch", "Pass an account of the right type."),
    3003: ("AccountDidNotDeserialize", "Pass an account whose data has the right layout."),
    3005: ("AccountNotEnoughKeys", "Pass every account the instruction lists."),
    3006: ("AccountNotMutable", "Pass the account as writable."),
    3007: ("AccountOwnedByWrongProgram", "Pass an account of the program that is meant to own it."),
    3008: ("InvalidProgramId", "Pass the program at its own address."),
    3010: ("AccountNotSigner", "Let the account sign."),
    3012: ("AccountNotInitialized", "Create the account first."),
    4103: ("PodOutOfRange", "Pass a value that the fixed-size type can hold."),
}
"""Anchor's own codes; the same in every program that does not define them otherwise."""

SYSTEM_PROGRAM = "1" * 32
TOKEN_PROGRAMS = (
    "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
    "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
)

SYSTEM: ErrorNames = {
    0: ("AccountAlreadyInUse", "Create the account at an unused address."),
    1: ("ResultWithNegativeLamports", "Fund the account that pays."),
    2: ("InvalidProgramId", "Assign the account to another program."),
    3: ("InvalidAccountDataLength", "Ask for at most 10 MiB of data."),
    5: ("AddressWithSeedMismatch", "Derive the address from the seed given."),
}

TOKEN: ErrorNames = {
    0: ("NotRentExempt", "Fund the account up to rent exemption."),
    1: ("InsufficientFunds", "Move no more tokens than the account holds."),
    2: ("InvalidMint", "Pass an initialised mint."),
    3: ("MintMismatch", "Pass an account of the same mint."),
    4: ("OwnerMismatch", "Let the token account's owner sign."),
    5: ("FixedSupply", "Mint from a mint that has an authority."),
    6: ("AlreadyInUse", "Initialise an unused account."),
    9: ("UninitializedState", "Initialise the account first."),
    11: ("NonNativeHasBalance", "Empty the account before closing it."),
    13: ("InvalidState", "Bring the account into the state the instruction expects."),
    14: ("Overflow", "Use smaller amounts."),
    17: ("AccountFrozen", "Thaw the account first."),
    18: ("MintDecimalsMismatch", "Pass the mint's own number of decimals."),
}

BUILTIN: Mapping[str, str] = {
    "AccountAlreadyInitialized": "Pass an account that is not initialised yet.",
    "AccountDataTooSmall": "Pass a larger account.",
    "AccountNotRentExempt": "Fund the account up to rent exemption.",
    "ArithmeticOverflow": "Use smaller amounts.",
    "ComputationalBudgetExceeded": "Raise the compute unit limit.",
    "ExternalAccountDataModified": "Write only to accounts the program owns.",
    "IllegalOwner": "Pass an account of the owner the program expects.",
    "IncorrectAuthority": "Sign with the authority in force.",
    "IncorrectProgramId": "Pass the program at its own address.",
    "InsufficientFunds": "Fund the account that pays.",
    "InvalidAccountData": "Pass an account of the right type and state.",
    "InvalidAccountOwner": "Pass an account of the owner the program expects.",
    "InvalidArgument": "Pass arguments the program accepts.",
    "InvalidInstructionData": "Encode the arguments as the IDL says.",
    "InvalidSeeds": "Pass the address derived from the seeds.",
    "MissingRequiredSignature": "Let the account sign.",
    "NotEnoughAccountKeys": "Pass every account the instruction lists.",
    "PrivilegeEscalation": "Pass the account writable and signed, as the inner call needs it.",
    "ProgramFailedToComplete": "Report this: the program panicked or touched memory it may not.",
    "UninitializedAccount": "Create the account first.",
}

REJECTED: Mapping[str, str] = {
    "AccountInUse": "Send again when the transaction holding the account is done.",
    "AlreadyProcessed": "Look the signature up: this transaction has landed before.",
    "InsufficientFundsForRent": "Leave every account either empty or rent-exempt.",
    "ProgramAccountNotFound": "Deploy the program before calling it.",
    "SanitizeFailure": "Sign with every key the message asks for.",
    "SignatureFailure": "Sign with every key the message asks for, after the last change.",
}

PAYER = ("AccountNotFound", "InsufficientFundsForFee")
FAILED = re.compile(r"^Program (\w{32,44}) failed: ")


def failed_program(logs: Sequence[str]) -> str | None:
    """The program whose error it was: the innermost to fail is the first to say so."""
    for line in logs:
        match = FAILED.match(line)
        if match:
            return match.group(1)
    return None


def error_from(
    err: ErrJson,
    *,
    logs: Sequence[str] = (),
    signature: str | None = None,
    programs: Mapping[str, ErrorNames] | None = None,
) -> BreakwaterError:
    """The exception for a transaction error.

    Args:
        err: as JSON-RPC writes it.
        logs: the transaction's, to tell which program failed.
        signature: base58.
        programs: error names by program address, from the IDLs.
    """
    if isinstance(err, dict) and "InstructionError" in err:
        index, detail = err["InstructionError"]
        program = failed_program(logs)
        name, code, message = _instruction(detail, program, programs or {})
        return ProgramError(
            name, code, message, program=program, logs=logs, signature=signature, instruction=int(index)
        )
    reason = err if isinstance(err, str) else next(iter(err))
    if reason == "BlockhashNotFound":
        return BlockhashExpired("Sign again with a recent blockhash.", signature=signature)
    if reason in PAYER:
        return InsufficientFunds("Fund the fee payer before sending.")
    if reason in ("AccountInUse", "WouldExceedMaxBlockCostLimit", "ClusterMaintenance"):
        return Retryable(f"Send again in a moment: {reason}.")
    message = REJECTED.get(reason, f"Change the transaction: the runtime answers {reason}.")
    return TransactionRejected(message, reason=reason, logs=logs, signature=signature)


def _instruction(
    detail: object, program: str | None, programs: Mapping[str, ErrorNames]
) -> tuple[str, int | None, str]:
    if isinstance(detail, dict) and "Custom" in detail:
        code = int(detail["Custom"])
        name, message = _custom(program, code, programs)
        return name, code, message
    name = str(next(iter(detail), "Unknown") if isinstance(detail, dict) else detail)
    return name, None, BUILTIN.get(name, "Look at the program's log for the reason.")


def _custom(program: str | None, code: int, programs: Mapping[str, ErrorNames]) -> tuple[str, str]:
    own = programs.get(program or "", {})
    if program == SYSTEM_PROGRAM:
        own = SYSTEM
    elif program in TOKEN_PROGRAMS:
        own = TOKEN
    if not program and len(programs) == 1:
        own = next(iter(programs.values()))
    return own.get(code) or ANCHOR.get(code) or (f"Custom{code}", "Look the code up in the program's IDL.")
