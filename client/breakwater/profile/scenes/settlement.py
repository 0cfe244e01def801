"""The end of markets: resolved, redeemed, closed."""

from __future__ import annotations

from breakwater.scenario import KINDS

from ..scene import Scene, Take, drain

__all__ = ["SCENE"]


async def _play(take: Take) -> None:
    scenario, market = take.scenario, 0
    await drain(scenario.set_up())
    for index in range(take.rounds):
        for kind in KINDS:
            market += 1
            await drain(scenario.open_market(market, kind))
            await drain(scenario.trades(market, kind, take.sizes(index)))
            with take.measured(kind.name):
                await drain(scenario.settle(market, kind))


SCENE = Scene(
    "settlement",
    "The last price, resolve, redeem, and the removal of positions and markets of every kind.",
    _play,
)
