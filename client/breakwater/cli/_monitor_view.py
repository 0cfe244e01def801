"""How `breakwater monitor` opens what it needs, and how a sample looks in a terminal."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
import uvloop
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from .. import monitor as service
from ..alerts import Alert, Book, Severity, labels_text
from ..config import settings
from ..serving import Tokens
from ._session import Session, connect, note, plain_console, print_json, show

__all__ = ["Pace", "Page", "run_once", "run_watch", "sample_view"]

STYLES = {
    Severity.INFO: "cyan",
    Severity.WARNING: "yellow",
    Severity.CRITICAL: "bold red",
    Severity.EMERGENCY: "bold white on red",
}
STATES = {
    "fresh": "green",
    "stale": "yellow",
    "on duty": "green",
    "silent": "bold red",
    "suspended": "bold red",
    "leaving": "cyan",
}
FIGURES = (
    ("coverage", "vault", "cash", "loans", "debt_at_risk", "insurance", "bad_debt"),
    ("open_interest", "escrow", "open_markets", "halted_markets", "volume", "fees", "fee"),
    ("tps", "slots_per_s", "slot_still", "rpc_latency", "fold_age", "keepers_on_duty", "admin_present"),
)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look and to search, and for how long, in seconds."""

    interval: float
    scan: float
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Page:
    """How the page was asked for."""

    host: str
    port: int
    token_file: Path | None
    names: frozenset[str] | None


def run_once(engine: str | None, book: Book, *, as_json: bool) -> bool:
    """Look and print; whether nothing critical holds."""

    async def look() -> service.Sample:
        async with connect(engine) as opened:
            return await service.look_twice(service.Monitor(opened.engine, book))

    sample = asyncio.run(look())
    if as_json:
        print_json(sample.as_dict())
    else:
        show(sample_view(sample))
    return sample.worst is None or sample.worst.rank < Severity.CRITICAL.rank


def run_watch(
    engine: str | None,
    book: Book,
    pace: Pace,
    page: Page | None,
    history: Path | None,
    *,
    terminal: bool,
    as_json: bool,
) -> None:
    """Watch until SIGINT or SIGTERM, or for `pace.seconds`."""
    if terminal:  # the live view shows alerts by itself
        book = book.model_copy(update={"sinks": tuple(each for each in book.sinks if each.kind != "console")})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_watch(engine, book, pace, page, history, terminal=terminal, as_json=as_json))


async def _watch(
    engine: str | None,
    book: Book,
    pace: Pace,
    page: Page | None,
    history: Path | None,
    *,
    terminal: bool,
    as_json: bool,
) -> None:
    stop = _stopped(pace.seconds)
    directory = settings().cache / "monitor"
    served, file = None, directory / "token"
    if page is not None:
        file = page.token_file or file
        tokens = Tokens.make(file) if page.token_file is None else Tokens.read(file)
        served = service.PageConfig(tokens, page.host, page.port, page.names)
    async with connect(engine) as opened, AsyncExitStack() as stack:
        kept = history or (None if page is None else directory / await _name(opened))
        config = service.WatchConfig(pace.interval, kept, served)
        looker = service.Looker(opened.engine, scan_s=pace.scan)
        watched = service.Monitor(opened.engine, book, looker=looker)
        live = None
        if terminal:
            structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
            live = stack.enter_context(Live(console=plain_console(), screen=True, auto_refresh=False))

        def listening(url: str) -> None:
            if as_json:
                print_json({"url": url, "token_file": str(file)})
            if not terminal:
                note(f"Watching at {url}; the token is in {file}. Ctrl-C stops.")

        def sampled(sample: service.Sample) -> None:
            if live is not None:
                live.update(sample_view(sample), refresh=True)
            elif as_json and page is None:
                print_json(sample.as_dict())

        if page is None and not terminal and not as_json:
            show(sample_view(await service.look_twice(service.Monitor(opened.engine, book))))
            note("Watching; alerts are told as they come. Ctrl-C stops.")
        await service.watch(watched, config, on_sample=sampled, on_listening=listening, stop=stop)
    if not as_json:
        note("Stopped.")


async def _name(opened: Session) -> str:
    """A file of history for every chain: a validator that is started anew is another."""
    genesis = await opened.engine.rpc.call("getGenesisHash")
    return f"history-{str(genesis)[:12]}.sqlite"


