"""Measures what we claim: compute units of every instruction, and cost and accuracy of the mathematics."""

from __future__ import annotations

from .addresses import AddressFigures, derive_many
from .compute import CEILINGS, PUBLISHED, Cost, Published, cost_of, measure_compute
from .mathematics import MATH_PUBLISHED, FunctionFigures, MathFigures, Spread, measure_math
from .sending import SendFigures, measure_sending

__all__ = [
    "CEILINGS",
    "MATH_PUBLISHED",
    "PUBLISHED",
    "AddressFigures",
    "Cost",
    "FunctionFigures",
    "MathFigures",
    "Published",
    "SendFigures",
    "Spread",
    "cost_of",
    "derive_many",
    "measure_compute",
    "measure_math",
    "measure_sending",
]
