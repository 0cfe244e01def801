"""How `breakwater keeper` opens what it needs, stops, and shows what it finds."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import structlog
from rich.table import Table
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from .. import keepers as service
from ..chain.engine import Receipt
from ..chain.sender import Sender
from ..config import load_keypair, settings
from ..errors import InvalidInput
from ..mmt import parse_mmt
from ._keeper_prices import quotes
from ._options import Common
from ._session import Session, connect, print_json, say, show

MMT = 10**9


def logs_to_stderr(*, quiet: bool = False) -> None:
    """Standard output is for results."""
    level = logging.WARNING if quiet else logging.getLevelNamesMapping()[settings().log_level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


class _Stopper:
    """The first signal asks for an end with a summary, the second one ends at once."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop

    def __call__(self) -> None:
        if self._stop.is_set():
            raise KeyboardInterrupt
        self._stop.set()


@dataclass(frozen=True, slots=True)
class Crew:
    """Who keeps, and where prices for silent feeds come from."""

    keypairs: Sequence[Path]
    count: int
    prices: Sequence[str]
    publisher: Path | None

    def publishes(self, opened: Session, first: Keypair) -> Keypair:
        """Who signs prices."""
        named = self.publisher
        if named is None and opened.sandbox is not None:
            named = opened.sandbox.keypair_path("publisher")
        return first if named is None else load_keypair(named)


async def keep(
    engine: str | None,
    crew: Crew,
    config: service.KeeperConfig,
    seconds: float | None,
    *,
    as_json: bool,
) -> service.Summary:
    """Run keepers until they are interrupted or the time is over."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    async with connect(engine) as opened:
        logs_to_stderr()
        keys = [load_keypair(each) for each in crew.keypairs] or [opened.key(None, "operator")]
        if crew.count > len(keys):
            keys += service.derived(keys[0], crew.count - len(keys) + 1)[1:]
            await service.fund(opened.sender, keys[0], keys[1:])
        stopper = _Stopper(stop)
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, stopper)
        if seconds is not None:
            loop.call_later(seconds, stop.set)
        async with quotes(crew.prices, crew.publishes(opened, keys[0]), stop.set) as prices:
            return await service.run(
                opened.engine,
                keys,
                config,
                prices=prices,
                on_done=_print_line if as_json else lambda *_: None,
                on_listening=lambda port: _say(f"metrics and health at http://127.0.0.1:{port}/"),
                stop=stop,
            )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _print_line(
    keeper: service.Keeper, work: service.Work, task: object | None, outcome: service.Outcome
) -> None:
    line = {
        "keeper": str(keeper.address),
        "kind": work.kind,
        "subject": str(work.subject),
        "task": task is not None,
        "slot": outcome.slot,
        "signature": outcome.signature,
    }
    print(json.dumps(line), flush=True)


def print_summary(summary: service.Summary) -> None:
    """A run as a table."""
    table = Table(title=f"{summary.keepers} keepers on the {summary.engine} engine", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, value in (
        ("seconds", f"{summary.seconds:,.1f}"),
        ("done", _counts(summary.done)),
        ("refused", _counts(summary.refused)),
        ("of unknown fate", f"{summary.unknown:,}"),
        ("full snapshots", f"{summary.snapshots:,}"),
        ("changes pushed", f"{summary.pushed:,}"),
        ("changes only a snapshot showed", f"{summary.missed:,}"),
        ("stale feeds", ", ".join(summary.stale_feeds) or "none"),
    ):
        table.add_row(name, value)
    show(table)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()) if count) or "none"


# Registry


def _receipt(receipt: Receipt, done: str, o: Common) -> None:
    if o.as_json:
        print_json({"signature": str(receipt.signature), "slot": receipt.slot})
    else:
        say(f"{done} in slot {receipt.slot}: {receipt.signature}")


def _address(text: str) -> Pubkey:
    try:
        return Pubkey.from_string(text)
    except ValueError:
        raise InvalidInput(f"Name an address in base58, not {text!r}.") from None


async def register(o: Common, bond: str | None, beneficiary: str | None) -> None:
    """Put the signer on duty."""
    wanted = None if bond is None else parse_mmt(bond, "the bond")
    who = None if beneficiary is None else _address(beneficiary)
    async with connect(o.engine) as opened:
        _receipt(await service.register(opened.sender, _key(opened, o), wanted, who), "On duty", o)


async def heartbeat(o: Common) -> None:
    """Give a sign of life."""
    async with connect(o.engine) as opened:
        _receipt(await service.heartbeat(opened.sender, _key(opened, o)), "Noted", o)


async def unregister(o: Common) -> None:
    """Leave."""
    async with connect(o.engine) as opened:
        _receipt(await service.unregister(opened.sender, _key(opened, o)), "Off duty", o)


async def pay(
    o: Common,
    keeper: str | None,
    act: Callable[[Sender, Keypair, Pubkey | None], Awaitable[service.Paid]],
) -> None:
    """Claim rewards, or withdraw the bond."""
    whose = None if keeper is None else _address(keeper)
    async with connect(o.engine) as opened:
        paid = await act(opened.sender, _key(opened, o), whose)
    if o.as_json:
        print_json(paid.as_dict())
        return
    parts = [f"{Decimal(paid.rewards) / MMT:f} MMT of rewards"] if paid.rewards else []
    parts += [f"{Decimal(paid.bond) / MMT:f} MMT of the bond"] if paid.bond else []
    say(f"Paid {' and '.join(parts) or 'nothing'} into {paid.destination}.")
    if paid.sunk:
        say(f"{Decimal(paid.sunk) / MMT:f} MMT had been slashed and went to the sink.")


def _key(opened: Session, o: Common) -> Keypair:
    return opened.key(o.keypair, "operator")


async def status(o: Common) -> None:
    """Show the registry."""
    async with connect(o.engine) as opened:
        found = await service.status(opened.engine)
    if o.as_json:
        print_json(found.as_dict())
        return
    if found.registry is None:
        say("This exchange has no task registry; liquidations, orders and settlements are open to anybody.")
        return
    table = Table(title=f"{len(found.registry.keepers)} keepers on duty, slot {found.slot}")
    for name in (
        "keeper",
        "state",
        "bond, MMT",
        "tier",
        "done",
        "missed",
        "success",
        "response, slots",
        "silent, slots",
    ):
        table.add_column(name, justify="left" if name in ("keeper", "state") else "right")
    for each in found.keepers:
        row = each.as_dict()  # the keeper's own key, which --keeper takes; its account only in the JSON
        bond, response = f"{Decimal(each.keeper.bond) / MMT:f}", f"{each.keeper.mean_response_slots:.2f}"
        missed = each.keeper.missed + each.keeper.failed
        table.add_row(
            row["authority"], row["state"], bond, str(row["tier"]), str(row["completed"]), str(missed),
            f"{each.keeper.success_rate:.1%}", response, str(each.silent_slots),
        )  # fmt: skip
    show(table)
    say(f"Tasks: {found.waiting} waiting, {found.claimed} claimed, {found.done} done and not removed.")
