"""The page and what it asks for, behind the door: the newest sample pushed, history on request."""

from __future__ import annotations

import asyncio
import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from breakwater.door import Door, Login, refused

from .checks import FAILED
from .metrics import METRICS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from breakwater.serving import Tokens

    from .assets import Asset
    from .exposition import Exposition
    from .history import History
    from .metrics import Metric
    from .monitor import Sample

__all__ = ["Board", "application"]

LONGEST_S: Final = 60 * 86_400.0
PING_S: Final = 15.0
BUILT_IN: Final = frozenset((*METRICS, FAILED))


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
    pages = _Pages(board, files, metrics, exposition, history)
    login = Login(tokens, "monitor")
    routes = [
        Route("/", pages.page),
        Route("/assets/{name}", pages.asset),
        Route("/login", login.enter, methods=["POST"]),
        Route("/events", pages.events),
        Route("/health", pages.health),
        Route("/metrics", pages.prometheus),
        Route("/v1/sample", pages.sample),
        Route("/v1/metrics", pages.table),
        Route("/v1/history", pages.chart),
        Route("/v1/alerts", pages.alerts),
    ]
    return Door(Starlette(routes=routes), login, names, files["login.html"][0])


class _Pages:
    def __init__(
        self,
        board: Board,
        files: Mapping[str, Asset],
        metrics: Mapping[str, Metric],
        exposition: Exposition,
        history: History | None,
    ) -> None:
        self._board, self._files, self._metrics = board, files, metrics
        self._exposition, self._history = exposition, history

    async def page(self, _: Request) -> Response:
        body, kind = self._files["monitor.html"]
        return Response(body, media_type=kind)

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._files or name.endswith(".html"):
            return refused(HTTPStatus.NOT_FOUND, "There is no such file.")
        body, kind = self._files[name]
        return Response(body, media_type=kind)

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
            return refused(HTTPStatus.SERVICE_UNAVAILABLE, "Ask again in a moment: there is no sample yet.")
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
            return refused(HTTPStatus.BAD_REQUEST, "Name a metric of /v1/metrics.")
        try:
            seconds, until = float(query.get("seconds", "900")), float(query.get("until", "inf"))
        except ValueError:
            return refused(HTTPStatus.BAD_REQUEST, "Give seconds and until as numbers.")
        if not 0 < seconds <= LONGEST_S or not until > 0:
            return refused(HTTPStatus.BAD_REQUEST, f"Ask for up to {LONGEST_S:.0f} seconds.")
        end = min(until, time.time() + 1)
        series: list[dict[str, Any]] = []
        if self._history is not None:
            series = await self._history.chart(metric, end - seconds, end)
        return JSONResponse({"metric": metric, "since_s": end - seconds, "until_s": end, "series": series})

    async def alerts(self, _: Request) -> Response:
        found = [] if self._history is None else await self._history.alerts()
        return JSONResponse({"alerts": found})
