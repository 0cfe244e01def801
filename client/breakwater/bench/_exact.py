"""What the functions should give, in 50 digits of mpmath, and how far from it they are.

Everything here has to run inside `digits`. An error is scaled, `|value - true| / max(|true|, 0.01)`: relative
down to a hundredth and absolute below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath
from mpmath import mpf

from ._arguments import ONE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

__all__ = ["Deviation", "amount", "digits", "lmsr_cost", "normal_quantile", "pool_cost", "position", "scaled"]

DIGITS = 50
SMALL = mpf("0.01")
FINE = 2**46
"""From this liquidity on (70 million units) micro-units are fine enough to judge amounts as real numbers."""
POOL_ROUNDING = 2
"""What a pool's trade pays besides the difference of two reserves, in micro-units."""

Deviation = tuple[float | None, str]
"""The scaled error, None where there is none to tell, and which rule the value breaks, "" for none."""


def digits(count: int = DIGITS) -> AbstractContextManager[Any]:
    """The context of every function here."""
    return mpmath.workdps(count)  # type: ignore[no-any-return, no-untyped-call]


def scaled(value: Any, true: Any) -> float:
    """The scaled error."""
    return float(abs(value - true) / max(abs(true), SMALL))


def density(z: Any) -> Any:
    return mpmath.exp(-z * z / 2) / mpmath.sqrt(2 * mpmath.pi)


def below(z: Any) -> Any:
    """Phi(z), exact in both tails."""
    return mpmath.erfc(-z / mpmath.sqrt(2)) / 2


def reserve(z: Any) -> Any:
    """G(z) = z Phi(z) + phi(z), whose terms cancel on the left: there with more digits."""
    with digits(DIGITS + 30):
        return z * below(z) + density(z)


def root(f: Callable[[Any], Any], slope: Callable[[Any], Any], near: Any, low: Any, high: Any) -> Any:
    """The zero of a rising function: Newton's iteration, halving where it leaves the bounds.

    It may start from the value under test, because it ends at the zero from wherever it starts.
    """
    z = near if low < near < high else (low + high) / 2
    for _ in range(400):
        value = f(z)
        low, high = (z, high) if value < 0 else (low, z)
        following = z - value / slope(z)
        if not low <= following <= high:
            following = (low + high) / 2
        if abs(following - z) < mpf(10) ** -40:
            return following
        z = following
    raise ArithmeticError("no convergence")


def normal_quantile(p: Any, near: Any) -> Any:
    """z with Phi(z) = p."""
    return root(lambda z: below(z) - p, density, near, mpf(-12), mpf(12))


def position(w: Any, near: Any) -> Any:
    """z with G(z) = w."""
    return root(lambda z: reserve(z) - w, below, near, mpf(-12), w + 1)


def amount(value: int, true: Any, rounding: int, liquidity: int) -> Deviation:
    """An amount of micro-units, which may be above the true one by less than `rounding`, and never below."""
    broken = "" if true <= value < true + rounding else f"is not from {true} to {rounding} above it"
    return scaled(mpf(value) / liquidity, true / liquidity) if liquidity >= FINE else None, broken


def lmsr_cost(operands: Sequence[int], value: int) -> Deviation:
    """The escrow of an LMSR market."""
    b, q = operands[1], operands[3:]
    top = max(q)
    true = top + b * mpmath.log(sum(mpmath.exp(mpf(x - top) / b) for x in q))
    return amount(value, true, (b >> 48) + 2, b)


def pool_cost(operands: Sequence[int], value: int) -> Deviation:
    """The escrow of a pool: what the traders of an outcome hold, and the pool's reserve of it."""
    size, _, first, second = operands
    true = second + size * reserve(mpf(first - second) / size)
    return amount(value, true, POOL_ROUNDING, size)


def shares(operands: Sequence[int], value: int) -> Deviation:
    """What collateral buys. Its error is that of the reserve the shares lead to, for a liquidity of one.

    The shares truly cost at most the collateral. What may be left of it are the roundings, and the price of
    the one more share that it does not pay for.
    """
    size, delta, paid, outcome = operands[:4]
    delta = -delta if outcome else delta
    before, after = (reserve(mpf(d) / size) for d in (delta, delta + value))
    cost = (after - before) * size
    unspent = paid - cost
    broken = "" if 0 <= unspent <= 2 * POOL_ROUNDING + 1 else f"leaves {float(unspent):.6f} of {paid} unspent"
    target = before + mpf(paid - POOL_ROUNDING) / size
    return scaled(after, target) if size >= FINE else None, broken


def q48(value: int) -> Any:
    """A word as the signed number of 48 fractional bits that it is."""
    return mpf(value - 2**64 if value >= 2**63 else value) / ONE
