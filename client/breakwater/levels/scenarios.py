"""Service levels as a scenario of the suite."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from breakwater.trials import Outcome, Scenario, above, asked, at_least, at_most, below

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from breakwater.trials import Context

__all__ = ["SCENARIOS"]

SOAK_S: Final = 60.0
PART: Final = 0.25
"""Of what `breakwater bench slo` measures; a suite has more to do."""


async def _levels(ctx: Context) -> Outcome:
    from .service import measure  # noqa: PLC0415 - a list of names needs no server

    soak_s = ctx.duration_s or max(2.0, SOAK_S * ctx.scale)
    levels = await measure(part=max(0.02, min(1.0, PART * ctx.scale)), soak_s=soak_s, progress=ctx.progress)
    figures: dict[str, Any] = {each.name: each.value for each in levels.levels}
    cores = os.cpu_count() or 1
    figures |= {**levels.counts, "operations": levels.operations, "soak_s": soak_s}
    figures |= {"cores": cores, "cpu_of_machine": figures["cpu_percent"] / cores}
    failed = round(figures["errors"] * levels.operations / 100)
    return Outcome.judged(levels.missed, levels.operations - failed, levels.operations, figures)


LEAST_LEAK_KIB: Final = 256
"""A thousand orders that were kept would be more."""
SOAK: Final = "{memory_kib:,.0f} KiB a thousand orders over {soak_s:g} s"
ERRORS: Final = "{errors:.2f} % failed over {soak_s:g} s"
RATE: Final = "{requests_per_s:,.0f}/s"
MIB_KIB: Final = 1_024


def _fails_less(percent: float, over_s: float) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a soak of that length failed less often."""
    return lambda figures: bool(figures["errors"] < percent and figures["soak_s"] >= over_s)


