"""Everything: what `breakwater bench cu` measures, from the initialisation to giving the rights up."""

from __future__ import annotations

from breakwater.scenario import KINDS

from ..scene import Scene, Take, drain

__all__ = ["SCENE"]


async def _play(take: Take) -> None:
    scenario, market = take.scenario, 0
    with take.measured("set-up"):
        await drain(scenario.set_up())
    for _ in range(take.rounds):
        for kind in KINDS:
            market += 1
            with take.measured(kind.name):
                await drain(scenario.life(market, kind))
    with take.measured("wind-up"):
        await drain(scenario.wind_up())


SCENE = Scene(
    "lifecycle",
    "A whole life of the exchange: set-up, four markets from creation to removal, wind-up.",
    _play,
)
