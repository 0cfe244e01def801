"""Measures what we claim: compute units of every instruction, on the engines a user can run."""

from __future__ import annotations

from .compute import CEILINGS, PUBLISHED, Cost, Published, cost_of, measure_compute

__all__ = ["CEILINGS", "PUBLISHED", "Cost", "Published", "cost_of", "measure_compute"]
