"""What has legs and what keepers do: batches, chains, liquidations, standing orders, tasks; once."""

from __future__ import annotations

from breakwater.scenario import Legs

from ..scene import Scene, Take, drain

__all__ = ["SCENE"]


async def _play(take: Take) -> None:
    scenario = take.scenario
    await drain(scenario.set_up())
    legs = Legs(scenario)
    for name, part in legs.parts:
        with take.measured(name):
            await drain(part())


SCENE = Scene(
    "legs",
    "Batches, chains, liquidations, standing orders and a keeper's task, from their markets on; one round.",
    _play,
)
