"""Every scenario there is: this package's own, and those of the packages that break things."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from breakwater.trials import Asked, Scenario

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from breakwater.trials import Context, Outcome

__all__ = ["OTHERS", "OWN", "scenarios"]

EMBEDDED: Final = ("embedded",)
BOTH: Final = ("embedded", "local")
OTHERS: Final = ("faults", "levels", "simulate")
"""Packages that may bring `scenarios.SCENARIOS`."""


def _later(module: str, name: str) -> Callable[[Context], Awaitable[Outcome]]:
    """A scenario's function, imported when it runs: a list of names needs no chain."""

    async def run(ctx: Context) -> Outcome:
        work: Callable[[Context], Awaitable[Outcome]] = getattr(
            import_module(f".{module}", __package__), name
        )
        return await work(ctx)

    return run


def _of(text: str) -> Callable[[Mapping[str, Any]], str]:
    """Our figure: `text` with the figures' names in braces."""
    return lambda figures: text.format(**figures)


def _asked(source: str, *rows: tuple[str, str, str]) -> tuple[Asked, ...]:
    return tuple(Asked(source, item, figure, _of(text)) for item, figure, text in rows)


OWN: Final = (
    Scenario(
        "concurrent-trades",
        "1,000 trades in batches of 50, $1k to $100k, 1x to 50x, four shards",
        "000 2.1",
        BOTH,
        _later("_trades", "concurrent_trades"),
        _asked(
            "000 2.1",
            ("1000 total trades, 50 per batch", "success > 95 %", "{succeeded:,} of {trades:,}"),
            ("gas per trade", "< 50k CU on average", "{compute_mean:,} CU, at most {compute_max:,}"),
            ("throughput", "~50 trades/s", "{trades_per_second:,.0f} trades/s"),
            ("4-shard distribution", "~25 % each", "{shards}"),
        ),
    ),
    Scenario(
        "multi-market",
        "10 markets, 100 trades each, a fifth across markets, a tenth chains, a halt that reaches all",
        "000 2.2",
        BOTH,
        _later("_markets", "multi_market"),
        _asked(
            "000 2.2",
            (
                "10 concurrent markets, 100 trades each",
                "",
                "{succeeded:,} of {trades:,} in {markets} markets",
            ),
            ("20 % cross-market positions", "tracked", "{cross_market} all-or-nothing across two markets"),
            ("10 % chain positions (2-3 legs)", "", "{chains}"),
            ("market halt propagation", "~2 slots", "{halt_slots} slot(s) to every shard"),
            ("volume distribution", "even", "largest share {largest_share_of_volume:.1%}, a tenth is even"),
        ),
    ),
    Scenario(
        "keeper-coordination",
        "20 keepers, 500 tasks of five kinds, three keepers die",
        "000 2.3",
        BOTH,
        _later("_keepers", "keeper_coordination"),
        _asked(
            "000 2.3",
            ("20 keepers, 500 pending tasks, 5 types", "", "{completed} done, {duplicates} twice"),
            ("load balancing", "25 tasks per keeper", "{fewest_tasks} to {most_tasks} by each survivor"),
            (
                "failover, task stealing",
                "after 3 missed tasks",
                "{stolen} taken over from {killed} dead keepers",
            ),
            ("liquidation response", "< 10 slots on average", "{mean_response_slots} slots"),
        ),
    ),
    Scenario(
        "concurrent-users",
        "1,000 users who join, pay in, trade on spot and on credit, and take money out",
        "001 7.5.4 (1)",
        BOTH,
        _later("_users", "concurrent_users"),
        (
            *_asked(
                "001 7.5.4",
                (
                    "concurrent user load (1000 users)",
                    "success rate and TPS measured",
                    "{succeeded:,} of {operations:,}, {operations_per_second:,.0f} a second",
                ),
            ),
            *_asked(
                "003 TestHighLoad",
                (
                    "test_concurrent_users_100",
                    "95 %+ success",
                    "{succeeded:,} of {operations:,} by {users:,} users",
                ),
            ),
        ),
    ),
    Scenario(
        "market-volatility",
        "50 markets of three kinds move by 10 points, up and down, with loans and keepers in them",
        "001 7.5.4 (2)",
        EMBEDDED,
        _later("_volatility", "market_volatility"),
        _asked(
            "001 7.5.4",
            (
                "market volatility (50 markets, 10 % moves)",
                "",
                "{moves} moves of {points:g} points, {liquidations} loans called",
            ),
        ),
    ),
    Scenario(
        "chain-execution",
        "500 chains of 5 legs, opened and unwound",
        "001 7.5.4 (3)",
        BOTH,
        _later("_chains", "chain_load"),
        _asked(
            "001 7.5.4",
            (
                "chain execution load (500 chains, 5 steps)",
                "CU limits per chain",
                "{opened} opened and unwound, {open_compute_mean:,} CU, at most {open_compute_max:,}",
            ),
        ),
    ),
    Scenario(
        "liquidation-cascade",
        "100 chains at 500x, a gap of ten points, keepers, the settlement",
        "001 7.5.4 (4)",
        EMBEDDED,
        _later("_keepers", "liquidation_cascade"),
        _asked(
            "001 7.5.4",
            (
                "liquidation cascade (100 positions, 500x)",
                "",
                "{positions} at {leverage:g}x, all settled, {fullest:.0%} of a slot's cap used",
            ),
        ),
    ),
    Scenario(
        "api-degradation",
        "Polymarket at 50 % failures and 2 s latency, then silent for five minutes",
        "001 7.5.4 (5)",
        EMBEDDED,
        _later("_outage", "feed_outage"),
        _asked(
            "001 7.5.4",
            (
                "API degradation (50 % failure, 2 s latency)",
                "fallback mechanisms tested",
                "{trades} trades meanwhile, fresh again after {recovery_s:g} s, {unpublished} prices lost",
            ),
        ),
    ),
    Scenario(
        "network-congestion",
        "10,000 worthless transactions against 100 that pay for priority",
        "001 7.5.4 (6)",
        BOTH,
        _later("_congestion", "network_congestion"),
        _asked(
            "001 7.5.4",
            (
                "network congestion (10k spam, 100 legitimate)",
                "legitimate ones are processed",
                "{landed} of {legitimate} landed, the median after {landing_s_p50:g} s",
            ),
        ),
    ),
    Scenario(
        "public-cluster",
        "trading within a budget through 429s, latency and lagging replicas; everything taken back",
        "devnet",
        ("local",),
        _later("_public_trial", "public_cluster"),
        _asked(
            "devnet",
            (
                "scripted run on a public cluster",
                "",
                "{succeeded} of {trades} trades, {limited} answers of 429, {left} lamports left behind",
            ),
        ),
    ),
)
"""This package's scenarios, in the order in which they are shown."""


