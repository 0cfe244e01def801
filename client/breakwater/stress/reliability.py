"""Results -> docs/reliability.md: every published item, the figure there, ours, and the command for it."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from breakwater.errors import InvalidInput

from .table import scenarios
from .tps import LEAST_PER_SECOND, LEAST_RATIO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from breakwater.trials import Scenario

__all__ = ["Row", "render", "rows"]

NOT_RUN: Final = "**not run**"
NO_RESULT: Final = (
    "Give files that stress suite, stress run or bench tps printed with --json, "
    "or that scripts/coverage or scripts/mutants wrote."
)
REPORTS: Final = {
    "000": "integration and stress tests of a betting platform on Solana, sections 2.1 to 2.4",
    "001": "stress testing framework of the same platform, section 7.5.4",
    "003": "performance, stress and concurrency tests of a peer-to-peer system, 44 of 71 skipped",
    "devnet": "no report asks for it",
    "bench": "what we ask of ourselves",
}
"""What the items come from."""

LEAST_MUTANTS: Final = 80
"""Percent of the changes to crates/math that a test has to notice."""

SAMPLE: Final = 100
"""Changes that parts of all have to make up before they stand for them."""


@dataclass(frozen=True, slots=True)
class Row:
    """An item with both figures."""

    source: str
    item: str
    there: str
    ours: str
    command: str
    passed: bool


def _command(result: Mapping[str, Any], options: Mapping[str, float] = MappingProxyType({})) -> str:
    where = "" if result["engine"] == "embedded" else f" --engine {result['engine']}"
    return f"breakwater stress run {result['name']}{where}" + "".join(
        f" --{name} {each:g}" for name, each in options.items()
    )


def _of(scenario: Scenario, result: Mapping[str, Any], options: Mapping[str, float]) -> list[Row]:
    """Rows of one result; with other numbers than the scenario's own, only more of everything holds them."""
    found, figures = [], result["figures"]
    whole = set(options) <= {"scale"} and options.get("scale", 1) >= 1
    for each in scenario.asked:
        try:
            ours, met = each.ours(figures), each.met(figures)
        except (KeyError, ValueError, TypeError, IndexError, ArithmeticError):
            ours, met = "not measured", False
        held = met and bool(result["passed"]) and whole
        if not held:
            why = "failed" if not result["passed"] else "missed" if not met else "other numbers"
            ours = f"**{why}**: {ours}"
        found.append(Row(each.source, each.item, each.figure, ours, _command(result, options), held))
    return found


def _not_run(scenario: Scenario) -> list[Row]:
    """The items of a scenario that is in none of the results."""
    command = _command({"name": scenario.name, "engine": scenario.engines[0]})
    return [
        Row(each.source, each.item, each.figure, NOT_RUN, command, passed=False) for each in scenario.asked
    ]


def _throughput(figures: Mapping[str, Any] | None) -> list[Row]:
    """Rows of `bench tps`; none of the results are its where there are no figures."""
    command, rate, landed = "breakwater bench tps", NOT_RUN, NOT_RUN
    enough = more = held = False
    slow = rate
    if figures is not None:
        done, ratio = figures["embedded_trades_per_second"], figures["local_ratio"]
        enough, more = done >= LEAST_PER_SECOND, done > 20
        held = ratio is not None and ratio >= LEAST_RATIO
        # each missed bound is one sentence; any other is of trades that failed or of books that don't add up
        compared = figures["local_trades_per_second"] is not None
        sound = len(figures["broken"]) <= (not enough) + (compared and not held)
        enough, more, held = enough and sound, more and sound, held and sound
        why = "**missed**: " if sound else "**failed**: "
        figure = (
            f"{done:,.0f} leveraged trades/s in {figures['embedded_processes']} processes; "
            f"{figures['embedded_trades_per_cpu_second']:,.0f} a second of one core's time"
        )
        rate, slow = ("" if enough else why) + figure, ("" if more else why) + figure
        if ratio is not None:
            landed = (
                f"{'' if held else why}{ratio:.2f} ({figures['local_trades_per_second']:,.0f} "
                f"trades/s, {figures['local_transfers_per_second']:,.0f} transfers/s landed)"
            )
    return [
        Row(
            "003 TestThroughputBenchmarks",
            "test_transactions_per_second",
            "> 20 TPS",
            slow,
            command,
            more,
        ),
        Row("bench", "leveraged trades a second", f">= {LEAST_PER_SECOND:,.0f}", rate, command, enough),
        Row("bench", "trades to plain transfers on local", f">= {LEAST_RATIO}", landed, command, held),
    ]


