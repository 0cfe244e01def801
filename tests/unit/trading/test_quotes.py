"""The pure part of quoting, against the vectors of the programs' mathematics and against itself."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakwater.trading import quotes
from breakwater.trading.curves import LmsrCurve

VECTORS = Path(__file__).resolve().parents[2] / "vectors"

sides = st.lists(st.floats(0, 15), min_size=2, max_size=16)
liquidities = st.integers(10**6, 10**12)


def rows(name: str) -> list[list[Any]]:
    found: list[list[Any]] = json.loads((VECTORS / f"{name}.json").read_text())["rows"]
    return found


def test_caps_are_the_programs() -> None:
    for outcomes, cap in rows("tier_cap"):
        if isinstance(cap, str) and not cap.replace(".", "").isdigit():
            continue  # an error for a number of outcomes there is not
        assert quotes.tier_cap(outcomes) == math.floor(float(cap))
    for outcomes, coverage, cap in rows("leverage_cap"):
        if not cap.replace(".", "").isdigit():
            continue
        mine = quotes.leverage_cap(outcomes, coverage)
        assert mine == math.floor(float(cap)) or abs(mine - float(cap)) < 1e-3
        assert quotes.leverage_cap(outcomes, coverage, stale=True) == max(100, mine // 2)


def test_margins_and_fees_are_rounded_up() -> None:
    assert quotes.margin(100, 300) == 34
    assert quotes.margin(100, 100) == 100
    assert quotes.fee(1, 300) == 1
    assert quotes.fee(1_000_000, 300) == 300
    assert quotes.fee(0, 300) == 0


@given(sides, liquidities, st.floats(1e-6, 20), st.data())
def test_the_closed_form_is_the_difference_of_costs(
    quantities: list[float], b: int, size: float, data: st.DataObject
) -> None:
    shares = [int(each * b) for each in quantities]
    outcome = data.draw(st.integers(0, len(shares) - 1))
    more = max(1, int(size * b))
    curve = LmsrCurve.of(shares, b, outcome)

    def cost(q: list[int]) -> Any:
        return b * mpmath.log(mpmath.fsum(mpmath.exp(mpmath.mpf(each) / b) for each in q))

    with mpmath.workdps(60):
        after = [each + more * (i == outcome) for i, each in enumerate(shares)]
        exact = cost(after) - cost(shares)
        assert abs(curve.cost(more) - curve.rounding - exact) <= 1e-11 * exact + 1e-3
        back = LmsrCurve.of(after, b, outcome)
        assert abs(back.proceeds(more) - max(0, exact - curve.rounding)) <= 1e-11 * exact + 1e-3
    assert curve.moved(more) == pytest.approx(back.p, rel=1e-9)
    assert back.moved(-more) == pytest.approx(curve.p, rel=1e-9)


@given(sides, liquidities, st.floats(1e-4, 15), st.data())
def test_shares_for_a_sum_cost_that_sum(
    quantities: list[float], b: int, size: float, data: st.DataObject
) -> None:
    shares = [int(each * b) for each in quantities]
    curve = LmsrCurve.of(shares, b, data.draw(st.integers(0, len(shares) - 1)))
    notional = size * b
    found = curve.shares_for(notional)
    assert curve.cost(found) <= notional * (1 + 1e-12) + 1e-3
    assert curve.cost(found + 2) >= notional * (1 - 1e-12) - 1e-3


@given(st.integers(10**6, 10**11), st.floats(0.01, 3), st.floats(0.05, 0.9), st.integers(0, 3_000))
def test_at_the_underwater_price_the_proceeds_repay_the_loan(
    b: int, size: float, part: float, fee_ppm: int
) -> None:
    held = int(size * b)
    debt = int(part * b * -math.expm1(-size))
    price = quotes.underwater_price(LmsrCurve(0.5, 0.5, b), debt, held, fee_ppm)
    assert price is not None
    if price < 1:
        proceeds = LmsrCurve(price, 1 - price, b).proceeds(held)
        assert proceeds * (1 - fee_ppm / 1e6) == pytest.approx(debt, rel=1e-9, abs=1e-3)
    assert quotes.underwater_price(LmsrCurve(0.5, 0.5, b), 0, held, fee_ppm) is None


@given(
    st.sampled_from(["buy", "open"]),
    st.integers(10**3, 10**10),
    st.floats(0.02, 0.98),
    st.integers(100, 5_000),
    st.integers(0, 3_000),
)
def test_a_payment_is_spent_and_not_exceeded(
    side: Any, payment: int, p: float, leverage: int, fee_ppm: int
) -> None:
    curve = LmsrCurve(p, 1 - p, 10**9)
    leverage = leverage if side == "open" else 100
    found = quotes.shares_for(side, curve, payment, fee_ppm, leverage_x100=leverage)
    if found == 0:
        return
    spent = quotes.estimate(side, curve, found, fee_ppm, leverage_x100=leverage).amount
    more = quotes.estimate(side, curve, found + 200, fee_ppm, leverage_x100=leverage).amount
    assert spent <= payment + 3
    assert more >= payment


def test_limits_are_never_on_the_wrong_side_of_the_amount() -> None:
    assert quotes.limit_for("buy", 1_000_000, 50) == 1_005_000
    assert quotes.limit_for("open", 3, 0) == 3
    assert quotes.limit_for("sell", 1_000_001, 50) == 995_001
    assert quotes.limit_for("close", 1_000_001, 10_000) == 0


def test_a_close_that_does_not_repay_takes_from_the_balance() -> None:
    found = quotes.estimate("close", LmsrCurve(0.5, 0.5, 10**9), 10**8, 300, due=10**8)
    assert found.amount == 0
    assert found.shortfall == 10**8 - (found.notional - found.fee)
    assert found.loan == 10**8
