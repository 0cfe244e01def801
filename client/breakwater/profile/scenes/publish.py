"""Prices onto a feed: one a slot, and ten in a slot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from breakwater.chain import instructions as ix

from ..scene import Scene, Take, drain

if TYPE_CHECKING:
    from solders.instruction import Instruction

__all__ = ["SCENE"]

TEN = 10


async def _play(take: Take) -> None:
    scenario, price = take.scenario, 10_000
    publisher = scenario.publisher
    await drain(scenario.set_up())

    async def update() -> Instruction:
        nonlocal price
        price = max(1, price + take.random.randint(-20, 20))
        return ix.publish(publisher.pubkey(), await scenario.next_price(price))

    for _ in range(take.rounds):
        with take.measured("one a slot"):
            await scenario.send("oracle.publish", await update(), publisher)
        with take.measured("ten in a row"):
            for _ in range(TEN):
                await take.probe.send([await update()], [publisher])
        with take.measured("ten in a transaction"):
            await take.probe.send([await update() for _ in range(TEN)], [publisher])


SCENE = Scene(
    "publish",
    "Prices onto a feed: one a slot, ten one after another (one slot when embedded), ten in one transaction.",
    _play,
)
