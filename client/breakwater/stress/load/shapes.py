"""How many users there are at each moment."""

from __future__ import annotations

from typing import Final

from locust import LoadTestShape

from .plan import the_plan

__all__ = ["Ramp"]

RISE: Final = 0.25
"""Of the duration: so long until everybody is there."""


class Ramp(LoadTestShape):
    """Up to all users over the first quarter, then all of them to the end."""

    def __init__(self) -> None:
        super().__init__()
        self._plan = the_plan()

    def tick(self) -> tuple[int, float] | None:
        """Users wanted now and how many may start a second; None ends the load."""
        now, plan = self.get_run_time(), self._plan
        if now >= plan.duration_s:
            return None
        rise = max(1.0, plan.duration_s * RISE)
        wanted = plan.users if now >= rise else max(1, round(plan.users * now / rise))
        return wanted, max(1.0, plan.users / rise)
