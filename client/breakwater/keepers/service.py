"""Keepers as a service: any number of them in one process, until told to stop.

Nothing is kept on disk. What a keeper that was killed had begun is on the chain: done, refused, or a task
that it still holds, which it ends when it is back.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.errors import BreakwaterError, InvalidInput, Retryable

from .duty import open_account
from .eyes import Eyes, Pace
from .hands import Hands, Ledger
from .keeper import Duties, Keeper
from .telemetry import Telemetry, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from solders.keypair import Keypair

    from breakwater.chain.engine import RpcEngine
    from breakwater.chain.keeper_accounts import Task

    from .finding import Prices
    from .hands import Outcome
    from .work import Work

__all__ = ["KeeperConfig", "Summary", "run"]

BUSY_S = 0.05
REST_S = 10.0
"""How long transactions that are under way may take at the end."""

IDLE_PASSES = 3
"""Passes without anything to do after which a single round is over."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KeeperConfig:
    """How to run.

    Attributes:
        duties: what the keepers do.
        pace: how often they look.
        metrics_port: for /metrics and /health on loopback; 0 takes a free one, None serves nothing.
        once: end when nothing is left to do.
        prune_after_s: when remains of settled markets may go; None takes the registry's rule, or a month.
        run_clock: on the embedded engine, let its slots pass by the wall clock.
    """

    duties: Duties = field(default_factory=Duties)
    pace: Pace = field(default_factory=Pace)
    metrics_port: int | None = None
    once: bool = False
    prune_after_s: int | None = None
    run_clock: bool = True


@dataclass(slots=True)
class Summary:
    """What a run did, summed over its keepers."""

    engine: str
    keepers: int
    seconds: float = 0.0
    done: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    unknown: int = 0
    snapshots: int = 0
    pushed: int = 0
    missed: int = 0
    reconnects: int = 0
    stale_feeds: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


async def run(
    engine: EmbeddedEngine | RpcEngine,
    keys: Sequence[Keypair],
    config: KeeperConfig | None = None,
    *,
    prices: Prices | None = None,
    on_done: Callable[[Keeper, Work, Task | None, Outcome], None] = lambda *_: None,
    on_listening: Callable[[int], None] = lambda _: None,
    stop: asyncio.Event | None = None,
) -> Summary:
    """Keep until `stop` is set, or with `once` until nothing is left to do.

    Args:
        engine: the chain.
        keys: one for every keeper; each pays for its own transactions.
        config: how.
        prices: a source for stale feeds; without it they are reported.
        on_done: told of everything that was done.
        on_listening: told the port of /metrics and /health.
        stop: ends the run.

    Raises:
        InvalidInput: there is no keeper, or one is named twice.
        InsufficientFunds: no keeper can pay any more, or one not even for its trader account.
    """
    chosen = config or KeeperConfig()
    if not keys or len({key.pubkey() for key in keys}) != len(keys):
        raise InvalidInput("Name at least one key pair, and each once.")
    stop = stop or asyncio.Event()
    eyes = Eyes(engine, prices=prices, pace=chosen.pace, prune_after_s=chosen.prune_after_s)

    def note(keeper: Keeper, work: Work, task: Task | None, outcome: Outcome) -> None:
        if outcome.result == "done":
            on_done(keeper, work, task, outcome)

    eyes.on_outcome.append(note)
    # keepers of one process do not compete with each other
    sender, ledger = Sender(engine), Ledger()
    keepers = [Keeper(eyes, Hands(sender, key, ledger), chosen.duties) for key in keys]
    eyes.crew = keepers
    began = time.monotonic()
    try:
        with ExitStack() as stack:
            if chosen.metrics_port is not None:
                on_listening(stack.enter_context(serve(chosen.metrics_port, Telemetry(eyes, keepers))))
            await _guarded(_run(engine, eyes, keepers, chosen, sender, stop))
    finally:
        eyes.close()
    return _summary(engine, eyes, keepers, time.monotonic() - began)


async def _run(
    engine: EmbeddedEngine | RpcEngine,
    eyes: Eyes,
    keepers: Sequence[Keeper],
    config: KeeperConfig,
    sender: Sender,
    stop: asyncio.Event,
) -> None:
    async with asyncio.TaskGroup() as group:
        started: list[asyncio.Task[None]] = []
        watch = group.create_task(stop.wait())
        if isinstance(engine, EmbeddedEngine) and config.run_clock:
            started.append(group.create_task(engine.run_clock()))
        opening = group.create_task(_open_accounts(sender, keepers))
        await asyncio.wait([watch, opening], return_when=asyncio.FIRST_COMPLETED)
        if opening.done():
            opening.result()
            started.append(group.create_task(eyes.run()))
            started += [group.create_task(each.run()) for each in keepers]
            if config.once:
                started.append(group.create_task(_until_idle(eyes, keepers, stop)))
            log.info("keepers_started", keepers=len(keepers), engine=engine.name)
            await stop.wait()
            await _rest(keepers)
        opening.cancel()
        for each in started:
            each.cancel()


async def _rest(keepers: Sequence[Keeper]) -> None:
    """Start nothing new, and let what is under way end, for a while."""
    for each in keepers:
        each.resting = True
    deadline = time.monotonic() + REST_S
    while any(each.busy for each in keepers) and time.monotonic() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(BUSY_S)


async def _guarded(running: Coroutine[Any, Any, None]) -> None:
    """Our own error out of a group, if there is one."""
    try:
        await running
    except BaseExceptionGroup as group:
        first: BaseException = group.subgroup(BreakwaterError) or group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None


async def _open_accounts(sender: Sender, keepers: Sequence[Keeper]) -> None:
    """Rewards go to a trader account; wait for the node as long as it takes."""
    for each in keepers:
        wait = 0.5
        while True:
            try:
                await open_account(sender, each.key)
                break
            except Retryable as error:
                log.warning("keeper_waits", error=str(error), again_in_s=wait)
                await asyncio.sleep(wait)
                wait = min(2 * wait, 15.0)


async def _until_idle(eyes: Eyes, keepers: Sequence[Keeper], stop: asyncio.Event) -> None:
    """Set `stop` once several looks in a row have found nothing that could be started."""
    quiet, seen, before = 0, -1, -1
    while quiet < IDLE_PASSES:
        seen = await eyes.after(seen)
        while any(each.seen != eyes.version or each.busy for each in keepers):  # noqa: ASYNC110
            await asyncio.sleep(BUSY_S)
        started = sum(each.hands.outcomes.total() for each in keepers)
        quiet = quiet + 1 if started == before else 0
        before = started
    stop.set()


def _summary(
    engine: EmbeddedEngine | RpcEngine, eyes: Eyes, keepers: Sequence[Keeper], seconds: float
) -> Summary:
    summary = Summary(engine.name, len(keepers), round(seconds, 3))
    for each in keepers:
        for (kind, how), count in each.hands.outcomes.items():
            if how == "done":
                summary.done[kind] = summary.done.get(kind, 0) + count
            summary.unknown += count if how == "unknown" else 0
        for error, count in each.hands.errors.items():
            summary.refused[error] = summary.refused.get(error, 0) + count
    summary.snapshots, summary.pushed = eyes.snapshots, eyes.pushed
    summary.missed, summary.reconnects = eyes.missed, eyes.reconnects
    summary.stale_feeds = list(eyes.finder.stale)
    log.info("keepers_stopped", done=sum(summary.done.values()), unknown=summary.unknown)
    return summary
