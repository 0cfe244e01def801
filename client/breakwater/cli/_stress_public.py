"""`breakwater stress public`: signals, progress and figures."""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from ..chain.engine import CLUSTERS
from ..config import load_keypair, settings
from ..errors import InvalidInput
from ..stress.public import Patience, PublicResult, PublicRun, patient_engine, stress_public
from ._keeper_view import logs_to_stderr

__all__ = ["Wanted", "run"]

SOL = 10**9
UNIT = 10**6


@dataclass(frozen=True, slots=True)
class Wanted:
    """The command's options."""

    url: str
    key: Path | None
    budget: float
    users: int
    duration: float
    rate: float
    collateral: float
    requests: int
    per_method: int
    airdrop: bool


def run(wanted: Wanted, *, clean: bool, as_json: bool) -> None:
    """Run, show, and end with the verdict's status; after Ctrl-C everything is taken back, then it is 130."""
    logs_to_stderr(quiet=True)
    with Console(stderr=True).status("looking at the cluster") as status:
        result = asyncio.run(_run(wanted, status.update, clean=clean))
    if as_json:
        typer.echo(json.dumps(result.as_dict()))
    else:
        _print(result)
    for sentence in result.broken:
        typer.echo(f"breakwater: {sentence}", err=True)
    raise typer.Exit(1 if result.broken else 130 if result.interrupted else 0)


async def _run(wanted: Wanted, progress: object, *, clean: bool) -> PublicResult:
    url = CLUSTERS.get(wanted.url, wanted.url)
    if wanted.url == "mainnet" or not url.startswith(("http://", "https://")):
        raise InvalidInput("Name devnet, testnet or an http address: stress is not for mainnet.")
    if not callable(progress):
        raise TypeError("progress has to be callable")
    key = load_keypair(wanted.key)
    # one run at a time for a cluster and a payer: the next one cleans up after it
    name = hashlib.sha256(f"{url} {key.pubkey()}".encode()).hexdigest()[:16]
    counts: Counter[str] = Counter()
    engine = patient_engine(url, Patience(wanted.requests, wanted.per_method), counts)
    stop = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    try:
        plan = PublicRun(
            round(wanted.budget * SOL),
            wanted.users,
            wanted.duration,
            wanted.rate,
            round(wanted.collateral * UNIT),
            settings().cache / "stress" / f"{name}.json",
            wanted.airdrop,
        )
        return await stress_public(engine, key, plan, counts, progress=progress, stop=stop, only_clean=clean)
    finally:
        await engine.close()


def _print(result: PublicResult) -> None:
    table = Table(title="On a public cluster")
    table.add_column("figure")
    table.add_column("value", justify="right")
    rows = {
        "users": f"{result.users:,}",
        "trades": f"{result.succeeded:,} of {result.trades:,}",
        "budget": f"{result.budget / SOL:.6f} SOL",
        "most that was out": f"{result.most_out / SOL:.6f} SOL",
        "spent for good": f"{result.spent / SOL:.6f} SOL",
        "left with users": f"{result.left / SOL:.6f} SOL",
        "airdrops": f"{result.airdrops}",
        "requests": f"{result.requests:,}, {result.limited:,} answered 429",
        "seconds": f"{result.seconds:,.0f}",
    }
    for name, value in rows.items():
        table.add_row(name, value)
    table.caption = result.reason or None
    Console(file=sys.stdout).print(table)
