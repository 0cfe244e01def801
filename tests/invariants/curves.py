"""Both market makers as they are written down, at 50 digits, and the documented bounds of their rounding.

Nothing here knows how the programs calculate. Each function returns the least and the greatest integer
that docs/economics.md allows, both included; amounts are micro-units, prices 28 fractional bits.
"""

from __future__ import annotations

from functools import lru_cache
from math import isqrt
from typing import Any

import mpmath

__all__ = [
    "LMSR_MOST",
    "PM_AMM_MOST",
    "fee_rate",
    "liquidity_at",
    "lmsr_cost",
    "lmsr_escrow",
    "lmsr_price",
    "pm_amm_escrow",
    "pm_amm_price",
    "pm_amm_reserve",
    "premium",
    "rounding",
]

Bounds = tuple[int, int]

LMSR_MOST = 1 << 62
"""Largest quantity of an outcome under the LMSR, micro-shares."""
PM_AMM_MOST = 1 << 61
"""The same under the pm-AMM."""

CONTEXT: Any = mpmath.mp.clone()
CONTEXT.dps = 50
mpf = CONTEXT.mpf
ONE_Q28 = 1 << 28


def _from(exact: Any, width: int) -> Bounds:
    """Integers from an exact number on and less than `width` above it."""
    return int(CONTEXT.ceil(exact)), int(CONTEXT.ceil(exact + width)) - 1


def rounding(curve: int, liquidity: int) -> int:
    """What a trade pays so that it never pays less than the exact cost."""
    return 2 if curve else 2 + (liquidity >> 48)


def _log_sum(b: int, shares: tuple[int, ...]) -> Any:
    """ln of the sum of exp((q - top) / b): the part of C(q) above its largest quantity, over b."""
    top = max(shares)
    rest = list(shares)
    rest.remove(top)
    return CONTEXT.log1p(CONTEXT.fsum(CONTEXT.exp(mpf(q - top) / b) for q in rest))


@lru_cache(maxsize=1 << 16)
def lmsr_cost(b: int, shares: tuple[int, ...]) -> Any:
    """`C(q) = b ln sum exp(q / b)`."""
    return max(shares) + b * _log_sum(b, shares)


def lmsr_escrow(b: int, shares: tuple[int, ...]) -> Bounds:
    """Escrow of a market: from C(q) on, less than the rounding above it."""
    return _from(lmsr_cost(b, shares), rounding(0, b))


@lru_cache(maxsize=1 << 14)
def lmsr_price(b: int, shares: tuple[int, ...], outcome: int) -> Bounds:
    """A lower bound of an outcome's price, at most 0.2 % of it and 2^-24 below."""
    top = max(shares)
    terms = [CONTEXT.exp(mpf(q - top) / b) for q in shares]
    price = terms[outcome] / CONTEXT.fsum(terms)
    low = price * mpf("0.998") - mpf(2) ** -24
    return max(0, int(CONTEXT.floor(low * ONE_Q28))), int(CONTEXT.floor(price * ONE_Q28))


def _loss(z: Any) -> Any:
    """`K(z) = phi(z) - z Phi(-z)` for z >= 0; beyond 12 it is below 10^-32."""
    if z > 12:
        return mpf(0)
    return CONTEXT.npdf(z) - z * CONTEXT.ncdf(-z)


@lru_cache(maxsize=1 << 16)
def pm_amm_reserve(liquidity: int, magnitude: int) -> Any:
    """The smaller reserve of a pool whose reserves differ by `magnitude`, exactly."""
    return liquidity * _loss(mpf(magnitude) / liquidity)


def pm_amm_escrow(liquidity: int, delta: int, shares: tuple[int, ...]) -> Bounds:
    """Escrow of a pool at delta whose traders hold `shares`: the dearer outcome of traders and pool."""
    least, most = _from(pm_amm_reserve(liquidity, abs(delta)), 2)
    x, y = max(0, -delta), max(0, delta)
    dearer = max(shares[0] + x, shares[1] + y)
    return dearer + least, dearer + most


@lru_cache(maxsize=1 << 14)
def pm_amm_price(liquidity: int, delta: int, outcome: int) -> Bounds:
    """A lower bound of an outcome's price, at most two units of 2^-28 below it."""
    z = mpf(delta if outcome == 0 else -delta) / liquidity
    price = int(CONTEXT.floor(CONTEXT.ncdf(z) * ONE_Q28))
    return max(0, price - 2), price


def liquidity_at(full: int, opened_ms: int, close_ms: int, now_ms: int) -> Bounds:
    """`L0 sqrt((close - now) / (close - opened))`, rounded down, at most one too small; never below 1."""
    left, life = close_ms - max(now_ms, opened_ms), close_ms - opened_ms
    exact = isqrt(full * full * left // life)
    return max(1, exact - 1), max(1, exact)


@lru_cache(maxsize=1 << 14)
def fee_rate(base: int, slope: int, coverage_q32: int) -> Bounds:
    """`base + slope exp(-3 coverage)` in parts per million, rounded up, at most one too large."""
    if coverage_q32 >= 16 << 32:
        return base, base
    exact = int(CONTEXT.ceil(slope * CONTEXT.exp(mpf(-3 * coverage_q32) / (1 << 32))))
    return base + exact, base + min(slope, exact + 1)


def premium(debt: int, price_q28: int) -> int:
    """`debt (1 - price)`, rounded up."""
    return -(-debt * (ONE_Q28 - price_q28) // ONE_Q28)
