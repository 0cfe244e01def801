"""Write the tables of the normal distribution and the pm-AMM's golden vectors from 50-digit arithmetic.

Usage: generate_normal.py [--check]. With --check nothing is written; the exit status says whether the
committed files are what this script makes.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import mpmath
from mpmath import mpf

import _generated
from _generated import Files, Row, lengths, write_or_check

TABLES = Path("crates/math/src/normal_tables.rs")
ONE = 2**48
MAX_L = 2**50
MAX_DELTA = 2**61

mpmath.mp.dps = 50


def tail(z: mpf) -> mpf:
    """Phi(-z)"""
    return mpmath.erfc(z / mpmath.sqrt(2)) / 2


def density(z: mpf) -> mpf:
    return mpmath.exp(-z * z / 2) / mpmath.sqrt(2 * mpmath.pi)


def loss(z: mpf) -> mpf:
    """The unit normal loss phi(z) - z Phi(-z): the smaller reserve of a pool at z, for a liquidity of one."""
    with mpmath.workdps(80):
        return density(z) - z * tail(z)


def reserve(z: mpf) -> mpf:
    """G(z) = z Phi(z) + phi(z)"""
    return loss(-z)


def root(f: Callable[[mpf], mpf], slope: Callable[[mpf], mpf], low: mpf, high: mpf) -> mpf:
    """The zero of a rising function between two bounds: Newton's iteration, halving where it leaves them."""
    z = (low + high) / 2
    for _ in range(400):
        value = f(z)
        low, high = (z, high) if value < 0 else (low, z)
        following = z - value / slope(z)
        # before the bounds are asked: the zero itself may have become one of them
        if abs(following - z) < mpf(10) ** -46:
            return following
        if not low < following < high:
            following = (low + high) / 2
        z = following
    raise ArithmeticError("no convergence")


def quantile_of_tail(t: mpf) -> mpf:
    """z with Phi(-z) = e^-t, negative below t = ln 2."""
    return root(
        lambda z: -t - mpmath.log(tail(z)), lambda z: density(z) / tail(z), mpf(-2), mpmath.sqrt(2 * t) + 1
    )


def quantile_of_loss(t: mpf) -> mpf:
    """z with phi(z) - z Phi(-z) = e^-t"""
    return root(
        lambda z: -t - mpmath.log(loss(z)), lambda z: tail(z) / loss(z), mpf(-3), mpmath.sqrt(2 * t) + 1
    )


def position(w: mpf) -> mpf:
    """z with G(z) = w"""
    return root(lambda z: mpmath.log(reserve(z) / w), lambda z: tail(-z) / reserve(z), mpf(-20), w + 1)


def nearest(value: mpf) -> int:
    return int(mpmath.nint(value))


def interpolate(f: Callable[[mpf], mpf], middle: mpf, radius: mpf, unit: mpf, terms: int) -> list[mpf]:
    """Coefficients in (x - middle) / unit, constant first, of the polynomial at Chebyshev's points."""
    points = [radius * mpmath.cos(mpmath.pi * (2 * k + 1) / (2 * terms)) for k in range(terms)]
    matrix = mpmath.matrix([[(x / unit) ** power for power in range(terms)] for x in points])
    return list(mpmath.lu_solve(matrix, mpmath.matrix([f(middle + x) for x in points])))


def words(cell: list[int]) -> str:
    if not all(-(2**63) <= word < 2**63 for word in cell):
        raise OverflowError(cell)
    return "[" + ", ".join(f"{word:#x}" for word in cell) + "]"


def normal_cell(i: int) -> list[int]:
    middle, radius = mpf(2 * i + 1) / 32, mpf(1) / 32
    a = interpolate(tail, middle, radius, mpf(1), 7)
    b = [value / (n + 1) for n, value in enumerate(a)]
    # the constant of the integral: what makes the loss exact in the middle
    return [nearest(loss(middle) * 2**64)] + [
        nearest(b[n] * mpf(2) ** (64 if n < 3 else 37)) for n in range(7)
    ]


