"""Puts the parts together: what `watch`, `serve` and `replay` run."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
import uvicorn

from breakwater.errors import InvalidInput, Retryable
from breakwater.serving import Server, bound, url_of

from .act import Deeds, act
from .chain import Book, news, read_book
from .desk import Desk
from .engine import Engine
from .events import Exchange
from .feeds import VENUES, Connection, native_symbol
from .signals import Level, Signal
from .web import application

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from solders.keypair import Keypair

    from breakwater.chain.engine import Engine as Chain
    from breakwater.chain.sender import Sender
    from breakwater.serving import Tokens

    from .capture import Recording
    from .model import Model

__all__ = ["Guard", "Replay", "default_tokens", "replay", "serve", "watch"]

LOOK_S = 0.4
ACT_PAUSE_S = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Guard:
    """Our own exchange: where it is, and who acts on warnings (nobody while `key` is None)."""

    engine: Chain
    sender: Sender | None = None
    key: Keypair | None = None


@dataclass(slots=True)
class Replay:
    """What a recording brought: its frames, its signals, and the greatest risk of each symbol."""

    recording: Recording
    signals: list[Signal] = field(default_factory=list)
    greatest: dict[str, float] = field(default_factory=dict)
    counted: int = 0
    duplicates: int = 0
    late: int = 0
    dropped: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        found = self.recording
        return {
            "format": found.format,
            "frames": found.frames,
            "parsed": found.parsed,
            "ignored": dict(found.ignored),
            "refused": dict(found.refused),
            "gaps": found.gaps,
            "events": len(found.events),
            "counted": self.counted,
            "duplicates": self.duplicates,
            "late": self.late,
            "dropped": self.dropped,
            "greatest_risk": self.greatest,
            "signals": [each.as_dict() for each in self.signals],
        }


def replay(recording: Recording, model: Model | None = None) -> Replay:
    """A recording through the engine, as fast as it goes."""
    symbols = sorted({each.symbol for each in recording.events})
    engine = Engine(model, capacity=max(1, len(symbols)))
    found = Replay(recording)
    for event in recording.events:
        found.signals += engine.push(event)
        reading = engine.reading(event.symbol)
        found.greatest[event.symbol] = max(found.greatest.get(event.symbol, 0.0), round(reading.risk, 4))
    newest = max((each.time_ms for each in recording.events), default=0)
    found.signals += engine.clock(newest + 60_000)
    for symbol in symbols:
        reading = engine.reading(symbol)
        found.counted += reading.counted
        found.duplicates += reading.duplicates
        found.late += reading.late
        found.dropped += reading.dropped
    return found


def _connections(
    desk: Desk, exchanges: Iterable[Exchange], assets: Sequence[str], urls: dict[Exchange, str]
) -> list[Connection]:
    found = []
    for exchange in exchanges:
        if exchange not in VENUES:
            raise InvalidInput("Name binance, bybit, okx or hyperliquid; --engine watches our own chain.")
        symbols = [native_symbol(exchange, asset) for asset in assets]
        found.append(Connection(VENUES[exchange](), symbols, desk.take, url=urls.get(exchange)))
    return found


async def _chain(desk: Desk, guard: Guard, on_deeds: Callable[[Deeds], None]) -> None:
    """Look at our exchange, tell the engine; act when a level of at least warning holds anywhere."""
    before: Book | None = None
    acted = 0.0
    while True:
        try:
            book = await read_book(guard.engine)
            for event in news(before, book):
                desk.take(event)
            before = book
            alarmed = desk.worst() >= Level.WARNING
            if alarmed and guard.key and guard.sender and time.monotonic() - acted >= ACT_PAUSE_S:
                acted = time.monotonic()
                on_deeds(await act(guard.sender, guard.key, book))
        except Retryable as error:
            log.warning("chain_away", error=str(error))
        await asyncio.sleep(LOOK_S)


async def watch(
    desk: Desk,
    exchanges: Iterable[Exchange],
    assets: Sequence[str],
    *,
    urls: dict[Exchange, str] | None = None,
    guard: Guard | None = None,
    on_deeds: Callable[[Deeds], None] = lambda _: None,
    seconds: float | None = None,
) -> None:
    """Follow exchanges, and our own chain, until cancelled or for so long.

    Raises:
        InvalidInput: an exchange has no feed, or Redis wants another password.
    """
    work = [each.run() for each in _connections(desk, exchanges, assets, urls or {})]
    if guard is not None:
        work.append(_chain(desk, guard, on_deeds))
    try:
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            for each in (desk.run(), *work):
                group.create_task(each)
    except TimeoutError:
        pass
    except BaseExceptionGroup as group:
        raise _first(group) from None


def _first(error: BaseException) -> BaseException:
    """What ended a group of tasks, or of groups of them."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def serve(
    desk: Desk,
    tokens: Tokens,
    running: Callable[[], Any],
    *,
    host: str = "127.0.0.1",
    port: int = 8091,
    names: frozenset[str] | None = None,
    on_listening: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve the page while `running` does.

    Raises:
        InvalidInput: the address cannot be served.
    """
    with bound(host, port, remote_names=names) as socket:
        app = application(desk, tokens, names or frozenset())
        server = Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
        async with AsyncExitStack() as stack:
            serving = asyncio.create_task(server.serve(sockets=[socket]))

            async def stop() -> None:
                server.should_exit = True
                await serving

            stack.push_async_callback(stop)
            await server.listening.wait()
            on_listening(url_of(host, socket.getsockname()[1]))
            await running()


def default_tokens(cache: Path) -> Path:
    """Where the page's token lies unless told otherwise."""
    return cache / "cascade" / "token"
