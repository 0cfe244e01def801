"""Compute units of every instruction, measured by sending each to an engine and reading the runtime's logs.

The units of an instruction are those of its whole invocation; what the token program consumed inside it is
reported beside, because clusters with p-token charge a fraction of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from breakwater.chain import addresses as at
from breakwater.chain import programs
from breakwater.chain.engine import RpcEngine, open_engine
from breakwater.chain.sender import Sender
from breakwater.scenario import Legs, PoolLife, Scenario

from ._leverage import leverage_check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["CEILINGS", "PUBLISHED", "Cost", "Published", "cost_of", "measure_compute"]

CEILINGS = {
    "oracle.publish": 150,
    "exchange.buy": 3_500,
    "exchange.sell": 3_500,
    "exchange.open": 5_000,
    "exchange.close": 5_000,
    "exchange.redeem": 3_000,
    "exchange.buy (pm-AMM)": 7_000,
    "exchange.buy (pm-AMM, decaying)": 7_000,
    "exchange.open_chain (5 legs)": 15_000,
    "exchange.batch (a further trade)": 2_000,
    "exchange.liquidate (partial)": 5_000,
    "exchange.liquidate (full)": 5_500,
    "exchange.take_over": 6_000,
    "exchange.claim_task + complete_task": 3_000,
    "exchange.open: arithmetic of the leverage check": 500,
    "pools.swap": 5_000,
    "pools.deposit": 6_000,
    "pools.withdraw": 6_000,
    "pools.withdraw (other side)": 6_000,
}
"""What each instruction may cost at most, without the token program."""

PROGRAMS = {"oracle": at.ORACLE, "pools": at.POOLS}
"""Whose instructions those are that are not the exchange's."""

TRADES = frozenset({"exchange.buy", "exchange.sell", "exchange.open", "exchange.close"})
"""Their cost grows with the number of outcomes, so they are shown for few and for most of them too."""


@dataclass(frozen=True, slots=True)
class Published:
    """A published figure of a comparable system, in compute units."""

    system: str
    low: int
    high: int


PUBLISHED = {
    "oracle.publish": Published("doppler; Anchor v2 bench in Rust", 21, 1_383),
    "exchange.buy": Published("AMM swaps: Raydium v4, SolFi v2", 31_322, 69_257),
    "exchange.sell": Published("AMM swaps: Raydium v4, SolFi v2", 31_322, 69_257),
    "exchange.open": Published("perp orders: Mango v4, Drift fill", 34_403, 306_396),
    "exchange.close": Published("perp: Zeta, Jupiter decrease", 36_432, 104_302),
    "exchange.buy (pm-AMM)": Published("Mattdgn/pm-amm", 200_000, 200_000),
    "exchange.open_chain (5 legs)": Published("the original's target", 50_000, 50_000),
    "exchange.batch (a further trade)": Published("the original, plus 15,000 once", 2_000, 2_000),
    "exchange.liquidate (partial)": Published("Mango v3, worst case", 90_000, 150_000),
    "exchange.liquidate (full)": Published("Mango v3, worst case", 90_000, 150_000),
}
"""Transaction logs and repositories, gathered 2026-11-21."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Compute units of one instruction: `cu` of our program alone, `token_cu` of the token program inside."""

    cu: int
    token_cu: int


def cost_of(logs: Sequence[str], program: str) -> list[Cost]:
    """The costs of a program's top-level invocations in a transaction's logs, in order."""
    return [Cost(whole - token, token) for name, whole, token in _invocations(logs) if name == program]


def _invocations(logs: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    depth, token = 0, 0
    for line in logs:
        words = line.split(" ")
        if len(words) < 3 or words[0] != "Program":
            continue
        if words[2] == "invoke":
            depth += 1
            token = 0 if depth == 1 else token
        elif words[2] == "consumed":
            if depth == 1:
                yield words[1], int(words[3]), token
            elif words[1] == str(at.TOKEN_PROGRAM):
                token += int(words[3])
        elif words[2] in {"success", "failed:"}:
            depth -= 1


async def measure_compute(
    engine: str = "embedded", *, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Cost]:
    """The dearest cost of each instruction over one life of a market with two outcomes and one with sixteen.

    Args:
        engine: "embedded", or "local" for a validator with the programs deployed through the loader.
        progress: called with the name of each instruction before it is sent.

    Raises:
        EngineUnavailable: the local validator cannot be started.
        BreakwaterError: an instruction failed.
    """
    loaded = programs.embedded_programs() if engine == "embedded" else None
    async with open_engine(engine, programs=loaded) as opened:
        sender = Sender(opened, preflight=False, priority_fee=0)
        scenario = Scenario(opened, sender, progress)
        if isinstance(opened, RpcEngine):
            await scenario.deploy()
        worst: dict[str, Cost] = {}
        async for name, receipt in scenario.run(Legs(scenario).run, PoolLife(scenario).run):
            program = PROGRAMS.get(name.partition(".")[0], at.EXCHANGE)
            for cost in cost_of(receipt.logs, str(program)):
                for key in (name, f"{name} ({scenario.market})")[: 2 if name in TRADES else 1]:
                    known = worst.get(key)
                    if known is None or cost.cu > known.cu:
                        worst[key] = cost
        return dict(sorted((worst | derived(worst)).items()))


def derived(costs: Mapping[str, Cost]) -> dict[str, Cost]:
    """What is made up of several measurements: a further trade of a batch, a task from claim to end."""
    batches = [costs[name].cu for count in range(1, 17) if (name := f"exchange.batch ({count})") in costs]
    further = max((more - less for less, more in pairwise(batches)), default=0)
    task = costs["exchange.claim_task"].cu + costs["exchange.complete_task"].cu
    return {
        "exchange.batch (a further trade)": Cost(further, 0),
        "exchange.claim_task + complete_task": Cost(task, 0),
        "exchange.open: arithmetic of the leverage check": Cost(leverage_check(), 0),
    }
