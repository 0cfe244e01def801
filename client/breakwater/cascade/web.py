"""The live page, its stream, and /metrics: for holders of a token, on loopback unless told otherwise.

A browser shows the token once, at /login, and keeps a pass made of it in a cookie no script can read;
programs send the token as a bearer. Requests under another host name, or from another site's page, are
turned away.
"""

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

from breakwater.errors import RateLimited
from breakwater.limits import RequestLimiter
from breakwater.serving import LOOPBACK_NAMES, host_name

from . import _layout as at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from prometheus_client.metrics_core import Metric
    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

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
COOKIE: Final = "breakwater_cascade"
PURPOSE: Final = "breakwater cascade page"
OPEN: Final = frozenset({"/login", "/health"})
PUSH_S: Final = 0.25
GUESSES: Final = 20
MOST_BODY: Final = 4_096
HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


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


class _Door:
    def __init__(self, app: ASGIApp, tokens: Tokens, hosts: frozenset[str]) -> None:
        self._app, self._tokens, self._hosts = app, tokens, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope)
        await (self._app if refusal is None else refusal)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = dict(scope["headers"])
        if host_name(headers.get(b"host")) not in self._hosts:
            return _error(HTTPStatus.MISDIRECTED_REQUEST, "Call the server by a name it was started for.")
        origin = headers.get(b"origin")
        if origin is not None and origin.partition(b"://")[2].lower() != headers[b"host"].lower():
            return _error(HTTPStatus.FORBIDDEN, "Ask from no web page, or from one of this server.")
        path = scope["path"]
        if path in OPEN or path.startswith("/assets/") or self._admitted(headers):
            return None
        if path == "/":
            return _sent("door.html", HTTPStatus.UNAUTHORIZED)
        return _error(HTTPStatus.UNAUTHORIZED, "Send the header Authorization: Bearer TOKEN.")

    def _admitted(self, headers: Mapping[bytes, bytes]) -> bool:
        if self._tokens.client(headers.get(b"authorization")) is not None:
            return True
        for each in headers.get(b"cookie", b"").decode("latin-1").split(";"):
            name, _, value = each.strip().partition("=")
            if name == COOKIE and self._tokens.admits(value, PURPOSE):
                return True
        return False


def application(desk: Desk, tokens: Tokens, names: frozenset[str] = frozenset()) -> ASGIApp:
    """The server's application."""
    pages = _Pages(desk, tokens)
    routes = [
        Route("/", pages.page),
        Route("/assets/{name}", pages.asset),
        Route("/login", pages.login, methods=["POST"]),
        Route("/events", pages.events),
        Route("/health", pages.health),
        Route("/metrics", pages.prometheus),
        Route("/v1/view", pages.view),
    ]
    return _Door(Starlette(routes=routes), tokens, LOOPBACK_NAMES | names)


class _Pages:
    def __init__(self, desk: Desk, tokens: Tokens) -> None:
        self._desk, self._tokens = desk, tokens
        self._exposition = Exposition(desk)
        self._guesses = RequestLimiter("login", GUESSES)

    async def page(self, _: Request) -> Response:
        return _sent("cascade.html")

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in FILES or name.endswith(".html"):
            return _error(HTTPStatus.NOT_FOUND, "There is no such file.")
        return _sent(name)

    async def login(self, request: Request) -> Response:
        """Take a token, give a pass; as often as a person would."""
        try:
            self._guesses.take()
        except RateLimited as error:
            return _error(HTTPStatus.TOO_MANY_REQUESTS, str(error))
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BODY:
                return _error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "A token is shorter.")
        try:
            token = json.loads(body)["token"]
        except (ValueError, KeyError, TypeError):
            return _error(HTTPStatus.BAD_REQUEST, 'Send {"token": "..."}.')
        shown = self._tokens.pass_for(token, PURPOSE) if isinstance(token, str) else None
        if shown is None:
            return _error(HTTPStatus.UNAUTHORIZED, "This is not a token of this server.")
        answer = Response(status_code=HTTPStatus.NO_CONTENT)
        answer.set_cookie(COOKIE, shown, max_age=30 * 86_400, httponly=True, samesite="strict", path="/")
        return answer

    async def events(self, _: Request) -> Response:
        return StreamingResponse(self._stream(), media_type="text/event-stream", headers=HEADERS)

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
        return JSONResponse(self._desk.view(), headers=HEADERS)


def _sent(name: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(_file(name), status, headers=HEADERS, media_type=FILES[name])


def _error(status: HTTPStatus, message: str) -> Response:
    return JSONResponse({"error": {"message": message}}, status)
