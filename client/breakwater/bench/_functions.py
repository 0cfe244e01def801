"""The functions of the mathematics bench: which arguments each gets, and how its values are judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import mpmath
from mpmath import mpf

from . import _arguments as arguments
from . import _exact as exact
from ._probe import OURS, THEIRS, Answer, Ours, Probes, Theirs

if TYPE_CHECKING:
    import random

    from ._arguments import Operands

__all__ = ["FUNCTIONS", "Function", "Sample"]

DECIMALS = 10**12
"""solmath's scale."""
TRUE_48, TRUE_12 = mpf(arguments.ONE), mpf(DECIMALS)


@dataclass(frozen=True, slots=True)
class Sample:
    """One argument's figures.

    Attributes:
        cu: compute units.
        error: the scaled error; None for an amount too coarse to have one.
        broken: what rule the value breaks, "" where none.
        iterations: of a solver.
        solmath: solmath's compute units and scaled error; None where it has no such function or refused.
    """

    cu: int
    error: float | None
    broken: str = ""
    iterations: int | None = None
    solmath: tuple[int, float] | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """A function and how it is measured.

    Attributes:
        arguments: random and adversarial arguments from a generator and a number of random ones.
        sample: what a probe's call with an argument gives.
        warm: whether it is a solver that starts from a known solution.
    """

    arguments: Callable[[random.Random, int], list[Operands]]
    sample: Callable[[Probes, Operands], Sample]
    warm: bool = False


Truth = Callable[[Any, Any], Any]
"""The true value for an argument, given also the value under test, from which a root may be sought."""


def _real(number: int, solmath: int, truth: Truth, probes: Probes, operands: Operands) -> Sample:
    """A function of one number, with its counterpart in solmath."""
    (x,) = operands
    answer = probes.call(OURS, number, operands)
    if answer.value is None:
        return Sample(answer.cu, None, f"refuses {x} / 2^48")
    value = exact.q48(answer.value)
    error = exact.scaled(value, truth(x / TRUE_48, value))
    rounded = round(x * DECIMALS / TRUE_48)
    other = probes.call(THEIRS, solmath, (rounded,))
    beside = None
    if other.value is not None:
        theirs = _signed(other.value) / TRUE_12
        beside = (other.cu, exact.scaled(theirs, truth(rounded / TRUE_12, theirs)))
    return Sample(answer.cu, error, solmath=beside)


def _both(probes: Probes, operands: Operands) -> Sample:
    """Phi and phi of one number: the values are those of the two functions, and so are the errors."""
    answer = probes.call(OURS, Ours.NORMAL_BOTH, operands)
    ours = probes.call(OURS, Ours.NORMAL_CDF, operands), probes.call(OURS, Ours.NORMAL_PDF, operands)
    rounded = (round(operands[0] * DECIMALS / TRUE_48),)
    other = probes.call(THEIRS, Theirs.NORMAL_BOTH, rounded)
    theirs = probes.call(THEIRS, Theirs.NORMAL_CDF, rounded), probes.call(THEIRS, Theirs.NORMAL_PDF, rounded)
    parts = cdf(probes, operands), pdf(probes, operands)
    errors = [part.error for part in parts if part.error is not None]
    same = answer.value == _joined(*ours)
    solmath = None
    if other.value is not None and other.value == _joined(*theirs):
        solmath = (other.cu, max(part.solmath[1] for part in parts if part.solmath))
    return Sample(answer.cu, max(errors), "" if same else "is not Phi and phi", solmath=solmath)


def _joined(first: Answer, second: Answer) -> int | None:
    """Two values in one word, as the probes answer them: the second eight bits further left."""
    if first.value is None or second.value is None:
        return None
    return first.value ^ _rotated(second.value, 8)


def _rotated(word: int, by: int) -> int:
    """A word rotated left."""
    return (word << by | word >> (64 - by)) % 2**64


def _amount(
    number: int, judge: Callable[[Operands, int], exact.Deviation], probes: Probes, operands: Operands
) -> Sample:
    """A function whose value is an amount."""
    answer = probes.call(OURS, number, operands)
    if answer.value is None:
        return Sample(answer.cu, None, f"refuses {operands}")
    error, broken = judge(operands, answer.value)
    return Sample(answer.cu, error, f"of {operands} {broken}" if broken else "")


def _position(probes: Probes, operands: Operands) -> Sample:
    answer, steps = (
        probes.call(OURS, Ours.POSITION, operands),
        probes.call(OURS, Ours.POSITION_STEPS, operands),
    )
    if answer.value is None or steps.value is None:
        return Sample(answer.cu, None, f"refuses {operands[0]} / 2^48")
    # the probe mixes the iterations into its answer; told apart, they are taken out again
    z = exact.q48(answer.value ^ _rotated(steps.value, 56))
    error = exact.scaled(z, exact.position(operands[0] / TRUE_48, z))
    return Sample(answer.cu, error, iterations=steps.value)


def _solve(probes: Probes, operands: Operands) -> Sample:
    answer, steps = probes.call(OURS, Ours.SOLVE_BUY, operands), probes.call(OURS, Ours.SOLVE_STEPS, operands)
    if answer.value is None or steps.value is None:
        return Sample(answer.cu, None, f"refuses {operands}")
    iterations, evaluations = steps.value & 255, steps.value >> 8
    bought = answer.value ^ _rotated(iterations, 56) ^ _rotated(evaluations, 48)
    error, broken = exact.shares(operands, bought)
    return Sample(answer.cu, error, f"of {operands} {broken}" if broken else "", iterations)


def _signed(word: int) -> int:
    return word - 2**64 if word >= 2**63 else word


cdf = partial(_real, Ours.NORMAL_CDF, Theirs.NORMAL_CDF, lambda x, _: exact.below(x))
pdf = partial(_real, Ours.NORMAL_PDF, Theirs.NORMAL_PDF, lambda x, _: exact.density(x))

FUNCTIONS: dict[str, Function] = {
    "ln": Function(
        partial(arguments.reals, "ln"), partial(_real, Ours.LN, Theirs.LN, lambda x, _: mpmath.log(x))
    ),
    "exp": Function(
        partial(arguments.reals, "exp"), partial(_real, Ours.EXP, Theirs.EXP, lambda x, _: mpmath.exp(x))
    ),
    "normal_cdf": Function(partial(arguments.reals, "normal"), cdf),
    "normal_pdf": Function(partial(arguments.reals, "normal"), pdf),
    "normal_cdf_pdf": Function(partial(arguments.reals, "normal"), _both),
    "normal_inverse": Function(
        partial(arguments.reals, "normal_inverse"),
        partial(_real, Ours.NORMAL_INVERSE, Theirs.NORMAL_INVERSE, exact.normal_quantile),
    ),
    "lmsr_cost_2": Function(partial(arguments.lmsr, 2), partial(_amount, Ours.COST, exact.lmsr_cost)),
    "lmsr_cost_16": Function(partial(arguments.lmsr, 16), partial(_amount, Ours.COST, exact.lmsr_cost)),
    "pm_amm_cost": Function(arguments.pools, partial(_amount, Ours.POOL_COST, exact.pool_cost)),
    "pm_amm_position": Function(arguments.positions, _position),
    "pm_amm_solve": Function(partial(arguments.trades, warm=False), _solve),
    "pm_amm_solve_warm": Function(partial(arguments.trades, warm=True), _solve, warm=True),
}
"""What is measured, by name."""
