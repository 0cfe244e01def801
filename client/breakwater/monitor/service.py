"""The watch: a sample every second to history, page, Prometheus and sinks, until told to stop."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog
import uvicorn

from breakwater.alerts import Notifier, sinks_of
from breakwater.serving import Server, bound, url_of
from breakwater.serving_patience import Patient

from .assets import assets
from .exposition import Exposition
from .history import History
from .web import Board, application

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from breakwater.serving import Tokens

    from .monitor import Monitor, Sample

__all__ = ["PageConfig", "WatchConfig", "look_twice", "watch"]

GRACE_S: Final = 3
SETTLE_S: Final = 2.2
"""A rate needs two looks that are at least so far apart."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PageConfig:
    """How the page is served.

    Args:
        tokens: whose holders see it.
        host, port: where; port 0 takes a free one.
        names: by which other machines may call the server; None keeps it on loopback.
    """

    tokens: Tokens
    host: str = "127.0.0.1"
    port: int = 0
    names: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class WatchConfig:
    """How to watch.

    Args:
        interval_s: between two looks.
        history: the file of history; None keeps none.
        page: how to serve; None serves nothing.
    """

    interval_s: float = 1.0
    history: Path | None = None
    page: PageConfig | None = field(default=None)


async def look_twice(monitor: Monitor) -> Sample:
    """A single answer with rates in it: two looks as far apart as a rate needs; what holds fires at once.

    The notices are those of both looks.
    """
    first = await monitor.sample(at_once=True)
    await asyncio.sleep(SETTLE_S)
    second = await monitor.sample(at_once=True)
    return type(second)(second.view, second.readings, second.alerts, first.notices + second.notices)


async def watch(
    monitor: Monitor,
    config: WatchConfig | None = None,
    *,
    on_sample: Callable[[Sample], None] = lambda _: None,
    on_listening: Callable[[str], None] = lambda _: None,
    stop: asyncio.Event | None = None,
) -> int:
    """Watch until `stop` is set; how many looks were taken.

    Args:
        monitor: what to look with; alerts that the history knows to hold are not told again.
        config: how.
        on_sample: told of every sample.
        on_listening: told the page's address.
        stop: ends the watch.

    Raises:
        InvalidInput: another monitor has the history, or the address cannot be served.
        EngineUnavailable: a file of the page is absent.
    """
    chosen, stop = config or WatchConfig(), stop or asyncio.Event()
    looks = 0
    async with AsyncExitStack() as stack:
        notifier = Notifier(sinks_of(monitor.rules))
        history: History | None = None
        if chosen.history is not None:
            history = History(chosen.history)
            stack.push_async_callback(history.close)
            monitor.resume(await history.active())
        exposition, board = Exposition(monitor.metrics, notifier), Board()
        if chosen.page is not None:
            serving = _serving(chosen.page, monitor, exposition, board, history)
            on_listening(await stack.enter_async_context(serving))
        await stack.enter_async_context(notifier)
        log.info("monitor_started", engine=monitor.engine.name, rules=len(monitor.rules.rules))
        while not stop.is_set():
            began = time.monotonic()
            sample = await monitor.sample()
            looks += 1
            exposition.show(sample)
            board.show(sample)
            for notice in sample.notices:
                notifier.tell(notice)
            on_sample(sample)
            if history is not None:
                await history.record(sample)
            with suppress(TimeoutError):
                left = chosen.interval_s - (time.monotonic() - began)
                await asyncio.wait_for(stop.wait(), max(0.0, left))
    log.info("monitor_stopped", looks=looks)
    return looks


@asynccontextmanager
async def _serving(
    config: PageConfig, monitor: Monitor, exposition: Exposition, board: Board, history: History | None
) -> AsyncIterator[str]:
    """Serve the page while the block runs; where."""
    files = assets()
    listener = bound(config.host, config.port, remote_names=config.names)
    names = frozenset(each.lower() for each in config.names or ())
    app = application(board, config.tokens, files, monitor.metrics, exposition, history, names)
    server = Server(
        uvicorn.Config(
            app,
            http=Patient,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    host, port = listener.getsockname()[:2]
    running = asyncio.create_task(server.serve([listener]))
    try:
        await server.listening.wait()
        yield url_of(host, port)
    finally:
        board.close()
        server.should_exit = True
        await running
