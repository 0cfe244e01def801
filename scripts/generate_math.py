"""Write the tables of crates/math and the golden vectors of tests/vectors from 50-digit arithmetic.

Usage: generate_math.py [--check]. With --check nothing is written; the exit status says whether the committed
files are what this script makes.
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

TABLES = Path("crates/math/src/tables.rs")
U64 = 2**64 - 1
ONE = 2**48
SATURATED = U64
MAX_B, MAX_QUANTITY = 2**56, 2**62

mpmath.mp.dps = 80


def nearest(value: mpf) -> int:
    return int(mpmath.nint(value))


def interpolate(f: Callable[[mpf], mpf], low: mpf, high: mpf, terms: int) -> list[mpf]:
    """Coefficients, constant first, of the polynomial through f at Chebyshev's points of [low, high]."""
    middle, radius = (low + high) / 2, (high - low) / 2
    points = [middle + radius * mpmath.cos(mpmath.pi * (2 * k + 1) / (2 * terms)) for k in range(terms)]
    matrix = mpmath.matrix([[x**power for power in range(terms)] for x in points])
    return list(mpmath.lu_solve(matrix, mpmath.matrix([f(x) for x in points])))


def ln_entry(index: int) -> int:
    """-ln c in Q64 with c, the reciprocal of the interval's middle in Q12, as its lowest 12 bits."""
    c = nearest(4096 / (1 + mpf(2 * index + 1) / 1024))
    exact = -mpmath.log(mpf(c) / 4096) * 2**64
    return nearest((exact - c) / 4096) * 4096 + c


def rows(values: list[str], per_row: int) -> str:
    lines = [", ".join(values[i : i + per_row]) for i in range(0, len(values), per_row)]
    return "\n".join(f"    {line}," for line in lines)


def tables() -> str:
    # (1 - 2^-g) / g on [0, 2^-10]; the signs alternate, so the coefficients are stored positive
    e1, e2, e3 = interpolate(lambda g: (1 - 2**-g) / g, mpf(0), mpf(2) ** -10, 3)
    reach = max(
        abs(end * (ln_entry(i) & 0xFFF) / 4096 - 1)
        for i in range(512)
        for end in (1 + mpf(i) / 512, 1 + mpf(i + 1) / 512)
    )
    # (z - ln(1 + z)) / z^2 on the range of z, as its series: the quotient cancels
    l0, l1, l2 = interpolate(lambda z: sum((-z) ** k / (k + 2) for k in range(20)), -reach, reach, 3)
    exp2 = [nearest(mpf(2) ** (63 - mpf(i) / 1024)) for i in range(1024)]
    caps = [max(100, int(mpmath.floor(5000 * mpmath.sqrt(mpf(2) / n)))) for n in range(2, 17)]
    roots = [int(mpmath.floor(10_000 / mpmath.sqrt(n) * 2**18)) for n in range(2, 17)]
    return f"""\
//! Tables and polynomial coefficients, written by `scripts/generate_math.py`: change that, not this.

/// log2 e
pub(crate) const LOG2E_Q63: u64 = {int(mpmath.floor(2**63 / mpmath.ln2)):#x};
/// log2 e as high and low word of Q127
pub(crate) const LOG2E_Q127: (u64, u64) = {words(2**127 / mpmath.ln2)};
/// ln 2
pub(crate) const LN2_Q57: i64 = {nearest(mpmath.ln2 * 2**57):#x};
/// ln 2
pub(crate) const LN2_Q62: u64 = {nearest(mpmath.ln2 * 2**62):#x};

/// 15 ln 2 in Q48, rounded up: e^x fits below
pub(crate) const EXP_LIMIT_Q48: i64 = {int(mpmath.ceil(15 * mpmath.ln2 * 2**48)):#x};

/// `1 - 2^-g = g (E1 - g (E2 - g E3))` for 0 <= g < 2^-10
pub(crate) const E1_Q64: u64 = {nearest(e1 * 2**64):#x};
pub(crate) const E2_Q32: u64 = {nearest(-e2 * 2**32):#x};
pub(crate) const E3_Q32: u64 = {nearest(e3 * 2**32):#x};

/// `ln(1 + z) = z - z^2 (L0 - z (L1 - z L2))` for |z| <= 2^{mpmath.nstr(mpmath.log(reach, 2), 4)}
pub(crate) const L0_Q32: i64 = {nearest(l0 * 2**32):#x};
pub(crate) const L1_Q32: i64 = {nearest(-l1 * 2**32):#x};
pub(crate) const L2_Q32: i64 = {nearest(l2 * 2**32):#x};

/// floor(5000 sqrt(2 / N)) for N = 2 to 16 outcomes: the leverage cap in hundredths
pub(crate) const TIER_CAP: [u16; 15] = [{", ".join(map(str, caps))}];
/// floor(2^18 * 10,000 / sqrt N) for N = 2 to 16: hundredths of leverage per unit of coverage
pub(crate) const X100_OVER_ROOT_Q18: [u32; 15] = [
{rows([str(r) for r in roots], 8)}
];

/// 2^-(i / 1024) in Q63, low half first
pub(crate) static EXP2: [[u32; 2]; 1024] = [
{rows([f"[{v & 0xFFFFFFFF:#x}, {v >> 32:#x}]" for v in exp2], 4)}
];

/// -ln c in Q64, whose 12 lowest bits are c in Q12: the middle of [1 + i / 512, 1 + (i + 1) / 512), inverted
pub(crate) static LN: [u64; 512] = [
{rows([f"{ln_entry(i):#x}" for i in range(512)], 5)}
];
"""


