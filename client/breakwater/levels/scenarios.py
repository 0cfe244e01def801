"""Service levels as a scenario of the suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from breakwater.trials import Asked, Outcome, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from breakwater.trials import Context

__all__ = ["SCENARIOS"]

SOAK_S: Final = 20.0
PART: Final = 0.25
"""Of what `breakwater bench slo` measures; a suite has more to do."""


async def _levels(ctx: Context) -> Outcome:
    from .service import measure  # noqa: PLC0415 - a list of names needs no server

    soak_s = ctx.duration_s or max(2.0, SOAK_S * ctx.scale)
    levels = await measure(part=max(0.02, min(1.0, PART * ctx.scale)), soak_s=soak_s, progress=ctx.progress)
    figures: dict[str, Any] = {each.name: each.value for each in levels.levels}
    figures |= {"operations": levels.operations, "soak_s": soak_s}
    failed = round(figures["errors"] * levels.operations / 100)
    return Outcome.judged(levels.missed, levels.operations - failed, levels.operations, figures)


def _of(text: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda figures: text.format(**figures)


def _asked(source: str, *rows: tuple[str, str, str]) -> tuple[Asked, ...]:
    return tuple(Asked(f"003 {source}", item, figure, _of(text)) for item, figure, text in rows)


SOAK: Final = "{memory_kib:,.0f} KiB a thousand orders over {soak_s:g} s"
ERRORS: Final = "{errors:.2f} % failed over {soak_s:g} s"
RATE: Final = "{requests_per_s:,.0f}/s"

SCENARIOS: Final = (
    Scenario(
        "service-levels",
        "percentiles and rates of HTTP, store, cache, RPC, chain and streams; memory over a soak",
        "003 TestLatencyBenchmarks to TestMemoryStress",
        ("embedded",),
        _levels,
        (
            *_asked(
                "TestLatencyBenchmarks",
                ("test_api_endpoint_latency_get", "< 100 ms", "{get_p95:.2f} ms, 95 of 100"),
                (
                    "test_api_endpoint_latency_post",
                    "< 200 ms",
                    "{post_p95:.2f} ms, 95 of 100, until it has landed",
                ),
                ("test_database_query_latency", "< 50 ms", "{store_p95:.2f} ms, 95 of 100"),
                ("test_cache_hit_latency", "< 5 ms", "{cache_hit_p95:.3f} ms, 95 of 100"),
                ("test_cache_miss_latency", "< 10 ms", "{cache_miss_p95:.3f} ms, 95 of 100"),
                ("test_network_roundtrip_latency", "< 500 ms", "{rpc_p95:.2f} ms, 95 of 100, on loopback"),
                ("test_peer_to_peer_latency", "< 1 s", "nothing is peer to peer here; RPC {rpc_p95:.2f} ms"),
                (
                    "test_rag_pipeline_latency",
                    "< 5 s",
                    "no such thing here; the longest way {post_p95:.2f} ms",
                ),
            ),
            *_asked(
                "TestThroughputBenchmarks",
                ("test_requests_per_second", "> 50/s", RATE),
                ("test_message_processing_rate", "> 100/s", "{messages_per_s:,.0f}/s"),
                ("test_data_ingestion_rate", "> 10/s", "{ingested_per_s:,.0f}/s"),
                ("test_cache_throughput", "> 1,000/s", "{cache_per_s:,.0f}/s"),
            ),
            *_asked(
                "TestResourceUtilization",
                ("test_cpu_utilization_under_load", "< 80 %", "{cpu_percent:.0f} % of a core in the soak"),
                ("test_memory_consumption_growth", "< 100 MB a thousand", SOAK),
                ("test_disk_io_patterns", "< 5 s for 1,000 writes", "{thousand_writes_s:.2f} s"),
                ("test_network_bandwidth_usage", "> 1 Mbps", "{mbit_per_s:,.1f} Mbit/s of answers"),
                ("test_thread_pool_efficiency", "< 5 s for 100 tasks", "{hundred_tasks_s:.3f} s"),
                ("test_connection_pool_management", "<= 10 active", "{connections:.0f} by one client"),
            ),
            *_asked(
                "TestLatencyDistribution",
                ("test_p50_latency", "< 50 ms", "{get_p50:.2f} ms"),
                ("test_p95_latency", "< 100 ms", "{get_p95:.2f} ms"),
                ("test_p99_latency", "< 200 ms", "{get_p99:.2f} ms"),
                ("test_max_latency", "< 500 ms", "{get_max:.2f} ms"),
            ),
            *_asked(
                "TestPerformanceBenchmarkSuite",
                ("test_sustained_load_1minute", "99 %+", ERRORS),
                (
                    "test_request_size_scaling",
                    "linear",
                    "a page of markets, a market, the vault: {get_p95:.2f} ms",
                ),
            ),
            *_asked(
                "TestHighLoad",
                ("test_high_request_rate_1000rps", "burst handled", RATE),
                ("test_sustained_load_duration", "98 %+ over 5 s", ERRORS),
                ("test_burst_traffic_handling", "90 %+ of 50", "all of a rush at " + RATE),
                ("test_queue_overflow_handling", "", "{limited:.0f} of 80 told to wait at a limit of 50"),
            ),
            *_asked(
                "TestMemoryStress",
                ("test_large_data_ingestion_100mb", "handled", "{ingested_per_s:,.0f} orders/s to disk"),
                ("test_memory_leak_detection", "< 100 MB", SOAK),
                ("test_garbage_collection_triggers", "", SOAK),
                ("test_out_of_memory_handling", "", "nothing is begun when memory is short (pools.guard)"),
                ("test_memory_recovery", "", SOAK),
            ),
        ),
    ),
)
"""For the suite; `breakwater bench slo` measures four times as much."""
