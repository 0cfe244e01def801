"""All drills, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from breakwater.errors import InvalidInput

from . import exchange, people, redis, rpc, source, store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import Drill, DrillResult

__all__ = ["DRILLS", "run_drill"]

DRILLS: Final[Mapping[str, Drill]] = {
    each.name: each for part in (rpc, redis, exchange, source, store, people) for each in part.DRILLS
}
"""By name, in the order of what they strike."""


async def run_drill(name: str, part: float = 1.0) -> DrillResult:
    """Run one.

    Args:
        name: which.
        part: of its usual size, from 0 to 1.

    Raises:
        InvalidInput: there is no such drill.
        EngineUnavailable: something that it needs is not installed.
    """
    if name not in DRILLS:
        raise InvalidInput(f"Name one of the drills that breakwater faults list shows, not {name!r}.")
    return await DRILLS[name].run(part)
