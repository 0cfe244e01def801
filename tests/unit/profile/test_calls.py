"""Logs of the runtime become call trees; the lines are recorded from the engines."""

from __future__ import annotations

import pytest

from breakwater.profile import read_logs

EXCHANGE = "FSJ4dNaQjgZNkZN92PD1x6xamyjZkx6ATvY4HTKRJKq6"
ORACLE = "CvGvbpELGii1FdA62TcrZV3u9vi4Y6JPBKKnSWq1Abfo"
TOKEN = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"  # noqa: S105 - a program's address
SYSTEM = "11111111111111111111111111111111"
BUDGET = "ComputeBudget111111111111111111111111111111"
ASSOCIATED = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"

INITIALIZE = f"""\
Program {BUDGET} invoke [1]
Program {BUDGET} success
Program {EXCHANGE} invoke [1]
Program {SYSTEM} invoke [2]
Program {SYSTEM} success
Program {SYSTEM} invoke [2]
Program {SYSTEM} success
Program {SYSTEM} invoke [2]
Program {SYSTEM} success
Program {TOKEN} invoke [2]
Program log: Instruction: InitializeAccount3
Program {TOKEN} consumed 4214 of 1393998 compute units
Program {TOKEN} success
Program data: 0NVzYnNSydF1d6aoQJUJ4uffvOhywCgKbgWpIJAo9HQMUcqhJ/+jeXV3pqhAlQni59+86HLAKApuBakgkCj0dAxRyqEn/6N5
Program {EXCHANGE} consumed 10473 of 1399850 compute units
Program {EXCHANGE} success""".split("\n")

READ = f"""\
Program {ORACLE} invoke [1]
Program {ORACLE} consumed 401 of 1399850 compute units
Program return: {ORACLE} ZAAAAAAAAAABAAAAAAAAAAEAAAAAAAAAqMoJ/qEBAAD+////
Program {ORACLE} success""".split("\n")

# a token account is made, and then a transfer of more than the wallet holds fails
NESTED = f"""\
Program {ASSOCIATED} invoke [1]
Program log: Create
Program {TOKEN} invoke [2]
Program log: Instruction: GetAccountDataSize
Program {TOKEN} consumed 1595 of 1394258 compute units
Program return: {TOKEN} pQAAAAAAAAA=
Program {TOKEN} success
Program {SYSTEM} invoke [2]
Program {SYSTEM} success
Program log: Initialize the associated token account
Program {TOKEN} invoke [2]
Program log: Instruction: InitializeImmutableOwner
Program log: Please upgrade to SPL Token 2022 for immutable owner support
Program {TOKEN} consumed 1405 of 1387645 compute units
Program {TOKEN} success
Program {TOKEN} invoke [2]
Program log: Instruction: InitializeAccount3
Program {TOKEN} consumed 4214 of 1383761 compute units
Program {TOKEN} success
Program {ASSOCIATED} consumed 20641 of 1399850 compute units
Program {ASSOCIATED} success
Program {TOKEN} invoke [1]
Program log: Instruction: Transfer
Program log: Error: insufficient funds
Program {TOKEN} consumed 4299 of 1379209 compute units
Program {TOKEN} failed: custom program error: 0x1""".split("\n")

# the end of a log of 10 kB: what still fits is logged after the warning
TRUNCATED = f"""\
Program {ORACLE} invoke [1]
Program {ORACLE} consumed 401 of 1388221 compute units
Program return: {ORACLE} ZAAAAAAAAAABAAAAAAAAAAEAAAAAAAAAqMoJ/qEBAAD+////
Program {ORACLE} success
Program {ORACLE} invoke [1]
Program {ORACLE} consumed 401 of 1387820 compute units
Log truncated
Program {ORACLE} success""".split("\n")


def test_a_call_inside_is_nested_and_its_units_are_not_its_callers_own() -> None:
    logged = read_logs(INITIALIZE)
    budget, call = logged.calls
    assert (budget.program, budget.cu, budget.own_cu) == (BUDGET, None, None)
    assert (call.program, call.depth, call.cu, call.own_cu) == (EXCHANGE, 1, 10_473, 10_473 - 4_214)
    assert [(each.program, each.depth, each.cu) for each in call.calls] == [
        (SYSTEM, 2, None),
        (SYSTEM, 2, None),
        (SYSTEM, 2, None),
        (TOKEN, 2, 4_214),
    ]
    assert call.calls[-1].says == "InitializeAccount3"
    assert not logged.truncated


def test_what_a_program_logs_is_counted_for_it_and_not_for_its_caller() -> None:
    (_, call) = read_logs(INITIALIZE).calls
    assert (call.logs, len(call.data), call.calls[-1].logs) == (0, 1, 1)
    (call,) = read_logs(READ).calls
    assert (call.cu, call.returns) == (401, 1)


def test_calls_follow_each_other_and_failures_are_marked() -> None:
    made, paid = read_logs(NESTED).calls
    said = ["GetAccountDataSize", "", "InitializeImmutableOwner", "InitializeAccount3"]
    assert [each.says for each in made.inner()] == said
    assert made.own_cu == 20_641 - 1_595 - 1_405 - 4_214
    assert (made.logs, made.returns, made.calls[0].returns) == (2, 0, 1)
    assert (made.failed, paid.failed, paid.cu) == (False, True, 4_299)
    assert (made.says, paid.says) == ("", "Transfer")


def test_a_truncated_log_keeps_what_was_logged_before() -> None:
    logged = read_logs(TRUNCATED)
    assert logged.truncated
    assert [(each.depth, each.cu, each.returns) for each in logged.calls] == [(1, 401, 1), (1, 401, 0)]


@pytest.mark.parametrize(("kept", "units"), [(9, []), (11, [None]), (14, [4_214])])
def test_a_truncated_log_leaves_open_calls_without_units(kept: int, units: list[int | None]) -> None:
    # nothing says to which call the lines belong that still fit
    logged = read_logs([*INITIALIZE[:kept], "Log truncated", INITIALIZE[-2], INITIALIZE[-1]])
    assert logged.truncated
    _, call = logged.calls
    assert (call.cu, call.own_cu) == (None, None)
    assert [each.cu for each in call.calls if each.program == TOKEN] == units


def test_a_program_cannot_imitate_the_runtime() -> None:
    lies = [
        f"Program log: Program {ORACLE} consumed 1 of 2 compute units",
        f"Program log: Program {ORACLE} success",
        f"Program data: {TOKEN} invoke [2]",
        f"Program return: {ORACLE} success",
    ]
    (call,) = read_logs([READ[0], *lies, *READ[1:]]).calls
    assert (call.cu, call.calls, call.logs) == (401, [], 2)


@pytest.mark.parametrize(
    "line", ["", "Program", "Program x", f"Program {ORACLE} success", "Unknown line of a log"]
)
def test_other_lines_are_passed_over(line: str) -> None:
    assert read_logs([line, *READ, line]).calls[0].cu == 401
