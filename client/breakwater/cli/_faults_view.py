"""How drills and proxies are run and shown."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from dataclasses import replace

import structlog
import typer
from rich.console import Console
from rich.table import Table

from ..errors import InvalidInput
from ..faults import PROFILES, Endpoint, Limit, Manners
from ..faults.drills import DRILLS, run_drill
from ..faults.model import DrillResult

__all__ = ["manners_of", "print_drills", "run_drills", "run_proxy"]

ALL = "all"


def print_drills(*, as_json: bool) -> None:
    """List them."""
    rows = [{"name": each.name, "target": each.target, "fault": each.what} for each in DRILLS.values()]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = Table("drill", "strikes", "fault")
    for row in rows:
        table.add_row(*row.values())
    Console(file=sys.stdout).print(table)


def _chosen(names: list[str]) -> list[str]:
    chosen: dict[str, None] = {}
    targets = {each.target for each in DRILLS.values()}
    for name in names:
        if name == ALL or name in targets:
            chosen.update({each.name: None for each in DRILLS.values() if name in (ALL, each.target)})
        elif name in DRILLS:
            chosen[name] = None
        else:
            raise InvalidInput(f"Name drills that breakwater faults list shows, not {name!r}.")
    return list(chosen)


async def run_drills(names: list[str], part: float, *, as_json: bool) -> int:
    """Run them one after the other; the exit status."""
    chosen, errors = _chosen(names), Console(stderr=True)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    results: list[DrillResult] = []
    for name in chosen:
        with errors.status(f"{name}: {DRILLS[name].what}"):
            results.append(await run_drill(name, part))
        if as_json:
            typer.echo(json.dumps(results[-1].as_dict()))
    if not as_json:
        Console(file=sys.stdout).print(_table(results))
    for each in results:
        for sentence in each.broken:
            typer.echo(f"breakwater: {each.name}: {sentence}", err=True)
    return int(any(each.broken for each in results))


def _table(results: list[DrillResult]) -> Table:
    table = Table("drill", "fault", "done", "lost", "twice", "fault s", "recovery s", "")
    for each in results:
        table.add_row(
            each.name,
            DRILLS[each.name].what,
            f"{each.succeeded:,} of {each.operations:,}",
            str(each.lost),
            str(each.repeated),
            f"{each.fault_s:.1f}",
            f"{each.recovery_s:.2f}",
            "FAILED" if each.broken else "ok",
        )
    return table


def manners_of(profile: str, latency_ms: int | None, requests: int | None) -> Manners:
    """A profile with some things changed."""
    if profile not in PROFILES:
        raise InvalidInput(f"Choose a --profile out of {', '.join(PROFILES)}, not {profile!r}.")
    manners = PROFILES[profile]
    if latency_ms is not None:
        manners = replace(manners, latency_s=latency_ms / 1000, jitter_s=0.0)
    if requests is not None:
        manners = replace(manners, limit=replace(manners.limit or Limit(per_method=None), requests=requests))
    return manners


async def run_proxy(
    upstream: str, manners: Manners, port: int, seed: int, *, as_json: bool
) -> dict[str, int]:
    """Serve until Ctrl-C; what was done with requests."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with Endpoint(upstream, manners, port=port, seed=seed) as endpoint:
        if as_json:
            typer.echo(json.dumps({"url": endpoint.url, "ws_url": f"ws://127.0.0.1:{endpoint.wire.port}"}))
        print(f"Answering at {endpoint.url} for {upstream}. Ctrl-C stops.", file=sys.stderr)
        await stop.wait()
    return dict(endpoint.counts)