def octave_cell(f: Callable[[mpf], mpf], i: int, terms: int) -> list[int]:
    """Cell i of the sixteen an octave that start at t = 1/2."""
    width = mpf(2) ** (i // 16 - 5)
    middle = mpf(2) ** (i // 16 - 1) + width * (i % 16 + mpf(1) / 2)
    return [nearest(c * 2**60) for c in interpolate(f, middle, width / 2, width, terms)]


def wide_cell(i: int) -> list[int]:
    width = mpf(1) / 16
    return [nearest(c * 2**60) for c in interpolate(position, width * (i + mpf(1) / 2), width / 2, width, 4)]


def table(name: str, comment: str, cells: list[list[int]]) -> str:
    lines = "\n".join(f"    {words(cell)}," for cell in cells)
    head = f"pub(crate) static {name}: [[i64; {len(cells[0])}]; {len(cells)}] = ["
    return f"{comment}\n{head}\n{lines}\n];\n"


FIRST_TAIL = 6  # the cell of t = ln 2
FIRST_LOSS = 13  # the cell of t = -ln phi(0)
FIRST_WIDE = 6  # the cell of w = phi(0)


def tables() -> str:
    normal = [normal_cell(i) for i in range(128)]
    quantile = [octave_cell(quantile_of_tail, i, 8) for i in range(FIRST_TAIL, 97)]
    guess = [octave_cell(quantile_of_loss, i, 4) for i in range(FIRST_LOSS, 98)]
    wide = [wide_cell(i) for i in range(FIRST_WIDE, 128)]
    parts = [
        f"""\
//! Tables of the normal distribution, written by `scripts/generate_normal.py`: change that, not this.

/// phi(0) = 1 / sqrt(2 pi)
pub(crate) const DENSITY_0_Q64: u64 = {nearest(density(mpf(0)) * 2**64):#x};
/// log2(e) / 2
pub(crate) const HALF_LOG2E_Q64: u64 = {int(mpmath.floor(2**63 / mpmath.ln2)):#x};
/// The first cell of [`QUANTILE`], counted from t = 1/2
pub(crate) const FIRST_TAIL: u64 = {FIRST_TAIL};
/// The first cell of [`GUESS`], counted from t = 1/2
pub(crate) const FIRST_LOSS: u64 = {FIRST_LOSS};
/// The first cell of [`WIDE`], counted from w = 0
pub(crate) const FIRST_WIDE: u64 = {FIRST_WIDE};
""",
        table(
            "NORMAL",
            """\
/// The sixteenth from i / 16, h counted from its middle: the loss `K = k - h (b0 + h (b1 + h (b2 + ...)))`,
/// and the tail `Q = b0 + h (2 b1 + h (3 b2 + ...))`. k, b0, b1, b2 in Q64, b3 to b6 in Q37.""",
            normal,
        ),
        table(
            "QUANTILE",
            """\
/// z with Phi(-z) = e^-t over sixteenths of octaves of t, in powers of the distance from the cell's middle
/// over its width; Q60""",
            quantile,
        ),
        table("GUESS", "/// z with K(z) = e^-t, likewise", guess),
        table("WIDE", "/// z with z + K(z) = w over sixteenths of w, likewise", wide),
    ]
    return "\n".join(parts)


decimal = partial(_generated.decimal, digits=45)


def arguments(rng: random.Random) -> Iterator[int]:
    """Arguments of Phi and phi: every cell and its edges, the limits, zero's surroundings."""
    yield from (0, 1, -1, 2**63 - 1, -(2**63), 1 - 2**63)
    for sign in (1, -1):
        yield from (sign * ((i * ONE) // 16 + d) for i in range(131) for d in (-1, 0, 1))
        yield from (
            sign * rng.randint(i * ONE // 16, (i + 1) * ONE // 16) for i in range(130) for _ in range(2)
        )
        yield from (sign * lengths(rng, 48) for _ in range(60))


def cdf_rows(rng: random.Random) -> Iterator[Row]:
    for x in arguments(rng):
        yield [x, decimal(tail(-mpf(x) / ONE))]


def pdf_rows(rng: random.Random) -> Iterator[Row]:
    for x in arguments(rng):
        yield [x, decimal(density(mpf(x) / ONE))]


def inverse_rows(rng: random.Random) -> Iterator[Row]:
    near = [ONE // 2 + sign * lengths(rng, 46) for sign in (1, -1) for _ in range(60)]
    powers = [2**k + d for k in range(1, 48) for d in (-1, 0, 1)]
    small = [*powers, *(max(1, lengths(rng, 47)) for _ in range(200))]
    for p in [
        1,
        ONE - 1,
        ONE // 2,
        *near,
        *small,
        *(ONE - p for p in small),
        *(rng.randrange(1, ONE) for _ in range(200)),
    ]:
        if p * 2 == ONE:
            yield [p, "0"]
            continue
        z = quantile_of_tail(-mpmath.log(mpf(min(p, ONE - p)) / ONE))
        yield [p, decimal(-z if 2 * p < ONE else z)]
    for p in (0, -1, ONE, ONE + 1, 2**63 - 1, -(2**63)):
        yield [p, "Domain"]


def solve_rows(rng: random.Random) -> Iterator[Row]:
    """w and z with G(z) = w."""
    edges = [2**20, 2**20 + 1, nearest(density(mpf(0)) * ONE), ONE, 8 * ONE - 1, 8 * ONE, 2**63 - 1]
    cells = [(i * ONE) // 16 + d for i in range(1, 130) for d in (-1, 0, 1)]
    small = [2**20 + rng.getrandbits(rng.randint(18, 47)) for _ in range(300)]
    for w in [*edges, *cells, *small, *(rng.randrange(2**20, 9 * ONE) for _ in range(300))]:
        yield [w, decimal(position(mpf(w) / ONE))]
    for w in (2**20 - 1, 1, 0, -1, -(2**63)):
        yield [w, "Domain"]


def trade_rows(rng: random.Random) -> Iterator[Row]:
    """A pool, and what some shares of the first outcome cost: l, delta, shares, cost, price before."""
    for _ in range(600):
        liquidity = max(1, lengths(rng, 50))
        z = rng.choice((0.1, 1, 3, 6, 12))
        delta = max(-MAX_DELTA, min(MAX_DELTA, int(liquidity * rng.uniform(-z, z))))
        shares = max(1, int(liquidity * rng.uniform(0, rng.choice((0.001, 0.1, 2, 10)))))
        yield trade_row(liquidity, delta, shares)
    for liquidity in (1, 2, 10**6, 10**12, MAX_L - 1, MAX_L):
        for delta in (
            0,
            1,
            -1,
            8 * liquidity - 1,
            8 * liquidity,
            -8 * liquidity,
            8 * liquidity + 1,
            MAX_DELTA,
            -MAX_DELTA,
        ):
            for shares in (1, liquidity, 16 * liquidity):
                yield trade_row(liquidity, delta, shares)
    for liquidity in (0, MAX_L + 1):
        yield [liquidity, 0, 1, "Domain", "Domain"]


def trade_row(liquidity: int, delta: int, shares: int) -> Row:
    with mpmath.workdps(80):
        before, after = mpf(delta) / liquidity, mpf(delta + shares) / liquidity
        return [
            liquidity,
            delta,
            shares,
            decimal(liquidity * (reserve(after) - reserve(before))),
            decimal(tail(-before)),
        ]


FILES: Files = {
    "phi_cdf": (["x_q48", "cdf"], cdf_rows),
    "phi_pdf": (["x_q48", "pdf"], pdf_rows),
    "phi_inverse": (["p_q48", "z"], inverse_rows),
    "pm_amm_solve": (["w_q48", "z"], solve_rows),
    "pm_amm_trade": (["l", "delta", "shares", "cost", "price"], trade_rows),
}


if __name__ == "__main__":
    sys.exit(write_or_check(__doc__, TABLES, tables, FILES))
