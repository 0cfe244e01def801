"""Asks an endpoint no more often than it wants, and waits when it says so."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from typing import Final

import httpx

from breakwater.chain.engine import RpcEngine
from breakwater.limits import RequestLimiter, retry_after

__all__ = ["Patience", "patient_engine"]

LIMITED: Final = 429
DEFAULT_PAUSE_S: Final = 5.0
TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Patience:
    """What an endpoint allows, with something to spare; solana.com's are 100 and 40 in 10 s.

    Attributes:
        requests: HTTP requests in any period.
        per_method: of any one method.
        period_s: the period.
    """

    requests: int = 80
    per_method: int = 32
    period_s: float = 10.0


class _Patient(httpx.AsyncBaseTransport):
    """Waits for its turn before each request, and for everybody after a 429."""

    def __init__(self, patience: Patience, counts: Counter[str]) -> None:
        self._inner = httpx.AsyncHTTPTransport()
        self._patience, self._counts = patience, counts
        self._all = RequestLimiter("RPC", patience.requests, patience.period_s)
        self._methods: dict[str, RequestLimiter] = {}
        self._turn = asyncio.Lock()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        calls = json.loads(body)
        methods = {each["method"] for each in (calls if isinstance(calls, list) else [calls])}
        async with self._turn:
            for name in sorted(methods):
                await self._limiter(name).acquire()
            await self._all.acquire()
        self._counts["requests"] += 1
        response = await self._inner.handle_async_request(request)
        if response.status_code == LIMITED:
            self._counts["limited"] += 1
            pause = retry_after(response.headers.get("retry-after")) or DEFAULT_PAUSE_S
            self._all.pause(pause)
        elif response.status_code >= 500:
            self._counts["failed"] += 1
        return response

    def _limiter(self, method: str) -> RequestLimiter:
        known = self._methods.get(method)
        if known is None:
            known = RequestLimiter(method, self._patience.per_method, self._patience.period_s)
            self._methods[method] = known
        return known

    async def aclose(self) -> None:
        await self._inner.aclose()


def patient_engine(url: str, patience: Patience, counts: Counter[str]) -> RpcEngine:
    """An engine that keeps to an endpoint's limits; `counts` gets requests, limited and failed."""
    transport = _Patient(patience, counts)
    engine = RpcEngine(url, transport=transport)
    # solana-py's client has a connection of its own, and no seam for another transport but this attribute
    engine.client._provider.session = httpx.AsyncClient(transport=transport, timeout=TIMEOUT_S)
    return engine
