"""Trials: what a scenario is, what it is given, what it hands back, and what has been asked of it.

Scenarios live in services of their own; `stress` lists and runs them all, whoever wrote them. A trial opens
the engine it needs, does its work, holds the invariants against the chain, and hands figures back.
"""

from .model import Asked, Context, Outcome, Scenario, select
from .reasons import CAUSES, Tally, cause_of
from .rows import above, asked, at_least, at_most, below

__all__ = [
    "CAUSES",
    "Asked",
    "Context",
    "Outcome",
    "Scenario",
    "Tally",
    "above",
    "asked",
    "at_least",
    "at_most",
    "below",
    "cause_of",
    "select",
]
