"""Drills as scenarios of the suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from breakwater.trials import Outcome, Scenario, asked, at_least

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from breakwater.trials import Context

__all__ = ["SCENARIOS"]

NETWORK: Final = (
    "rpc-loss",
    "rpc-latency",
    "rpc-bandwidth",
    "rpc-hole",
    "rpc-reset",
    "rpc-limit",
    "rpc-lag",
    "rpc-public",
)
DATASTORE: Final = ("api-clients", "store-full", "store-memory")
RECOVERY: Final = ("rpc-failing", "source-failing", "api-kill")
FEEDS: Final = ("exchange-cut", "exchange-silence", "exchange-refused")
LEAST: Final = 0.1


def _drills(*names: str) -> Callable[[Context], Awaitable[Outcome]]:
    async def run(ctx: Context) -> Outcome:
        from .drills import run_drill  # noqa: PLC0415 - a list of names needs no drill

        broken, figures, done, operations = [], dict[str, Any](), 0, 0
        for name in names:
            ctx.progress(name)
            result = await run_drill(name, min(1.0, max(LEAST, ctx.scale)))
            broken += [f"{name}: {each}" for each in result.broken]
            done, operations = done + result.succeeded, operations + result.operations
            key = name.replace("-", "_")
            figures[key] = (
                f"{result.succeeded:,} of {result.operations:,}, recovered in {result.recovery_s:.2f} s"
            )
            figures |= {f"{key}_{what}": value for what, value in result.figures.items()}
            figures[f"{key}_recovery_s"] = round(result.recovery_s, 3)
        return Outcome.judged(broken, done, operations, figures)

    return run


async def _concurrency(ctx: Context) -> Outcome:
    import asyncio  # noqa: PLC0415
    import random  # noqa: PLC0415

    from breakwater.simulate.loop import run_seeded  # noqa: PLC0415

    from .cancellation import payments, unreachable  # noqa: PLC0415
    from .concurrency import gossip, inverted, locks, quorum  # noqa: PLC0415

    chance, broken = random.Random(ctx.seed), list[str]()
    rounds = ctx.scaled(100, 10)
    moves = ended = answered = counted = ranked = 0
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
        works, late = inverted(40, number)
        ranked += works
        if back:
            broken.append(f"{back} reads went back in time.")
        if told != {count}:
            broken.append(f"Workers came to {told} instead of {count}.")
        if late:
            broken.append(f"{late} tasks came before more urgent ones.")
    ctx.progress("cancelling")
    cut = await asyncio.to_thread(run_seeded, payments())
    error, waited_s = await asyncio.to_thread(run_seeded, unreachable())
    broken += cut.wrong
    if error != "Unreachable":
        broken.append(f"A dead connection ended with {error or 'nothing'}.")
    figures = {"moves": moves, "ended": ended, "reads": answered, "counted": counted, "rounds": rounds}
    figures |= {"ranked": ranked, "points": cut.points, "landed": cut.landed, "left": cut.left}
    return Outcome.judged(broken, ended, moves, {**figures, "error": error, "waited_s": round(waited_s, 1)})


MOVES: Final = "{ended:,} of {moves:,} moves over shared holders ended, none shared one"
READS: Final = "{reads:,} reads by 2 of 3 lagging nodes, none went back to an older slot"
MERGED: Final = "{rounds} partitions, all workers came to the sum of {counted:,}"
CANCELLED: Final = (
    "a payment cancelled at each of {points} waits: {landed} landed once, the others never; {left} tasks left"
)
FAILED: Final = "{error} reaches who waits, after {waited_s:g} simulated seconds of silence"
EMBEDDED: Final = ("embedded",)

SCENARIOS: Final = (
    Scenario(
        "network-faults",
        "payments through loss, latency, little bandwidth, holes, resets, limits, lag, and a public endpoint",
        "003 TestNetworkStress",
        EMBEDDED,
        _drills(*NETWORK),
        (
            *asked(
                "003 TestNetworkStress",
                ("test_high_packet_loss_simulation", "with retries", "{rpc_loss}"),
                ("test_high_latency_links", "", "{rpc_latency}"),
                ("test_bandwidth_saturation", "", "{rpc_bandwidth}"),
                ("test_connection_timeout_handling", "graceful", "{rpc_hole}"),
                ("test_retransmission_logic", "", "{rpc_reset}"),
                ("test_graceful_degradation", "", "{rpc_public}"),
            ),
            *asked("003 TestHighLoad", ("test_rate_limiting_enforcement", "", "{rpc_limit}")),
            *asked(
                "003 TestDatastoreStress",
                ("test_replication_lag_handling", "tolerated", "nodes that lag 0, 8 and 40 slots: {rpc_lag}"),
            ),
        ),
    ),
    Scenario(
        "datastore-faults",
        "60 clients, each order three times at once, a backup meanwhile; no disk, no memory left",
        "003 TestDatastoreStress",
        EMBEDDED,
        _drills(*DATASTORE),
        (
            *asked(
                "003 TestDatastoreStress",
                (
                    "test_database_connection_pool_limits",
                    "50+ connections",
                    "{api_clients_clients} clients",
                    at_least("api_clients_clients", 50),
                ),
                ("test_query_timeout_handling", "", "a write waits for one writer: {api_clients}"),
                ("test_long_running_transaction_stress", "", "a backup of the whole store: {api_clients}"),
                ("test_concurrent_write_conflicts", "resolved", "{api_clients_posts:,} posts, {api_clients}"),
                (
                    "test_backup_restore_under_load",
                    "",
                    "{api_clients_in_the_copy:,} orders in the copy, {api_clients}",
                ),
            ),
            *asked(
                "003 TestMemoryStress",
                (
                    "test_out_of_memory_handling",
                    "",
                    "what was acknowledged is there: {store_memory}; the same of a full disk: {store_full}",
                ),
            ),
        ),
    ),
    Scenario(
        "recovery",
        "half of all requests fail, at the node and at the price source; a server is killed",
        "003 TestErrorRecoveryUnderStress",
        EMBEDDED,
        _drills(*RECOVERY),
        asked(
            "003 TestErrorRecoveryUnderStress",
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
            *asked(
                "003 TestRaceConditions",
                ("test_concurrent_writes_same_resource", "safe", MOVES),
                ("test_read_write_interleavings", "", READS),
                ("test_lock_acquisition_order", "consistent", MOVES),
                ("test_deadlock_detection", "", MOVES),
                ("test_livelock_prevention", "", MOVES),
                (
                    "test_priority_inversion_handling",
                    "",
                    "{ranked:,} tasks of keepers ranked, none before a more urgent one",
                ),
            ),
            *asked(
                "003 TestAsyncOperations",
                ("test_promise_future_sequencing", "", MOVES),
                ("test_callback_ordering", "", MOVES),
                ("test_context_local_cleanup", "", CANCELLED),
                ("test_exception_propagation", "", FAILED),
                ("test_timeout_handling", "", FAILED),
                ("test_cancellation_logic", "", CANCELLED),
            ),
            *asked(
                "003 TestDistributedConsistency",
                ("test_vector_clock_synchronization", "", READS),
                ("test_crdt_merge_conflicts", "", MERGED),
                ("test_quorum_consistency", "", READS),
                ("test_eventual_consistency_validation", "", MERGED),
                ("test_causality_preservation", "", READS),
                ("test_conflict_resolution", "deterministic", MERGED),
            ),
            *asked(
                "003 TestConcurrencyIntegration",
                ("test_concurrent_read_write_mixed", "", READS),
                ("test_high_contention_lock", "", MOVES),
                ("test_barrier_synchronization", "", MOVES),
            ),
        ),
    ),
)
"""For the suite; a drill by itself is `breakwater faults drill`."""
