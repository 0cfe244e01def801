"""A node for the monitor to lose: the embedded engine behind a real HTTP socket, well, ill, mad or gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from breakwater.chain._embedded_rpc import EmbeddedProvider
from breakwater.chain.engine import EmbeddedEngine
from breakwater.serving import Server, bound

BEHIND = {"code": -32005, "message": "Node is behind by 300 slots"}


class Node:
    """What it serves, where, and how it feels."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        self._provider = EmbeddedProvider(engine)
        self.healthy, self.raving = True, False
        self.url = ""

    async def answer(self, request: Request) -> Response:
        asked = json.loads(await request.body())
        found = json.loads(self._provider.answer(json.dumps(asked)))
        if self.raving:
            found = [each | {"result": "purple"} for each in found]
        pairs = zip(asked, found, strict=True) if isinstance(asked, list) else ((asked, found),)
        for question, reply in pairs:
            if question["method"] == "getHealth" and not self.healthy:
                del reply["result"]
                reply["error"] = BEHIND
        return Response(json.dumps(found), media_type="application/json")

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[int]:
        """Answer while the block runs; the port."""
        listener = bound("127.0.0.1", port)
        port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        app = Starlette(routes=[Route("/", self.answer, methods=["POST"])])
        server = Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
        running = asyncio.create_task(server.serve([listener]))
        await server.listening.wait()
        try:
            yield port
        finally:
            server.should_exit = True
            await running
