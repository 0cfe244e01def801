"""An HTTP proxy that behaves like somebody else's JSON-RPC endpoint, WebSocket included."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx
import uvicorn
from solders.errors import SerdeJSONError
from solders.transaction import VersionedTransaction
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from breakwater.errors import InvalidInput
from breakwater.serving import Server, bound, url_of

from .limiter import Limiter
from .manners import HONEST, Manners
from .replica import HEADS, Replica, question
from .weather import CLEAR, Weather
from .wire import Wire

if TYPE_CHECKING:
    import socket
    from types import TracebackType

    from starlette.requests import Request

__all__ = ["Endpoint"]

POLL_S: Final = 0.2
"""How often the newest slot is asked for where replicas lag; half a slot."""

HEADS_ASKED: Final = 16
"""Questions about the head of the chain that are asked again and again, to know what was true a while ago."""

STRUCK: Final = frozenset({"limited", "failed", "vanished", "wrong", "swallowed", "lagged"})
TIMEOUT_S: Final = 60.0
NEVER_S: Final = 3_600.0
Call = dict[str, Any]


class Endpoint:
    """Passes JSON-RPC on to `upstream`, with its own manners.

    The WebSocket address is one port higher, as a validator's is, where `upstream` has one there.

    Args:
        upstream: http address.
        manners: how it behaves; may be replaced at any time.
        weather: of the WebSocket's connection.
        port: to listen on; 0 takes a free one, with the next one free as well.
        seed: of chance.
    """

    def __init__(
        self,
        upstream: str,
        manners: Manners = HONEST,
        *,
        weather: Weather = CLEAR,
        port: int = 0,
        seed: int = 0,
    ) -> None:
        parts = urlsplit(upstream)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput(f"Give the endpoint behind the proxy as an http address, not {upstream!r}.")
        self.upstream, self.manners = upstream, manners
        self.counts: Counter[str] = Counter()
        """Requests by what became of them: answered, limited, failed, vanished, wrong, swallowed, lagged."""
        self._chance = random.Random(seed)
        self._limiter = Limiter()
        self._seen = Replica.memory()
        self._heads: dict[str, Call] = {}
        self._slot = self._turn = 0
        self._closing = asyncio.Event()
        self._listener, self._wire = _two_ports(parts.hostname, parts.port, weather, port, seed)
        self.port: int = self._listener.getsockname()[1]
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        """Where it answers."""
        return url_of("127.0.0.1", self.port)

    @property
    def struck(self) -> int:
        """Requests that were not answered at once with the truth."""
        return sum(count for what, count in self.counts.items() if what in STRUCK)

    @property
    def wire(self) -> Wire:
        """What carries the WebSocket."""
        return self._wire

    async def __aenter__(self) -> Endpoint:
        self._http = await self._stack.enter_async_context(httpx.AsyncClient(timeout=TIMEOUT_S))
        await self._stack.enter_async_context(self._wire)
        app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["POST", "GET"])])
        config = uvicorn.Config(
            app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False,
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        server = Server(config)
        serving = asyncio.create_task(server.serve([self._listener]))
        await server.listening.wait()
        clock = asyncio.create_task(self._clock())

        async def end() -> None:
            self._closing.set()
            clock.cancel()
            server.should_exit = True
            await serving

        self._stack.push_async_callback(end)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    # Answering

    async def _answer(self, request: Request) -> Response:
        manners = self.manners
        try:
            body = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)
        if request.method == "GET":
            return await self._plain(request, manners)
        try:
            parsed = json.loads(body)
        except ValueError:
            parsed = {}
        # what is no call is passed on as one without a method: the node behind says so
        calls: list[Call] = [
            each if isinstance(each, dict) else {}
            for each in (parsed if isinstance(parsed, list) else [parsed])
        ]
        await self._wait(manners.latency_s + self._chance.uniform(0, manners.jitter_s))
        pause = self._limiter.take(calls, manners.limit)
        if pause is not None:
            self.counts["limited"] += 1
            return Response(
                '{"jsonrpc":"2.0","error":{"code":429,"message":"Too many requests"},"id":null}',
                429,
                {"Retry-After": str(pause)},
                "application/json",
            )
        if self._chance.random() < manners.failing:
            self.counts["failed"] += 1
            return Response("upstream unavailable", 503)
        answers = await self._truth(calls, manners)
        if answers is None:
            self.counts["failed"] += 1
            return Response("upstream unavailable", 502)
        if self._chance.random() < manners.vanishing:
            self.counts["vanished"] += 1
            await self._wait(NEVER_S)
        text = json.dumps(answers if isinstance(parsed, list) else answers[0])
        if self._chance.random() < manners.wrong:
            self.counts["wrong"] += 1
            return self._lie(text, answers)
        self.counts["answered"] += 1
        return Response(text, media_type="application/json")

    async def _truth(self, calls: list[Call], manners: Manners) -> list[Call] | None:
        """What the node behind answers to these calls, as one of the replicas would."""
        swallowed = {
            i: signature
            for i, call in enumerate(calls)
            if call.get("method") == "sendTransaction"
            and self._chance.random() < manners.swallowing
            and (signature := _signature(call))
        }
        self.counts["swallowed"] += len(swallowed)
        sent = [call for i, call in enumerate(calls) if i not in swallowed]
        try:
            found = iter(await self._forward(sent) if sent else [])
        except (httpx.HTTPError, ValueError):
            return None
        lag = manners.lag_slots[self._turn % len(manners.lag_slots)]
        self._turn += 1
        answers = []
        for i, call in enumerate(calls):
            if i in swallowed:
                answers.append({"jsonrpc": "2.0", "id": call.get("id"), "result": swallowed[i]})
                continue
            answers.append(self._late(call, next(found), lag))
        return answers

    def _late(self, call: Call, answer: Call, lag: int) -> Call:
        if "result" not in answer or not any(self.manners.lag_slots):
            return answer
        replica = Replica(lag, self._seen)
        if call.get("method") in HEADS and len(self._heads) < HEADS_ASKED:
            self._heads[question(call)] = call
        replica.remember(call, answer["result"], self._slot)
        if not lag:
            return answer
        self.counts["lagged"] += 1
        return {**answer, "result": replica.answer(call, answer["result"], self._slot)}

    async def _forward(self, calls: list[Call]) -> list[Call]:
        body = json.dumps(calls[0] if len(calls) == 1 else calls)
        response = await self._http.post(
            self.upstream, content=body, headers={"content-type": "application/json"}
        )
        answers = response.json()
        if not isinstance(answers, list):
            answers = [answers]
        by_id = {each.get("id"): each for each in answers}
        return [by_id.get(call.get("id"), answers[0]) for call in calls]

    def _lie(self, text: str, answers: list[Call]) -> Response:
        """Half an answer, a page, an answer to another question, or an empty one."""
        kind = self._chance.randrange(4)
        if kind == 0:
            return Response(text[: len(text) // 2], media_type="application/json")
        if kind == 1:
            return Response("<html><title>502</title></html>", 200, media_type="text/html")
        if kind == 2 and answers:
            others = [{**each, "id": "another"} for each in answers]
            return Response(
                json.dumps(others if len(others) > 1 else others[0]), media_type="application/json"
            )
        return Response("", 200, media_type="application/json")

    async def _plain(self, request: Request, manners: Manners) -> Response:
        """A GET, for servers that speak REST: nothing about it is known but that it may fail."""
        await self._wait(manners.latency_s + self._chance.uniform(0, manners.jitter_s))
        pause = self._limiter.take([{"method": request.url.path}], manners.limit)
        if pause is not None:
            self.counts["limited"] += 1
            return Response("", 429, {"Retry-After": str(pause)})
        if self._chance.random() < manners.failing:
            self.counts["failed"] += 1
            return Response("upstream unavailable", 503)
        try:
            answer = await self._http.get(self.upstream + request.url.path, params=request.query_params)
        except httpx.HTTPError:
            self.counts["failed"] += 1
            return Response("upstream unavailable", 502)
        if self._chance.random() < manners.vanishing:
            self.counts["vanished"] += 1
            await self._wait(NEVER_S)
        if self._chance.random() < manners.wrong:
            self.counts["wrong"] += 1
            return self._lie(answer.text, [])
        self.counts["answered"] += 1
        return Response(answer.text, answer.status_code, media_type=answer.headers.get("content-type"))

    # Time

    async def _wait(self, seconds: float) -> None:
        """Wait, but not for longer than the proxy lives."""
        if seconds:
            try:
                async with asyncio.timeout(seconds):
                    await self._closing.wait()
            except TimeoutError:
                return

    async def _clock(self) -> None:
        """Ask for what replicas show late, so that it is there when somebody wants it."""
        newest: Call = {"method": "getSlot", "params": [{"commitment": "processed"}]}
        while True:
            if any(self.manners.lag_slots):
                calls = [newest, *self._heads.values()]
                calls = [{**call, "jsonrpc": "2.0", "id": i} for i, call in enumerate(calls)]
                try:
                    answers = await self._forward(calls)
                    self._slot = max(self._slot, int(answers[0]["result"]))
                    replica = Replica(0, self._seen)
                    for call, answer in zip(calls, answers, strict=True):
                        replica.remember(call, answer["result"], self._slot)
                except (httpx.HTTPError, ValueError, KeyError):
                    self.counts["blind"] += 1
            await asyncio.sleep(POLL_S)

    def behave(self, **changes: Any) -> None:
        """Change some of its manners."""
        self.manners = replace(self.manners, **changes)


def _signature(call: Call) -> str:
    """The signature of a transaction that is not passed on; "" of what is none."""
    try:
        raw = base64.b64decode(call["params"][0])
        return str(VersionedTransaction.from_bytes(raw).signatures[0])
    except (KeyError, IndexError, TypeError, ValueError, SerdeJSONError):
        return ""


def _two_ports(
    host: str, to_port: int | None, weather: Weather, port: int, seed: int
) -> tuple[socket.socket, Wire]:
    """A port for HTTP and the next one for WebSockets."""
    behind = (to_port or 8_899) + 1
    for _ in range(50):
        listener = bound("127.0.0.1", port)
        try:
            return listener, Wire(host, behind, weather, port=listener.getsockname()[1] + 1, seed=seed)
        except (InvalidInput, OverflowError):
            listener.close()
            if port:
                raise
    raise InvalidInput("Choose another --port: no two neighbouring ports are free.")
