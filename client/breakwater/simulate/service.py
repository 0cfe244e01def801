"""Many seeds, in several processes, and what came of all of them."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import signal
import threading
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from .run import Plan, SeedResult, simulate_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Report", "quiet", "simulate", "simulating"]

STOPPED_S = 0.5
"""Between two looks at whether to stop."""

_exchange: bytes | None = None


@dataclass(slots=True)
class Report:
    """What came of some seeds; `caught` are those in which a rule was broken."""

    seeds: int = 0
    simulated_s: float = 0.0
    wall_s: float = 0.0
    landed: int = 0
    failed: int = 0
    checked: int = 0
    markets: int = 0
    settled: int = 0
    orders: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    deeds: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    caught: list[SeedResult] = field(default_factory=list)

    def add(self, result: SeedResult) -> None:
        """Count a seed."""
        self.seeds += 1
        self.simulated_s += result.simulated_s
        for name in ("landed", "failed", "checked", "markets", "settled"):
            setattr(self, name, getattr(self, name) + getattr(result, name))
        for name in ("orders", "refusals", "deeds", "events"):
            getattr(self, name).update(getattr(result, name))
        if not result.ok:
            self.caught.append(result)
            self.caught.sort(key=lambda each: each.seed)

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        found = {
            name: getattr(self, name)
            for name in (
                "seeds",
                "simulated_s",
                "wall_s",
                "landed",
                "failed",
                "checked",
                "markets",
                "settled",
            )
        }
        counted = {
            name: dict(getattr(self, name).most_common())
            for name in ("orders", "refusals", "deeds", "events")
        }
        violations = [
            {"seed": each.seed, "violations": each.violations, "trace_hash": each.trace_hash}
            for each in self.caught
        ]
        return {**found, **counted, "ok": not self.caught, "violations": violations}


def quiet() -> None:
    """Let services say nothing of the faults that are meant."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _prepare(exchange: bytes | None) -> None:
    global _exchange  # noqa: PLW0603 - a process's own, set once
    _exchange = exchange
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started us ends us
    quiet()


def _one(seed: int, plan: Plan) -> SeedResult:
    return simulate_seed(seed, plan, exchange=_exchange)


def simulate(
    seeds: Iterable[int],
    plan: Plan | None = None,
    *,
    exchange: bytes | None = None,
    jobs: int = 1,
    until_caught: bool = False,
    progress: Callable[[SeedResult], None] = lambda _: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Report:
    """Simulate seeds.

    Args:
        seeds: which.
        plan: how long and how large each.
        exchange: another program than the shipped one, SBPF v0.
        jobs: processes.
        until_caught: begin no further seed once a rule was broken.
        progress: told each result.
        stopped: whether to end; looked at all the time.

    Raises:
        InterruptedError: it was stopped.
    """
    began, report, left = time.monotonic(), Report(), iter(seeds)
    chosen = plan or Plan()
    with ProcessPoolExecutor(
        jobs, multiprocessing.get_context("spawn"), initializer=_prepare, initargs=(exchange,)
    ) as pool:
        waiting: set[Future[SeedResult]] = set()
        try:
            while True:
                while len(waiting) < jobs and not (until_caught and report.caught):
                    seed = next(left, None)
                    if seed is None:
                        break
                    waiting.add(pool.submit(_one, seed, chosen))
                if not waiting:
                    break
                done, waiting = wait(waiting, STOPPED_S, return_when=FIRST_COMPLETED)
                if stopped():
                    raise InterruptedError("The simulation was stopped.")
                for each in done:
                    result = each.result()
                    report.add(result)
                    progress(result)
        except BaseException:
            for process in list(pool._processes.values()):
                process.terminate()  # a seed under way is worth nothing
            raise
    report.wall_s = round(time.monotonic() - began, 1)
    report.simulated_s = round(report.simulated_s, 1)
    return report


async def simulating(
    seeds: Iterable[int],
    plan: Plan | None = None,
    *,
    jobs: int = 1,
    progress: Callable[[SeedResult], None] = lambda _: None,
) -> Report:
    """As `simulate`, beside others on their loop; whoever cancels it ends its processes."""
    stop = threading.Event()
    try:
        return await asyncio.to_thread(
            simulate, seeds, plan, jobs=jobs, progress=progress, stopped=stop.is_set
        )
    finally:
        stop.set()
