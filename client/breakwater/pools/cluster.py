"""One engine over several RPC endpoints: pooled connections, quorum reads, and failover.

It is an httpx transport below the engine, so that everything above it stays the same:

* what is sent goes to every endpoint; one that takes it is enough,
* accounts and signatures count when a quorum of endpoints says the same; until then the answer is 503, which
  the caller repeats,
* everything else is asked of one endpoint, the next one when it fails.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import httpx
import structlog

from breakwater.chain.engine import RpcEngine
from breakwater.config import settings
from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["CONNECTIONS", "Cluster", "open_cluster"]

CONNECTIONS: Final = 32
"""Kept alive to each endpoint; with HTTP/2 each carries many requests at once."""
SENDS: Final = frozenset({"sendTransaction"})
QUORUM_READS: Final = frozenset({"getMultipleAccounts", "getAccountInfo", "getSignatureStatuses"})
REST_S: Final = 5.0
"""How long an endpoint that failed is asked last."""

log = structlog.get_logger(__name__)


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
        self.requests = [0] * len(urls)
        self.failures = [0] * len(urls)
        self.disagreements = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one JSON-RPC request or array."""
        body = await request.aread()
        methods = _methods(body)
        if len(self._urls) == 1:
            return await self._ask(0, request, body)
        if methods & SENDS:
            return await self._everywhere(request, body)
        if methods & QUORUM_READS and self._quorum > 1:
            return await self._agreed(request, body)
        return await self._anywhere(request, body)

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
        if response.status_code >= 500 or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            self._failed(index)
        return response

    def _failed(self, index: int) -> None:
        self.failures[index] += 1
        self._resting[index] = self._clock() + REST_S
        log.warning("endpoint_failed", endpoint=index, failures=self.failures[index])

    def _order(self) -> list[int]:
        """Endpoints, those that failed lately last."""
        now = self._clock()
        return sorted(range(len(self._urls)), key=lambda index: max(0.0, self._resting[index] - now))

    async def _anywhere(self, request: httpx.Request, body: bytes) -> httpx.Response:
        last: Exception | httpx.Response | None = None
        for index in self._order():
            try:
                response = await self._ask(index, request, body)
            except httpx.HTTPError as error:
                last = error
                continue
            if response.status_code < 500 and response.status_code != httpx.codes.TOO_MANY_REQUESTS:
                return response
            last = response
        if isinstance(last, httpx.Response):
            return last
        raise last or httpx.ConnectError("no endpoint")

    async def _all(self, request: httpx.Request, body: bytes) -> list[httpx.Response]:
        asked = (self._ask(index, request, body) for index in range(len(self._urls)))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        good = [each for each in answers if isinstance(each, httpx.Response)]
        if not good:
            raise next(
                (each for each in answers if isinstance(each, httpx.HTTPError)), httpx.ConnectError("?")
            )
        return good

    async def _everywhere(self, request: httpx.Request, body: bytes) -> httpx.Response:
        answers = await self._all(request, body)
        return next((each for each in answers if each.is_success and _accepted(each)), answers[0])

    async def _agreed(self, request: httpx.Request, body: bytes) -> httpx.Response:
        answers = [each for each in await self._all(request, body) if each.is_success]
        said = [_meaning(each) for each in answers]
        best, votes = Counter(said).most_common(1)[0] if said else ("", 0)
        if votes < self._quorum:
            self.disagreements += 1
            return httpx.Response(503, content=b"{}", request=request)
        return answers[said.index(best)]

    async def aclose(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(each.aclose() for each in self._transports))


def _methods(body: bytes) -> set[str]:
    calls = json.loads(body or b"{}")
    return {str(each.get("method")) for each in (calls if isinstance(calls, list) else [calls])}


def _accepted(response: httpx.Response) -> bool:
    answers = response.json()
    return any("result" in each for each in (answers if isinstance(answers, list) else [answers]))


def _meaning(response: httpx.Response) -> str:
    """What an answer says, without where and how exactly it was found."""
    answers = response.json()
    said: list[Any] = []
    for each in answers if isinstance(answers, list) else [answers]:
        result = each.get("result", each.get("error"))
        value = result.get("value", result) if isinstance(result, dict) else result
        if isinstance(value, list):
            value = [_status(item) for item in value]
        said.append(value)
    return json.dumps(said, sort_keys=True)


def _status(item: Any) -> Any:
    if isinstance(item, dict) and "confirmationStatus" in item:
        return {name: item.get(name) for name in ("slot", "err", "confirmationStatus")}
    return item


def open_cluster(urls: Sequence[str], *, quorum: int = 1, connections: int = CONNECTIONS) -> RpcEngine:
    """An engine over these endpoints; close it when done.

    Raises:
        InvalidInput: an address is none, or the quorum is larger than their number.
    """
    for url in urls:
        if not url.startswith(("http://", "https://")):
            raise InvalidInput(f"Give endpoints as http addresses, not {url!r}.")
    transport = Cluster(urls, quorum=quorum, connections=connections)
    chosen = settings()
    return RpcEngine(
        urls[0], name="rpc", commitment=chosen.commitment, timeout=chosen.rpc_timeout, transport=transport
    )
