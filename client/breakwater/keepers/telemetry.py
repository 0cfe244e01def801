"""Metrics for Prometheus and a health page for everybody else, on loopback only."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import ThreadingWSGIServer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from wsgiref.types import StartResponse, WSGIEnvironment

    from prometheus_client.metrics_core import Metric

    from .eyes import Eyes
    from .keeper import Keeper

__all__ = ["LOOPBACK", "Telemetry", "serve"]

LOOPBACK = "127.0.0.1"
LAGGING_S = 15.0
"""A world that has not got on for so long is no longer healthy."""


class Telemetry:
    """What a process's keepers have seen and done; read when asked, so that nothing is counted twice.

    Args:
        eyes: what is seen.
        keepers: who works.
    """

    def __init__(self, eyes: Eyes, keepers: Sequence[Keeper]) -> None:
        self._eyes, self._keepers = eyes, keepers
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """What Prometheus asks for."""
        eyes, world = self._eyes, self._eyes.world
        works = CounterMetricFamily(
            "breakwater_keeper_works",
            "Works by kind and how they ended.",
            labels=["keeper", "kind", "result"],
        )
        errors = CounterMetricFamily(
            "breakwater_keeper_errors", "Refusals and failures by name.", labels=["keeper", "error"]
        )
        flying = GaugeMetricFamily("breakwater_keeper_in_flight", "Works under way.", labels=["keeper"])
        for each in self._keepers:
            name = str(each.address)
            for (kind, result), count in list(each.hands.outcomes.items()):
                works.add_metric([name, kind, result], count)
            for error, count in list(each.hands.errors.items()):
                errors.add_metric([name, error], count)
            flying.add_metric([name], each.in_flight)
        yield from (works, errors, flying)
        plain = {
            "slot": (world.slot, "Newest slot."),
            "connected": (int(eyes.connected), "1 while changes are pushed."),
            "snapshots": (eyes.snapshots, "Full snapshots taken."),
            "pushed": (eyes.pushed, "Changes pushed."),
            "missed": (eyes.missed, "Changes that only a snapshot showed."),
            "reconnects": (eyes.reconnects, "WebSockets that ended."),
            "stale_feeds": (len(eyes.finder.stale), "Feeds that open markets need and that are not fresh."),
            "waiting": (len(eyes.finder.waiting), "Works that were found and are not done."),
        }
        for name, (value, text) in plain.items():
            yield GaugeMetricFamily(f"breakwater_keeper_{name}", text, value=value)

    def health(self) -> dict[str, Any]:
        """What /health says; `ok` is false while there is no news."""
        eyes, world = self._eyes, self._eyes.world
        age = eyes.silent_s
        return {
            "ok": eyes.ready and age <= LAGGING_S,
            "slot": world.slot,
            "silent_s": round(age, 1),
            "connected": eyes.connected,
            "snapshots": eyes.snapshots,
            "pushed": eyes.pushed,
            "stale_feeds": list(eyes.finder.stale),
            "waiting": len(eyes.finder.waiting),
            "keepers": {
                str(each.address): {
                    "registered": each.is_registered,
                    "funded": not each.is_poor,
                    "in_flight": each.in_flight,
                    "done": sum(n for (_, how), n in list(each.hands.outcomes.items()) if how == "done"),
                }
                for each in self._keepers
            },
        }


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing about each request."""


@contextmanager
def serve(port: int, telemetry: Telemetry) -> Iterator[int]:
    """Serve /metrics and /health on loopback while the block runs; /health answers 503 when it is not ok.

    Yields:
        the port; 0 took a free one.

    Raises:
        OSError: the port is taken.
    """
    metrics = make_wsgi_app(telemetry.registry)

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            return cast("Iterable[bytes]", metrics(environ, start_response))
        known = path in ("/", "/health")
        body = telemetry.health() if known else {"error": "ask for /metrics or /health"}
        status = "404 Not Found" if not known else "200 OK" if body["ok"] else "503 Service Unavailable"
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