def _coverage(figures: Mapping[str, Any] | None) -> list[Row]:
    """Rows of `scripts/coverage`: what it did not look at is not run."""
    made = []
    for what in ("client", "crates"):
        found = (figures or {}).get(what)
        ours, command, whole = NOT_RUN, "scripts/coverage", False
        if found is not None:
            ours = (
                f"{_percent(found['lines_reached'], found['lines'])} of {found['lines']:,} lines, "
                f"{_percent(found['branches_reached'], found['branches'])} of {found['branches']:,} branches"
            )
            command = " ".join([command, *found.get("of", [])])
            whole = found["lines"] > 0 and not found.get("of") and not found.get("failed")
            if not whole:
                ours = f"**{'failed' if found.get('failed') else 'other numbers'}**: {ours}"
        made.append(Row("bench", f"coverage of {what}", "reported", ours, command, whole))
    return made


def _mutation(shards: Mapping[str, Mapping[str, Any]]) -> Row:
    """A row of `scripts/mutants`: all changes, or so many parts of them that they say something."""
    command, ours, enough = "scripts/mutants", NOT_RUN, False
    if shards:
        noticed, missed = (sum(each[name] for each in shards.values()) for name in ("caught", "missed"))
        parts = sorted(set(shards) - {"all", "some"}, key=lambda each: int(each.split("/")[0]))
        command += f" --shard {', '.join(parts)}" if parts else ""
        enough = 0 < noticed * 100 >= (noticed + missed) * LEAST_MUTANTS
        # chosen by hand, or too few to say much; the whole beside its parts would count twice
        little = set(shards) != {"all"} and ("some" in shards or "all" in shards or noticed + missed < SAMPLE)
        why = "**missed**: " if not enough else "**other numbers**: " if little else ""
        enough = enough and not little
        ours = f"{why}{_percent(noticed, noticed + missed)}: {noticed} of {noticed + missed} mutants"
    return Row(
        "bench", "mutation score of crates/math", f">= {LEAST_MUTANTS} %", ours, command, passed=enough
    )


def _percent(part: int, whole: int) -> str:
    """Rounded down: nothing is whole that is not."""
    return f"{part * 1000 // whole / 10:.1f} %" if whole else "none"


def rows(found: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The rows of results as `stress suite`, `stress run` and `bench tps` print them with `--json`.

    `scripts/coverage` and `scripts/mutants` write results as well.

    Of a scenario that was run several times, on any engine, every result is shown; one that was not run is
    there as well, and holds nothing.

    Raises:
        InvalidInput: one is something else.
    """
    every = {each.name: each for each in scenarios()}
    made: list[Row] = []
    run = set[str]()
    coverage: dict[str, Any] = {}
    shards: dict[str, Any] = {}
    measured = False
    try:
        for each in found:
            if "embedded_trades_per_second" in each:
                made += _throughput(each)
                measured = True
                continue
            if "coverage" in each:
                coverage |= each["coverage"]
                continue
            if "mutation" in each:
                shards[each["mutation"]["shard"]] = each["mutation"]
                continue
            for result in each["scenarios"]:
                if result["name"] in every:
                    run.add(result["name"])
                    made += _of(every[result["name"]], result, each.get("options", {}))
        made += [*_coverage(coverage), _mutation(shards)]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InvalidInput(NO_RESULT) from None
    for name, scenario in every.items():
        if name not in run:
            made += _not_run(scenario)
    if not measured:
        made += _throughput(None)
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
    lines = [
        "# Reliability",
        "",
        "What comparable systems report, and what ours shows, item by item.",
        f"`breakwater stress table` makes this of what runs have printed{_where(found)}.",
        "Rates depend on the machine and on what else it does; counts and compute units do not.",
        "",
        *(f"- **{name}**: {what}" for name, what in REPORTS.items()),
        "",
        f"{sum(row.passed for row in made)} of {len(made)} items hold: their scenario passes, and where the",
        "figure there is a bound, ours keeps it. After every scenario with an exchange in it the books are",
        "held against the chain: tokens to the unit, escrows against every claim, loans and shares against",
        "markets and shards, and where no keepers and no chains are at work, all of it against what the",
        "events added up to.",
        "",
        "| from | item | there | ours | command |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row.source} | {_cell(row.item)} | {_cell(row.there)} | {_cell(row.ours)} | `{row.command}` |"
        for row in made
    ]
    return "\n".join([*lines, ""])


def _where(found: Sequence[Mapping[str, Any]]) -> str:
    """On what the runs were, as far as they say."""
    machines = [each["machine"] for each in found if "machine" in each]
    if not machines:
        return ""
    try:
        cores = sorted({f"{each['cores']} {each['architecture']} cores" for each in machines})
        versions = sorted({each["version"] for each in machines})
        load = max(each["load"] for each in machines)
        return f": version {', '.join(versions)}, {', '.join(cores)}, a load of {load:.1f} at most"
    except (KeyError, TypeError, ValueError):
        raise InvalidInput(NO_RESULT) from None


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
