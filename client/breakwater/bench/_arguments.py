"""Arguments for the mathematics bench: every edge we know of, and random ones over the whole domain.

Edges are the ends of each domain, zero and one, powers of two, and the seams of every table, each with its
neighbours. Random numbers have a random length or lie evenly, as an error hides where the other kind seldom
looks. All are raw: 48 fractional bits for numbers, micro-units for amounts.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

__all__ = ["MAX_B", "MAX_L", "ONE", "Operands", "lmsr", "pools", "positions", "reals", "trades"]

ONE = 2**48
MAX_B, MAX_L = 2**56, 2**50
"""The largest liquidity of an LMSR market and of a pool."""
EXP_LIMIT = 15 * math.log(2)
"""e^x does not fit from here on."""

Operands = tuple[int, ...]


def lengths(rng: random.Random, bits: int) -> int:
    """A natural number of random length, up to `bits`."""
    return rng.getrandbits(rng.randint(1, bits))


def near(*values: float) -> Iterator[int]:
    """Each number and its neighbours."""
    for value in values:
        yield from (round(value) + d for d in (-1, 0, 1))


def reals(name: str, rng: random.Random, count: int) -> list[Operands]:
    """Arguments of a function of one number: "exp", "ln", "normal" or "normal_inverse"."""
    return [(x,) for x in dict.fromkeys(_REALS[name](rng, count))]


def _exp(rng: random.Random, count: int) -> Iterator[int]:
    low, high = (
        -34 * ONE,
        math.floor(EXP_LIMIT * ONE) - 1,
    )  # up to the last that fits, but for the float's error
    edges = near(0, ONE, -ONE, low, *(k * math.log(2) * ONE for k in range(-49, 15)))
    seams = near(
        *(rng.randrange(-34 * 1477, 15 * 1024) * math.log(2) / 1024 * ONE for _ in range(count // 10))
    )
    yield from (x for x in (*edges, *seams) if low <= x < high)
    for _ in range(count):
        yield rng.choice((rng.randrange(low, high), rng.choice((-1, 1)) * lengths(rng, 48)))


def _ln(rng: random.Random, count: int) -> Iterator[int]:
    yield from (1, 2, 3, 2**63 - 1, *near(*(2**k for k in range(2, 63))))
    for _ in range(count // 10):
        yield from near((1 + rng.randrange(512) / 512) * 2 ** rng.randrange(10, 62))
    for _ in range(count):
        close = ONE + rng.choice((-1, 1)) * lengths(rng, 46)
        yield rng.choice((close, max(1, lengths(rng, 63)), rng.randrange(1, 2**63)))


def _normal(rng: random.Random, count: int) -> Iterator[int]:
    yield from (2**63 - 1, -(2**63))
    for sign in (1, -1):
        yield from (sign * x for x in near(*(i * ONE / 16 for i in range(132))))
    for _ in range(count):
        sign = rng.choice((1, -1))
        yield sign * rng.choice((rng.randrange(9 * ONE), lengths(rng, 48), lengths(rng, 62)))


def _inverse(rng: random.Random, count: int) -> Iterator[int]:
    small = [1, 2, 3, *near(*(2**k for k in range(2, 47))), ONE // 2 - 1, ONE // 2]
    # the seams of its table: sixteenths of octaves of -ln p
    small += [
        max(1, p)
        for p in near(*(ONE * math.exp(-(2**k) / 32 * (16 + i)) for k in range(7) for i in range(16)))
    ]
    yield from (p for p in (*small, *(ONE - p for p in small)) if 0 < p < ONE)
    for _ in range(count):
        p = rng.choice((rng.randrange(1, ONE), max(1, lengths(rng, 47)), ONE // 2 + lengths(rng, 46)))
        yield rng.choice((p, ONE - p))


_REALS: dict[str, Callable[[random.Random, int], Iterator[int]]] = {
    "exp": _exp,
    "ln": _ln,
    "normal": _normal,
    "normal_inverse": _inverse,
}


def positions(rng: random.Random, count: int) -> list[Operands]:
    """Reserves of a pool of liquidity one, from the smallest of which a position is found up to nine.

    The small ones tell a position least exactly; the worst of them, found by a scan, is among the edges.
    """
    smallest, worst = 2**20, 1_317_115
    found = [
        smallest,
        smallest + 1,
        worst,
        *near(*(i * ONE / 16 for i in range(1, 130)), ONE / math.sqrt(2 * math.pi)),
    ]
    found += [
        rng.choice((rng.randrange(smallest, 9 * ONE), smallest + lengths(rng, rng.choice((24, 48)))))
        for _ in range(count)
    ]
    return [(w,) for w in dict.fromkeys(found)]


def lmsr(outcomes: int, rng: random.Random, count: int) -> list[Operands]:
    """Markets: a word the probe does not use here, the liquidity, the number of outcomes, the quantities."""
    markets: list[tuple[int, list[int]]] = []
    for b in (1, 2, 3, 10**6, 10**13, MAX_B - 1, MAX_B):
        markets += [(b, [0] * outcomes), (b, [2**62] * outcomes), (b, [2**62] + [0] * (outcomes - 1))]
        for d in (1, b, 40 * b - 1, 40 * b, 40 * b + 1):
            markets += [(b, [d] + [0] * (outcomes - 1)), (b, [0] + [d] * (outcomes - 1))]
    for _ in range(count):
        b = max(1, lengths(rng, 56))
        base = lengths(rng, 61) if rng.random() < 0.5 else 0
        reach = b * rng.choice((1, 2, 5, 20, 45))
        markets.append((b, [base + rng.randint(0, reach) for _ in range(outcomes)]))
    return [(0, b, outcomes, *(min(x, 2**62) for x in q)) for b, q in markets]


def pools(rng: random.Random, count: int) -> list[Operands]:
    """Pools: liquidity, a word the probe does not use here, the quantities of both outcomes."""
    found: list[Operands] = [
        (b, 0, d, 0)
        for b in (1, 2, 3, 10**6, MAX_L - 1, MAX_L)
        for d in (0, 1, b, 8 * b - 1, 8 * b, 8 * b + 1)
    ]
    for _ in range(count):
        size = max(1, lengths(rng, 50))
        base = lengths(rng, 60) if rng.random() < 0.5 else 0
        q = [base, base + int(size * rng.uniform(0, rng.choice((0.01, 1, 4, 9))))]
        rng.shuffle(q)
        found.append((size, 0, *q))
    return found


def trades(rng: random.Random, count: int, *, warm: bool) -> list[Operands]:
    """What collateral buys: liquidity, delta, collateral, outcome, whether there is a start, and the start.

    A warm start is the market's position before the trade, as the exchange gives it.
    """
    found: list[Operands] = []
    for _ in range(count):
        size = max(1, lengths(rng, 50)) if rng.random() < 0.5 else rng.randrange(1, MAX_L)
        reach = rng.choice((0.5, 2, 3.5, 3.5, 12))
        delta = int(size * rng.uniform(-reach, reach))
        paid = int(size * 10 ** rng.uniform(-6, 1)) + rng.randint(3, 12)
        outcome = rng.randrange(2)
        found.append((size, delta, paid, outcome, int(warm), -delta if outcome else delta))
    return found
