"""Breaks the exchange on purpose: load and misfortune, on a fresh chain each, audited to the unit.

`table.scenarios` has all of them. A scenario passes when more than 99 % of its legitimate operations succeed,
its own bounds hold, and the books agree with the chain afterwards. When throughput falls it says why.
"""

from .reliability import render as render_table
from .report import render_report
from .service import ENGINES, Result, Suite, run, suite
from .table import scenarios
from .tps import LEAST_PER_SECOND, LEAST_RATIO, TpsFigures, measure_tps

__all__ = [
    "ENGINES",
    "LEAST_PER_SECOND",
    "LEAST_RATIO",
    "Result",
    "Suite",
    "TpsFigures",
    "measure_tps",
    "render_report",
    "render_table",
    "run",
    "scenarios",
    "suite",
]
