"""Every scenario there is: this package's own, and those of the packages that break things."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from breakwater.trials import Scenario, asked, at_least, at_most, below

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


def _even(figures: Mapping[str, Any]) -> bool:
    """Whether each of the shards has a quarter of the trades, by five hundredths."""
    whole = sum(figures["shards"])
    return all(abs(each / whole - 0.25) <= 0.05 for each in figures["shards"])


def _part(done: str, of: str, least: float) -> Callable[[Mapping[str, Any]], bool]:
    """Whether more than a part of one figure is the other."""
    return lambda figures: bool(figures[done] > least * figures[of])


OWN: Final = (
    Scenario(
        "concurrent-trades",
        "1,000 trades in batches of 50, $1k to $100k, 1x to 50x, four shards",
        "000 2.1",
        BOTH,
        _later("_trades", "concurrent_trades"),
        asked(
            "000 2.1",
            (
                "1000 total trades, 50 per batch",
                "success > 95 %",
                "{succeeded:,} of {trades:,}",
                _part("succeeded", "trades", 0.95),
            ),
            (
                "gas per trade",
                "< 50k CU on average",
                "{compute_mean:,} CU, at most {compute_max:,}",
                below("compute_mean", 50_000),
            ),
            (
                "throughput",
                "~50 trades/s",
                "{trades_per_second:,.0f} trades/s",
                at_least("trades_per_second", 50),
            ),
            ("4-shard distribution", "~25 % each", "{shards}", _even),
        ),
    ),
    Scenario(
        "multi-market",
        "10 markets, 100 trades each, a fifth across markets, a tenth chains, a halt that reaches all",
        "000 2.2",
        BOTH,
        _later("_markets", "multi_market"),
        asked(
            "000 2.2",
            (
                "10 concurrent markets, 100 trades each",
                "",
                "{succeeded:,} of {trades:,} in {markets} markets",
            ),
            ("20 % cross-market positions", "tracked", "{cross_market} all-or-nothing across two markets"),
            ("10 % chain positions (2-3 legs)", "", "{chains}"),
            (
                "market halt propagation",
                "~2 slots",
                "{halt_slots} slot(s) to every shard",
                at_most("halt_slots", 2),
            ),
            (
                "volume distribution",
                "even",
                "largest share {largest_share_of_volume:.1%}, a tenth is even",
                below("largest_share_of_volume", 0.15),
            ),
        ),
    ),
    Scenario(
        "keeper-coordination",
        "20 keepers, 500 tasks of five kinds, three keepers die",
        "000 2.3",
        BOTH,
        _later("_keepers", "keeper_coordination"),
        asked(
            "000 2.3",
            (
                "20 keepers, 500 pending tasks, 5 types",
                "",
                "{completed} of {tasks} done by {keepers} keepers, {duplicates} twice",
            ),
            (
                "load balancing, no overload",
                "25 tasks per keeper",
                "{fewest_tasks} to {most_tasks} by each survivor",
            ),
            (
                "failover, task stealing",
                "after 3 missed tasks",
                "{stolen} taken over from {killed} dead keepers",
            ),
            (
                "priority escalation",
                "after 10 slots",
                "every 10 slots, by the program; the slowest took {longest_response_slots} slots",
            ),
            (
                "keeper rotation",
                "every 100 slots",
                "with every task, in the order of posting: {fewest_tasks} to {most_tasks} each",
            ),
            (
                "liquidation response",
                "< 10 slots on average",
                "{mean_response_slots} slots",
                below("mean_response_slots", 10),
            ),
        ),
    ),
    Scenario(
        "state-pruning",
        "10,000 positions of three ages: half are archived, and come back on demand",
        "000 2.4",
        EMBEDDED,
        _later("_pruning", "state_pruning"),
        asked(
            "000 2.4",
            (
                "10,000 positions, 50 % older than 30 days",
                "~5,000 prunable",
                "{archived:,} of {positions:,}",
                lambda figures: figures["archived"] == figures["old_enough"],
            ),
            (
                "space savings",
                "~50 %",
                "{part_archived:.0%} of the positions' accounts are gone",
                at_least("part_archived", 0.5),
            ),
            (
                "pruning rate",
                "1000 positions/s",
                "{per_second:,.0f}/s, {per_cpu_second:,.0f} a second of CPU",
                at_least("per_second", 1_000),
            ),
            (
                "gas cost",
                "~5000 CU per position",
                "{compute_per_position:,.0f} CU",
                at_most("compute_per_position", 5_000),
            ),
            ("compression for archives", "~10x", "{archive_ratio:.1f}x", at_least("archive_ratio", 10)),
            (
                "retrieval time",
                "< 100 ms",
                "{retrieval_ms_slowest:.1f} ms at most, proof included",
                below("retrieval_ms_slowest", 100),
            ),
        ),
    ),
    Scenario(
        "concurrent-users",
        "1,000 users who join, pay in, trade on spot and on credit, and take money out",
        "001 7.5.4 (1)",
        BOTH,
        _later("_users", "concurrent_users"),
        (
            *asked(
                "001 7.5.4",
                (
                    "concurrent user load (1000 users)",
                    "success rate and TPS measured",
                    "{succeeded:,} of {operations:,}, {operations_per_second:,.0f} a second",
                ),
            ),
            *asked(
                "003 TestHighLoad",
                (
                    "test_concurrent_users_100",
                    "95 %+ success",
                    "{succeeded:,} of {operations:,} by {users:,} users",
                    _part("succeeded", "operations", 0.95),
                ),
            ),
        ),
    ),
    Scenario(
        "market-volatility",
        "50 markets of three kinds move by 10 points, up and down, with loans and keepers in them",
        "001 7.5.4 (2)",
        BOTH,
        _later("_volatility", "market_volatility"),
        asked(
            "001 7.5.4",
            (
                "market volatility (50 markets, 10 % moves)",
                "",
                "{moves} moves of {points:g} points in {markets} markets, {liquidations} loans called",
            ),
        ),
    ),
    Scenario(
        "chain-execution",
        "500 chains of 5 legs, opened and unwound",
        "001 7.5.4 (3)",
        BOTH,
        _later("_chains", "chain_load"),
        asked(
            "001 7.5.4",
            (
                "chain execution load (500 chains, 5 steps)",
                "CU limits per chain",
                "{opened} of {legs} legs opened and unwound, {open_compute_mean:,} CU, at most "
                "{open_compute_max:,}",
            ),
        ),
    ),
    Scenario(
        "liquidation-cascade",
        "100 chains at 500x, a gap of ten points, keepers, the settlement",
        "001 7.5.4 (4)",
        EMBEDDED,
        _later("_keepers", "liquidation_cascade"),
        asked(
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
        BOTH,
        _later("_outage", "feed_outage"),
        asked(
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
        asked(
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
        asked(
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


def scenarios() -> tuple[Scenario, ...]:
    """All of them, as far as they are installed."""
    found = list(OWN)
    for name in OTHERS:
        if find_spec(f"breakwater.{name}") and find_spec(f"breakwater.{name}.scenarios"):
            found += import_module(f"breakwater.{name}.scenarios").SCENARIOS
    return tuple(found)
