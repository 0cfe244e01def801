"""What a verdict rests on: 99 % of legitimate operations, bounds that hold, a cause for every refusal."""

from __future__ import annotations

import pytest

from breakwater.errors import (
    BlockhashExpired,
    BreakwaterError,
    InsufficientFunds,
    InvalidInput,
    NodeBehind,
    ProgramError,
    RateLimited,
    TransactionRejected,
    Unreachable,
)
from breakwater.trials import Context, Outcome, Scenario, Tally, cause_of, select


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (RateLimited("x"), "rate limit"),
        (BlockhashExpired("x"), "blockhash"),
        (TransactionRejected("x", reason="BlockhashNotFound"), "blockhash"),
        (InsufficientFunds("x"), "funds"),
        (TransactionRejected("x", reason="InsufficientFundsForRent"), "funds"),
        (ProgramError("ComputationalBudgetExceeded", None, "x"), "compute"),
        (TransactionRejected("x", reason="AccountInUse"), "locks"),
        (TransactionRejected("x", reason="WouldExceedMaxAccountCostLimit"), "locks"),
        (Unreachable("x"), "RPC"),
        (NodeBehind("x"), "RPC"),
        (ProgramError("SlippageExceeded", 6000, "x"), "program"),
    ],
)
def test_every_refusal_has_a_cause(error: BreakwaterError, cause: str) -> None:
    assert cause_of(error) == cause


def test_exactly_99_percent_are_not_enough() -> None:
    assert not Outcome.judged([], 99, 100, {}).passed
    assert Outcome.judged([], 100, 101, {}).passed
    assert not Outcome.judged([], 0, 0, {}).passed


def test_a_broken_bound_fails_whatever_succeeded_and_long_lists_are_cut() -> None:
    outcome = Outcome.judged([f"Bound {i}." for i in range(7)], 100, 100, {})
    assert not outcome.passed
    assert outcome.reason == "Bound 0. Bound 1. Bound 2. Bound 3. Bound 4. And 2 more."


def _tally(per_second: list[int], monkeypatch: pytest.MonkeyPatch) -> Tally:
    tally = Tally(began=0.0)
    for second, count in enumerate(per_second):
        monkeypatch.setattr("breakwater.trials.reasons.time.monotonic", lambda at=second + 0.5: at)
        tally.succeeded(count)
        if count < 50:
            tally.failed(RateLimited("x"))
    return tally


def test_a_fall_of_throughput_is_explained_by_what_was_refused_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tally = _tally([10, 100, 100, 20, 100, 100, 5], monkeypatch)
    assert tally.note() == (
        "Throughput fell to 20 from 100 a second in 1 s: the endpoint answered 429 (rate limit, 1 times)."
    )


def test_a_steady_run_needs_no_explanation(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not _tally([10, 100, 90, 80, 100, 100, 5], monkeypatch).note()


async def _nothing(_: Context) -> Outcome:
    return Outcome(passed=True, success_rate=1.0)


def test_a_scenario_is_only_run_where_it_can() -> None:
    known = [Scenario("here", "x", "y", ("embedded",), _nothing)]
    assert select(known, "here", "embedded") is known[0]
    with pytest.raises(InvalidInput, match="Run here on embedded, not local"):
        select(known, "here", "local")
    with pytest.raises(InvalidInput, match="Name a scenario"):
        select(known, "there", "embedded")