SCENARIOS: Final = (
    Scenario(
        "service-levels",
        "percentiles and rates of HTTP, store, cache, RPC, chain and streams; memory over a soak",
        "003 TestLatencyBenchmarks to TestMemoryStress",
        ("embedded",),
        _levels,
        (
            *asked(
                "000 2.1",
                ("rate limiting", "enforced", "{limited:.0f} of 80 told to wait at a limit of 50"),
                ("memory under load", "no leaks", SOAK, below("memory_kib", LEAST_LEAK_KIB)),
            ),
            *asked(
                "003 TestLatencyBenchmarks",
                (
                    "test_api_endpoint_latency_get",
                    "< 100 ms",
                    "{get_p95:.2f} ms, 95 of 100",
                    below("get_p95", 100),
                ),
                (
                    "test_api_endpoint_latency_post",
                    "< 200 ms",
                    "{post_p95:.2f} ms, 95 of 100, until it has landed",
                    below("post_p95", 200),
                ),
                (
                    "test_database_query_latency",
                    "< 50 ms",
                    "{store_p95:.2f} ms, 95 of 100",
                    below("store_p95", 50),
                ),
                (
                    "test_cache_hit_latency",
                    "< 5 ms",
                    "{cache_hit_p95:.3f} ms, 95 of 100",
                    below("cache_hit_p95", 5),
                ),
                (
                    "test_cache_miss_latency",
                    "< 10 ms",
                    "{cache_miss_p95:.3f} ms, 95 of 100",
                    below("cache_miss_p95", 10),
                ),
                (
                    "test_network_roundtrip_latency",
                    "< 500 ms",
                    "{rpc_p95:.2f} ms, 95 of 100, on loopback",
                    below("rpc_p95", 500),
                ),
                (
                    "test_peer_to_peer_latency",
                    "< 1 s",
                    "nothing is peer to peer here; RPC {rpc_p95:.2f} ms",
                    below("rpc_p95", 1_000),
                ),
                (
                    "test_rag_pipeline_latency",
                    "< 5 s",
                    "no such thing here; the longest way {post_p95:.2f} ms",
                    below("post_p95", 5_000),
                ),
            ),
            *asked(
                "003 TestThroughputBenchmarks",
                ("test_requests_per_second", "> 50/s", RATE, above("requests_per_s", 50)),
                (
                    "test_message_processing_rate",
                    "> 100/s",
                    "{messages_per_s:,.0f}/s",
                    above("messages_per_s", 100),
                ),
                (
                    "test_data_ingestion_rate",
                    "> 10/s",
                    "{ingested_per_s:,.0f}/s",
                    above("ingested_per_s", 10),
                ),
                ("test_cache_throughput", "> 1,000/s", "{cache_per_s:,.0f}/s", above("cache_per_s", 1_000)),
            ),
            *asked(
                "003 TestResourceUtilization",
                (
                    "test_cpu_utilization_under_load",
                    "< 80 %",
                    "{cpu_of_machine:.0f} % of {cores} cores in the soak, client and server",
                    below("cpu_of_machine", 80),
                ),
                (
                    "test_memory_consumption_growth",
                    "< 100 MB a thousand",
                    SOAK,
                    below("memory_kib", 100 * MIB_KIB),
                ),
                (
                    "test_disk_io_patterns",
                    "< 5 s for 1,000 writes",
                    "{thousand_writes_s:.2f} s",
                    below("thousand_writes_s", 5),
                ),
                (
                    "test_network_bandwidth_usage",
                    "> 1 Mbps",
                    "{mbit_per_s:,.1f} Mbit/s of answers",
                    above("mbit_per_s", 1),
                ),
                (
                    "test_thread_pool_efficiency",
                    "< 5 s for 100 tasks",
                    "{hundred_tasks_s:.3f} s",
                    below("hundred_tasks_s", 5),
                ),
                (
                    "test_connection_pool_management",
                    "<= 10 active",
                    "{connections:.0f} by one client",
                    at_most("connections", 10),
                ),
            ),
            *asked(
                "003 TestLatencyDistribution",
                ("test_p50_latency", "< 50 ms", "{get_p50:.2f} ms", below("get_p50", 50)),
                ("test_p95_latency", "< 100 ms", "{get_p95:.2f} ms", below("get_p95", 100)),
                ("test_p99_latency", "< 200 ms", "{get_p99:.2f} ms", below("get_p99", 200)),
                ("test_max_latency", "< 500 ms", "{get_max:.2f} ms", below("get_max", 500)),
            ),
            *asked(
                "003 TestPerformanceBenchmarkSuite",
                ("test_sustained_load_1minute", "99 %+", ERRORS, _fails_less(1, 60)),
                (
                    "test_request_size_scaling",
                    "linear",
                    "100 accounts take {size_ratio:.1f} times as long as one",
                    below("size_ratio", 100),
                ),
            ),
            *asked(
                "003 TestHighLoad",
                (
                    "test_high_request_rate_1000rps",
                    "burst handled",
                    "{rush:,} requests by {clients} clients at once, all answered, " + RATE,
                ),
                ("test_sustained_load_duration", "98 %+ over 5 s", ERRORS, _fails_less(2, 5)),
                ("test_burst_traffic_handling", "90 %+ of 50", "all of a rush of {rush:,} at " + RATE),
                ("test_queue_overflow_handling", "", "{limited:.0f} of 80 told to wait at a limit of 50"),
            ),
            *asked(
                "003 TestMemoryStress",
                (
                    "test_large_data_ingestion_100mb",
                    "handled",
                    "{bulk_mb:,} MB to the store in {bulk_s:.1f} s",
                    at_least("bulk_mb", 100),
                ),
                ("test_memory_leak_detection", "< 100 MB", SOAK, below("memory_kib", 100 * MIB_KIB)),
                (
                    "test_garbage_collection_triggers",
                    "",
                    "{collections:,} collections in the soak, and " + SOAK,
                ),
                (
                    "test_memory_recovery",
                    "",
                    "{bulk_kept_kib:,} KiB more than before after {bulk_mb:,} MB went through",
                    below("bulk_kept_kib", 100 * MIB_KIB),
                ),
            ),
        ),
    ),
)
"""For the suite; `breakwater bench slo` measures four times as much."""
