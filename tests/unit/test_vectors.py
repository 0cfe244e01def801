"""The golden vectors against another evaluation of the formulas, from the raw inputs.

The generator subtracts the largest quantity, divides integers and works with 80 digits; this uses the
formulas as they are written down, fractions, and 120 digits.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import mpmath
import pytest
from mpmath import mpf

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests" / "vectors"
U64 = 2**64 - 1
Q32, Q48 = 2**32, 2**48
VIRTUAL = 10**6
ERRORS = {"Overflow", "Domain", "DivisionByZero"}

Row = list[Any]


@pytest.fixture(autouse=True)
def _precision() -> Any:
    with mpmath.workdps(120):
        yield


def load(name: str) -> tuple[list[str], list[Row]]:
    file = json.loads((VECTORS / f"{name}.json").read_text())
    return file["columns"], file["rows"]


def sample(name: str, every: int = 1) -> list[Row]:
    """Every so many rows whose expectation is a number."""
    rows = [row for row in load(name)[1] if row[-1] not in ERRORS]
    assert len(rows) > 10
    return rows[::every]


def agree(row: Row, got: Any, digits: int = 45) -> None:
    want = mpf(row[-1])
    assert abs(got - want) <= max(abs(want), mpf(10) ** -10) * mpf(10) ** -digits, row


def exponentials(b: int, q: list[int]) -> list[Any]:
    return [mpmath.exp(mpf(x) / b) for x in q]


def test_exponentials_are_powers_of_e() -> None:
    for row in sample("exp", 3):
        agree(row, mpmath.e ** (mpf(row[0]) / Q48))


def test_logarithms_are_undone_by_the_exponential() -> None:
    for row in sample("ln", 3):
        value = mpmath.exp(mpf(row[1]))
        assert abs(value * Q48 / row[0] - 1) < mpf(10) ** -45, row


def test_costs_are_the_logarithm_of_the_sum_of_exponentials() -> None:
    for row in (row for row in sample("lmsr_cost", 2) if max(row[1]) < row[0] * 32768):
        b, q = row[0], row[1]
        normalised = mpmath.log(mpmath.fsum(exponentials(b, q)))
        agree(row, normalised)
        agree([*row[:2], row[2]], normalised * b)


def test_prices_are_shares_of_the_sum_of_exponentials() -> None:
    for row in (row for row in sample("lmsr_price", 2) if max(row[1]) < row[0] * 32768):
        terms = exponentials(row[0], row[1])
        agree(row, terms[row[2]] / mpmath.fsum(terms))


def test_fee_rates_decay_from_the_slope_to_the_base() -> None:
    for base, slope, coverage, rate in sample("fee_rate"):
        exact = base + slope / mpmath.e ** (3 * mpf(coverage) / Q32)
        if coverage >= 16 * Q32:
            # infinite by definition, and what that leaves out is nothing
            assert (mpf(rate), exact - base < mpf(10) ** -16) == (base, True)
        else:
            agree([rate], exact)


def test_leverage_caps_are_bounded_by_outcomes_and_by_coverage() -> None:
    for n, coverage, cap in sample("leverage_cap"):
        tier = math.isqrt(5000 * 5000 * 2 // n)
        agree([cap], max(mpf(100), min(mpf(tier), mpf(coverage) * 10_000 / Q32 / mpf(n) ** mpf("0.5"))))


def test_tier_caps_are_the_floor_of_a_root() -> None:
    for n, cap in sample("tier_cap"):
        assert int(cap) ** 2 * n <= 5000**2 * 2 < (int(cap) + 1) ** 2 * n


def ratio(*, up: bool) -> Callable[[Fraction], int]:
    return math.ceil if up else math.floor


EXACT: dict[str, Callable[..., int]] = {
    "mul_div": lambda a, b, c, rounding: ratio(up=rounding == "Up")(Fraction(a * b, c)),
    "fee": lambda notional, rate: math.ceil(Fraction(notional * rate, 10**6)),
    "margin": lambda notional, leverage: math.ceil(Fraction(notional * 100, leverage)),
    "coverage": lambda free, debt: (
        min(U64, math.floor(Fraction(free * Q32, debt))) if debt else U64 * (free > 0)
    ),
    "max_debt": lambda free, least: math.floor(Fraction(free * Q32, least)),
    "shares_for_deposit": lambda amount, supply, nav: math.floor(
        Fraction(amount * (supply + VIRTUAL), nav + VIRTUAL)
    ),
    "value_of_shares": lambda shares, supply, nav: min(
        nav, math.floor(Fraction(shares * (nav + VIRTUAL), supply + VIRTUAL))
    ),
    "isqrt": math.isqrt,
}


@pytest.mark.parametrize("name", EXACT)
def test_whole_results_are_those_of_fractions(name: str) -> None:
    for row in load(name)[1]:
        if row[-1] == "DivisionByZero":
            with pytest.raises(ZeroDivisionError):
                EXACT[name](*row[:-1])
        elif row[-1] == "Overflow":
            # the result, or a sum on the way to it
            assert EXACT[name](*row[:-1]) > U64 or max(row[1:-1]) > U64 - VIRTUAL, row
        elif row[-1] != "Domain":
            assert int(row[-1]) == EXACT[name](*row[:-1]) <= U64, row


def test_an_exchange_pays_the_worth_rounded_down_less_the_fee_rounded_up() -> None:
    for amount, own, other, rate, gross, out in load("ratio_exchange")[1]:
        if own == 0:
            assert gross == out == "DivisionByZero"
            continue
        worth = math.floor(Fraction(amount * other, own))
        if rate > 10**6:
            assert gross == out == "Domain"
        elif worth > U64:
            assert gross == out == "Overflow"
        else:
            fee = math.ceil(worth * Fraction(rate, 10**6))
            assert (int(gross), int(out)) == (worth, worth - fee)


def test_refused_inputs_are_outside_the_domain() -> None:
    assert all((row[-1] == "Overflow") == (mpf(row[0]) / Q48 >= 15 * mpmath.ln2) for row in load("exp")[1])
    assert all((row[-1] == "Domain") == (row[0] <= 0) for row in load("ln")[1])
    for b, q, cost, normalised in load("lmsr_cost")[1]:
        legal = 1 <= b <= 2**56 and 2 <= len(q) <= 16
        assert (cost == "Domain") == (not legal)
        assert (cost == "Overflow") == (legal and max(q) > 2**62)
        assert normalised in {cost, "Overflow"} or mpf(normalised) < 32768


def test_every_file_has_rows_of_its_columns_and_covers_every_number_of_outcomes() -> None:
    for path in VECTORS.glob("*.json"):
        columns, rows = load(path.stem)
        assert rows, path
        assert {len(row) for row in rows} == {len(columns)}, path
    assert set(range(2, 17)) <= {len(row[1]) for row in load("lmsr_cost")[1]}
    assert set(range(2, 17)) <= {len(row[1]) for row in load("lmsr_price")[1]}


def test_the_committed_files_are_what_the_script_makes() -> None:
    script = ROOT / "scripts" / "generate_math.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
