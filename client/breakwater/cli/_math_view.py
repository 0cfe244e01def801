"""How the figures of the mathematics look, to people and to machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from ..bench import MATH_PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..bench import FunctionFigures, MathFigures, Spread

__all__ = ["math_dict", "math_summary", "math_table"]


def math_table(figures: MathFigures) -> Table:
    """Functions with their compute units and errors, beside solmath's; it fits into 80 columns."""
    title = "Compute units of a call, at most and on average; scaled errors likewise"
    table = Table(title=title, box=SIMPLE_HEAD, show_edge=False, padding=(0, 0, 0, 1))
    table.add_column("function", no_wrap=True)
    for heading in ("CU", "mean", "solmath", "mean", "error", "mean", "solmath"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, each in figures.functions.items():
        table.add_row(
            name,
            *_units(each.cu),
            *_units(each.solmath_cu),
            f"{max(each.errors):.1e}" if each.errors else "",
            f"{_mean(each.errors):.1e}" if each.errors else "",
            f"{max(each.solmath_errors):.1e}" if each.solmath_errors else "",
        )
    return table


def math_summary(figures: MathFigures) -> str:
    """What all functions have in common, as lines."""
    steps = ", ".join(f"{count:,} take {n}" for n, count in figures.iterations.items())
    samples = sum(each.samples for each in figures.functions.values())
    return "\n".join(
        (
            *(f"published, {name}: {what}" for name, what in MATH_PUBLISHED.items()),
            f"{samples:,} arguments, seed {figures.seed}: largest error {figures.max_scaled_error:.2e}, "
            f"mean {figures.mean_error:.2e}",
            f"iterations of the pm-AMM's solver, from its own guess: {steps}; "
            f"mean {figures.mean_iterations:.2f}; at most {figures.max_iterations} from any start",
        )
    )


def math_dict(figures: MathFigures) -> dict[str, Any]:
    """The figures as plain values."""
    return {
        "seed": figures.seed,
        "ok": not figures.failures(),
        "failures": figures.failures(),
        "max_scaled_error": figures.max_scaled_error,
        "mean_error": figures.mean_error,
        "mean_iterations": figures.mean_iterations,
        "max_iterations": figures.max_iterations,
        "iterations": _counts(figures.iterations),
        "functions": {name: _function(each) for name, each in figures.functions.items()},
    }


def _function(each: FunctionFigures) -> dict[str, Any]:
    solver = {"iterations": _counts(each.iterations)} if each.iterations else {}
    return {
        "samples": each.samples,
        **_spread("cu", each.cu),
        **_spread("solmath_cu", each.solmath_cu),
        "max_scaled_error": max(each.errors, default=None),
        "mean_scaled_error": _mean(each.errors) if each.errors else None,
        "solmath_max_scaled_error": max(each.solmath_errors, default=None),
        "solmath_mean_scaled_error": _mean(each.solmath_errors) if each.solmath_errors else None,
        **solver,
    }


def _spread(name: str, spread: Spread | None) -> dict[str, int | float | None]:
    """The most under the name itself: what a caller has to reckon with."""
    return {
        name: spread.most if spread else None,
        f"min_{name}": spread.least if spread else None,
        f"mean_{name}": round(spread.mean, 1) if spread else None,
    }


def _units(spread: Spread | None) -> tuple[str, str]:
    """The most, and the mean."""
    return (f"{spread.most:,}", f"{spread.mean:,.0f}") if spread else ("", "")


def _counts(counts: Mapping[int, int]) -> dict[str, int]:
    return {str(n): count for n, count in counts.items()}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
