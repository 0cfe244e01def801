"""Drills as scenarios of the suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from breakwater.trials import Asked, Outcome, Scenario

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from breakwater.trials import Context

__all__ = ["SCENARIOS"]

NETWORK: Final = (
    "rpc-loss",
    "rpc-latency",
    "rpc-bandwidth",
    "rpc-hole",
    "rpc-reset",
    "rpc-limit",
    "rpc-public",
)
DATASTORE: Final = ("api-clients", "store-full")
RECOVERY: Final = ("rpc-failing", "source-failing", "api-kill")
FEEDS: Final = ("exchange-cut", "exchange-silence", "exchange-refused")
LEAST: Final = 0.1


def _drills(*names: str) -> Callable[[Context], Awaitable[Outcome]]:
    async def run(ctx: Context) -> Outcome:
        from .drills import run_drill  # noqa: PLC0415 - a list of names needs no drill

        broken, figures, done, asked = [], dict[str, Any](), 0, 0
        for name in names:
            ctx.progress(name)
            result = await run_drill(name, min(1.0, max(LEAST, ctx.scale)))
            broken += [f"{name}: {each}" for each in result.broken]
            done, asked = done + result.succeeded, asked + result.operations
            key = name.replace("-", "_")
            figures[key] = (
                f"{result.succeeded:,} of {result.operations:,}, recovered in {result.recovery_s:.2f} s"
            )
            figures |= {f"{key}_{what}": value for what, value in result.figures.items()}
        figures["longest"] = max(figures[each.replace("-", "_")] for each in names)
        return Outcome.judged(broken, done, asked, figures)

    return run


async def _concurrency(ctx: Context) -> Outcome:
    import asyncio  # noqa: PLC0415
    import random  # noqa: PLC0415

    from breakwater.simulate.loop import run_seeded  # noqa: PLC0415

    from .concurrency import gossip, locks, quorum  # noqa: PLC0415

    chance, broken = random.Random(ctx.seed), list[str]()
    rounds = ctx.scaled(100, 10)
    moves = ended = answered = counted = 0
    for number in range(rounds):
        ctx.progress(f"round {number + 1} of {rounds}")
        holders = [f"holder-{i}" for i in range(5)]
        made = [chance.sample(holders, chance.randint(1, 4)) for _ in range(20)]
        moves += len(made)
        ended += await asyncio.to_thread(run_seeded, locks(made, number))
        back, reads = await quorum(3, 2, number)
        answered += reads
        count, told = gossip(4, number)
        counted += count
        if back:
            broken.append(f"{back} reads went back in time.")
        if told != {count}:
            broken.append(f"Workers came to {told} instead of {count}.")
    figures = {"moves": moves, "ended": ended, "reads": answered, "counted": counted, "rounds": rounds}
    return Outcome.judged(broken, ended, moves, figures)


def _of(text: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda figures: text.format(**figures)


def _asked(source: str, *rows: tuple[str, str, str]) -> tuple[Asked, ...]:
    return tuple(Asked(f"003 {source}", item, figure, _of(text)) for item, figure, text in rows)


MOVES: Final = "{ended:,} of {moves:,} moves over shared holders ended, none shared one"
READS: Final = "{reads:,} reads by 2 of 3 lagging nodes, none went back to an older slot"
MERGED: Final = "{rounds} partitions, all workers came to the sum of {counted:,}"
ELSEWHERE: Final = "tests/unit/concurrency: cancelled at every await, nothing lost, nothing left"
EMBEDDED: Final = ("embedded",)

SCENARIOS: Final = (
    Scenario(
        "network-faults",
        "payments through loss, latency, little bandwidth, holes, resets, limits, and a public endpoint",
        "003 TestNetworkStress",
        EMBEDDED,
        _drills(*NETWORK),
        (
            *_asked(
                "TestNetworkStress",
                ("test_high_packet_loss_simulation", "with retries", "{rpc_loss}"),
                ("test_high_latency_links", "", "{rpc_latency}"),
                ("test_bandwidth_saturation", "", "{rpc_bandwidth}"),
                ("test_connection_timeout_handling", "graceful", "{rpc_hole}"),
                ("test_retransmission_logic", "", "{rpc_reset}"),
                ("test_graceful_degradation", "", "{rpc_public}"),
            ),
            *_asked("TestHighLoad", ("test_rate_limiting_enforcement", "", "{rpc_limit}")),
        ),
    ),
    Scenario(
        "datastore-faults",
        "60 clients, each order three times at once, a backup meanwhile and a server on it, a full disk",
        "003 TestDatastoreStress",
        EMBEDDED,
        _drills(*DATASTORE),
        _asked(
            "TestDatastoreStress",
            ("test_database_connection_pool_limits", "50+ connections", "{api_clients_clients} clients"),
            ("test_query_timeout_handling", "", "a write waits for one writer: {api_clients}"),
            ("test_long_running_transaction_stress", "", "a backup of the whole store: {api_clients}"),
            ("test_concurrent_write_conflicts", "resolved", "{api_clients_posts:,} posts, {api_clients}"),
            (
                "test_backup_restore_under_load",
                "",
                "{api_clients_in_the_copy:,} orders in the copy, {api_clients}",
            ),
            ("test_replication_lag_handling", "tolerated", "no replica; a full disk: {store_full}"),
        ),
    ),
    Scenario(
        "recovery",
        "half of all requests fail, at the node and at the price source; a server is killed",
        "003 TestErrorRecoveryUnderStress",
        EMBEDDED,
        _drills(*RECOVERY),
        _asked(
            "TestErrorRecoveryUnderStress",
            ("test_partial_failure_recovery", "resilient", "{rpc_failing}; killed: {api_kill}"),
            ("test_cascading_failure_prevention", "circuit breaker", "{source_failing}"),
        ),
    ),
    Scenario(
        "feed-faults",
        "an exchange's stream is cut, silent, refused",
        "faults",
        EMBEDDED,
        _drills(*FEEDS),
    ),
    Scenario(
        "concurrency",
        "moves over shared holders, reads by quorum, statistics after partitions",
        "003 TestRaceConditions to TestConcurrencyIntegration",
        EMBEDDED,
        _concurrency,
        (
            *_asked(
                "TestRaceConditions",
                ("test_concurrent_writes_same_resource", "safe", MOVES),
                ("test_read_write_interleavings", "", READS),
                ("test_lock_acquisition_order", "consistent", MOVES),
                ("test_deadlock_detection", "", MOVES),
                ("test_livelock_prevention", "", MOVES),
                (
                    "test_priority_inversion_handling",
                    "",
                    "keepers rank by urgency first: a property of every order",
                ),
            ),
            *_asked(
                "TestAsyncOperations",
                ("test_promise_future_sequencing", "", MOVES),
                ("test_callback_ordering", "", MOVES),
                ("test_context_local_cleanup", "", ELSEWHERE),
                ("test_exception_propagation", "", ELSEWHERE),
                ("test_timeout_handling", "", ELSEWHERE),
                ("test_cancellation_logic", "", ELSEWHERE),
            ),
            *_asked(
                "TestDistributedConsistency",
                ("test_vector_clock_synchronization", "", READS),
                ("test_crdt_merge_conflicts", "", MERGED),
                ("test_quorum_consistency", "", READS),
                ("test_eventual_consistency_validation", "", MERGED),
                ("test_causality_preservation", "", READS),
                ("test_conflict_resolution", "deterministic", MERGED),
            ),
            *_asked(
                "TestConcurrencyIntegration",
                ("test_concurrent_read_write_mixed", "", READS),
                ("test_high_contention_lock", "", MOVES),
                ("test_barrier_synchronization", "", MOVES),
            ),
        ),
    ),
)
"""For the suite; a drill by itself is `breakwater faults drill`."""
