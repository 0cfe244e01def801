"""Price curves of one outcome, in floats: what the market makers charge, in closed form.

Within 1e-9 of what the program computes in integers. Amounts are micro-units, prices are in [0, 1].
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Curve", "LmsrCurve", "PmAmmCurve", "Pool", "curve_of", "follow"]

LMSR = 0
REFERENCE_S = 64
"""Seconds over which a reference follows what it refers to; the program's constant."""

FARTHEST_Z = 8.0
"""Beyond it a price is 0 or 1 to the last unit."""


class Curve(Protocol):
    """What one more, or one fewer, share of an outcome costs."""

    @property
    def p(self) -> float:
        """The price now."""

    def moved(self, shares: int) -> float:
        """The price after `shares` more (or, negative, fewer)."""

    def cost(self, shares: int) -> float:
        """What `shares` more cost, before the fee."""

    def proceeds(self, shares: int) -> float:
        """What giving `shares` back brings, before the fee; never below nothing."""

    def shares_for(self, notional: float) -> int:
        """How many shares `notional` buys, rounded down; 0 when it buys none."""

    def underwater_price(self, debt: float, shares: int) -> float:
        """The price at which giving all `shares` back brings exactly `debt`; above 1 when none does."""


@dataclass(frozen=True, slots=True)
class LmsrCurve:
    """One outcome's curve under the LMSR: its price `p`, the sum `rest` of the others', the liquidity `b`.

    `rounding` is what the program keeps on top of each trade's exact cost.
    """

    p: float
    rest: float
    b: int

    @classmethod
    def of(cls, shares: Sequence[int], b: int, outcome: int) -> LmsrCurve:
        """The curve of an outcome in a market with these outstanding shares."""
        top = max(shares)
        terms = [math.exp((each - top) / b) for each in shares]
        total = math.fsum(terms)
        rest = math.fsum(term for i, term in enumerate(terms) if i != outcome)
        return cls(terms[outcome] / total, rest / total, b)

    @property
    def rounding(self) -> int:
        """Micro-units that rounding takes from each trade."""
        return 2 + (self.b >> 48)

    def moved(self, shares: int) -> float:
        """The price after `shares` more (or, negative, fewer)."""
        x = shares / self.b
        if x > 0:
            return self.p / (self.p + self.rest * math.exp(-x))
        return self.p * math.exp(x) / (self.p * math.exp(x) + self.rest)

    def cost(self, shares: int) -> float:
        """What `shares` more cost, before the fee."""
        x = shares / self.b
        if x <= 1:
            grown = math.log1p(self.p * math.expm1(x))
        else:
            grown = x + math.log(self.p + self.rest * math.exp(-x))
        return self.b * grown + self.rounding

    def proceeds(self, shares: int) -> float:
        """What giving `shares` back brings, before the fee; never below nothing."""
        x = shares / self.b
        released = -self.p * math.expm1(-x)
        kept = math.log1p(-released) if released < 0.5 else math.log(self.rest + self.p * math.exp(-x))
        return max(0.0, -self.b * kept - self.rounding)

    def shares_for(self, notional: float) -> int:
        """How many shares `notional` buys, rounded down; 0 when it buys none."""
        y = (notional - self.rounding) / self.b
        if y <= 0 or self.p <= 0:
            return 0
        if y <= 1:
            x = math.log1p(math.expm1(y) / self.p)
        else:
            x = y + math.log(math.exp(-y) - math.expm1(-y) / self.p)
        return max(0, math.floor(x * self.b))

    def underwater_price(self, debt: float, shares: int) -> float:
        """The price at which giving all `shares` back brings exactly `debt`; above 1 when none does."""
        notional = debt + self.rounding
        return math.expm1(-notional / self.b) / math.expm1(-shares / self.b)


