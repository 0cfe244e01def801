"""REST through httpx, within the rate limit, behind a circuit breaker, with 429 understood."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import httpx

from breakwater.errors import InvalidInput, RateLimited, Unreachable
from breakwater.limits import RequestLimiter, retry_after

from ..limits import Breaker
from ..wire import decode

if TYPE_CHECKING:
    from ..settings import OracleSettings

__all__ = ["Rest"]

T = TypeVar("T")
PAUSE_S = 10.0
"""After a 429 that does not say for how long."""


class Rest:
    """One host.

    Args:
        name: what messages call it.
        base: its address.
        limiter: shared by everything that asks this host.
        settings: patience.
        transport: another httpx transport.
    """

    def __init__(
        self,
        name: str,
        base: str,
        limiter: RequestLimiter,
        settings: OracleSettings,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self.breaker = Breaker(name, settings.breaker_threshold, settings.breaker_s)
        self._limiter = limiter
        self._http = httpx.AsyncClient(base_url=base, timeout=settings.timeout_s, transport=transport)

    async def get(self, path: str, params: dict[str, str], kind: type[T]) -> T:
        """The answer to one request.

        Raises:
            RateLimited: our limit, or the host's; `retry_after` says how long to wait.
            Unreachable: no answer, a broken one, or the circuit is open.
            InvalidInput: the host says that there is nothing there.
        """
        self._limiter.take()
        async with self.breaker.guard():
            try:
                response = await self._http.get(path, params=params)
            except httpx.HTTPError as error:
                raise Unreachable(f"Wait for {self.name}: {type(error).__name__}.") from error
            self._judge(response)
            return decode(response.content, kind)

    def _judge(self, response: httpx.Response) -> None:
        code = response.status_code
        if code == httpx.codes.TOO_MANY_REQUESTS:
            wait = retry_after(response.headers.get("retry-after")) or PAUSE_S
            self._limiter.pause(wait)
            raise RateLimited(f"Wait {wait:g} s: {self.name} limits requests.", retry_after=wait)
        if code >= 500 or code == httpx.codes.REQUEST_TIMEOUT:
            raise Unreachable(f"Wait for {self.name}: it answers HTTP {code}.")
        if code != httpx.codes.OK:
            raise InvalidInput(f"Check the market or token: {self.name} answers HTTP {code}.")

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
