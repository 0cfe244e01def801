"""What `breakwater cascade` does with its options, and how results look to people."""

from __future__ import annotations

import asyncio
import gc
import json
import signal as signals
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog
import typer
from rich.console import Console
from rich.table import Table

from .. import cascade
from ..alerts import Notifier, load, sinks_of
from ..config import settings
from ..errors import InvalidInput
from ..serving import Tokens
from . import _session

if TYPE_CHECKING:
    from pathlib import Path

    from ..cascade import Desk, Guard, Replay, Signal

__all__ = [
    "Page",
    "Wanted",
    "model_of",
    "print_replay",
    "run_serve",
    "run_watch",
    "run_worker",
]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to follow, and what to do about it."""

    exchanges: list[str] | None
    symbols: list[str] | None
    urls: list[str] | None
    engine: str | None
    act: bool
    keypair: Path | None
    redis: str | None
    alerts: Path | None
    model: Path | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Page:
    """Where to serve, and what instead of live feeds."""

    host: str
    port: int
    token_file: Path | None
    names: frozenset[str] | None
    recording: Path | None
    speed: float


def model_of(file: Path | None) -> cascade.Model:
    """The model of a file, or the shipped one."""
    return cascade.shipped_model() if file is None else cascade.load_model(file)


def exchange_of(name: str) -> cascade.Exchange:
    """An exchange by its name."""
    try:
        return cascade.Exchange[name.upper()]
    except KeyError:
        raise InvalidInput(f"Name binance, bybit, okx or hyperliquid, not {name!r}.") from None


def _is_websocket(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none
        return False


def _urls(given: list[str] | None) -> dict[cascade.Exchange, str]:
    found = {}
    for each in given or ():
        name, _, url = each.partition("=")
        if not _is_websocket(url):
            raise InvalidInput(f"Give --url as EXCHANGE=wss://..., not {each!r}.")
        found[exchange_of(name)] = url
    return found


def _line(found: Signal) -> str:
    at = time.strftime("%H:%M:%S", time.gmtime(found.time_ms / 1000))
    because = ", ".join(f"{each.feature} {each.value:.2f}" for each in found.reasons)
    arrow = f"{found.before.name.lower()} -> {found.level.name.lower()}"
    return f"{at} {found.symbol}: {arrow}, confidence {found.confidence:.1%}, {found.regime.name.lower()}" + (
        f" ({because})" if because else ""
    )


def _printer(*, as_json: bool) -> Any:
    def tell(found: Signal) -> None:
        typer.echo(json.dumps(found.as_dict()) if as_json else _line(found))
        sys.stdout.flush()

    return tell


async def _following(wanted: Wanted, stack: AsyncExitStack, on_signal: Any) -> tuple[Desk, Any]:
    """A desk, and what keeps it busy."""
    notifier = None
    if wanted.alerts is not None:
        notifier = await stack.enter_async_context(Notifier(sinks_of(load(wanted.alerts))))
    producer = None if wanted.redis is None else cascade.Producer(wanted.redis)
    desk = cascade.Desk(model_of(wanted.model), notifier=notifier, producer=producer, on_signal=on_signal)
    guard: Guard | None = None
    if wanted.engine is not None:
        session = await stack.enter_async_context(_session.connect(wanted.engine))
        key = session.key(wanted.keypair, "operator") if wanted.act else None
        guard = cascade.Guard(session.engine, session.sender if key else None, key)
    elif wanted.act:
        raise InvalidInput("Add --engine: --act acts on our own exchange.")
    names = wanted.exchanges or (
        [] if wanted.engine and not wanted.symbols else ["binance", "bybit", "okx", "hyperliquid"]
    )
    exchanges = [exchange_of(each) for each in names]
    assets = [each.upper() for each in wanted.symbols or ("BTC", "ETH", "SOL")]

    async def running() -> None:
        await cascade.watch(
            desk, exchanges, assets, urls=_urls(wanted.urls), guard=guard, seconds=wanted.seconds,
            on_deeds=lambda deeds: typer.echo(json.dumps(asdict(deeds)), err=True),
        )  # fmt: skip

    return desk, running


def _logs_to_stderr() -> None:
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def run_watch(wanted: Wanted, *, as_json: bool) -> None:
    """Follow until told to stop."""
    _logs_to_stderr()

    async def go() -> None:
        async with AsyncExitStack() as stack:
            _, running = await _following(wanted, stack, _printer(as_json=as_json))
            await running()

    asyncio.run(go())


def run_serve(wanted: Wanted, page: Page, *, as_json: bool) -> None:
    """The same with a page."""
    _logs_to_stderr()
    file = page.token_file or cascade.default_tokens(settings().cache)
    tokens = Tokens.read(file) if page.token_file else Tokens.make(file)

    def listening(url: str) -> None:
        typer.echo(
            json.dumps({"url": url, "token_file": str(file)}) if as_json else f"{url}, token in {file}"
        )
        sys.stdout.flush()

    async def go() -> None:
        async with AsyncExitStack() as stack:
            desk, running = await _following(wanted, stack, lambda _: None)
            recording = page.recording
            work = (
                running if recording is None else lambda: _play(desk, recording, page.speed, wanted.seconds)
            )
            await cascade.serve(
                desk, tokens, work, host=page.host, port=page.port, names=page.names, on_listening=listening
            )

    asyncio.run(go())


async def _play(desk: Desk, file: Path, speed: float, seconds: float | None) -> None:
    """A capture at its own pace, or so many times as fast; the page stays until told to stop."""
    recording = await asyncio.to_thread(cascade.read_recording, file)
    began, first = time.monotonic(), min((each.time_ms for each in recording.events), default=0)
    end = None if seconds is None else began + seconds
    for event in recording.events:
        due = began + (event.time_ms - first) / 1000 / speed
        if end is not None and time.monotonic() >= end:
            return
        if due > time.monotonic():
            desk.version += 1
            await asyncio.sleep(due - time.monotonic())
        desk.take(event)
    desk.version += 1
    await asyncio.sleep(3e8 if end is None else max(0.0, end - time.monotonic()))


def print_replay(found: Replay) -> None:
    """Frames, counts and signals of a capture."""
    recording = found.recording
    table = Table(title=f"{recording.format}: {recording.frames:,} frames, {len(recording.events):,} events")
    for column in ("what", "count"):
        table.add_column(column, justify="right" if column == "count" else "left")
    rows = {"parsed": recording.parsed, **{f"ignored: {k}": v for k, v in recording.ignored.items()}}
    rows |= {f"refused: {k}": v for k, v in recording.refused.items()}
    rows |= {
        "gaps": recording.gaps,
        "duplicates": found.duplicates,
        "late": found.late,
        "dropped": found.dropped,
    }
    for name, value in rows.items():
        table.add_row(name, f"{value:,}")
    out = Console(file=sys.stdout)
    out.print(table)
    for each in found.signals:
        out.print(_line(each), highlight=False, soft_wrap=True)
    greatest = ", ".join(f"{symbol} {risk:.2f}" for symbol, risk in sorted(found.greatest.items()))
    out.print(f"{len(found.signals)} signals; greatest risk of 100: {greatest or 'none'}", highlight=False)


def run_worker(
    url: str, name: str, most: int, model: Path | None, seconds: float | None, *, as_json: bool
) -> None:
    """Consume until told to stop; partitions are given back at the end."""
    _logs_to_stderr()
    worker = cascade.Worker(url, name, model=model_of(model), most=most, on_signal=_printer(as_json=as_json))
    end = None if seconds is None else time.monotonic() + seconds
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signals.signal(signals.SIGTERM, stop)
    gc.freeze()  # a collection of all that has been imported would hold signals up
    try:
        while not stopping and (end is None or time.monotonic() < end):
            if not worker.step(200) and not worker.owned:
                time.sleep(0.2)
    finally:
        worker.release()
        worker.close()
