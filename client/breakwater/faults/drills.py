"""All drills, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import httpx

from breakwater.errors import BreakwaterError, InvalidInput

from . import exchange, people, redis, rpc, source, store
from .model import DrillResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import Drill

__all__ = ["DRILLS", "run_drill"]

DRILLS: Final[Mapping[str, Drill]] = {
    each.name: each for part in (rpc, redis, exchange, source, store, people) for each in part.DRILLS
}
"""By name, in the order of what they strike."""


async def run_drill(name: str, part: float = 1.0) -> DrillResult:
    """Run one; one that ends early has failed, with the reason.

    Args:
        name: which.
        part: of its usual size, from 0 to 1.

    Raises:
        InvalidInput: there is no such drill.
    """
    if name not in DRILLS:
        raise InvalidInput(f"Name one of the drills that breakwater faults list shows, not {name!r}.")
    try:
        return await DRILLS[name].run(part)
    except (BreakwaterError, OSError, httpx.HTTPError) as error:  # a timeout is an OSError
        return DrillResult(name, wrong=[f"It ended early: {str(error) or type(error).__name__}"])
