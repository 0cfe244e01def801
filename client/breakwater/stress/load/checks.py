"""Thresholds: what a load has to hold, and so its exit status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .plan import Plan

__all__ = ["broken"]


def broken(figures: Mapping[str, Any], plan: Plan) -> list[str]:
    """The thresholds that do not hold, a sentence each.

    Args:
        figures: requests, failures, p95_ms.
        plan: the thresholds.
    """
    requests, failures = figures["requests"], figures["failures"]
    if not requests:
        return ["No request was made."]
    found = []
    rate = 1 - failures / requests
    if rate <= plan.least_success:
        worst = max(figures["causes"], key=figures["causes"].get, default="")
        why = f", most often for {worst}" if worst else ""
        found.append(f"{failures:,} of {requests:,} requests failed{why}.")
    if figures["p95_ms"] > plan.most_p95_ms:
        found.append(f"The 95th percentile is {figures['p95_ms']:,.0f} ms, not {plan.most_p95_ms:,.0f}.")
    return found
