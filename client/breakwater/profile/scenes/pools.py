"""A pool's life: filled, swapped in both ways, redeemed, closed; once."""

from __future__ import annotations

from breakwater.scenario import PoolLife

from ..scene import Scene, Take, drain

__all__ = ["SCENE"]


async def _play(take: Take) -> None:
    scenario = take.scenario
    await drain(scenario.set_up())
    with take.measured("a pool"):
        await drain(PoolLife(scenario).run())


SCENE = Scene("pools", "A pool of two tokens at a fixed ratio, from its making to its end; one round.", _play)