PRUNING: Final = Scenario(
    "state-pruning",
    "10,000 positions of three ages: half are archived, and come back on demand",
    "000 2.4",
    EMBEDDED,
    _later("_pruning", "state_pruning"),
    _asked(
        "000 2.4",
        ("10,000 positions, 50 % older than 30 days", "~5,000 prunable", "{archived:,} of {positions:,}"),
        ("space savings", "~50 %", "{part_archived:.0%} of the positions' accounts are gone"),
        ("pruning rate", "1000 positions/s", "{per_second:,.0f}/s, {per_cpu_second:,.0f} a second of CPU"),
        ("gas cost", "~5000 CU per position", "{compute_per_position:,.0f} CU"),
        ("compression for archives", "~10x", "{archive_ratio:.1f}x"),
        ("retrieval time", "< 100 ms", "{retrieval_ms_slowest:.1f} ms at most, proof included"),
    ),
)
"""Needs the archive."""


def scenarios() -> tuple[Scenario, ...]:
    """All of them, as far as they are installed."""
    found = list(OWN)
    if find_spec("breakwater.archive") and find_spec("breakwater.archive.service"):
        found.insert(3, PRUNING)
    for name in OTHERS:
        if find_spec(f"breakwater.{name}") and find_spec(f"breakwater.{name}.scenarios"):
            found += import_module(f"breakwater.{name}.scenarios").SCENARIOS
    return tuple(found)
