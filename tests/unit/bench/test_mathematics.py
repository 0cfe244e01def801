"""The mathematics bench: the real probes in LiteSVM, small, and what it does when a bound does not hold."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import mpmath
import pytest
from mpmath import mpf
from rich.console import Console

from breakwater.bench import MathFigures, measure_math
from breakwater.bench import _exact as exact
from breakwater.bench._functions import FUNCTIONS
from breakwater.bench._probe import OURS, THEIRS, Ours, Probes, Theirs
from breakwater.cli import _math_view as view

SOURCES = Path(__file__).resolve().parents[3] / "tests" / "sbf"
ONE = 2**48


@pytest.fixture(scope="module")
def probes() -> Probes:
    return Probes()


@pytest.fixture(scope="module")
def figures() -> MathFigures:
    return measure_math(seed=7, samples=5)


def test_functions_have_the_numbers_that_the_probes_give_them() -> None:
    ours = dict(re.findall(r"\b([A-Z_0-9]+) = (\d+)", (SOURCES / "math_probe/src/functions.rs").read_text()))
    assert {each.name: str(each.value) for each in Ours}.items() <= ours.items()
    text = (SOURCES / "solmath_probe/src/lib.rs").read_text()
    theirs = dict(re.findall(r"pub const ([A-Z_]+): u64 = (\d+);", text))
    assert {each.name: str(each.value) for each in Theirs} | {"NOTHING": "0"} == theirs


def test_a_call_gives_the_value_and_no_more_units_than_its_own(probes: Probes) -> None:
    ours = probes.call(OURS, Ours.EXP, (ONE,))
    assert ours.value is not None
    assert abs(ours.value - round(mpmath.e * ONE)) <= 2
    theirs = probes.call(THEIRS, Theirs.EXP, (10**12,))
    assert theirs.value == pytest.approx(2_718_281_828_459, abs=2)
    assert 0 < ours.cu < theirs.cu < 1_000
    assert probes.call(OURS, 0, ()).cu == 0


def test_a_refused_argument_has_no_value(probes: Probes) -> None:
    assert probes.call(OURS, Ours.LN, (0,)).value is None
    assert probes.call(THEIRS, Theirs.NORMAL_INVERSE, (10**12,)).value is None


def test_every_function_is_measured_and_holds_its_bounds(figures: MathFigures) -> None:
    assert figures.functions.keys() == FUNCTIONS.keys()
    assert figures.failures() == []
    assert 0 < figures.mean_error < figures.max_scaled_error <= 5e-11
    assert figures.max_iterations <= 5
    assert 1 <= figures.mean_iterations < 3
    assert sum(figures.iterations.values()) == sum(
        each.samples
        for name, each in figures.functions.items()
        if name in {"pm_amm_position", "pm_amm_solve"}
    )


def test_solmath_stands_beside_what_it_has_and_nowhere_else(figures: MathFigures) -> None:
    data = json.loads(json.dumps(view.math_dict(figures)))
    beside = {name for name, each in data["functions"].items() if each["solmath_cu"] is not None}
    assert beside == {"ln", "exp", "normal_cdf", "normal_pdf", "normal_cdf_pdf", "normal_inverse"}
    for name in beside:
        each = data["functions"][name]
        assert (
            each["min_cu"] <= each["mean_cu"] <= each["cu"] < each["mean_solmath_cu"] <= each["solmath_cu"]
        ), name
        assert each["mean_scaled_error"] <= each["max_scaled_error"] < each["solmath_max_scaled_error"], name


def test_the_table_names_every_function_in_80_columns(figures: MathFigures) -> None:
    out = Console(file=io.StringIO(), width=80)
    out.print(view.math_table(figures))
    assert isinstance(out.file, io.StringIO)
    lines = out.file.getvalue().splitlines()
    assert set(FUNCTIONS) <= {line.split()[0] for line in lines if line.strip()}
    assert "…" not in out.file.getvalue()


def test_equal_seeds_give_equal_figures_and_others_do_not(figures: MathFigures) -> None:
    assert measure_math(seed=7, samples=5) == figures
    assert measure_math(seed=8, samples=5).functions["exp"].errors != figures.functions["exp"].errors


def test_each_broken_bound_is_a_sentence(figures: MathFigures) -> None:
    def with_(**changes: Any) -> list[str]:
        spoilt = replace(figures.functions["pm_amm_solve"], **changes)
        return replace(figures, functions={**figures.functions, "pm_amm_solve": spoilt}).failures()

    assert with_(errors=(6e-11,)) == ["pm_amm_solve has a scaled error of 6.00e-11, the bound is 5e-11."]
    assert with_(errors=(float("nan"),))[0].startswith("pm_amm_solve has a scaled error of nan")
    assert with_(broken=("of (1,) leaves 9 of 10 unspent",)) == [
        "pm_amm_solve of (1,) leaves 9 of 10 unspent."
    ]
    assert with_(iterations={6: 1}) == ["A solution takes 6 iterations, the bound is 5."]
    assert with_(iterations={4: 10**6})[0].startswith("Solutions take 4.00 iterations on average")


def test_an_amount_is_judged_by_its_side_and_its_rounding() -> None:
    with exact.digits():
        true, liquidity = mpf("10.25"), 2**46
        assert exact.amount(11, true, 2, liquidity)[1] == ""
        assert exact.amount(12, true, 2, liquidity)[1] == ""
        assert "is not from 10.25 to 2 above" in exact.amount(10, true, 2, liquidity)[1]
        assert "is not from 10.25 to 2 above" in exact.amount(13, true, 2, liquidity)[1]
        # too coarse to be a real number, but not to be on the wrong side
        assert exact.amount(10, true, 2, 10**6)[0] is None


def test_shares_that_cost_more_than_was_paid_break_the_rule() -> None:
    with exact.digits():
        operands = (2**46, 0, 10**9, 0)
        cost = lambda s: (exact.reserve(mpf(s) / 2**46) - exact.reserve(mpf(0))) * 2**46  # noqa: E731
        most = max(s for s in range(1_999_900_000, 2_000_100_000, 1_000) if cost(s) <= 10**9 - 2)
        error, broken = exact.shares(operands, most + 10_000)
        assert "unspent" in broken
        assert error is not None
        assert "unspent" in exact.shares(operands, most - 10_000)[1]