def words(value: mpf) -> str:
    whole = int(mpmath.floor(value))
    return f"({whole >> 64:#x}, {whole & (2**64 - 1):#x})"


decimal = partial(_generated.decimal, digits=51)


def whole(value: int) -> str:
    return str(value) if value <= U64 else "Overflow"


def exp_rows(rng: random.Random) -> Iterator[Row]:
    limit = int(mpmath.ceil(15 * mpmath.ln2 * ONE))
    edges = [0, 1, -1, ONE, -ONE, limit - 1, limit, limit + 1, -34 * ONE, -34 * ONE - 1, 1 - 34 * ONE]
    edges += [2**63 - 1, -(2**63)] + [
        nearest(k * mpmath.ln2 * ONE) + d for k in range(-49, 15) for d in (-1, 0, 1)
    ]
    interior = [rng.randint(-34 * ONE, limit - 1) for _ in range(300)]
    tiny = [rng.choice((-1, 1)) * lengths(rng, 48) for _ in range(100)]
    for x in edges + interior + tiny:
        yield [x, "Overflow" if x >= limit else decimal(mpmath.exp(mpf(x) / ONE))]


def ln_rows(rng: random.Random) -> Iterator[Row]:
    edges = [0, -1, -(2**63), 1, 2, 3, 2**63 - 1] + [2**k + d for k in range(1, 63) for d in (-1, 0, 1)]
    around_one = [ONE + rng.choice((-1, 1)) * lengths(rng, 46) for _ in range(150)]
    for x in edges + around_one + [max(1, lengths(rng, 63)) for _ in range(300)]:
        yield [x, "Domain" if x <= 0 else decimal(mpmath.log(mpf(x) / ONE))]


def markets(rng: random.Random, count: int) -> Iterator[tuple[int, list[int]]]:
    """Liquidity and quantities inside the domain: edges, then `count` random ones a number of outcomes."""
    for b in (1, 2, 3, 10**6, 10**13, MAX_B - 1, MAX_B):
        yield b, [0, 0]
        yield b, [0] * 16
        yield b, [MAX_QUANTITY] * 3
        yield b, [MAX_QUANTITY, 0]
        for d in (1, b, 40 * b - 1, 40 * b, 40 * b + 1):
            if d <= MAX_QUANTITY:
                yield b, [d, 0]
                yield b, [0] * 7 + [d]
                yield b, [0] + [d] * 15
    for n in range(2, 17):
        for _ in range(count):
            b = max(1, lengths(rng, 56))
            base = lengths(rng, 61) if rng.random() < 0.5 else 0
            spread = rng.choice((1, 2, 5, 20, 45))
            yield b, [min(base + rng.randint(0, b * spread), MAX_QUANTITY) for _ in range(n)]


def exact_cost(b: int, q: list[int]) -> mpf:
    """C / b, stable."""
    top = max(q)
    return mpf(top) / b + mpmath.log(sum(mpmath.exp(mpf(x - top) / b) for x in q))


def outside(b: int, q: list[int]) -> str | None:
    if not 1 <= b <= MAX_B or not 2 <= len(q) <= 16:
        return "Domain"
    return "Overflow" if max(q) > MAX_QUANTITY else None


BAD_MARKETS: list[tuple[int, list[int]]] = [
    (0, [0, 0]),
    (MAX_B + 1, [0, 0]),
    (10**6, [0]),
    (10**6, [0] * 17),
    (10**6, [MAX_QUANTITY + 1, 0]),
    (10**6, [0, MAX_QUANTITY + 1, 0]),
    (10**6, [0, U64]),
]


