"""Metrics for Prometheus, read from the service when asked, so that nothing is counted twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from .guard import resident_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

    from .service import Service

__all__ = ["Metrics"]

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class Metrics:
    """What /metrics says.

    Args:
        service: whose.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self.registry = CollectorRegistry()
        self.registry.register(self)
        self._calls = Counter(
            "breakwater_pools_rpc_calls",
            "Calls by method and code.",
            ["method", "code"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "breakwater_pools_rpc_seconds", "Requests.", buckets=BUCKETS, registry=self.registry
        )

    def answered(self, method: str, code: int) -> None:
        """A call was answered."""
        self._calls.labels(method, str(code)).inc()

    def collect(self) -> Iterator[Metric]:
        """What Prometheus asks for."""
        service = self._service
        moved = CounterMetricFamily(
            "breakwater_pools_operations", "Operations by kind and result.", labels=["kind", "result"]
        )
        volume = CounterMetricFamily("breakwater_pools_volume", "Units moved, by kind.", labels=["kind"])
        sums: dict[str, dict[str, int]] = {}
        for thread in service.threads.values():
            kept = sums.setdefault(thread.kind, {})
            for name in ("succeeded", "refused", "failed", "volume"):
                kept[name] = kept.get(name, 0) + getattr(thread.stats, name)
        for kind, kept in sums.items():
            volume.add_metric([kind], kept.pop("volume"))
            for name, count in kept.items():
                moved.add_metric([kind, name], count)
        yield from (moved, volume)
        reserve = GaugeMetricFamily(
            "breakwater_pools_reserve", "Units by pool and side.", labels=["pool", "side"]
        )
        for address, view in service.books.views.items():
            for side in (0, 1):
                reserve.add_metric([address, "ab"[side]], view.pool.reserve[side])
        yield reserve
        plain = service.statistics()
        states = GaugeMetricFamily("breakwater_pools_threads", "Threads by state.", labels=["state"])
        for state, count in plain["states"].items():
            states.add_metric([state], count)
        yield states
        for name in ("alerts", "pending", "commits", "sent", "batches", "compute_units"):
            yield GaugeMetricFamily(f"breakwater_pools_{name}", f"Of the service: {name}.", value=plain[name])
        yield GaugeMetricFamily(
            "breakwater_pools_memory_short", "1 while nothing new begins.", value=int(service.guard.pressed)
        )
        yield GaugeMetricFamily(
            "breakwater_pools_resident_bytes", "Memory of the process.", value=resident_bytes()
        )

    def page(self) -> bytes:
        """In Prometheus' format."""
        return generate_latest(self.registry)
