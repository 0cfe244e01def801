"""Money in and out: the only calls into the token program."""

from __future__ import annotations

from breakwater.chain import instructions as ix

from ..scene import UNIT, Scene, Take, drain

__all__ = ["SCENE"]

MOST = 100_000 * UNIT


async def _play(take: Take) -> None:
    scenario = take.scenario
    await drain(scenario.set_up())
    trader, owner = scenario.trader, scenario.trader.pubkey()
    for index in range(take.rounds):
        amount = take.random.randint(UNIT, MOST) if index else MOST
        steps = {
            "exchange.deposit": ix.deposit(owner, scenario.wallet, scenario.mint, amount),
            "exchange.provide_liquidity": ix.provide_liquidity(owner, amount),
            "exchange.fold": ix.fold(),
            "exchange.take_liquidity": ix.take_liquidity(owner, amount),
            "exchange.withdraw": ix.withdraw(owner, scenario.wallet, scenario.mint, amount),
        }
        with take.measured(""):
            for name, instruction in steps.items():
                await scenario.send(name, instruction, trader)


SCENE = Scene(
    "funds", "Deposit and withdraw with their token transfers, liquidity given and taken, the fold.", _play
)
