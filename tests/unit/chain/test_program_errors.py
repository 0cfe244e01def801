"""Transaction errors get the name their program gives them, and the class of the caller's reaction."""

from __future__ import annotations

from typing import Any

import pytest

from breakwater.chain._program_errors import error_from
from breakwater.errors import (
    BlockhashExpired,
    BreakwaterError,
    Fatal,
    InsufficientFunds,
    ProgramError,
    Retryable,
    TransactionRejected,
)

OURS = "oursEqEqEqEqEqEqEqEqEqEqEqEqEqEqEqEqEqEqEqEq"
SPL = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"
NAMES = {OURS: {6000: ("TooLate", "Trade before the market closes.")}}


def failure(detail: Any, *programs: str) -> ProgramError:
    logs = [f"Program {each} failed: custom program error" for each in programs]
    error = error_from({"InstructionError": [2, detail]}, logs=logs, signature="s", programs=NAMES)
    assert isinstance(error, ProgramError)
    assert (error.instruction, error.signature) == (2, "s")
    return error


def test_our_own_errors() -> None:
    error = failure({"Custom": 6000}, OURS)
    assert (error.name, error.code, error.program) == ("TooLate", 6000, OURS)
    assert str(error) == "TooLate (6000): Trade before the market closes."


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (2000, "ConstraintMut"),
        (2001, "ConstraintHasOne"),
        (2003, "ConstraintRaw"),
        (2005, "ConstraintRentExempt"),
        (2007, "ConstraintExecutable"),
        (2011, "ConstraintClose"),
        (2012, "ConstraintAddress"),
        (2013, "ConstraintZero"),
        (2019, "ConstraintSpace"),
        (2020, "ConstraintAccountIsNone"),
        (2040, "ConstraintDuplicateMutableAccount"),
        (2500, "RequireViolated"),
        (2506, "RequireGteViolated"),
        (9999, "Custom9999"),
    ],
)
def test_anchors_errors(code: int, name: str) -> None:
    assert failure({"Custom": code}, OURS).name == name


def test_the_innermost_program_is_the_one_that_failed() -> None:
    error = failure({"Custom": 1}, SPL, OURS)
    assert (error.name, error.program) == ("InsufficientFunds", SPL)


@pytest.mark.parametrize("name", ["IllegalOwner", "InvalidSeeds", "ProgramFailedToComplete", "Immutable"])
def test_builtin_errors(name: str) -> None:
    error = failure(name, OURS)
    assert (error.name, error.code) == (name, None)
    assert failure({"BorshIoError": "x"}, OURS).name == "BorshIoError"


@pytest.mark.parametrize(
    ("err", "kind", "parent"),
    [
        ("BlockhashNotFound", BlockhashExpired, Retryable),
        ("AccountInUse", Retryable, BreakwaterError),
        ("AccountNotFound", InsufficientFunds, Fatal),
        ("InsufficientFundsForFee", InsufficientFunds, Fatal),
        ("SignatureFailure", TransactionRejected, Fatal),
        ({"InsufficientFundsForRent": {"account_index": 1}}, TransactionRejected, Fatal),
        ("SomethingNew", TransactionRejected, Fatal),
    ],
)
def test_the_runtimes_errors(err: Any, kind: type[Exception], parent: type[Exception]) -> None:
    error = error_from(err)
    assert type(error) is kind
    assert isinstance(error, parent)
    assert str(error).endswith(".")
