"""Trades alone, in every kind of market."""

from __future__ import annotations

from breakwater.scenario import KINDS

from ..scene import Scene, Take, drain

__all__ = ["SCENE"]

YEAR_S = 365 * 24 * 3_600
"""Longer than any profile takes on the chain's clock; the markets are never settled."""


async def _play(take: Take) -> None:
    scenario = take.scenario
    await drain(scenario.set_up())
    for market, kind in enumerate(KINDS, start=1):
        await drain(scenario.open_market(market, kind, YEAR_S))
    for index in range(take.rounds):
        await scenario.publish(100)
        size = take.sizes(index)
        for market, kind in enumerate(KINDS, start=1):
            with take.measured(kind.name):
                await drain(scenario.trades(market, kind, size))
            await drain(scenario.unwind(market, kind, size))


SCENE = Scene(
    "trade", "Buy, sell, open and close on LMSR markets of 2 and 16 outcomes and on the pm-AMM.", _play
)
