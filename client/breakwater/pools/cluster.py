"""One engine over several RPC endpoints: pooled connections, quorum reads, and failover.

It is an httpx transport below the engine, so that everything above it stays the same:

* what is sent goes to every endpoint; the first that takes it is enough,
* accounts and signatures count when a quorum of endpoints says the same; until then the answer is 503, which
  the caller repeats,
* the block height and the newest blockhash are what a quorum has reached; only endpoints that have may say
  that a transaction never landed,
* everything else is asked of one endpoint, the next one when it fails, lags, or does not speak JSON-RPC.

Nobody waits for an endpoint that hangs while the others have answered.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import httpx
import structlog

from breakwater.chain.engine import RpcEngine
from breakwater.config import settings
from breakwater.errors import InvalidInput

from .ballot import (
    HEIGHT,
    STATUSES,
    accepted,
    agreed,
    answers_of,
    calls_of,
    height_of,
    is_behind,
    is_complete,
    merged,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

    from .ballot import Answers, Call

__all__ = ["CONNECTIONS", "Cluster", "open_cluster"]

CONNECTIONS: Final = 32
"""Kept alive to each endpoint; with HTTP/2 each carries many requests at once."""
SENDS: Final = frozenset({"sendTransaction"})
QUORUM_READS: Final = frozenset({"getMultipleAccounts", "getAccountInfo", STATUSES})
NEWEST: Final = frozenset({HEIGHT, "getLatestBlockhash"})
REST_S, LONGEST_REST_S = 5.0, 60.0
"""How long an endpoint that failed is asked last; twice as long each time it fails again."""
PATIENCE_S: Final = 1.0
"""How long an endpoint may think before the next one is asked, too."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What an endpoint answered."""

    index: int
    response: httpx.Response
    answers: Answers


