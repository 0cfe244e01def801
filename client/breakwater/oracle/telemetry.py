"""Metrics for Prometheus and a health page for everybody else, on loopback only."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, Counter, Gauge, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from .limits import Freshness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

    from .sources import Source

__all__ = ["LOOPBACK", "Telemetry", "serve"]

LOOPBACK = "127.0.0.1"


class Telemetry:
    """One feed's metrics, in a registry of their own."""

    def __init__(self, feed: str) -> None:
        self.registry = CollectorRegistry()
        self._feed = feed
        self._publications = self._counter("publications", "Prices on the chain.", "kind")
        self._transactions = self._counter("transactions", "Transactions that published.")
        self._errors = self._counter("errors", "Failed attempts to publish.", "error")
        self._dropped = self._counter("dropped", "Prices given up before they were published.", "reason")
        self._refused = self._counter("refused", "Ticks that made no publishable price.", "reason")
        self._ticks = self._counter("ticks", "Ticks received.", "source")
        self._failures = self._counter("source_failures", "Failed requests and sessions.", "source")
        self._age = self._gauge("price_age_seconds", "Age of the newest price on the chain.")
        self._price = self._gauge("price", "Newest price on the chain.")
        self._sequence = self._gauge("sequence", "Sequence of the feed.")
        self._waiting = self._gauge("waiting", "Prices not on the chain yet.")
        self._state = self._gauge("state", "1 for the state the feed is in.", "state")
        self._open = self._gauge("circuit_open", "1 while a source's circuit is not closed.", "source")
        self._source_age = self._gauge("source_age_seconds", "Since a source last confirmed.", "source")
        self._counted: dict[tuple[str, ...], float] = {}

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(f"breakwater_oracle_{name}", help_text, ("feed", *labels), registry=self.registry)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(f"breakwater_oracle_{name}", help_text, ("feed", *labels), registry=self.registry)

    def _upto(self, counter: Counter, total: float, *labels: str) -> None:
        key = (str(id(counter)), *labels)
        counter.labels(self._feed, *labels).inc(total - self._counted.get(key, 0))
        self._counted[key] = total

    def published(self, price: float, sequence: int, *, heartbeat: bool) -> None:
        """A price is on the chain."""
        self._publications.labels(self._feed, "heartbeat" if heartbeat else "change").inc()
        self._price.labels(self._feed).set(price)
        self._sequence.labels(self._feed).set(sequence)

    def look(
        self,
        *,
        state: Freshness,
        age_s: float | None,
        waiting: int,
        transactions: int,
        counts: Mapping[str, Mapping[str, int]],
        sources: Iterable[Source],
        now_ms: int,
    ) -> None:
        """Take over what others have counted; `counts` are errors, dropped, refused and ticks by kind."""
        self._age.labels(self._feed).set(float("inf") if age_s is None else age_s)
        self._waiting.labels(self._feed).set(waiting)
        self._upto(self._transactions, transactions)
        for each in Freshness:
            self._state.labels(self._feed, each.value).set(each is state)
        groups = {
            "errors": self._errors,
            "dropped": self._dropped,
            "refused": self._refused,
            "ticks": self._ticks,
        }
        for name, counter in groups.items():
            for kind, count in counts.get(name, {}).items():
                self._upto(counter, count, kind)
        for source in sources:
            status = source.status
            self._open.labels(self._feed, source.name).set(status.breaker != "closed")
            self._upto(self._failures, status.failures, source.name)
            if status.ok_ms is not None:
                self._source_age.labels(self._feed, source.name).set((now_ms - status.ok_ms) / 1000)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing about each request."""


@contextmanager
def serve(port: int, telemetry: Telemetry, health: Callable[[], dict[str, Any]]) -> Iterator[int]:
    """Serve /metrics and /health on loopback while the block runs.

    /health answers 503 once the feed is degraded.

    Args:
        port: 0 takes a free one.
        telemetry: the metrics.
        health: what to say; called in another thread, so it only reads.

    Yields:
        the port.

    Raises:
        OSError: the port is taken.
    """
    metrics = make_wsgi_app(telemetry.registry)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            return cast("Iterable[bytes]", metrics(environ, start_response))
        found = path in ("/", "/health")
        body = health() if found else {"error": "ask for /metrics or /health"}
        degraded = body.get("state") == Freshness.DEGRADED
        status = "404 Not Found" if not found else "503 Service Unavailable" if degraded else "200 OK"
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]

    server = make_server(LOOPBACK, port, app, ThreadingWSGIServer, _Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
