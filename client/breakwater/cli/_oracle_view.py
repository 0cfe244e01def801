"""How `breakwater oracle` opens what it needs, stops, and shows what it finds."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import structlog
from rich.table import Table
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from .. import oracle as service
from ..chain import programs
from ..chain.engine import EmbeddedEngine, RpcEngine, open_engine
from ..chain.sender import Sender
from ..config import load_keypair, settings
from ..errors import InvalidInput
from ._session import require_answer, show

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from ..chain.engine import Receipt

SOL = 10**9


def logs_to_stderr() -> None:
    """Standard output is for results."""
    level = logging.getLevelNamesMapping()[settings().log_level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


@asynccontextmanager
async def _cluster(engine: str | None) -> AsyncIterator[EmbeddedEngine | RpcEngine]:
    name = engine or settings().rpc_url
    if name is None or name in ("embedded", "local"):
        raise InvalidInput("Name a cluster that outlives this command: --engine devnet or an address.")
    async with open_engine(name) as opened:
        if isinstance(opened, RpcEngine):
            await require_answer(opened)
        yield opened


async def publish(
    engine: str,
    keypair: Path | None,
    wanted: service.Wanted,
    config: service.OracleConfig,
    exponent: int,
    max_age_s: int,
    seconds: float | None,
    *,
    as_json: bool,
) -> service.Summary:
    """Run the oracle until it is interrupted or the time is over."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    embedded = engine == "embedded"
    key = Keypair() if embedded and keypair is None else load_keypair(keypair)
    loaded = programs.embedded_programs() if embedded else None
    async with open_engine(engine, programs=loaded) as opened, service.open_sources(wanted) as sources:
        if isinstance(opened, EmbeddedEngine):
            await opened.airdrop(key.pubkey(), 100 * SOL)
            sender = Sender(opened)
            await service.create(
                sender, key, config.feed, key.pubkey(), exponent=exponent, max_age_s=max_age_s
            )
        stopper = _Stopper(stop)
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, stopper)
        if seconds is not None:
            loop.call_later(seconds, stop.set)
        return await service.run(
            opened,
            config,
            key,
            sources,
            on_publication=_print_line if as_json else lambda _: None,
            on_listening=lambda port: _say(f"metrics and health at http://127.0.0.1:{port}/"),
            stop=stop,
        )


class _Stopper:
    """The first signal asks for an end with a summary, the second one ends at once."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop

    def __call__(self) -> None:
        if self._stop.is_set():
            raise KeyboardInterrupt
        self._stop.set()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _print_line(publication: service.Publication) -> None:
    line = asdict(publication.event) | {
        "signature": publication.signature,
        "landed_slot": publication.slot,
        "batch": publication.batch,
        "heartbeat": publication.heartbeat,
    }
    print(json.dumps(line), flush=True)


async def look(engine: str | None, feed: str) -> service.FeedView:
    """Read a feed."""
    async with _cluster(engine) as opened:
        return await service.show(opened, feed)


async def open_feed(
    engine: str | None, keypair: Path | None, feed: str, publisher: str | None, exponent: int, max_age_s: int
) -> Receipt:
    """Create a feed."""
    key = load_keypair(keypair)
    who = key.pubkey() if publisher is None else _address(publisher)
    async with _cluster(engine) as opened:
        sender = Sender(opened)
        return await service.create(sender, key, feed, who, exponent=exponent, max_age_s=max_age_s)


async def hand_over(engine: str | None, keypair: Path | None, feed: str, publisher: str) -> Receipt:
    """Rotate a feed's publisher."""
    key, who = load_keypair(keypair), _address(publisher)
    async with _cluster(engine) as opened:
        return await service.rotate(Sender(opened), key, feed, who)


def _address(text: str) -> Pubkey:
    try:
        return Pubkey.from_string(text)
    except ValueError:
        raise InvalidInput(f"Name an address in base58, not {text!r}.") from None


def print_receipt(receipt: Receipt, *, as_json: bool) -> None:
    """What a transaction did."""
    found = {
        "signature": str(receipt.signature),
        "slot": receipt.slot,
        "compute_units": receipt.compute_units,
    }
    if as_json:
        print(json.dumps(found))
    else:
        print(f"Done in slot {receipt.slot}: {receipt.signature}")


def print_feed(found: service.FeedView) -> None:
    """A feed as a table."""
    table = Table(title=f"Feed {found.feed}", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    price = "none yet" if found.price is None else f"{found.price} ± {found.confidence}"
    age = "never published" if found.age_s is None else f"{found.age_s:,} s of {found.max_age_s:,} s"
    for name, value in (
        ("price", price),
        ("freshness", found.freshness.value),
        ("age", age),
        ("sequence", f"{found.sequence:,}"),
        ("publications", f"{found.count:,}"),
        ("slot", f"{found.slot:,}"),
        ("unit", f"10^{found.exponent}"),
        ("address", found.address),
        ("publisher", found.publisher),
        ("authority", found.authority),
    ):
        table.add_row(name, value)
    show(table)


def print_summary(summary: service.Summary) -> None:
    """A run as a table."""
    table = Table(title=f"Oracle of {summary.feed} on the {summary.engine} engine", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, value in (
        ("seconds", f"{summary.seconds:,.1f}"),
        ("publications", f"{summary.publications:,}"),
        ("  of these heartbeats", f"{summary.heartbeats:,}"),
        ("transactions", f"{summary.transactions:,}"),
        ("most in one transaction", f"{summary.largest_batch:,}"),
        ("longest gap, seconds", f"{summary.longest_gap_s:,.1f}"),
        ("ticks", _counts(summary.ticks)),
        ("refused", _counts(summary.refused)),
        ("dropped", _counts(summary.dropped)),
        ("errors", _counts(summary.errors)),
        ("failures of sources", _counts(summary.source_failures)),
        ("degraded, recovered", f"{summary.degraded}, {summary.recovered}"),
        ("state", summary.state),
        ("sequence", f"{summary.sequence:,}"),
    ):
        table.add_row(name, value)
    show(table)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()) if count) or "none"
