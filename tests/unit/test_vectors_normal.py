"""The golden vectors of the normal distribution and the pm-AMM against another evaluation of the formulas.

The generator takes the tail from erfc and finds roots by Newton's iteration, with 50 digits. This takes it
from the incomplete gamma function and a quadrature of the density, puts solutions back into their equation
instead of solving it, and works with 120 digits.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import mpmath
import pytest
from mpmath import mpf

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests" / "vectors"
Q48 = 2**48
MAX_L = 2**50
MIN_RESERVE = 2**20
DIGITS = 43
"""The files have 45."""

Row = list[Any]


@pytest.fixture(autouse=True)
def _precision() -> Any:
    with mpmath.workdps(120):
        yield


def rows(name: str) -> list[Row]:
    found: list[Row] = json.loads((VECTORS / f"{name}.json").read_text())["rows"]
    return found


def sample(name: str, every: int = 1) -> list[Row]:
    """Every so many rows whose expectation is a number."""
    found = [row for row in rows(name) if row[-1] != "Domain"]
    assert len(found) > 400
    return found[::every]


def density(z: Any) -> Any:
    return mpmath.e ** (-(z**2) / 2) / mpmath.sqrt(2 * mpmath.pi)


def tail(z: Any) -> Any:
    """Phi(-z), from the regularized incomplete gamma function."""
    half = mpmath.gammainc(mpf(1) / 2, z * z / 2, regularized=True) / 2
    return half if z >= 0 else 1 - half


def reserve(z: Any) -> Any:
    """G(z) = z Phi(z) + phi(z)"""
    return z * tail(-z) + density(z)


def agree(got: Any, want: str, row: Row) -> None:
    """To all digits of the file that count: below 10^-58 it says 0."""
    true = mpf(want)
    assert abs(got - true) <= max(abs(true) * mpf(10) ** -DIGITS, mpf(10) ** -58), row


def test_probabilities_are_incomplete_gamma_functions() -> None:
    for x, cdf in sample("phi_cdf", 2):
        agree(tail(-mpf(x) / Q48), cdf, [x, cdf])


def test_probabilities_are_integrals_of_the_density() -> None:
    with mpmath.workdps(40):
        for x, cdf in [row for row in sample("phi_cdf", 60) if abs(row[0]) < 8 * Q48]:
            z = mpf(x) / Q48
            integral = mpmath.mpf(1) / 2 + mpmath.quad(density, mpmath.linspace(0, z, 5))
            assert abs(integral - mpf(cdf)) < mpf(10) ** -30, x


def test_densities_are_those_of_the_formula() -> None:
    for x, pdf in sample("phi_pdf", 2):
        agree(density(mpf(x) / Q48), pdf, [x, pdf])


def test_quantiles_have_the_probability_they_are_of() -> None:
    for p, z in sample("phi_inverse", 2):
        true = mpf(p) / Q48
        # the generator's iteration ends at 10^-46, and what z lacks counts by the slope
        assert abs(tail(-mpf(z)) - true) <= max(1, abs(mpf(z))) * density(mpf(z)) * mpf(10) ** -DIGITS, p
        assert (mpf(z) < 0) == (2 * p < Q48)
        assert (mpf(z) == 0) == (2 * p == Q48)


def test_positions_have_the_reserve_they_are_of() -> None:
    for w, z in sample("pm_amm_solve", 2):
        true, solved = mpf(w) / Q48, mpf(z)
        slope = tail(-solved)
        assert abs(reserve(solved) - true) <= max(1, abs(solved)) * slope * mpf(10) ** -DIGITS, w


def test_trades_cost_the_integral_of_the_price() -> None:
    for size, delta, shares, cost, price in sample("pm_amm_trade", 2):
        before, after = mpf(delta) / size, mpf(delta + shares) / size
        agree(size * (reserve(after) - reserve(before)), cost, [size, delta, shares, cost])
        agree(tail(-before), price, [size, delta, price])


def test_the_invariant_holds_on_both_sides_of_every_trade() -> None:
    # (y - x) Phi((y - x) / L) + L phi((y - x) / L) = y; a trade adds its cost to y, less its shares to x
    for size, delta, shares, cost, _ in sample("pm_amm_trade", 20):
        y = size * reserve(mpf(delta) / size) + mpf(cost)
        x = size * reserve(-mpf(delta) / size) + mpf(cost) - shares
        z = (y - x) / size
        left = (y - x) * tail(-z) + size * density(z)
        assert abs(left - y) <= (abs(y) + abs(x) + 1) * mpf(10) ** -40, [size, delta, shares]


def test_refused_inputs_are_outside_the_domain() -> None:
    assert all((row[-1] == "Domain") == (not 0 < row[0] < Q48) for row in rows("phi_inverse"))
    assert all((row[-1] == "Domain") == (row[0] < MIN_RESERVE) for row in rows("pm_amm_solve"))
    assert all((row[-1] == "Domain") == (not 1 <= row[0] <= MAX_L) for row in rows("pm_amm_trade"))
    assert not [row for name in ("phi_cdf", "phi_pdf") for row in rows(name) if row[-1] == "Domain"]


def test_the_committed_files_are_what_the_script_makes() -> None:
    script = ROOT / "scripts" / "generate_normal.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
