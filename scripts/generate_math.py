"""Write the tables of crates/math and the golden vectors of tests/vectors from 50-digit arithmetic.

Usage: generate_math.py [--check]. With --check nothing is written; the exit status says whether the committed files are
what this script makes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import mpmath
from mpmath import mpf

ROOT = Path(__file__).resolve().parent.parent
TABLES = Path("crates/math/src/tables.rs")

mpmath.mp.dps = 60


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
    roots = [int(mpmath.floor(100 / mpmath.sqrt(n) * 2**18)) for n in range(2, 17)]
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
/// floor(2^18 * 100 / sqrt N) for N = 2 to 16
pub(crate) const HUNDRED_OVER_ROOT_Q18: [u32; 15] = [
{rows([str(r) for r in roots], 8)}
];

/// 2^-(i / 1024) in Q63, low half first
#[rustfmt::skip]
pub(crate) static EXP2: [[u32; 2]; 1024] = [
{rows([f"[{v & 0xFFFFFFFF:#x}, {v >> 32:#x}]" for v in exp2], 4)}
];

/// -ln c in Q64, whose 12 lowest bits are c in Q12: the reciprocal of the middle of [1 + i / 512, 1 + (i + 1) / 512)
#[rustfmt::skip]
pub(crate) static LN: [u64; 512] = [
{rows([f"{ln_entry(i):#x}" for i in range(512)], 5)}
];
"""


def words(value: mpf) -> str:
    whole = int(mpmath.floor(value))
    return f"({whole >> 64:#x}, {whole & (2**64 - 1):#x})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the committed files instead of writing")
    check = parser.parse_args().check
    made = {TABLES: tables()}
    stale = []
    for path, text in made.items():
        target = ROOT / path
        if target.exists() and target.read_text() == text:
            continue
        stale.append(path)
        if not check:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    for path in stale:
        print(f"{'stale' if check else 'written'}: {path}", file=sys.stderr)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
