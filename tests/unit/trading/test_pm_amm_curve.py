"""The pm-AMM's curve in floats, against its invariant in mpmath."""

from __future__ import annotations

from typing import Any

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakwater.trading.curves import LmsrCurve, PmAmmCurve, Pool, curve_of

UNIT = 10**6
positions = st.floats(-7, 7)
sizes = st.floats(1e-6, 5)


def reserve(z: Any) -> Any:
    return z * mpmath.ncdf(z) + mpmath.npdf(z)


@given(positions, sizes)
def test_a_purchase_adds_its_cost_to_the_reserve(z: float, size: float) -> None:
    curve = PmAmmCurve(z, 1_000 * UNIT)
    shares = max(1, int(size * curve.l))
    with mpmath.workdps(50):
        after = mpmath.mpf(z) + mpmath.mpf(shares) / curve.l
        exact = curve.l * (reserve(after) - reserve(mpmath.mpf(z)))
    assert curve.cost(shares) - curve.rounding == pytest.approx(float(exact), rel=1e-9, abs=1e-3)
    back = PmAmmCurve(float(after), curve.l)
    assert back.proceeds(shares) == pytest.approx(max(0.0, float(exact) - 2), rel=1e-9, abs=1e-3)
    assert curve.moved(shares) == pytest.approx(back.p, rel=1e-9)


@given(positions, sizes)
def test_shares_for_a_sum_cost_that_sum(z: float, size: float) -> None:
    curve = PmAmmCurve(z, 1_000 * UNIT)
    notional = size * curve.l
    found = curve.shares_for(notional)
    assert curve.cost(found) <= notional
    assert curve.cost(found + 1) > notional


@given(positions, sizes, st.floats(0.01, 0.9))
def test_at_the_underwater_price_the_proceeds_are_the_debt(z: float, size: float, part: float) -> None:
    curve = PmAmmCurve(z, 1_000 * UNIT)
    shares = max(10 * UNIT, int(size * curve.l))
    debt = part * shares
    price = curve.underwater_price(debt, shares)
    low, high = PmAmmCurve(-8.0, curve.l), PmAmmCurve(8.0 + shares / curve.l, curve.l)
    assert low.p <= price <= 1
    assert high.proceeds(shares) >= debt
    at = (
        PmAmmCurve(float(mpmath.sqrt(2) * mpmath.erfinv(2 * price - 1)), curve.l)
        if 1e-9 < price < 1 - 1e-9
        else None
    )
    if at is not None:
        assert at.proceeds(shares) == pytest.approx(debt, rel=1e-5, abs=10)


def test_both_outcomes_together_cost_one() -> None:
    shares = (300 * UNIT, 1_100 * UNIT)
    first, second = (curve_of(1, shares, Pool(1_000 * UNIT), outcome) for outcome in (0, 1))
    assert first.p + second.p == pytest.approx(1)
    assert second.p == pytest.approx(float(mpmath.ncdf(0.8)))
    assert isinstance(curve_of(0, shares, Pool(1_000 * UNIT), 0), LmsrCurve)
