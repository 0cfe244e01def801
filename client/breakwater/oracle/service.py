"""The oracle as a service: sources in, publications out, until told to stop."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import stamina
import structlog

from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.errors import BreakwaterError, InvalidInput
from breakwater.limits import back_off

from .aggregate import Rules
from .board import Board
from .publisher import Publication, Publisher
from .sources import wall_ms
from .telemetry import Telemetry, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from solders.keypair import Keypair

    from breakwater.chain.engine import RpcEngine
    from breakwater.model import PriceEvent, Tick

    from .sources import Clock, Source

__all__ = ["OracleConfig", "Summary", "run"]

LOOK_S = 0.2
"""Between two looks at heartbeat, state and metrics."""

DRAIN_S = 5.0
"""How long what still waits may take at the end."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OracleConfig:
    """How to run.

    Args:
        feed: its name.
        rules: what makes a price publishable.
        heartbeat_s: an unchanged price is published again after so long; None is a third of `max_age_s`.
        metrics_port: for /metrics and /health on loopback; 0 takes a free one, None serves nothing.
        run_clock: on the embedded engine, let its slots pass by the wall clock.
        send_s: after which an unconfirmed transaction is looked up.
        wait_max_s: longest pause between two attempts to publish.
    """

    feed: str
    rules: Rules = field(default_factory=Rules)
    heartbeat_s: float | None = None
    metrics_port: int | None = None
    run_clock: bool = True
    send_s: float = 30.0
    wait_max_s: float = 5.0


@dataclass(slots=True)
class Summary:
    """What a run did; seconds are wall-clock, the gap is the longest between two prices' times."""

    feed: str
    engine: str
    seconds: float = 0.0
    publications: int = 0
    heartbeats: int = 0
    transactions: int = 0
    largest_batch: int = 0
    ticks: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    source_failures: dict[str, int] = field(default_factory=dict)
    longest_gap_s: float = 0.0
    degraded: int = 0
    recovered: int = 0
    state: str = "degraded"
    sequence: int = 0
    unpublished: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


