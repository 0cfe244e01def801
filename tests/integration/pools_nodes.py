"""Nodes that speak JSON-RPC over real sockets for one embedded chain, each with a fault to switch on."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import hypercorn.asyncio
import hypercorn.config
import uvicorn

from breakwater.chain._embedded_rpc import EmbeddedProvider
from breakwater.chain.engine import EmbeddedEngine
from breakwater.serving import Server, bound, url_of

Message = MutableMapping[str, Any]


class Node:
    """An ASGI application in front of a chain.

    `fault` is "" (none), "hangs", "lags" (stays where it was), "lies" (about accounts), "garbage" (HTML with
    status 200) or "refuses" (429).
    """

    def __init__(self, engine: EmbeddedEngine) -> None:
        self.provider, self.engine = EmbeddedProvider(engine), engine
        self.fault, self.stuck_at = "", 0
        self.asked: list[str] = []
        self.versions: set[str] = set()
        self.url = ""

    def fail(self, fault: str) -> None:
        """From now on."""
        self.fault, self.stuck_at = fault, self.engine.clock.slot

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        self.versions.add(scope["http_version"])
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        if self.fault == "hangs":
            await asyncio.Event().wait()
        status, content = self.answer(body.decode())
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def answer(self, body: str) -> tuple[int, bytes]:
        """Status and content."""
        if self.fault == "garbage":
            return 200, b"<html>Please sign in</html>"
        if self.fault == "refuses":
            return 429, b"{}"
        asked = json.loads(body)
        answers = [self.one(each) for each in (asked if isinstance(asked, list) else [asked])]
        answers.reverse()  # an array's answers may come in any order
        return 200, json.dumps(answers if isinstance(asked, list) else answers[0]).encode()

    def one(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one call."""
        self.asked.append(request["method"])
        if self.fault == "lags":
            stale = self.stale(request)
            if stale is not None:
                return {"jsonrpc": "2.0", "id": request["id"], **stale}
        answer: dict[str, Any] = json.loads(self.provider.answer(json.dumps(request)))
        if self.fault == "lies" and request["method"] == "getMultipleAccounts":
            for account in filter(None, answer["result"]["value"]):
                account["lamports"] += 1
        return answer

    def stale(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """What a node that is behind says."""
        match request["method"]:
            case "getBlockHeight" | "getSlot":
                return {"result": self.stuck_at}
            case "getSignatureStatuses":
                value = [None] * len(request["params"][0])
                return {"result": {"context": {"slot": self.stuck_at}, "value": value}}
            case "getMultipleAccounts" | "getAccountInfo":
                error = {"code": -32016, "message": "Minimum context slot has not been reached"}
                return {"error": error}
        return None


@asynccontextmanager
async def nodes(engine: EmbeddedEngine, count: int) -> AsyncIterator[list[Node]]:
    """Some, each at a port of its own."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(plain(Node(engine))) for _ in range(count)]


@asynccontextmanager
async def plain(node: Node) -> AsyncIterator[Node]:
    """A node over HTTP/1.1."""
    listener = bound("127.0.0.1", 0)
    config = uvicorn.Config(node, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    server = Server(config)
    running = asyncio.create_task(server.serve([listener]))
    await server.listening.wait()
    node.url = url_of(*listener.getsockname()[:2])
    try:
        yield node
    finally:
        server.should_exit = server.force_exit = True
        await running


@asynccontextmanager
async def encrypted(node: Node, directory: Path) -> AsyncIterator[Path]:
    """A node behind TLS that offers HTTP/2, as public endpoints do; yields its certificate."""
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    made = ["openssl", "req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-subj", "/CN=127.0.0.1"]
    made += ["-pkeyopt", "ec_paramgen_curve:P-256", "-addext", "subjectAltName=IP:127.0.0.1"]
    made += ["-keyout", str(key), "-out", str(certificate)]
    await (await asyncio.create_subprocess_exec(*made, stderr=subprocess.DEVNULL)).wait()
    listener = bound("127.0.0.1", 0)
    listener.listen()
    address = listener.getsockname()[:2]
    config = hypercorn.config.Config()
    config.bind, config.alpn_protocols = [f"fd://{listener.detach()}"], ["h2", "http/1.1"]
    config.certfile, config.keyfile = str(certificate), str(key)
    config.errorlog = None
    over = asyncio.Event()
    running = asyncio.create_task(
        hypercorn.asyncio.serve(node, config, shutdown_trigger=over.wait, mode="asgi")  # type: ignore[arg-type]
    )
    node.url = url_of(*address).replace("http://", "https://")
    try:
        yield certificate
    finally:
        over.set()
        await running
