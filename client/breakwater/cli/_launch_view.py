"""How `breakwater launch` runs and shows itself."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from rich.table import Table

from .. import launch as service
from ..chain.engine import LocalEngine, RpcEngine, open_engine
from ..charter import Charter
from ..config import settings
from ..errors import InvalidInput
from ._deploy_view import Bars, sol
from ._session import note, print_json, say, show

__all__ = ["run"]

SHOWN = 2
"""Signatures of a step in the table; JSON has them all."""


async def run(engine: str, file: Path | None, place: Path | None, *, keep: bool, as_json: bool) -> None:
    """Launch, print, and keep the validator if asked to."""
    charter = Charter.read(file)
    async with open_engine(engine) as opened:
        if not isinstance(opened, RpcEngine) or not opened.is_loopback:
            raise InvalidInput(
                "Name local, or a validator of this machine: elsewhere take the steps one by one, "
                "breakwater deploy, genesis, verify."
            )
        if keep and not isinstance(opened, LocalEngine):
            raise InvalidInput("Leave out --keep: that validator runs on by itself.")
        directory = place or _fresh()
        keys = service.read_keys(directory)
        with Bars() as bars:
            done = await service.launch(opened, keys, charter, directory, progress=bars.show)
        _print(done, directory, as_json=as_json)
        if keep and isinstance(opened, LocalEngine):
            note(f"The validator runs at {opened.url} until Ctrl-C; keys are in {directory}")
            await asyncio.Event().wait()


def _fresh() -> Path:
    base = settings().cache / "launch"
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=base))


def _print(done: service.Launched, directory: Path, *, as_json: bool) -> None:
    if as_json:
        print_json(done.as_dict())
        return
    attempts = Table(title="What nobody can do any more", title_style="bold")
    for name in ("attempt", "refused", "signature"):
        attempts.add_column(name, overflow="fold")
    for each in done.refusals:
        attempts.add_row(each.attempt, each.error, each.signature or "")
    show(attempts)
    powers = Table(title="Powers that remain", title_style="bold")
    for name in ("power", "holder", "can"):
        powers.add_column(name, overflow="fold")
    for power in done.report.powers:
        powers.add_row(power.power, power.holder, power.can)
    show(powers)
    steps = Table(title="Launch", title_style="bold")
    steps.add_column("step")
    steps.add_column("seconds", justify="right")
    steps.add_column("result", overflow="fold")
    steps.add_column("signatures", overflow="ellipsis", no_wrap=True)
    for stage in done.stages:
        more = len(stage.signatures) - SHOWN
        text = ", ".join(each[:12] for each in stage.signatures[:SHOWN])
        steps.add_row(
            stage.step,
            f"{stage.seconds:.1f}",
            stage.result,
            f"{text} and {more} more" if more > 0 else text,
        )
    steps.add_section()
    steps.add_row("together", f"{sum(each.seconds for each in done.stages):.1f}", f"{sol(done.paid)} SOL", "")
    show(steps)
    say(f"Launched. Journals, keys and the signed summary are in {directory}")
