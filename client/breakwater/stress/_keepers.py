"""The keepers' own drills as scenarios: a crew at its tasks, and a cascade at 500x."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine
from breakwater.keepers import cascade, drill, read_books
from breakwater.trials import Outcome

from ._stage import fresh_chain

if TYPE_CHECKING:
    from breakwater.chain.engine import RpcEngine
    from breakwater.trials import Context

__all__ = ["keeper_coordination", "liquidation_cascade"]

KEEPERS: Final = 20
TASKS: Final = 500
LOCAL_TASKS: Final = 100
"""There, time passes by itself: loans have to ripen, and markets to close, while everybody waits."""

KILLS: Final = 3
POSITIONS: Final = 100
LEVERAGE: Final = 500
GAP: Final = 10.0


async def _audited(engine: EmbeddedEngine | RpcEngine) -> list[str]:
    return (await read_books(engine)).unsound


async def keeper_coordination(ctx: Context) -> Outcome:
    """Twenty keepers, five hundred tasks of five kinds, three keepers that die with a task in hand."""
    keepers = ctx.users or KEEPERS
    tasks = ctx.scaled(TASKS if ctx.engine == "embedded" else LOCAL_TASKS, 25)
    async with fresh_chain(ctx.engine) as engine:
        done = await drill(
            engine, keepers, tasks, kills=min(KILLS, keepers // 6), seed=ctx.seed, progress=ctx.progress
        )
        wrong = await _audited(engine)
    figures = done.as_dict()
    loads = figures.pop("tasks_per_keeper")
    figures |= {"fewest_tasks": loads[0], "most_tasks": loads[-1], "killed": len(figures["killed"])}
    broken = [*figures.pop("broken"), *wrong]
    return Outcome.judged(broken, done.completed, done.tasks, figures)


async def liquidation_cascade(ctx: Context) -> Outcome:
    """A hundred chains at 500x, a gap of ten points, keepers that work it off, the settlement."""
    positions = ctx.scaled(POSITIONS, 4)
    engine = EmbeddedEngine(programs.embedded_programs())
    done = await cascade(engine, positions, LEVERAGE, GAP, progress=ctx.progress)
    figures = done.as_dict()
    broken = [*figures.pop("broken"), *await _audited(engine)]
    figures.pop("insolvent")
    # every chain's loan has an end: what is still owed once all is settled is a chain that was forgotten
    left = positions if done.owed else 0
    return Outcome.judged(broken, positions - left, positions, figures)
