"""The replay as a service: a capture and options in, a result out."""

from __future__ import annotations

import gc
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine, RpcEngine, open_engine
from breakwater.chain.sender import Sender
from breakwater.errors import InvalidInput

from ._audit import Auditor
from ._books import Books
from ._desk import Desk
from ._pace import EmbeddedPace, WallPace, fastest
from ._plan import make_plan
from ._run import Progress, Run
from ._stage import deploy, set_stage
from .result import ReplayResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ._pace import Pace
    from ._plan import Plan
    from .capture import Capture

__all__ = ["ENGINES", "Options", "Progress", "replay"]

ENGINES = ("embedded", "local")
SETUP_S = 60
"""Captured seconds before the first event that setting up may take on the embedded engine."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to replay.

    Args:
        engine: "embedded" or "local".
        markets: only the first so many with a strike; None takes all.
        trades: orders tried in each market.
        traders: how many take turns.
        seed: of traders, times and keys.
        record: keep the series for a report.
    """

    engine: str = "embedded"
    markets: int | None = None
    trades: int = 100
    traders: int = 16
    seed: int = 1
    record: bool = False


async def replay(
    capture: Capture,
    options: Options,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
) -> ReplayResult:
    """Replay a capture.

    Args:
        capture: markets and ticks.
        options: how.
        progress: called after each window of time.
        stop: asked before each window; True ends the replay with a partial result.

    Raises:
        InvalidInput: an option is wrong, or the capture has no market that can be replayed.
        EngineUnavailable: the local validator cannot be started.
    """
    if options.engine not in ENGINES:
        raise InvalidInput(f"Name an engine: {' or '.join(ENGINES)}, not {options.engine!r}.")
    plan = make_plan(
        capture,
        limit=options.markets,
        trades=options.trades,
        traders=options.traders,
        seed=options.seed,
    )
    if not plan.scored:
        raise InvalidInput(
            f"Capture a market with strike, outcome and closing tick: {capture.source} has none."
        )
    first_ms = _first_ms(plan)
    loaded = programs.embedded_programs() if options.engine == "embedded" else None
    async with open_engine(options.engine, programs=loaded, start_time=first_ms // 1000 - SETUP_S) as engine:
        sender = Sender(engine, preflight=False, priority_fee=0)
        if isinstance(engine, RpcEngine):
            await deploy(sender, options.seed)
        began = time.perf_counter()
        desk = Desk(sender, Books())
        stage = await set_stage(
            engine, desk, seed=options.seed, traders=options.traders, exponent=capture.exponent
        )
        pace: Pace
        if isinstance(engine, EmbeddedEngine):
            pace = EmbeddedPace(engine)
        else:
            pace = WallPace(engine, first_ms, fastest(plan), await engine.now())
        auditor = Auditor(engine, stage, desk.books)
        opening = await auditor.audit()
        run = Run(
            plan, stage, desk, pace, auditor, seed=options.seed, record=options.record, progress=progress
        )
        run.audits.append(opening)
        with _few_collections():
            whole = await run.go(stop)
        return ReplayResult(
            engine=engine.name,
            source=capture.source,
            seed=options.seed,
            exponent=capture.exponent,
            exact=capture.exact,
            planned=plan.scored,
            markets=run.rows,
            skipped=plan.skipped,
            outages=run.ticker.outages,
            rejected=desk.rejected,
            compute=desk.compute_units(),
            sides=run.floor.sides,
            publications=run.ticker.count,
            transactions=desk.transactions,
            seconds=time.perf_counter() - began,
            audits=run.audits,
            vault_start=opening.vault_cash,
            vault_end=run.audits[-1].vault_cash,
            partial=not whole,
        )


@contextmanager
def _few_collections() -> Iterator[None]:
    """Collect garbage rarely: the loop makes few cycles, and looking for them takes a fifth of its time."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _first_ms(plan: Plan) -> int:
    """The captured time of the first thing to happen."""
    first = plan.happenings[0].time_ms
    return first if plan.opening is None else min(first, plan.opening[0])