def lmsr_cost_rows(rng: random.Random) -> Iterator[Row]:
    for b, q in [*markets(rng, 20), *BAD_MARKETS]:
        error = outside(b, q)
        if error:
            yield [b, q, error, error]
            continue
        normalised = exact_cost(b, q)
        # the fixed-point value is up to two units below the real one, so the last two have no vector
        fits = normalised < 32768
        yield [b, q, decimal(normalised * b), decimal(normalised) if fits else "Overflow"]


def lmsr_price_rows(rng: random.Random) -> Iterator[Row]:
    for b, q in [*markets(rng, 16), *BAD_MARKETS]:
        outcome = rng.randrange(len(q))
        yield [
            b,
            q,
            outcome,
            outside(b, q) or decimal(mpmath.exp(mpf(q[outcome]) / b - exact_cost(b, q))),
        ]
    yield [10**6, [0, 0], 2, "Domain"]


def fee_rate_rows(rng: random.Random) -> Iterator[Row]:
    edges = [0, 1, 2**31, 2**32, 2**34, 2**36 - 1]
    for coverage in [
        *edges,
        *(lengths(rng, 36) for _ in range(150)),
        *(rng.randint(0, 2**34) for _ in range(150)),
    ]:
        base, slope = (300, 2500) if rng.random() < 0.7 else (lengths(rng, 20), lengths(rng, 30))
        yield [base, slope, coverage, decimal(base + slope * mpmath.exp(-3 * mpf(coverage) / 2**32))]
    for coverage in (2**36, 2**36 + 1, U64):
        yield [300, 2500, coverage, "300"]
    yield [2**32 - 1, 1, 0, "Overflow"]


def leverage_cap_rows(rng: random.Random) -> Iterator[Row]:
    for n in range(2, 17):
        tier = mpmath.floor(5000 * mpmath.sqrt(mpf(2) / n))
        for coverage in [0, 2**32, 70 * 2**32, 71 * 2**32, U64, *(lengths(rng, 33) for _ in range(40))]:
            yield [
                n,
                coverage,
                decimal(max(mpf(100), min(tier, mpf(coverage) / 2**32 * 10_000 / mpmath.sqrt(n)))),
            ]
    for n in (0, 1, 17):
        yield [n, 2**32, "Domain"]


