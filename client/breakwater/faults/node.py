"""The embedded engine behind HTTP, with slots that pass: a node for drills that need no validator."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from breakwater.serving import Server, bound, url_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from breakwater.chain.engine import EmbeddedEngine

__all__ = ["served"]


@asynccontextmanager
async def served(engine: EmbeddedEngine, speed: float = 1.0) -> AsyncIterator[str]:
    """Answer JSON-RPC while the block runs; the address.

    Args:
        engine: answers.
        speed: of its slots; 0 lets them stand still.
    """
    provider: Any = engine.client._provider

    async def answer(request: Request) -> Response:
        try:
            body = (await request.body()).decode()
        except ClientDisconnect:  # the client, or what is in between, has gone
            return Response(status_code=400)
        return Response(provider.answer(body), media_type="application/json")

    listener = bound("127.0.0.1", 0)
    config = uvicorn.Config(
        Starlette(routes=[Route("/", answer, methods=["POST"])]),
        http="httptools", ws="none", lifespan="off", log_config=None, access_log=False,
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    await server.listening.wait()
    clock = asyncio.create_task(engine.run_clock(speed)) if speed else None
    try:
        yield url_of(*listener.getsockname()[:2])
    finally:
        if clock is not None:
            clock.cancel()
        server.should_exit = True
        await serving
