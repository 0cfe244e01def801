"""How `breakwater api` opens what it needs, says where it serves, and stops."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path

import uvloop

from .. import api
from ..config import settings
from ._session import connect, note, print_json

__all__ = ["Wanted", "run"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed."""

    host: str
    port: int
    token_file: Path | None
    store: Path | None
    allow_remote: bool
    names: frozenset[str]
    cache_slots: int


def run(engine: str | None, wanted: Wanted, *, as_json: bool) -> None:
    """Serve until SIGINT or SIGTERM."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(engine, wanted, as_json=as_json))


async def _serve(engine: str | None, wanted: Wanted, *, as_json: bool) -> None:
    directory = settings().cache / "api"
    token_file = wanted.token_file or directory / "token"
    tokens = api.Tokens.make(token_file) if wanted.token_file is None else api.Tokens.read(token_file)
    config = api.ApiConfig(
        tokens,
        wanted.store or directory / "orders.sqlite",
        wanted.host,
        wanted.port,
        wanted.names,
        wanted.allow_remote,
        cache_slots=wanted.cache_slots,
    )
    stop = _stopped()
    async with connect(engine) as opened, api.serving(opened.engine, config) as serving:
        if as_json:
            print_json({"url": serving.url, "token_file": str(token_file)})
        note(f"Serving {serving.url}/v1; the token for orders is in {token_file}. Ctrl-C stops.")
        await stop.wait()
    note("Stopped.")


def _stopped() -> asyncio.Event:
    """Set by the first SIGINT or SIGTERM; the second one ends the process at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def stopped() -> None:
        stop.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped)
    return stop
