"""The service over HTTP: POST /rpc, GET /openrpc.json, /metrics, /health, and the dashboard at /."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from breakwater.serving import LOOPBACK_NAMES, Server, bound, url_of
from breakwater.serving_patience import Patient

from .gate import Gate, GateRules, Refusal
from .jsonrpc import Dispatcher
from .methods import document, methods_of
from .metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from breakwater.serving import Tokens

    from .service import Service

__all__ = ["ServerConfig", "application", "serving"]

GRACE_S: Final = 15
CONNECTIONS: Final = 500
"""At once; whoever comes then is answered 503. A process has about 1,000 files to open."""
PAGE: Final = Path(__file__).parent / "dashboard.html"
POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    "frame-ancestors 'none'"
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """How to serve.

    Attributes:
        tokens: who knows one may ask.
        host: the address to listen at; other than loopback only with `allow_remote`.
        port: 0 takes a free one.
        names: by which the server may be called besides those of loopback.
        batch: calls of one array, at most.
    """

    tokens: Tokens
    host: str = "127.0.0.1"
    port: int = 0
    names: frozenset[str] = field(default_factory=frozenset)
    allow_remote: bool = False
    batch: int = 100


def application(service: Service, config: ServerConfig) -> ASGIApp:
    """Everything behind its gate."""
    metrics = Metrics(service)
    methods = methods_of(service)
    dispatcher = Dispatcher(methods, batch=config.batch, answered=metrics.answered)

    async def rpc(request: Request) -> Response:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send application/json.")
        began = time.perf_counter()
        try:
            body = await request.body()
        except ClientDisconnect:  # nobody is there to answer
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        answer = await dispatcher.answer(body)
        metrics.seconds.observe(time.perf_counter() - began)
        if answer is None:
            return Response(status_code=HTTPStatus.NO_CONTENT)
        return Response(answer, media_type="application/json")

    async def openrpc(_: Request) -> Response:
        return JSONResponse(document(methods))

    async def page(_: Request) -> Response:
        return Response(metrics.page(), headers={"content-type": CONTENT_TYPE_LATEST})

    async def health(_: Request) -> Response:
        ok = not service.guard.pressed
        status = HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse({"ok": ok, "threads": len(service.workers)}, status)

    async def dashboard(_: Request) -> Response:
        return FileResponse(PAGE, headers={"content-security-policy": POLICY, "content-type": "text/html"})

    async def refused(_: Request, error: Exception) -> Response:
        if not isinstance(error, Refusal):
            raise error
        return error.response

    routes = [
        Route("/", dashboard),
        Route("/rpc", rpc, methods=["POST"]),
        Route("/openrpc.json", openrpc),
        Route("/metrics", page),
        Route("/health", health),
    ]
    app = Starlette(routes=routes, exception_handlers={Refusal: refused})
    return Gate(app, GateRules(config.tokens, LOOPBACK_NAMES | {each.lower() for each in config.names}))


@asynccontextmanager
async def serving(service: Service, config: ServerConfig) -> AsyncIterator[str]:
    """Run the service and serve it while the block runs; then answer what is in flight and let moves end.

    Yields:
        where it serves.

    Raises:
        InvalidInput: the address can't be served.
    """
    listener = bound(config.host, config.port, remote_names=config.names if config.allow_remote else None)
    server = Server(
        uvicorn.Config(
            application(service, config),
            http=Patient,
            limit_concurrency=CONNECTIONS,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            headers=[("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")],
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    host, port = listener.getsockname()[:2]
    running = watch = None
    try:
        await service.start(wait=False)
        watch = asyncio.create_task(service.watch())
        running = asyncio.create_task(server.serve([listener]))
        await server.listening.wait()
        url = url_of(host, port)
        log.info("pools_started", url=url, engine=service.engine.name)
        yield url
    finally:
        server.should_exit = True
        if running is not None:
            await running
        else:
            listener.close()
        if watch is not None:
            watch.cancel()
        await service.stop()
        log.info("pools_stopped")
