"""The page and what it asks for: a token at the door, the newest sample pushed, history on request.

A browser shows the token once, at /login, and keeps a pass made of it in a cookie that no script can read;
programs send the token as a bearer. Other sites' pages reach nothing: neither by name nor by origin.
"""

from __future__ import annotations

import asyncio
import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from breakwater.errors import RateLimited
from breakwater.limits import RequestLimiter
from breakwater.serving import LOOPBACK_NAMES, host_name

from .checks import FAILED
from .metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from breakwater.serving import Tokens

    from .assets import Asset
    from .exposition import Exposition
    from .history import History
    from .metrics import Metric
    from .monitor import Sample

__all__ = ["Board", "Door", "application"]

COOKIE: Final = "breakwater_monitor"
PURPOSE: Final = "breakwater monitor page"
OPEN: Final = frozenset({"/login", "/health"})
"""What needs no token; /assets/ needs none either: it is the same for everybody."""

LONGEST_S: Final = 60 * 86_400.0
PING_S: Final = 15.0
MOST_BODY: Final = 4_096
GUESSES: Final = 20
BUILT_IN: Final = frozenset((*METRICS, FAILED))
HEADERS: Final = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
)


class Board:
    """The newest sample, and everybody who waits for the next."""

    def __init__(self) -> None:
        self.newest: bytes | None = None
        self.closed = False
        self._version = 0
        self._news = asyncio.Event()

    def show(self, sample: Sample) -> None:
        """This is the newest."""
        self.newest = json.dumps(sample.as_dict(), separators=(",", ":"), allow_nan=False).encode()
        self._publish()

    def close(self) -> None:
        """There will be no more."""
        self.closed = True
        self._publish()

    def _publish(self) -> None:
        self._version += 1
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def stream(self) -> AsyncIterator[bytes]:
        """Server-sent events: the newest sample now, then each as it comes; who is slow skips some."""
        yield b"retry: 1000\n\n"
        seen = -1
        while not self.closed:
            if seen != self._version and self.newest is not None:
                seen = self._version
                yield b"id: %d\nevent: sample\ndata: %s\n\n" % (seen, self.newest)
                continue
            try:
                await asyncio.wait_for(self._news.wait(), PING_S)
            except TimeoutError:
                yield b": still here\n\n"


class Door:
    """ASGI middleware: host, origin, token.

    Args:
        app: what is behind it.
        tokens: whose holders pass.
        hosts: names by which the server may be called.
        login: the page for those who have not shown a token.
    """

    def __init__(self, app: ASGIApp, tokens: Tokens, hosts: frozenset[str], login: Asset) -> None:
        self._app, self._tokens, self._hosts, self._login = app, tokens, hosts, login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or turn it away."""
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
            body, kind = self._login
            return Response(body, HTTPStatus.UNAUTHORIZED, media_type=kind)
        return _error(HTTPStatus.UNAUTHORIZED, "Send the header Authorization: Bearer TOKEN.")

    def _admitted(self, headers: Mapping[bytes, bytes]) -> bool:
        if self._tokens.client(headers.get(b"authorization")) is not None:
            return True
        for each in headers.get(b"cookie", b"").decode("latin-1").split(";"):
            name, _, value = each.strip().partition("=")
            if name == COOKIE and self._tokens.admits(value, PURPOSE):
                return True
        return False


def application(
    board: Board,
    tokens: Tokens,
    files: Mapping[str, Asset],
    metrics: Mapping[str, Metric],
    exposition: Exposition,
    history: History | None,
    names: frozenset[str] = frozenset(),
) -> ASGIApp:
    """The server's application."""
    pages = _Pages(board, tokens, files, metrics, exposition, history)
    routes = [
        Route("/", pages.page),
        Route("/assets/{name}", pages.asset),
        Route("/login", pages.login, methods=["POST"]),
        Route("/events", pages.events),
        Route("/health", pages.health),
        Route("/metrics", pages.prometheus),
        Route("/v1/sample", pages.sample),
        Route("/v1/metrics", pages.table),
        Route("/v1/history", pages.chart),
        Route("/v1/alerts", pages.alerts),
    ]
    return Door(Starlette(routes=routes), tokens, LOOPBACK_NAMES | names, files["login.html"])


class _Pages:
    def __init__(
        self,
        board: Board,
        tokens: Tokens,
        files: Mapping[str, Asset],
        metrics: Mapping[str, Metric],
        exposition: Exposition,
        history: History | None,
    ) -> None:
        self._board, self._tokens, self._files, self._metrics = board, tokens, files, metrics
        self._exposition, self._history = exposition, history
        self._guesses = RequestLimiter("login", GUESSES)

    async def page(self, _: Request) -> Response:
        body, kind = self._files["monitor.html"]
        return Response(body, media_type=kind)

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._files or name.endswith(".html"):
            return _error(HTTPStatus.NOT_FOUND, "There is no such file.")
        body, kind = self._files[name]
        return Response(body, media_type=kind)

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
        return StreamingResponse(self._board.stream(), media_type="text/event-stream")

    async def health(self, _: Request) -> Response:
        """Whether there is a sample; what is in it is for those with a token."""
        ok = self._board.newest is not None
        return JSONResponse({"ok": ok}, HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE)

    async def prometheus(self, _: Request) -> Response:
        kind = "text/plain; version=0.0.4; charset=utf-8"
        return Response(self._exposition.page(), headers={"Content-Type": kind})

    async def sample(self, _: Request) -> Response:
        if self._board.newest is None:
            return _error(HTTPStatus.SERVICE_UNAVAILABLE, "Ask again in a moment: there is no sample yet.")
        return Response(self._board.newest, media_type="application/json")

    async def table(self, _: Request) -> Response:
        rows = [
            {
                "name": each.name,
                "unit": each.unit,
                "says": each.says,
                "labels": list(each.labels),
                "plugin": each not in BUILT_IN,
            }
            for each in self._metrics.values()
        ]
        return JSONResponse({"metrics": rows})

    async def chart(self, request: Request) -> Response:
        """`metric`, `seconds` back from `until`, which is now unless told."""
        query = request.query_params
        metric = query.get("metric", "")
        if metric not in self._metrics:
            return _error(HTTPStatus.BAD_REQUEST, "Name a metric of /v1/metrics.")
        try:
            seconds, until = float(query.get("seconds", "900")), float(query.get("until", "inf"))
        except ValueError:
            return _error(HTTPStatus.BAD_REQUEST, "Give seconds and until as numbers.")
        if not 0 < seconds <= LONGEST_S or not until > 0:
            return _error(HTTPStatus.BAD_REQUEST, f"Ask for up to {LONGEST_S:.0f} seconds.")
        end = min(until, time.time() + 1)
        series: list[dict[str, Any]] = []
        if self._history is not None:
            series = await self._history.chart(metric, end - seconds, end)
        return JSONResponse({"metric": metric, "since_s": end - seconds, "until_s": end, "series": series})

    async def alerts(self, _: Request) -> Response:
        found = [] if self._history is None else await self._history.alerts()
        return JSONResponse({"alerts": found})


def _error(status: HTTPStatus, message: str) -> Response:
    return JSONResponse({"error": {"message": message}}, status)
