"""The live page, its stream, and /metrics, behind the door."""

from __future__ import annotations

import asyncio
import json
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from breakwater.door import Door, Login, refused

from . import _layout as at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from prometheus_client.metrics_core import Metric
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from breakwater.serving import Tokens

    from .desk import Desk

__all__ = ["Exposition", "application", "dashboard_text"]

FILES: Final = {
    "cascade.html": "text/html; charset=utf-8",
    "cascade.js": "text/javascript; charset=utf-8",
    "cascade.css": "text/css; charset=utf-8",
    "door.html": "text/html; charset=utf-8",
    "door.js": "text/javascript; charset=utf-8",
}
PAGE: Final = Path(__file__).parent / "page"
PUSH_S: Final = 0.25


@lru_cache
def _file(name: str) -> bytes:
    return (PAGE / name).read_bytes()


def dashboard_text() -> str:
    """The Grafana dashboard, JSON."""
    return (Path(__file__).parent / "grafana.json").read_text()


class Exposition:
    """What Prometheus asks for."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """Figures of the moment, by symbol."""
        engine = self._desk.engine
        risk = GaugeMetricFamily("breakwater_cascade_risk", "Calibrated risk, 0 to 100.", labels=["symbol"])
        level = GaugeMetricFamily("breakwater_cascade_level", "0 calm to 3 critical.", labels=["symbol"])
        velocity = GaugeMetricFamily(
            "breakwater_cascade_velocity_usd", "Liquidated dollars a second.", labels=["symbol", "frame_ms"]
        )
        kinds = ("counted", "duplicates", "late", "dropped")
        taken = CounterMetricFamily("breakwater_cascade_engine_events", "Events.", labels=["symbol", "what"])
        for symbol in engine.symbols:
            if not engine.table[engine.number(symbol), at.BEGUN]:
                continue
            reading = engine.reading(symbol)
            risk.add_metric([symbol], reading.risk)
            level.add_metric([symbol], reading.level)
            for each in reading.motions:
                velocity.add_metric([symbol, str(each.frame_ms)], each.velocity)
            for kind in kinds:
                taken.add_metric([symbol, kind], getattr(reading, kind))
        yield from (risk, level, velocity, taken)
        feeds = CounterMetricFamily("breakwater_cascade_feed_events", "Events.", labels=["exchange", "kind"])
        for name, total in self._desk.events.items():
            feeds.add_metric(name.split(":"), total)
        signals = CounterMetricFamily("breakwater_cascade_signals", "Signals.", labels=["symbol", "level"])
        for key, total in self._desk.raised.items():
            signals.add_metric(list(key), total)
        yield from (feeds, signals)


def application(desk: Desk, tokens: Tokens, names: frozenset[str] = frozenset()) -> ASGIApp:
    """The server's application."""
    pages = _Pages(desk)
    login = Login(tokens, "cascade")
    routes = [
        Route("/", pages.page),
        Route("/assets/{name}", pages.asset),
        Route("/login", login.enter, methods=["POST"]),
        Route("/events", pages.events),
        Route("/health", pages.health),
        Route("/metrics", pages.prometheus),
        Route("/v1/view", pages.view),
    ]
    return Door(Starlette(routes=routes), login, names, _file("door.html"))


class _Pages:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._exposition = Exposition(desk)

    async def page(self, _: Request) -> Response:
        return _sent("cascade.html")

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in FILES or name.endswith(".html"):
            return refused(HTTPStatus.NOT_FOUND, "There is no such file.")
        return _sent(name)

    async def events(self, _: Request) -> Response:
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[bytes]:
        yield b"retry: 1000\n\n"
        seen = -1
        while True:
            if seen != self._desk.version:
                seen = self._desk.version
                yield b"data: " + json.dumps(self._desk.view()).encode() + b"\n\n"
            await asyncio.sleep(PUSH_S)

    async def health(self, _: Request) -> Response:
        return JSONResponse({"ok": True})

    async def prometheus(self, _: Request) -> Response:
        body = generate_latest(self._exposition.registry)
        return Response(body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def view(self, _: Request) -> Response:
        return JSONResponse(self._desk.view())


def _sent(name: str) -> Response:
    return Response(_file(name), media_type=FILES[name])
