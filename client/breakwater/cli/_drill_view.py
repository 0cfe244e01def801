"""How `breakwater keeper drill`, `race` and `cascade` find a chain of their own, and how they look."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.table import Table

from .. import keepers as service
from ..chain import programs
from ..chain.engine import EmbeddedEngine, RpcEngine, open_engine
from ..errors import InvalidInput
from ._session import say, show

UNIT = 10**6


class Status:
    """What a drill is at, on standard error; `what` until the first step."""

    def __init__(self, what: str = "drill") -> None:
        self._what = what

    def __enter__(self) -> Self:
        self._status = Console(stderr=True).status(self._what)
        self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._status.stop()

    def show(self, step: str) -> None:
        """Another step."""
        self._status.update(step)


@asynccontextmanager
async def _fresh(engine: str) -> AsyncIterator[EmbeddedEngine | RpcEngine]:
    """A chain of its own, that ends with the block."""
    if engine not in ("embedded", "local"):
        raise InvalidInput("Drill with --engine embedded, or local for a validator of its own.")
    loaded = programs.embedded_programs() if engine == "embedded" else None
    async with open_engine(engine, programs=loaded) as opened:
        yield opened


async def drilled(
    engine: str, keepers: int, tasks: int, kills: int, seed: int, progress: Callable[[str], None]
) -> service.DrillResult:
    """Drill on a chain of its own."""
    async with _fresh(engine) as opened:
        return await service.drill(opened, keepers, tasks, kills=kills, seed=seed, progress=progress)


def print_drill(result: service.DrillResult) -> None:
    """A drill as two tables and a verdict."""
    loads = result.tasks_per_keeper
    least, most = result.expected - result.tolerance, result.expected + result.tolerance
    title = f"Drill: {result.tasks} tasks, {result.keepers} keepers, {result.engine}"
    table = Table(title=title, show_header=True)
    for name in ("", "measured", "bound"):
        table.add_column(name, justify="left" if not name else "right")
    table.add_row("tasks done", f"{result.completed}", f"{result.tasks}")
    table.add_row("done more than once", f"{result.duplicates}", "0")
    table.add_row("average response, slots", f"{result.mean_response_slots:.2f}", "< 4")
    table.add_row("longest response, slots", f"{result.longest_response_slots}", "")
    table.add_row("tasks a living keeper", f"{loads[0]} to {loads[-1]}", f"{least:g} to {most:g}")
    table.add_row("keepers killed", f"{len(result.killed)}", "")
    table.add_row("tasks they had done", ", ".join(f"{each.completed}" for each in result.killed), "")
    table.add_row("claims taken over from the dead", f"{result.stolen}", "")
    table.add_row("struck off the list", f"{result.suspended}", "")
    table.add_row("transactions, refused before sending", f"{result.transactions}, {result.refused}", "")
    table.add_row("slots", f"{result.slots}", "")
    kinds = Table(title="By kind", show_header=False)
    kinds.add_column()
    kinds.add_column(justify="right")
    for name, count in sorted(result.by_kind.items()):
        kinds.add_row(name, f"{count}")
    show(table, kinds)
    for each in result.broken or ["Every bound holds."]:
        say(each)


# Race


async def raced(engine: str, keepers: int, progress: Callable[[str], None]) -> service.RaceResult:
    """A race on a chain of its own."""
    async with _fresh(engine) as opened:
        return await service.race(opened, keepers, progress=progress)


def print_race(result: service.RaceResult) -> None:
    """A race as a table and a verdict."""
    table = Table(title=f"{len(result.rivals)} rivals at one loan, {result.engine}")
    table.add_column("keeper", no_wrap=True, min_width=44)
    for name in ("done", "refused", "paid, units"):
        table.add_column(name, justify="left" if name == "refused" else "right")
    for each in result.rivals:
        refused = ", ".join(f"{name} {count}" for name, count in sorted(each.refused.items()))
        paid = f"{each.paid / UNIT:.6f}" if each.paid else ""
        table.add_row(each.keeper, str(each.done), refused or "none", paid)
    show(table)
    owed = f"{result.debt_before / UNIT:.6f} units were owed, {result.debt_after / UNIT:.6f} are"
    say(f"{owed}; the loan was called by {result.calls} transaction.")
    for sentence in result.broken or ["One was paid, once."]:
        say(sentence)


# Cascade


async def cascaded(
    positions: int, leverage: int, gap: float, progress: Callable[[str], None]
) -> service.CascadeResult:
    """A cascade on a chain of its own in this process."""
    async with _fresh("embedded") as opened:
        if not isinstance(opened, EmbeddedEngine):
            raise InvalidInput("Use the embedded engine.")
        return await service.cascade(opened, positions, leverage, gap, progress=progress)


def print_cascade(result: service.CascadeResult) -> None:
    """A cascade as a table and a verdict."""
    title = f"Cascade: {result.positions} chains at {result.leverage:g}x, a gap of {result.gap:g} points"
    table = Table(title=title)
    for name in ("", "measured", "bound"):
        table.add_column(name, justify="left" if not name else "right")
    back = result.repaid + result.drawn + result.lost
    rows = (
        ("markets, slots, liquidations", f"{result.markets}, {result.slots}, {result.calls}", ""),
        ("loans before the gap", _units(result.loans), ""),
        ("repaid by sales and settlement", _units(result.repaid), ""),
        ("paid by the insurance funds", _units(result.drawn), ""),
        ("lost by the vault", _units(result.lost), ""),
        ("these together", _units(back), _units(result.loans)),
        ("still owed", _units(result.owed), _units(0)),
        ("insurance funds before", _units(result.fund_before), ""),
        ("insurance funds after", _units(result.fund_after), _units(result.fund_computed)),
        ("tokens in the vault", _units(result.tokens), _units(result.counted)),
        ("markets whose escrow is too small", f"{len(result.insolvent)}", "0"),
        ("furthest move in a slot, log odds", f"{result.furthest:.3f}", ""),
        ("of the slot's cap, at most", f"{result.fullest:.1%}", "100.0%"),
        ("loans taken over by the vault", f"{result.taken_over}", ""),
        ("keepers' rewards", _units(result.rewards), ""),
    )
    for row in rows:
        table.add_row(*row)
    show(table)
    for each in result.broken or ["Every bound holds."]:
        say(each)


def _units(amount: int) -> str:
    return f"{amount / UNIT:,.6f}"