def ratio(a: int, b: int, c: int, up: bool) -> str:
    if c == 0:
        return "DivisionByZero"
    return whole(-(-a * b // c) if up else a * b // c)


def mul_div_rows(rng: random.Random) -> Iterator[Row]:
    edges = [0, 1, 2, 2**32 - 1, 2**32, 2**63, U64 - 1, U64]
    triples = [(a, b, c) for a in edges for b in edges for c in edges]
    triples += [(lengths(rng), lengths(rng), lengths(rng)) for _ in range(300)]
    for _ in range(200):  # quotients of two words' length that fit, and exact ones
        c, quotient = lengths(rng) | 1, lengths(rng)
        a = max(c, rng.getrandbits(64))
        triples += [(a, quotient * c // a, c), (c, quotient, c)]
    for i, (a, b, c) in enumerate(triples):
        up = i % 2 == 1
        yield [a, b, c, "Up" if up else "Down", ratio(a, b, c, up)]


def fee_rows(rng: random.Random) -> Iterator[Row]:
    for _ in range(100):
        notional, rate = lengths(rng), lengths(rng, 20)
        yield [notional, rate, ratio(notional, rate, 10**6, True)]
    yield [U64, 2**32 - 1, "Overflow"]


def margin_rows(rng: random.Random) -> Iterator[Row]:
    for _ in range(100):
        notional, leverage = lengths(rng), rng.randint(100, 5000)
        yield [notional, leverage, ratio(notional, 100, leverage, True)]
    yield [U64, 100, str(U64)]
    yield [U64, 2**16 - 1, ratio(U64, 100, 2**16 - 1, True)]
    yield [1, 99, "Domain"]


def coverage_rows(rng: random.Random) -> Iterator[Row]:
    for free, debt in [
        (0, 0),
        (0, 1),
        (1, 0),
        (U64, 1),
        (2**32, 1),
        *((lengths(rng), lengths(rng)) for _ in range(100)),
    ]:
        exact = SATURATED if debt == 0 else free * 2**32 // debt
        yield [free, debt, str(0 if free == 0 else min(exact, SATURATED))]


def max_debt_rows(rng: random.Random) -> Iterator[Row]:
    for free, least in [
        (0, 0),
        (1, 0),
        (U64, 2**32),
        (U64, 2**32 - 1),
        *((lengths(rng), lengths(rng, 40)) for _ in range(100)),
    ]:
        yield [free, least, ratio(free, 2**32, least, False)]


def shares_for_deposit_rows(rng: random.Random) -> Iterator[Row]:
    for _ in range(100):
        amount, supply, nav = (lengths(rng, 62) for _ in range(3))
        yield [amount, supply, nav, ratio(amount, supply + 10**6, nav + 10**6, False)]
    yield [1, U64, 0, "Overflow"]
    yield [1, 0, U64 - 10**6 + 1, "Overflow"]


def value_of_shares_rows(rng: random.Random) -> Iterator[Row]:
    for _ in range(100):
        supply, nav = lengths(rng, 62), lengths(rng, 62)
        shares = rng.randint(0, supply)
        yield [shares, supply, nav, str(min(shares * (nav + 10**6) // (supply + 10**6), nav))]
    yield [1, 0, 10**6, "Domain"]
    yield [0, U64, 0, "Overflow"]


def isqrt_rows(rng: random.Random) -> Iterator[Row]:
    roots = [max(1, lengths(rng, 32)) for _ in range(50)] + [1, 2, 3, 2**16, 2**32 - 1]
    for x in [0, U64, *(root * root + d for root in roots for d in (-1, 0, 1))]:
        yield [x, str(int(mpmath.floor(mpmath.sqrt(x))))]


def ratio_exchange_rows(rng: random.Random) -> Iterator[Row]:
    edges = [(U64, 1, 1), (U64, 2, 1), (U64, 1, 2), (1, U64, 1), (U64, U64, U64), (0, 1, 1), (1, 0, 1)]
    triples = edges + [(lengths(rng), lengths(rng), lengths(rng)) for _ in range(300)]
    for _ in range(200):  # two words' length that fit one
        own, worth = rng.getrandbits(64) | 1, lengths(rng)
        amount = max(1, lengths(rng))
        triples.append((amount, own, min(U64, worth * own // amount)))
    for amount, own, other in triples:
        rate = rng.choice([0, 1, 300, 3_000, 100_000, 10**6, lengths(rng, 17)])
        gross = ratio(amount, other, own, False)
        out = gross
        if gross.isdigit():
            out = whole(int(gross) - -(-int(gross) * rate // 10**6))
        yield [amount, own, other, rate, gross, out]
    yield [1, 1, 1, 10**6 + 1, "Domain", "Domain"]


def tier_cap_rows(_: random.Random) -> Iterator[Row]:
    for n in range(19):
        cap = max(100, int(mpmath.floor(5000 * mpmath.sqrt(mpf(2) / n)))) if n else 0
        yield [n, str(cap) if 2 <= n <= 16 else "Domain"]


FILES: Files = {
    "exp": (["x_q48", "exp"], exp_rows),
    "ln": (["x_q48", "ln"], ln_rows),
    "lmsr_cost": (["b", "q", "cost", "normalised_cost"], lmsr_cost_rows),
    "lmsr_price": (["b", "q", "outcome", "price"], lmsr_price_rows),
    "fee_rate": (["base_ppm", "slope_ppm", "coverage_q32", "rate_ppm"], fee_rate_rows),
    "fee": (["notional", "rate_ppm", "fee"], fee_rows),
    "leverage_cap": (["outcomes", "coverage_q32", "leverage_x100"], leverage_cap_rows),
    "tier_cap": (["outcomes", "leverage_x100"], tier_cap_rows),
    "mul_div": (["a", "b", "c", "rounding", "quotient"], mul_div_rows),
    "margin": (["notional", "leverage_x100", "margin"], margin_rows),
    "coverage": (["free", "debt_at_risk", "coverage_q32"], coverage_rows),
    "max_debt": (["free", "min_coverage_q32", "debt"], max_debt_rows),
    "shares_for_deposit": (["amount", "supply", "nav_high", "shares"], shares_for_deposit_rows),
    "value_of_shares": (["shares", "supply", "nav_low", "value"], value_of_shares_rows),
    "isqrt": (["x", "root"], isqrt_rows),
    "ratio_exchange": (["amount", "own", "other", "rate_ppm", "gross", "out"], ratio_exchange_rows),
}


if __name__ == "__main__":
    sys.exit(write_or_check(__doc__, TABLES, tables, FILES))
