"""How `breakwater deploy` asks, shows itself and ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from solders.keypair import Keypair

from .. import build
from .. import deploy as service
from ..chain.engine import RpcEngine
from ..chain.sender import Sender
from ..config import settings
from ..errors import InvalidInput, Retryable
from ..steps import Journal
from ._build_view import check_text, progress
from ._session import confirm, connect, note, print_json, say, show

__all__ = ["Bars", "Finished", "print_again", "print_outcome", "rebuild", "run", "sol"]

LAMPORTS = 1e9


@dataclass(frozen=True, slots=True)
class Finished:
    """A deployment and what it was made from."""

    plan: service.Plan
    outcome: service.Outcome
    journal: Path
    record: Path


def rebuild(root: Path | None) -> None:
    """Build everything from source and compare it with what is shipped, byte for byte.

    Raises:
        InvalidInput: something differs, cannot be compared, or is not what this package ships.
    """
    repository, cache = build.find_root(root), settings().cache
    verdict = build.check(repository, build.find_toolchain(cache), cache=cache, progress=progress)
    if not verdict.ok or verdict.unsettled:
        raise InvalidInput(f"Believe no hash yet. {check_text(verdict)}")
    made = service.reference(repository / "client" / "breakwater" / "programs" / build.MANIFEST)
    if made != service.reference():
        raise InvalidInput(f"Install the package from {repository}: it ships other programs.")
    note(check_text(verdict))


async def run(
    cluster: str | None,
    keypair: Path | None,
    names: Sequence[str],
    options: service.Options,
    *,
    keys: Path | None,
    journal: Path | None,
    yes: bool,
) -> Finished:
    """Plan, show what it costs, ask, deploy."""
    targets = service.targets(names, keys)
    async with connect(cluster) as session:
        deployer = session.key(keypair, "operator")
        engine = session.engine
        sender = Sender(engine, deployer)
        file = journal or await _default_journal(session.engine, deployer)
        with Journal(file) as book:
            plan = await service.make_plan(
                engine,
                deployer.pubkey(),
                targets,
                options,
                priority_fee=settings().priority_fee,
                recorded=service.recorded(book, targets),
            )
            if plan.cluster == service.MAINNET and keys is None:
                raise InvalidInput(
                    "Bring --program-keys, and programs built for their addresses: everybody has the "
                    "development keys."
                )
            plan.require_funds()
            note(_plan_table(plan))
            if not plan.finished:
                burned = ", and nobody can ever change it again" if options.immutable else ""
                confirm(f"Pay up to {sol(plan.costs.rent + plan.costs.fees)} SOL{burned}?", yes=yes)
            outcome = await _deploy(sender, engine, plan, deployer, book)
    record = file.with_name(f"{file.stem}.record.json")
    record.write_text(outcome.record.text() + "\n")
    return Finished(plan, outcome, file, record)


async def _deploy(
    sender: Sender, engine: RpcEngine, plan: service.Plan, deployer: Keypair, book: Journal
) -> service.Outcome:
    again = f"Run the same command again: it continues where it stopped. The journal is {book.path}"
    try:
        with Bars() as bars:
            return await service.deploy(sender, engine, deployer, plan, book, progress=bars.show)
    except (asyncio.CancelledError, Retryable):
        print_again(again)
        raise


def print_again(sentence: str) -> None:
    """How to continue, on standard error, on one line."""
    Console(stderr=True, soft_wrap=True).print(sentence, highlight=False, markup=False)


async def _default_journal(engine: RpcEngine, deployer: Keypair) -> Path:
    cluster = await service.genesis_hash(engine)
    return settings().cache / "deploy" / f"{cluster[:8]}-{str(deployer.pubkey())[:8]}.jsonl"


class Bars:
    """A line for each step, and a bar of chunks where it has parts, on standard error."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}
        self._last: str | None = None

    def show(self, step: str, done: int, of: int) -> None:
        """Move a step's bar; the one before it is finished."""
        if step not in self._tasks:
            if self._last is not None:
                self._bars.update(self._tasks[self._last], total=1, completed=1)
            self._tasks[step] = self._bars.add_task(step, total=of or None)
        self._bars.update(self._tasks[step], total=of or None, completed=done)
        self._last = step if not of else None

    def __enter__(self) -> Bars:
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._last is not None and error[0] is None:
            self._bars.update(self._tasks[self._last], total=1, completed=1)
        self._bars.stop()


def _plan_table(plan: service.Plan) -> Table:
    table = Table(title="Deployment", title_style="bold", show_header=False)
    table.add_column()
    table.add_column(justify="right", overflow="fold")
    table.add_row("cluster (genesis)", plan.cluster)
    table.add_row("deployer", str(plan.deployer))
    for each in plan.standings:
        table.add_row(each.target.name, _standing(each))
        table.add_row("", str(each.target.address))
        table.add_row("", f"sha256 {each.target.artefact.sha256}")
    costs = plan.costs
    table.add_section()
    table.add_row("transactions", f"{costs.transactions}")
    table.add_row("rent, SOL", sol(costs.rent))
    table.add_row("fees, SOL", sol(costs.fees))
    if costs.returned:
        table.add_row("returned, SOL", sol(costs.returned))
    table.add_row("needed at most at once, SOL", sol(costs.peak))
    table.add_row("the deployer holds, SOL", sol(plan.balance))
    return table


def _standing(each: service.Standing) -> str:
    if each.state is not None:
        held = "nobody can change it" if each.state.authority is None else f"under {each.state.authority}"
        return f"deployed, {held}"
    if each.buffer_rent and not each.misfit:
        return f"{each.written} of {each.chunks} chunks written"
    return f"{len(each.target.binary):,} bytes, {each.chunks} chunks"


def print_outcome(done: Finished, options: service.Options, *, as_json: bool) -> None:
    """What was deployed, as a table or as one line of JSON."""
    outcome = done.outcome
    if as_json:
        print_json(_outcome_dict(done))
        return
    table = Table(title="Deployed and read back", title_style="bold")
    for name in ("program", "address", "sha256 of the bytes on chain", "authority"):
        table.add_column(name, overflow="fold")
    for each in outcome.programs:
        table.add_row(each.name, each.address, each.sha256, each.authority or "nobody")
    show(table)
    say(f"Paid {sol(outcome.paid)} SOL. The record, signed by {outcome.record.deployer}, is in {done.record}")
    if outcome.record.transaction:
        say(f"and on the chain in {outcome.record.transaction}")
    if not options.immutable:
        say("The deployer can still change the programs; genesis burns that as it opens the exchange.")


def _outcome_dict(done: Finished) -> dict[str, Any]:
    outcome, plan = done.outcome, done.plan
    return {
        "ok": True,
        "cluster": plan.cluster,
        "deployer": str(plan.deployer),
        "programs": [asdict(each) for each in outcome.programs],
        "costs": asdict(plan.costs),
        "paid": outcome.paid,
        "steps": [asdict(each) for each in outcome.steps],
        "record": {
            **json.loads(outcome.record.text()),
            "transaction": outcome.record.transaction,
            "file": str(done.record),
        },
        "journal": str(done.journal),
    }


def sol(lamports: int) -> str:
    """Lamports as SOL."""
    return f"{lamports / LAMPORTS:.9f}"
