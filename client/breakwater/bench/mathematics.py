"""Accuracy and cost of the mathematics: every function on the virtual machine, against 50 digits of mpmath.

Each value is computed by the probe programs inside LiteSVM and compared with the true one at exactly the
argument that was given. solmath, the library that comes nearest, is called in the same run with the same
arguments to its own 12 decimals; where it has no such function, or refuses an argument, it has no figure.

Compute units are those of the call alone: two readings of the runtime's meter around it, less what they cost
themselves. `cu` is the dearest call; the least and the mean stand beside it.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import _exact as exact
from ._functions import FUNCTIONS
from ._probe import Probes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ._functions import Sample

__all__ = [
    "MATH_PUBLISHED",
    "MAX_ITERATIONS",
    "MAX_MEAN_ITERATIONS",
    "MAX_SCALED_ERROR",
    "FunctionFigures",
    "MathFigures",
    "Spread",
    "measure_math",
]

MAX_SCALED_ERROR = 5e-11
"""What no error may exceed: |value - true| / max(|true|, 0.01)."""
MAX_ITERATIONS = 5
"""Most iterations a solution may take."""
MAX_MEAN_ITERATIONS = 3.0
"""What the mean of the iterations has to stay below."""

MATH_PUBLISHED = {
    "ln": "solmath 705, brine-fp 41,815, rust_decimal 97,188",
    "exp": "solmath 961",
    "normal_cdf": "solmath 960",
    "lmsr_cost_2": "one specification estimates a trade at 80,000",
    "pm_amm_solve": "a swap of Mattdgn/pm-amm about 200,000, 9 iterations",
}
"""Published compute units, gathered 2026-11-21 from the projects' documentation and repositories."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Least, mean and most of a quantity."""

    least: int
    mean: float
    most: int

    @classmethod
    def of(cls, values: Sequence[int]) -> Spread | None:
        """Of some values; None of none."""
        return cls(min(values), sum(values) / len(values), max(values)) if values else None


@dataclass(frozen=True, slots=True)
class FunctionFigures:
    """What one function costs and how exact it is.

    Attributes:
        samples: how many arguments it was called with.
        cu: its compute units.
        errors: scaled errors, of the arguments that have one; of few amounts perhaps none has, because all
            are too coarse, or because every one is refused.
        iterations: of a solver, how many solutions took so many iterations.
        broken: rules that values break, as sentences.
        solmath_cu: solmath's compute units; None where it has no such function.
        solmath_errors: solmath's scaled errors.
    """

    samples: int
    cu: Spread
    errors: tuple[float, ...]
    iterations: Mapping[int, int] = field(default_factory=dict)
    broken: tuple[str, ...] = ()
    solmath_cu: Spread | None = None
    solmath_errors: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class MathFigures:
    """All functions, and the solver's iterations over all solutions that had no warm start."""

    seed: int
    functions: Mapping[str, FunctionFigures]

    @property
    def max_scaled_error(self) -> float:
        """The largest error of any function."""
        return max((error for each in self.functions.values() for error in each.errors), default=0.0)

    @property
    def mean_error(self) -> float:
        """The mean of all errors."""
        return mean([error for each in self.functions.values() for error in each.errors])

    @property
    def iterations(self) -> dict[int, int]:
        """How many cold solutions took so many iterations."""
        total: Counter[int] = Counter()
        for name, each in self.functions.items():
            if not FUNCTIONS[name].warm:
                total.update(each.iterations)
        return dict(sorted(total.items()))

    @property
    def mean_iterations(self) -> float:
        """The mean over those solutions."""
        return mean([steps for steps, times in self.iterations.items() for _ in range(times)])

    @property
    def max_iterations(self) -> int:
        """The most iterations of any solution, warm ones too."""
        return max((steps for each in self.functions.values() for steps in each.iterations), default=0)

    def failures(self) -> list[str]:
        """One sentence for each bound that does not hold."""
        found = [
            f"{name} has a scaled error of {max(each.errors):.2e}, the bound is {MAX_SCALED_ERROR:.0e}."
            for name, each in self.functions.items()
            if each.errors and not max(each.errors) <= MAX_SCALED_ERROR
        ]
        for name, each in self.functions.items():
            found += [f"{name} {broken}." for broken in each.broken[:3]]
            if len(each.broken) > 3:
                found.append(f"{name} breaks its rule {len(each.broken)} times in all.")
        if self.max_iterations > MAX_ITERATIONS:
            found.append(f"A solution takes {self.max_iterations} iterations, the bound is {MAX_ITERATIONS}.")
        if not self.mean_iterations < MAX_MEAN_ITERATIONS:
            found.append(f"Solutions take {self.mean_iterations:.2f} iterations on average, not below 3.")
        return found


def measure_math(
    *, seed: int = 1, samples: int = 1_000, progress: Callable[[str], None] = lambda _: None
) -> MathFigures:
    """Measure every function over its whole domain.

    Args:
        seed: of the random arguments; equal seeds give equal figures.
        samples: random arguments of each function, besides the edges.
        progress: called with the name of each function before it is measured.

    Raises:
        InvalidInput: the probe programs are not in the package.
        Fatal: a probe program crashed.
    """
    probes = Probes()
    figures = {}
    for name, function in FUNCTIONS.items():
        progress(name)
        with exact.digits():
            operands = function.arguments(random.Random(f"{seed} {name}"), samples)
            figures[name] = _figures(function.sample(probes, each) for each in operands)
    return MathFigures(seed, figures)


def _figures(samples: Iterable[Sample]) -> FunctionFigures:
    kept = list(samples)
    cu = Spread.of([sample.cu for sample in kept])
    assert cu is not None  # noqa: S101 - every function has arguments
    return FunctionFigures(
        samples=len(kept),
        cu=cu,
        errors=tuple(sample.error for sample in kept if sample.error is not None),
        iterations=dict(sorted(Counter(s.iterations for s in kept if s.iterations is not None).items())),
        broken=tuple(sample.broken for sample in kept if sample.broken),
        solmath_cu=Spread.of([sample.solmath[0] for sample in kept if sample.solmath]),
        solmath_errors=tuple(sample.solmath[1] for sample in kept if sample.solmath),
    )


def mean(values: Sequence[float]) -> float:
    """The mean; 0 of nothing."""
    return sum(values) / len(values) if values else 0.0
