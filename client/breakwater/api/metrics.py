"""The server's own figures, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["Metrics"]

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """One server's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._requests = Counter(
            "breakwater_api_requests", "Requests answered.", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "breakwater_api_request_seconds",
            "Seconds to the end of an answer.",
            ("method", "route"),
            buckets=SECONDS,
            registry=registry,
        )
        self.in_flight = Gauge("breakwater_api_in_flight", "Requests being answered.", registry=registry)
        self._limited = Counter(
            "breakwater_api_limited", "Requests beyond a client's limit.", ("kind",), registry=registry
        )
        self._hits = Counter(
            "breakwater_api_cache_hits", "Reads answered by a snapshot.", ("kind",), registry=registry
        )
        self._misses = Counter(
            "breakwater_api_cache_misses",
            "Reads that were fetched, or waited for a fetch.",
            ("kind",),
            registry=registry,
        )
        self._orders = Counter(
            "breakwater_api_orders", "Orders by how they ended.", ("status",), registry=registry
        )
        self.replays = Counter(
            "breakwater_api_order_replays", "Orders posted again, and not sent again.", registry=registry
        )
        self.store_seconds = Histogram(
            "breakwater_api_store_seconds", "Seconds of a write.", buckets=SECONDS, registry=registry
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request is done; `route` is the pattern, so that the number of series stays small."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def limited(self, kind: str) -> None:
        """A client was told to wait."""
        self._limited.labels(kind).inc()

    def hit(self, kind: str, count: int) -> None:
        """So many reads were answered by snapshots."""
        self._hits.labels(kind).inc(count)

    def missed(self, kind: str, count: int) -> None:
        """So many reads went to the chain."""
        self._misses.labels(kind).inc(count)

    def order(self, status: str) -> None:
        """An order has ended, or was refused before it was sent."""
        self._orders.labels(status).inc()

    def page(self) -> bytes:
        """What /metrics says."""
        return generate_latest(self.registry)
