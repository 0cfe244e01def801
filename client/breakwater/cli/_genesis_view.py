"""How `breakwater genesis` compares, asks, shows itself and ends."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text
from solders.keypair import Keypair

from .. import genesis as service
from ..chain.sender import Sender
from ..charter import Charter, Item
from ..config import load_keypair, settings
from ..errors import Retryable
from ..steps import Journal, Signed
from ._deploy_view import Bars, print_again, sol
from ._session import Session, confirm, connect, note, print_json, say, show

__all__ = ["Finished", "Wanted", "differences", "look", "print_outcome", "print_plan", "run"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command was told."""

    file: Path | None
    cluster: str | None
    keypair: Path | None
    signers: tuple[Path, ...]
    journal: Path | None
    yes: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """A genesis and what remains of it on the disk."""

    plan: service.Plan
    outcome: service.Outcome
    summary: Signed
    journal: Path
    file: Path


async def look(wanted: Wanted) -> service.Plan:
    """Compare, and send nothing."""
    charter = Charter.read(wanted.file)
    async with connect(wanted.cluster) as session:
        return await _plan(session, _payer(session, wanted), charter)


async def run(wanted: Wanted) -> Finished:
    """Compare, show what it costs, ask, do it, sign."""
    charter = Charter.read(wanted.file)
    digest = None if wanted.file is None else hashlib.sha256(wanted.file.read_bytes()).hexdigest()
    signers = [load_keypair(each) for each in wanted.signers]
    async with connect(wanted.cluster) as session:
        payer = _payer(session, wanted)
        plan = await _plan(session, payer, charter)
        plan.require_possible()
        place = f"{plan.cluster[:8]}-{str(plan.payer)[:8]}.jsonl"
        file = wanted.journal or settings().cache / "genesis" / place
        with Journal(file) as book:
            if plan.left:
                note(differences(plan), _costs(plan))
                burned = f", burn the authority over {' and '.join(plan.burns)}" if plan.burns else ""
                paid = sol(plan.costs.rent + plan.costs.fees)
                confirm(f"Pay up to {paid} SOL{burned}, for good?", yes=wanted.yes)
            outcome = await _run(session, payer, plan, book, signers)
            summary = await service.summarise(session.engine, payer, plan, outcome, book, file_sha256=digest)
    signed = file.with_name(f"{file.stem}.summary.json")
    signed.write_text(summary.text() + "\n")
    return Finished(plan, outcome, summary, file, signed)


def _payer(session: Session, wanted: Wanted) -> Keypair:
    return session.key(wanted.keypair, "operator")


async def _plan(session: Session, payer: Keypair, charter: Charter) -> service.Plan:
    return await service.make_plan(
        Sender(session.engine, payer),
        session.engine,
        payer.pubkey(),
        charter,
        priority_fee=settings().priority_fee,
    )


async def _run(
    session: Session, payer: Keypair, plan: service.Plan, book: Journal, signers: list[Keypair]
) -> service.Outcome:
    sender = Sender(session.engine, payer)
    try:
        with Bars() as bars:
            return await service.run(
                sender, session.engine, payer, plan, book, signers=signers, progress=bars.show
            )
    except (asyncio.CancelledError, Retryable):
        print_again(f"Run the same command again: it continues where it stopped. The journal is {book.path}")
        raise


def differences(plan: service.Plan) -> Table:
    """What is wanted and is not there yet, and what is there and contradicts it."""
    same = sum(each.same for each in plan.items)
    table = Table(title=f"The chain, of {len(plan.items)} values {same} as wanted", title_style="bold")
    for name in ("", "rule", "wanted", "on the chain"):
        table.add_column(name, overflow="fold")
    conflicts = set(plan.conflicts)
    for each in plan.items:
        if not each.same:
            sign = Text("≠", "bold red") if each in conflicts else Text("+", "green")
            table.add_row(sign, each.rule, escape(each.expected), escape(each.found or "nothing"))
    return table


def _costs(plan: service.Plan) -> Table:
    costs = plan.costs
    table = Table(title="Genesis", title_style="bold", show_header=False)
    table.add_column()
    table.add_column(justify="right", overflow="fold")
    table.add_row("cluster (genesis)", plan.cluster)
    table.add_row("payer", str(plan.payer))
    table.add_row("steps left", ", ".join(plan.left))
    if plan.burns:
        table.add_row("burned with the first step", f"authority over {' and '.join(plan.burns)}")
    table.add_row("rent, SOL", sol(costs.rent))
    table.add_row("fees at most, SOL", sol(costs.fees))
    table.add_row("needed at most at once, SOL", sol(costs.peak))
    table.add_row("the payer holds, SOL", sol(plan.balance))
    return table


def print_plan(plan: service.Plan, *, as_json: bool) -> None:
    """What a genesis would do."""
    if as_json:
        print_json(_plan_dict(plan))
        return
    show(differences(plan), _costs(plan))
    if plan.conflicts:
        count = len(plan.conflicts)
        say(
            f"The chain contradicts the file in {count} value{'s' if count > 1 else ''}: nothing can be done."
        )
    elif plan.left:
        say("Nothing contradicts the file.")
    else:
        say("Everything is as the file says: there is nothing to do.")


def _plan_dict(plan: service.Plan) -> dict[str, Any]:
    conflicts = set(plan.conflicts)
    return {
        "ok": not plan.conflicts,
        "cluster": plan.cluster,
        "payer": str(plan.payer),
        "burns": list(plan.burns),
        "left": list(plan.left),
        "costs": asdict(plan.costs),
        "differences": [
            {**_item(each), "conflict": each in conflicts} for each in plan.items if not each.same
        ],
    }


def _item(each: Item) -> dict[str, Any]:
    return {"rule": each.rule, "account": each.account, "expected": each.expected, "found": each.found}


def print_outcome(done: Finished, *, as_json: bool) -> None:
    """What was done, as a table or as one line of JSON."""
    outcome = done.outcome
    if as_json:
        print_json(
            {
                "ok": True,
                "cluster": done.plan.cluster,
                "payer": str(done.plan.payer),
                "paid": outcome.paid,
                "steps": [asdict(each) for each in outcome.steps],
                "vault": str(outcome.vault),
                "coverage_q32": outcome.coverage_q32,
                "summary": {"statement": done.summary.statement, "signature": done.summary.signature},
                "files": {"journal": str(done.journal), "summary": str(done.file)},
            }
        )
        return
    table = Table(title="Genesis, read back", title_style="bold")
    for name in ("step", "seconds", "signature"):
        table.add_column(name, overflow="fold", justify="right" if name == "seconds" else "left")
    for each in outcome.steps:
        seconds = f"{each.seconds:.1f}" if each.state == "done" else each.state
        known = done.summary.statement["signatures"].get(each.step)
        table.add_row(each.step, seconds, each.signature or known or "")
    show(table)
    say(f"Vault {outcome.vault}, coverage {outcome.coverage_q32}. Nobody administrates the exchange.")
    say(f"Paid {sol(outcome.paid)} SOL. The summary, signed by {done.plan.payer}, is in {done.file}")
