"""Results -> docs/reliability.md: every published item, the figure there, ours, and the command for it."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from breakwater import __version__
from breakwater.errors import InvalidInput

from .table import scenarios
from .tps import LEAST_PER_SECOND, LEAST_RATIO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from breakwater.trials import Scenario

__all__ = ["Row", "render", "rows"]

REPORTS: Final = {
    "000": "integration and stress tests of a betting platform on Solana, sections 2.1 to 2.4",
    "001": "stress testing framework of the same platform, section 7.5.4",
    "003": "performance, stress and concurrency tests of a peer-to-peer system, 44 of 71 skipped",
    "devnet": "no report asks for it",
    "bench": "what we ask of ourselves",
}
"""What the items come from."""


@dataclass(frozen=True, slots=True)
class Row:
    """An item with both figures."""

    source: str
    item: str
    there: str
    ours: str
    command: str
    passed: bool


def _command(result: Mapping[str, Any]) -> str:
    where = "" if result["engine"] == "embedded" else f" --engine {result['engine']}"
    return f"breakwater stress run {result['name']}{where}"


def _of(scenario: Scenario, result: Mapping[str, Any]) -> list[Row]:
    found = []
    for each in scenario.asked:
        try:
            ours = each.ours(result["figures"])
        except (KeyError, ValueError, TypeError, IndexError):
            ours = "not measured"
        if not result["passed"]:
            ours = f"**failed**: {ours}"
        found.append(
            Row(each.source, each.item, each.figure, ours, _command(result), passed=bool(result["passed"]))
        )
    return found


def _throughput(figures: Mapping[str, Any]) -> list[Row]:
    """Rows of `bench tps`."""
    rate, processes = figures["embedded_trades_per_second"], figures["embedded_processes"]
    ours = (
        f"{rate:,.0f} leveraged trades/s in {processes} processes; "
        f"{figures['embedded_trades_per_cpu_second']:,.0f} a second of one core's time"
    )
    enough, command = rate >= LEAST_PER_SECOND, "breakwater bench tps"
    found = [
        Row(
            "003 TestThroughputBenchmarks",
            "test_transactions_per_second",
            "> 20 TPS",
            ours,
            command,
            rate > 20,
        ),
        Row("bench", "leveraged trades a second", f">= {LEAST_PER_SECOND:,.0f}", ours, command, enough),
    ]
    ratio = figures["local_ratio"]
    if ratio is not None:
        landed = (
            f"{ratio:.2f} ({figures['local_trades_per_second']:,.0f} trades/s, "
            f"{figures['local_transfers_per_second']:,.0f} transfers/s landed)"
        )
        held = ratio >= LEAST_RATIO
        found.append(
            Row("bench", "trades to plain transfers on local", f">= {LEAST_RATIO}", landed, command, held)
        )
    return found


def rows(found: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The rows of results as `stress suite --json`, `stress run --json` and `bench tps --json` print them.

    Of a scenario that was run several times, on any engine, every result is shown.

    Raises:
        InvalidInput: one is something else.
    """
    every = {each.name: each for each in scenarios()}
    made: list[Row] = []
    for each in found:
        if "embedded_trades_per_second" in each:
            made += _throughput(each)
            continue
        if "scenarios" not in each:
            raise InvalidInput("Give files that stress suite, stress run or bench tps printed with --json.")
        for result in each["scenarios"]:
            if result["name"] in every:
                made += _of(every[result["name"]], result)
    return sorted(made, key=lambda row: (_place(row.source), row.source))


def _place(source: str) -> int:
    """Of a report among the reports; what comes from none comes last."""
    name = source.split(maxsplit=1)[0]
    return list(REPORTS).index(name) if name in REPORTS else len(REPORTS)


def render(found: Sequence[Mapping[str, Any]]) -> str:
    """The whole page.

    Args:
        found: results, as for `rows`.
    """
    made = rows(found)
    load = f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    lines = [
        "# Reliability",
        "",
        "What comparable systems report, and what ours shows, item by item. The table is generated from a",
        f"run by `breakwater stress table`: version {__version__}, {platform.machine()}, load {load}.",
        "Rates depend on the machine and on what else it does; counts, compute units and verdicts do not.",
        "",
        *(f"- **{name}**: {what}" for name, what in REPORTS.items()),
        "",
        f"{sum(row.passed for row in made)} of {len(made)} items hold. After every scenario all invariants",
        "are checked: tokens against books to the unit, escrows against every claim, loans and shares",
        "against markets and shards, and all of it against what the events added up to.",
        "",
        "| from | item | there | ours | command |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row.source} | {_cell(row.item)} | {_cell(row.there)} | {_cell(row.ours)} | `{row.command}` |"
        for row in made
    ]
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
