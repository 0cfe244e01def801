"""How bench results look to people."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.table import Table

from ..bench import CEILINGS, PUBLISHED, AddressFigures, Cost, SendFigures
from ..stress import LEAST_PER_SECOND, LEAST_RATIO

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "above_ceiling",
    "addresses_summary",
    "addresses_table",
    "archive_table",
    "cascade_table",
    "compute_dict",
    "compute_table",
    "levels_table",
    "send_table",
    "tps_table",
]


def compute_table(measured: Mapping[str, Mapping[str, Cost]]) -> Table:
    """Instructions by engine, beside their ceilings and what others have published."""
    table = Table(title="Compute units, token program excluded (its own beside)")
    names = sorted({name for costs in measured.values() for name in costs})
    # names wrap between their words, and no word of them is cut short
    table.add_column(
        "instruction", min_width=max((len(word) for name in names for word in name.split()), default=0)
    )
    for engine in measured:
        table.add_column(engine, justify="right")
        table.add_column("token", justify="right")
    table.add_column("ceiling", justify="right")
    table.add_column("published elsewhere")
    for name in names:
        cells = []
        for costs in measured.values():
            cost = costs.get(name)
            cells += [f"{cost.cu:,}", f"{cost.token_cu:,}" if cost.token_cu else ""] if cost else ["", ""]
        ceiling, other = CEILINGS.get(name), PUBLISHED.get(name)
        published = f"{_range(other.low, other.high)} ({other.system})" if other else ""
        table.add_row(name, *cells, f"{ceiling:,}" if ceiling else "", published)
    return table


def _range(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def compute_dict(measured: Mapping[str, Mapping[str, Cost]]) -> dict[str, Any]:
    """Plain values: each cost with its ceiling and what others have published, where there is such."""
    return {
        engine: {name: asdict(cost) | _beside(name) for name, cost in costs.items()}
        for engine, costs in measured.items()
    }


def _beside(name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if name in CEILINGS:
        found["ceiling"] = CEILINGS[name]
    if name in PUBLISHED:
        found["published"] = asdict(PUBLISHED[name])
    return found


def above_ceiling(measured: Mapping[str, Mapping[str, Cost]]) -> list[str]:
    """One sentence for each instruction that costs more than it may."""
    return [
        f"{name} costs {costs[name].cu:,} CU on {engine}, its ceiling is {ceiling:,}."
        for engine, costs in measured.items()
        for name, ceiling in CEILINGS.items()
        if name in costs and costs[name].cu > ceiling
    ]


def cascade_table(figures: Mapping[str, Any]) -> Table:
    """The cascade engine's figures, their targets, and what others have published."""
    table = Table(title="Cascade engine")
    for column in ("", "measured", "target", "published elsewhere"):
        table.add_column(column, justify="right" if column else "left", no_wrap=not column)
    for name, value in figures.items():
        if name in ("targets", "published"):
            continue
        target, other = figures["targets"].get(name), figures["published"].get(name)
        bound = "" if target is None else f"{'>=' if name.endswith('per_second') else '<='} {target:,.0f}"
        table.add_row(name, f"{value:,.3f}", bound, "" if other is None else f"{other:,.1f}")
    return table


def archive_table(figures: Mapping[str, Any]) -> Table:
    """The archive's figures, their targets, and what others have published."""
    table = Table(title="Archive")
    for column in ("", "measured", "target", "published elsewhere"):
        table.add_column(column, justify="right" if column else "left", no_wrap=not column)
    for name, value in figures.items():
        if name in ("targets", "published"):
            continue
        target, other = figures["targets"].get(name), figures["published"].get(name)
        least = name.endswith(("per_second", "ratio"))
        bound = "" if target is None else f"{'>=' if least else '<='} {target:,.0f}"
        shown = f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"
        table.add_row(name, shown, bound, "" if other is None else f"{other:,.0f}")
    return table


def addresses_table(figures: AddressFigures) -> Table:
    """Derived addresses by kind."""
    table = Table(title="Addresses derived")
    table.add_column("kind")
    table.add_column("addresses", justify="right")
    for kind, count in figures.kinds.items():
        table.add_row(kind, f"{count:,}")
    return table


def addresses_summary(figures: AddressFigures) -> str:
    """What all kinds have in common, as lines; the digest is in one piece, to be compared."""
    return (
        f"{figures.derived:,} at {figures.per_second:,.0f} a second in {figures.processes} processes, "
        f"{figures.collisions:,} the same as another; a known one takes {figures.cached_ns:,.0f} ns\n"
        f"SHA-256 of all: {figures.digest}"
    )


def send_table(figures: SendFigures) -> Table:
    """The sender beside solana-py."""
    table = Table(title=f"Transactions a second on {figures.engine}")
    for column in ("", "solana-py, one call each", "sender", "ratio"):
        table.add_column(column, justify="right" if column else "left")
    table.add_row(
        "accepted",
        f"{figures.baseline_per_second:,.0f}",
        f"{figures.accepted_per_second:,.0f}",
        f"{figures.ratio:.1f}x",
    )
    table.add_row(
        "landed",
        f"{figures.baseline_landed_per_second:,.0f}",
        f"{figures.landed_per_second:,.0f}",
        f"{figures.landed_ratio:.1f}x",
    )
    table.caption = (
        f"{figures.confirmed:,} of {figures.transactions:,} confirmed, {figures.reported:,} reported"
    )
    return table


def tps_table(figures: Mapping[str, Any]) -> Table:
    """Trades a second, and what they have to reach."""
    table = Table(title="Leveraged trades")
    for column in ("", "measured", "at least"):
        table.add_column(column, justify="right" if column else "left")
    rows = (
        ("embedded, a second", "embedded_trades_per_second", f"{LEAST_PER_SECOND:,.0f}"),
        ("embedded, processes", "embedded_processes", ""),
        ("embedded, a second of one core", "embedded_trades_per_cpu_second", ""),
        ("local, landed a second", "local_trades_per_second", ""),
        ("local, transfers landed a second", "local_transfers_per_second", ""),
        ("local, trades to transfers", "local_ratio", str(LEAST_RATIO)),
    )
    for what, name, least in rows:
        value = figures[name]
        table.add_row(what, "not measured" if value is None else f"{value:,}", least)
    if figures["reason"]:
        table.caption = figures["reason"]
    return table


def levels_table(found: dict[str, Any]) -> Table:
    """Service levels beside their targets and what was asked at first."""
    table = Table("service level", "measured", "target", "asked at first", "")
    for each in found["levels"]:
        table.add_row(
            each["what"],
            each["shown"],
            each["bound"],
            each["seed"],
            "ok" if each["passed"] else "MISSED",
        )
    return table
