"""The invariants' curves against mpmath's own integrals, sums and roots: another road to the same numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mpmath
import pytest
from mpmath import mpf
from tests.invariants import curves

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
UNIT = 10**6
POOLS = [(20_000 * UNIT, delta * UNIT) for delta in (0, 1, 250, 7_000, 31_000, 100_000)]


def reserves(liquidity: int, delta: int) -> tuple[Any, Any]:
    """Both reserves by their definition as an expected value: `y = E[max(0, delta + L Z)]`, by quadrature."""
    z = mpf(delta) / liquidity

    def positive_part(x: Any) -> Any:
        return (z + x) * mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi)

    y = liquidity * mpmath.quad(positive_part, [-z, 0, 2, 5, 10, 20, 40])
    return y - delta, y


@pytest.mark.parametrize(("liquidity", "delta"), POOLS)
def test_a_pools_reserves_keep_paradigms_invariant(liquidity: int, delta: int) -> None:
    with mpmath.workdps(30):
        x, y = reserves(liquidity, delta)
        assert abs(curves.pm_amm_reserve(liquidity, delta) - min(x, y)) < mpf(10) ** -9
        z = (y - x) / liquidity
        invariant = (y - x) * mpmath.ncdf(z) + liquidity * mpmath.npdf(z) - y
        assert abs(invariant) < mpf(10) ** -9


@pytest.mark.parametrize(("liquidity", "delta"), POOLS)
def test_a_pools_price_is_the_slope_of_its_reserve(liquidity: int, delta: int) -> None:
    with mpmath.workdps(40):
        slope = mpmath.diff(lambda d: reserves(liquidity, d)[1], mpf(delta), h=mpf(1))
        low, high = curves.pm_amm_price(liquidity, delta, 0)
        assert low - 1 <= slope * 2**28 < high + 2


def test_a_pools_escrow_is_its_dearer_outcome_and_starts_at_the_subsidy() -> None:
    with mpmath.workdps(30):
        even = 20_000 * UNIT / mpmath.sqrt(2 * mpmath.pi)
        assert curves.pm_amm_escrow(20_000 * UNIT, 0, (0, 0)) == (mpmath.ceil(even), mpmath.ceil(even) + 1)


@pytest.mark.parametrize("row", json.loads((VECTORS / "lmsr_cost.json").read_text())["rows"][::5])
def test_the_lmsr_is_the_logarithm_of_the_sum_of_exponentials(row: list[object]) -> None:
    b, quantities = int(str(row[0])), tuple(int(str(q)) for q in row[1])  # type: ignore[attr-defined]
    with mpmath.workdps(60):
        exact = b * mpmath.log(mpmath.fsum(mpmath.exp(mpf(q) / b) for q in quantities))
        low, high = curves.lmsr_escrow(b, quantities)
        assert exact <= low + mpf(10) ** -20
        assert low - exact < 1
        assert high - low == 1 + (b >> 48)


def test_the_price_floor_is_below_the_price_but_not_far() -> None:
    b, shares = 3_000 * UNIT, (500 * UNIT, 0, 1_000 * UNIT)
    price = mpmath.exp(mpf(1) / 3) / (mpmath.exp(mpf(1) / 6) + 1 + mpmath.exp(mpf(1) / 3))
    low, high = curves.lmsr_price(b, shares, 2)
    assert low < price * 2**28
    assert high == int(price * 2**28)
    assert price * 2**28 - low < 0.0021 * price * 2**28 + 32


def test_decay_is_the_root_of_the_time_left() -> None:
    full = 20_000 * UNIT
    assert curves.liquidity_at(full, 0, 1_000, 750)[1] == full // 2
    assert curves.liquidity_at(full, 0, 1_000, 0) == (full - 1, full)
    assert curves.liquidity_at(1, 0, 1_000, 999) == (1, 1)


def test_the_fee_falls_from_the_slope_to_the_base() -> None:
    assert curves.fee_rate(300, 2_500, 0) == (2_800, 2_800)
    assert curves.fee_rate(300, 2_500, 16 << 32) == (300, 300)
    assert curves.fee_rate(300, 2_500, 1 << 32)[0] == 300 + int(mpmath.ceil(2_500 * mpmath.exp(-3)))
