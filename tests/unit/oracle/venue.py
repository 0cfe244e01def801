"""A Polymarket of our own on loopback with the faults of a network, and a node before an embedded chain."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from breakwater.oracle import OracleSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from breakwater.chain.engine import EmbeddedEngine

FIXTURES = Path(__file__).parents[2] / "fixtures" / "oracle"
UP = "71000000000000000000000000000000000000000000000000000000000000000000000000001"
SLUG = "made-up-or-down"


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text())


@dataclass
class Faults:
    """What goes wrong with each request, until it is set otherwise."""

    status: int = 200
    retry_after: str | None = None
    latency_s: float = 0.0
    malformed: bool = False
    close: bool = False
    silent: bool = False
    failing: float = 0.0
    seed: random.Random = field(default_factory=lambda: random.Random(7))

    def clear(self) -> None:
        self.__init__()  # type: ignore[misc]  # back to nothing


class Http:
    """HTTP/1.1 on loopback, one answer a connection."""

    def __init__(self, answer: Callable[[str, str, bytes], Awaitable[tuple[int, bytes]]]) -> None:
        self.faults = Faults()
        self.requests: list[tuple[float, str]] = []
        self._answer = answer
        self.url = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield
        finally:
            server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split("\r\n", 1)[0].split(" ")
        length = 0
        for line in head.split("\r\n")[1:]:
            name, _, value = line.partition(":")
            if name.lower() == "content-length":
                length = int(value)
        body = await reader.readexactly(length)
        self.requests.append((asyncio.get_running_loop().time(), target))
        faults = self.faults
        await asyncio.sleep(faults.latency_s)
        if faults.silent:
            await asyncio.sleep(3600)
        if faults.close:
            return
        status, answer = await self._answer(method, target, body)
        if faults.status != 200:
            status, answer = faults.status, b'{"error": "no"}'
        elif faults.failing and faults.seed.random() < faults.failing:
            status, answer = 503, b"busy"
        elif faults.malformed:
            answer = answer[: len(answer) // 2]
        more = f"Retry-After: {faults.retry_after}\r\n" if faults.retry_after else ""
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\n{more}"
            f"Content-Length: {len(answer)}\r\n\r\n".encode()
            + answer
        )
        await writer.drain()


class Venue:
    """Gamma, CLOB and market channel with one market of two outcomes."""

    def __init__(self) -> None:
        self.market = fixture("gamma_market")
        self.book = fixture("clob_book")
        self.midpoint = fixture("clob_midpoint")
        self.price = fixture("clob_price")
        self.snapshot = fixture("stream_book")
        self.gamma, self.clob = Http(self._gamma), Http(self._clob)
        self.stream_url = ""
        self.mute = False
        """Nothing is answered."""
        self.deaf = False
        """Subscriptions are lost; PING is answered."""
        self.subscriptions: list[dict[str, Any]] = []
        self.sockets: set[ServerConnection] = set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Venue]:
        async with (
            self.gamma.serving(),
            self.clob.serving(),
            serve(self._follow, "127.0.0.1", 0, ping_interval=None) as server,
        ):
            self.stream_url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/ws/market"
            yield self

    def settings(self, **changes: Any) -> OracleSettings:
        """Of an impatient operator."""
        quick: dict[str, Any] = {
            "gamma_url": self.gamma.url,
            "clob_url": self.clob.url,
            "stream_url": self.stream_url,
            "poll_s": 0.25,
            "timeout_s": 1.0,
            "ping_s": 0.1,
            "wait_initial_s": 0.05,
            "wait_max_s": 0.3,
            "fatal_pause_s": 0.3,
            "breaker_s": 0.4,
        }
        return OracleSettings(**(quick | changes))

    def move(self, cents: int) -> None:
        """Put every interface's price at `cents` ± 1."""
        low, high = f"0.{cents - 1:02}", f"0.{cents + 1:02}"
        self.market[0] |= {"bestBid": float(low), "bestAsk": float(high)}
        levels = {"bids": [{"price": low, "size": "9"}], "asks": [{"price": high, "size": "9"}]}
        self.book |= levels
        self.snapshot |= levels

    async def push(self, *frames: Any) -> None:
        for socket in list(self.sockets):
            for frame in frames:
                await socket.send(frame if isinstance(frame, str) else json.dumps(frame))

    async def cut(self) -> None:
        for socket in list(self.sockets):
            socket.transport.abort()

    async def _gamma(self, _: str, target: str, __: bytes) -> tuple[int, bytes]:
        slug = parse_qs(urlsplit(target).query).get("slug", [""])[0]
        return 200, json.dumps(self.market if slug == SLUG else []).encode()

    async def _clob(self, _: str, target: str, __: bytes) -> tuple[int, bytes]:
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        if query.get("token_id") != [UP]:
            return 404, b'{"error": "No orderbook exists for the requested token id"}'
        if parts.path == "/price":
            return 200, json.dumps(self.price[query["side"][0]]).encode()
        return 200, json.dumps({"/book": self.book, "/midpoint": self.midpoint}[parts.path]).encode()

    async def _follow(self, socket: ServerConnection) -> None:
        try:
            async for frame in socket:
                if self.mute:
                    continue
                if frame == "PING":
                    await socket.send("PONG")
                elif not self.deaf:
                    self.subscriptions.append(json.loads(frame))
                    await socket.send(json.dumps([self.snapshot]))
                    self.sockets.add(socket)
        except ConnectionClosed:
            pass
        finally:
            self.sockets.discard(socket)


class Node(Http):
    """JSON-RPC before an embedded chain."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        super().__init__(self._rpc)
        self._engine = engine
        self.drop_answer_of = ""
        """Methods whose requests are carried out and never answered."""

    async def _rpc(self, _: str, __: str, body: bytes) -> tuple[int, bytes]:
        answer = self._engine.client._provider.answer(body.decode())  # type: ignore[attr-defined]
        if self.drop_answer_of and self.drop_answer_of in body.decode():
            return 502, b"gone"
        return 200, answer.encode()