def _stopped(seconds: float | None) -> asyncio.Event:
    """Set by the first SIGINT or SIGTERM, or when time is up; the second signal ends it at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def stopped() -> None:
        stop.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped)
    if seconds is not None:
        loop.call_later(seconds, stop.set)
    return stop


def sample_view(sample: service.Sample) -> RenderableType:
    """A sample as tables: alerts, figures, feeds, keepers, programs."""
    view = sample.view
    at = datetime.fromtimestamp(view.time_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    head = Text(f"Breakwater, {view.engine}, slot {view.slot if view.slot is not None else 'unknown'}, {at}")
    parts: list[RenderableType] = [head, _alerts(sample.alerts)]
    if view.node.error is not None:
        parts.append(Text(view.node.error, style="red"))
    parts.append(Columns([_figures(sample, names) for names in FIGURES], padding=(0, 2)))
    tables = sample.as_dict()["tables"]
    parts += [_feeds(tables["feeds"])] if tables["feeds"] else []
    parts += [_keepers(tables["keepers"])] if tables["keepers"] else []
    parts += [_programs(tables["programs"])] if tables["programs"] else []
    return Group(*parts)


def _alerts(alerts: tuple[Alert, ...]) -> RenderableType:
    if not alerts:
        return Panel(Text("No alert holds.", style="green"), border_style="green")
    lines = Text()
    for i, alert in enumerate(alerts):
        about = f" [{labels_text(alert.labels)}]" if alert.labels else ""
        since = datetime.fromtimestamp(alert.since_s, UTC).strftime("%H:%M:%S")
        lines.append("\n" if i else "")
        lines.append(f"{alert.severity.value:<10}", style=STYLES[alert.severity])
        lines.append(f"{alert.says}{about} ({alert.metric} {alert.value:.6g}, since {since})")
    return Panel(lines, title="Alerts", border_style=STYLES[alerts[0].severity].replace(" on red", ""))


def _figures(sample: service.Sample, names: tuple[str, ...]) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 1))
    table.add_column(style="dim")
    table.add_column(justify="right")
    units = {each.name: each.unit for each in service.METRICS}
    for name in names:
        table.add_row(name.replace("_", " "), _figure(sample.values.get(name), units[name]))
    return table


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if unit == "ratio":
        return "no loans" if value >= service.NO_LOANS else f"{value:,.4f}"
    shown = {
        "collateral": f"{value:,.6f}",
        "bp": f"{value:.2f} bp",
        "seconds": f"{value:,.1f} s",
        "slots": f"{value:,.0f} slots",
        "ms": f"{value:,.1f} ms",
        "per_s": f"{value:,.1f} /s",
        "flag": "yes" if value else "no",
    }
    return shown.get(unit, f"{value:,.0f}")


def _feeds(rows: list[dict[str, Any]]) -> Table:
    table = _table("Feeds", "feed", "price", "age", "limit", "markets", "state")
    for row in rows:
        age = "-" if row["age_s"] is None else f"{row['age_s']:,.1f} s"
        state = Text(row["state"], style=STATES.get(row["state"], ""))
        table.add_row(
            row["feed"], row["price"] or "-", age, f"{row['max_age_s']} s", str(row["markets"]), state
        )
    return table


def _keepers(rows: list[dict[str, Any]]) -> Table:
    table = _table("Keepers", "keeper", "silent", "allowed", "done", "failed", "state")
    for row in rows:
        state = Text(row["state"], style=STATES.get(row["state"], ""))
        slots = [f"{row[name]} slots" for name in ("silent_slots", "allowed_slots")]
        table.add_row(row["keeper"], *slots, str(row["completed"]), str(row["failed"]), state)
    return table


def _programs(rows: list[dict[str, Any]]) -> Table:
    table = _table("Programs", "program", "address", "authority", "bytes")
    for row in rows:
        nobody = Text("nobody", style="green") if row["deployed"] else Text("not there", style="bold red")
        authority = nobody if row["authority"] is None else Text(row["authority"], style="bold red")
        same = Text("the manifest's", style="green") if row["matches"] else Text("others", style="bold red")
        table.add_row(row["program"], row["address"], authority, same)
    return table


def _table(title: str, *names: str) -> Table:
    table = Table(title=title, title_style="bold", title_justify="left")
    for i, name in enumerate(names):
        table.add_column(name, justify="right" if 0 < i < len(names) - 1 else "left", overflow="fold")
    return table