@dataclass(frozen=True, slots=True)
class PmAmmCurve:
    """One outcome's curve under the pm-AMM: by how many L it is outstanding more than the other, and L.

    The pool's reserve of the other outcome is `L G(z)` with `G(z) = z Phi(z) + phi(z)`, and a purchase adds
    what it costs to that reserve (Paradigm, pm-AMM).
    """

    z: float
    l: int  # noqa: E741 - the field's name for it

    rounding = 2

    @property
    def p(self) -> float:
        """The price now."""
        return _cdf(self.z)

    def moved(self, shares: int) -> float:
        """The price after `shares` more (or, negative, fewer)."""
        return _cdf(self.z + shares / self.l)

    def cost(self, shares: int) -> float:
        """What `shares` more cost, before the fee."""
        return self.l * (_reserve(self.z + shares / self.l) - _reserve(self.z)) + self.rounding

    def proceeds(self, shares: int) -> float:
        """What giving `shares` back brings, before the fee; never below nothing."""
        released = self.l * (_reserve(self.z) - _reserve(self.z - shares / self.l))
        return max(0.0, released - self.rounding)

    def shares_for(self, notional: float) -> int:
        """How many shares `notional` buys, rounded down; 0 when it buys none."""
        if notional <= self.rounding:
            return 0
        # a share costs at most one unit, and beyond the farthest z exactly one
        least, most = 0, math.ceil(notional + self.l * 2 * FARTHEST_Z)
        while most - least > 1:
            middle = (least + most) // 2
            if self.cost(middle) <= notional:
                least = middle
            else:
                most = middle
        return least

    def underwater_price(self, debt: float, shares: int) -> float:
        """The price at which giving all `shares` back brings exactly `debt`; above 1 when none does."""
        low, high = -FARTHEST_Z, FARTHEST_Z + shares / self.l
        if PmAmmCurve(high, self.l).proceeds(shares) < debt:
            return math.inf
        for _ in range(80):
            middle = (low + high) / 2
            if PmAmmCurve(middle, self.l).proceeds(shares) < debt:
                low = middle
            else:
                high = middle
        return _cdf(high)


def _cdf(z: float) -> float:
    """`Phi(z)`, exact to the last digits far below zero too."""
    return math.erfc(-z / math.sqrt(2)) / 2


def _reserve(z: float) -> float:
    """`G(z)`: below zero its two terms nearly cancel, which both are exact enough for."""
    return z * _cdf(z) + math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


@dataclass(frozen=True, slots=True)
class Pool:
    """What a market's curve is made of besides its shares.

    `liquidity` is the LMSR's b or the pm-AMM's L; `offset` is what a decaying pool's delta has come to differ
    from the difference of the outstanding shares, 0 for every other.
    """

    liquidity: int
    offset: int = 0

    def decayed(self, full: int, opened_ms: int, close_ms: int, now_ms: int, difference: int) -> Pool:
        """A decaying pool at a time, at the same price: `full sqrt(time left / life)`, at most as before.

        Args:
            full: the liquidity that the market opened with.
            opened_ms: when it opened.
            close_ms: when it closes, and nothing but the smallest pool is left.
            now_ms: the time.
            difference: shares of outcome 0 less those of outcome 1.
        """
        left, life = close_ms - now_ms, close_ms - opened_ms
        if left <= 0 or life <= 0:
            return self
        liquidity = min(self.liquidity, max(1, math.floor(full * math.sqrt(min(1.0, left / life)))))
        delta = difference + self.offset
        magnitude = abs(delta) * liquidity // self.liquidity  # towards even prices
        return Pool(liquidity, (-magnitude if delta < 0 else magnitude) - difference)


def follow(reference: int, quantity: int, elapsed_s: int) -> int:
    """A reference that has moved for so long towards its quantity, exactly as the program moves it."""
    if elapsed_s >= REFERENCE_S:
        return quantity
    step = abs(quantity - reference) // REFERENCE_S * elapsed_s
    return reference + step if quantity >= reference else reference - step


def curve_of(kind: int, shares: Sequence[int], pool: Pool, outcome: int) -> Curve:
    """The curve of an outcome in a market of a kind (0 LMSR, else a pm-AMM) with these outstanding shares."""
    if kind == LMSR:
        return LmsrCurve.of(shares, pool.liquidity, outcome)
    delta = shares[0] - shares[1] + pool.offset
    return PmAmmCurve((-delta if outcome else delta) / pool.liquidity, pool.liquidity)