class Cluster(httpx.AsyncBaseTransport):
    """Requests to any endpoint go to as many of them as their kind needs.

    Args:
        urls: the endpoints.
        quorum: how many have to agree.
        connections: to each, at most.
        make: an endpoint's own transport; None takes HTTP/2 where the server speaks it.
        clock: seconds.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        quorum: int = 1,
        connections: int = CONNECTIONS,
        make: Callable[[str], httpx.AsyncBaseTransport] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not urls or not 1 <= quorum <= len(urls):
            raise InvalidInput(f"Ask for a quorum of 1 to {len(urls)} endpoints, not {quorum}.")
        self._urls = [httpx.URL(url) for url in urls]
        self._quorum, self._clock = quorum, clock
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)

        def pooled(_: str) -> httpx.AsyncBaseTransport:
            return httpx.AsyncHTTPTransport(limits=limits, http2=find_spec("h2") is not None)

        self._transports = [(make or pooled)(url) for url in urls]
        self._resting = [0.0] * len(urls)
        self._streak = [0] * len(urls)
        self._heights = [0] * len(urls)
        self._height = 0
        """What was last told; who has not reached it does not know what never landed."""
        self._under_way: set[asyncio.Task[_Heard]] = set()
        self.requests = [0] * len(urls)
        self.failures = [0] * len(urls)
        self.disagreements = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one JSON-RPC request or array."""
        body = await request.aread()
        if len(self._urls) == 1:
            return await self._ask(0, request, body)
        calls = calls_of(body)
        methods = {each.method for each in calls}
        if methods & SENDS:
            return await self._everywhere(request, body, calls)
        if len(calls) == 1 and methods <= NEWEST:
            return await self._newest(request, body, calls[0])
        if STATUSES in methods or (methods & QUORUM_READS and self._quorum > 1):
            return await self._agreed(request, body, calls)
        return await self._anywhere(request, body, calls)

    async def _ask(self, index: int, request: httpx.Request, body: bytes) -> httpx.Response:
        url = self._urls[index]
        headers = [each for each in request.headers.raw if each[0].lower() != b"host"]
        copy = httpx.Request(
            request.method, url, headers=headers, content=body, extensions=dict(request.extensions)
        )
        copy.headers["host"] = url.netloc.decode()
        self.requests[index] += 1
        try:
            response = await self._transports[index].handle_async_request(copy)
            await response.aread()
        except httpx.HTTPError:
            self._failed(index)
            raise
        if not response.is_success:
            self._failed(index)
        return response

    async def _hear(self, index: int, request: httpx.Request, body: bytes) -> _Heard:
        """Ask one of several; what is no JSON-RPC is a failure of that endpoint like silence is."""
        response = await self._ask(index, request, body)
        if not response.is_success:
            return _Heard(index, response, {})
        try:
            answers = answers_of(response.content)
        except ValueError:
            self._failed(index)
            raise httpx.RemoteProtocolError("the endpoint does not speak JSON-RPC") from None
        if is_behind(answers):
            self._failed(index)
        else:
            self._streak[index] = 0
        return _Heard(index, response, answers)

    def _failed(self, index: int) -> None:
        self.failures[index] += 1
        self._rest(index)
        log.warning("endpoint_failed", endpoint=index, failures=self.failures[index])

    def _rest(self, index: int) -> None:
        self._resting[index] = self._clock() + min(REST_S * 2 ** self._streak[index], LONGEST_REST_S)
        self._streak[index] = min(self._streak[index] + 1, 10)

    def _order(self, calls: Sequence[Call] = ()) -> list[int]:
        """Endpoints, those that failed lately last; none that can't know what is asked."""
        now, final = self._clock(), any(each.is_final for each in calls)
        fit = [i for i in range(len(self._urls)) if not final or self._heights[i] >= self._height]
        return sorted(fit, key=lambda index: max(0.0, self._resting[index] - now))

    async def _anywhere(self, request: httpx.Request, body: bytes, calls: Sequence[Call]) -> httpx.Response:
        last: Exception | httpx.Response | None = None
        async for heard in self._in_turn(request, body, self._order(calls)):
            if isinstance(heard, _Heard) and heard.answers and not is_behind(heard.answers):
                return heard.response
            last = heard.response if isinstance(heard, _Heard) else heard
        if isinstance(last, Exception):
            raise last
        return last or _nobody(request)

    async def _in_turn(
        self, request: httpx.Request, body: bytes, order: Sequence[int]
    ) -> AsyncIterator[_Heard | httpx.HTTPError]:
        """What one endpoint says, then the next: asked when those before have answered, or take long."""
        waiting, under_way = list(order), dict[asyncio.Task[_Heard], int]()
        while waiting or under_way:
            if waiting:
                index = waiting.pop(0)
                under_way[self._begun(index, request, body)] = index
            done, _ = await asyncio.wait(
                under_way, timeout=PATIENCE_S if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                for index in under_way.values():
                    self._rest(index)
            for task in done:
                del under_way[task]
                yield _outcome(task)

    async def _heard(
        self,
        request: httpx.Request,
        body: bytes,
        indexes: Iterable[int],
        least: int,
        enough: Callable[[list[_Heard]], bool],
        every: list[_Heard] | None = None,
    ) -> list[_Heard]:
        """What endpoints say until it is enough; once `least` have spoken the others have a moment left."""
        left = {self._begun(index, request, body): index for index in indexes}
        every = [] if every is None else every
        while left:
            patience = PATIENCE_S if len(every) >= least else None
            done, _ = await asyncio.wait(left, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                for index in left.values():
                    self._rest(index)
                break
            for task in done:
                del left[task]
                heard = _outcome(task)
                if isinstance(heard, _Heard):
                    every.append(heard)
            if enough(every):
                break
        return every

    def _begun(self, index: int, request: httpx.Request, body: bytes) -> asyncio.Task[_Heard]:
        """Asked; it may still finish when nobody listens any more."""
        task = asyncio.create_task(self._hear(index, request, body))
        self._under_way.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[_Heard]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()

    async def _everywhere(self, request: httpx.Request, body: bytes, calls: Sequence[Call]) -> httpx.Response:
        def taken(every: list[_Heard]) -> bool:
            return accepted(calls, every[-1].answers) if every else False

        every = await self._heard(request, body, range(len(self._urls)), 1, taken)
        if not every:
            raise httpx.ConnectError("no endpoint answers")
        said = [each.answers for each in reversed(every) if each.answers]
        return _response(request, body, merged(calls, said)) if said else every[0].response

    async def _agreed(self, request: httpx.Request, body: bytes, calls: Sequence[Call]) -> httpx.Response:
        def told(every: list[_Heard]) -> list[Mapping[str, Any]] | None:
            return agreed(calls, [each.answers for each in every if each.answers], self._quorum)

        order, every = self._order(calls), list[_Heard]()
        awake = [index for index in order if self._resting[index] <= self._clock()]
        if len(awake) < self._quorum:
            awake = order
        for indexes in (awake, [index for index in order if index not in awake]):
            await self._heard(request, body, indexes, self._quorum, lambda _: is_complete(told(every)), every)
            found = told(every)
            if found is not None:
                return _response(request, body, found)
        if sum(bool(each.answers) for each in every) >= self._quorum:
            self.disagreements += 1
        return _nobody(request)

    async def _newest(self, request: httpx.Request, body: bytes, call: Call) -> httpx.Response:
        """The newest state that a quorum has reached, or goes beyond."""
        awake = [index for index in self._order() if self._resting[index] <= self._clock()]
        wanted = awake if len(awake) >= self._quorum else self._order()
        every = await self._heard(
            request, body, wanted, self._quorum, lambda every: len(every) == len(wanted)
        )
        ranked = sorted(
            ((height_of(call, each.answers), each) for each in every), key=lambda pair: pair[0], reverse=True
        )
        known = [pair for pair in ranked if pair[0] >= 0]
        if len(known) < self._quorum:
            return _nobody(request)
        height, chosen = known[self._quorum - 1]
        if call.method == HEIGHT:
            self._height = height
            for reached, each in known:
                self._heights[each.index] = reached
        return chosen.response

    async def aclose(self) -> None:
        """Close every connection."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*(each.aclose() for each in self._transports))


def _outcome(task: asyncio.Task[_Heard]) -> _Heard | httpx.HTTPError:
    """An answer or the lack of one; anything else is a defect and goes on up."""
    error = task.exception()
    if isinstance(error, httpx.HTTPError):
        return error
    return task.result()


def _nobody(request: httpx.Request) -> httpx.Response:
    """Nobody can tell now: ask again."""
    return httpx.Response(httpx.codes.SERVICE_UNAVAILABLE, content=b"{}", request=request)


def _response(request: httpx.Request, body: bytes, answers: Sequence[Mapping[str, Any]]) -> httpx.Response:
    """One answer to a call, an array to an array."""
    whole = list(answers) if body.lstrip()[:1] == b"[" else answers[0]
    return httpx.Response(200, content=json.dumps(whole).encode(), request=request)


def open_cluster(urls: Sequence[str], *, quorum: int = 1, connections: int = CONNECTIONS) -> RpcEngine:
    """An engine over these endpoints; close it when done.

    Raises:
        InvalidInput: an address is none, or the quorum is larger than their number.
    """
    for url in urls:
        if not _is_address(url):
            raise InvalidInput(f"Give endpoints as http addresses, not {url!r}.")
    transport = Cluster(urls, quorum=quorum, connections=connections)
    chosen = settings()
    return RpcEngine(
        urls[0], name="rpc", commitment=chosen.commitment, timeout=chosen.rpc_timeout, transport=transport
    )


def _is_address(url: str) -> bool:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError):
        return False
    return parsed.scheme in ("http", "https") and bool(parsed.host)