async def run(
    engine: EmbeddedEngine | RpcEngine,
    config: OracleConfig,
    key: Keypair,
    sources: Sequence[Source],
    *,
    on_publication: Callable[[Publication], None] = lambda _: None,
    on_listening: Callable[[int], None] = lambda _: None,
    stop: asyncio.Event | None = None,
    clock: Clock = wall_ms,
) -> Summary:
    """Publish until `stop` is set or every source has ended.

    Args:
        engine: where the feed is.
        config: how.
        key: the feed's publisher, who also pays.
        sources: of one symbol, each with its own name.
        on_publication: told of every price on the chain.
        on_listening: told the port of /metrics and /health.
        stop: ends the run; what waits is still published.
        clock: Unix time in milliseconds.

    Raises:
        InvalidInput: there is no such feed, it has another publisher, or a setting is wrong.
        ProgramError: the publisher was rotated while it ran.
    """
    if not sources or len({each.name for each in sources}) != len(sources):
        raise InvalidInput("Name at least one source, and each once.")
    oracle = _Oracle(engine, config, key, sources, on_publication, clock)
    try:
        return await oracle.run(stop or asyncio.Event(), on_listening)
    except BaseExceptionGroup as group:
        raise _first(group) from None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Our own error if there is one, else whatever came first."""
    found: BaseException = group.subgroup(BreakwaterError) or group
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found


class _Oracle:
    def __init__(
        self,
        engine: EmbeddedEngine | RpcEngine,
        config: OracleConfig,
        key: Keypair,
        sources: Sequence[Source],
        on_publication: Callable[[Publication], None],
        clock: Clock,
    ) -> None:
        self._engine, self._config, self._sources, self._clock = engine, config, sources, clock
        self._on_publication = on_publication
        self._telemetry = Telemetry(config.feed)
        self._publisher = Publisher(
            Sender(engine),
            key,
            config.feed,
            on_published=self._published,
            send_s=config.send_s,
            wait_max_s=config.wait_max_s,
        )
        self._summary = Summary(config.feed, engine.name)
        self._board: Board

    async def run(self, stop: asyncio.Event, on_listening: Callable[[int], None]) -> Summary:
        began = time.monotonic()
        if not await self._resumed(stop):
            return self._summary
        with ExitStack() as stack:
            if self._config.metrics_port is not None:
                port = stack.enter_context(serve(self._config.metrics_port, self._telemetry, self.health))
                on_listening(port)
            async with asyncio.TaskGroup() as group:
                running = [group.create_task(each.run(self._take)) for each in self._sources]
                always = [group.create_task(self._publisher.run()), group.create_task(self._look())]
                if isinstance(self._engine, EmbeddedEngine) and self._config.run_clock:
                    always.append(group.create_task(self._engine.run_clock()))
                await _either(stop, running)
                for task in running:
                    task.cancel()
                await self._publisher.drain(DRAIN_S)
                for task in always:
                    task.cancel()
        return self._summarise(time.monotonic() - began)

    async def _resumed(self, stop: asyncio.Event) -> bool:
        """Wait for the node as long as it takes; False where `stop` came first."""
        resuming = asyncio.create_task(self._resume())
        try:
            await _either(stop, [resuming])
            if resuming.done():
                resuming.result()
                return True
        finally:
            resuming.cancel()
        return False

    async def _resume(self) -> None:
        async for attempt in stamina.retry_context(
            on=back_off, attempts=None, timeout=None, wait_max=self._config.wait_max_s
        ):
            with attempt:
                feed = await self._publisher.resume()
        heartbeat = self._config.heartbeat_s or feed.max_age_s / 3
        if not 0 < heartbeat < feed.max_age_s:
            raise InvalidInput(f"Choose a heartbeat under the feed's maximum age, {feed.max_age_s} s.")
        self._board = Board(feed, self._config.feed, self._config.rules, heartbeat, self._clock)
        log.info("oracle_started", feed=self._config.feed, sequence=feed.sequence, heartbeat_s=heartbeat)

    def _take(self, tick: Tick) -> None:
        self._submit(self._board.take(tick), heartbeat=False)

    def _submit(self, event: PriceEvent | None, *, heartbeat: bool) -> None:
        if event is not None:
            self._publisher.submit(event, heartbeat=heartbeat)

    async def _look(self) -> None:
        while True:
            # while prices wait for the chain, another one that is the same would only wait as well
            if not self._publisher.waiting:
                self._submit(self._board.beat(), heartbeat=True)
            self._measure()
            await asyncio.sleep(LOOK_S)

    def _published(self, publication: Publication) -> None:
        event, summary = publication.event, self._summary
        self._board.published(event)
        summary.publications += 1
        summary.heartbeats += publication.heartbeat
        summary.largest_batch = max(summary.largest_batch, publication.batch)
        price = event.price * 10.0**event.exponent
        self._telemetry.published(price, event.sequence, heartbeat=publication.heartbeat)
        self._on_publication(publication)

    def _measure(self) -> None:
        publisher, board = self._publisher, self._board
        self._telemetry.look(
            state=board.look(),
            age_s=board.age_s,
            waiting=publisher.waiting,
            transactions=publisher.transactions,
            counts={
                "errors": publisher.errors,
                "dropped": publisher.dropped,
                "refused": board.refused,
                "ticks": board.by_source,
            },
            sources=self._sources,
            now_ms=self._clock(),
        )

    def health(self) -> dict[str, Any]:
        """What /health says."""
        board, publisher, now = self._board, self._publisher, self._clock()
        return {
            "feed": self._config.feed,
            "state": board.state.value,
            "age_s": board.age_s,
            "sequence": publisher.sequence,
            "publications": publisher.published,
            "waiting": publisher.waiting,
            "sources": {
                each.name: {
                    "age_s": None if each.status.ok_ms is None else (now - each.status.ok_ms) / 1000,
                    "answers": each.status.answers,
                    "failures": each.status.failures,
                    "circuit": each.status.breaker,
                    "error": each.status.last_error,
                }
                for each in self._sources
            },
        }

    def _summarise(self, seconds: float) -> Summary:
        self._measure()
        summary, board, publisher = self._summary, self._board, self._publisher
        summary.seconds = round(seconds, 3)
        summary.transactions = publisher.transactions
        summary.ticks, summary.refused = dict(board.by_source), dict(board.refused)
        summary.dropped, summary.errors = dict(publisher.dropped), dict(publisher.errors)
        summary.source_failures = {each.name: each.status.failures for each in self._sources}
        summary.longest_gap_s = round(board.longest_gap_s, 3)
        summary.degraded, summary.recovered = board.degraded, board.recovered
        summary.state, summary.sequence = board.state.value, publisher.sequence
        summary.unpublished = publisher.waiting
        log.info("oracle_stopped", feed=summary.feed, publications=summary.publications)
        return summary


async def _either(stop: asyncio.Event, running: Sequence[asyncio.Task[None]]) -> None:
    """Wait for `stop`, or for every source to end; a source that fails ends the group by itself."""
    waits: list[asyncio.Task[Any]] = [
        asyncio.create_task(stop.wait()),
        asyncio.create_task(asyncio.wait(running)),
    ]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()
