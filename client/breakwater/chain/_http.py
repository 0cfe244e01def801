"""JSON-RPC over HTTP: single calls and arrays, with the node's refusals turned into our errors."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import TYPE_CHECKING, Any

import httpx
import stamina

from breakwater.errors import (
    BreakwaterError,
    Fatal,
    InvalidInput,
    NodeBehind,
    RateLimited,
    Retryable,
    Unreachable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Call", "JsonRpc", "fault"]

Call = tuple[str, list[Any]]
"""Method and parameters."""

METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
PREFLIGHT = -32002
NODE_UNHEALTHY = -32005
MIN_CONTEXT_SLOT = -32016
RATE_LIMIT_CODES = (429, -32429)
MAX_PAUSE = 30.0
MAX_BODY = 48_000
"""Bytes of one request; nodes refuse more than 50 KiB with HTTP 413."""


def back_off(error: Exception) -> bool | float:
    """For stamina: whether to try again, and after how many seconds if the node said so."""
    if not isinstance(error, Retryable):
        return False
    return True if error.retry_after is None else min(error.retry_after, MAX_PAUSE)


def fault(error: dict[str, Any]) -> BreakwaterError:
    """The exception for a JSON-RPC error that is not a transaction's own."""
    code, message = error.get("code"), str(error.get("message", ""))
    if code in RATE_LIMIT_CODES:
        return RateLimited("Slow down: the node limits requests.")
    if code in (NODE_UNHEALTHY, MIN_CONTEXT_SLOT):
        return NodeBehind(f"Wait for the node to catch up: {message}.")
    if code in (METHOD_NOT_FOUND, INVALID_PARAMS):
        return InvalidInput(f"Change the request: the node answers {code}, {message}.")
    return Fatal(f"Look at the node: it answers {code}, {message}.")


class JsonRpc:
    """One node, over a few kept-alive connections.

    Args:
        url: its address.
        timeout: seconds for one request.
        attempts: how often a call is tried before its Retryable error is raised.
        transport: another httpx transport, e.g. one that injects faults.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 30.0,
        attempts: int = 6,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.url = url
        self._attempts = attempts
        self._ids = itertools.count(1)
        self._http = httpx.AsyncClient(
            timeout=timeout, transport=transport, headers={"content-type": "application/json"}
        )

    async def call(self, method: str, *params: Any) -> Any:
        """The result of one call.

        Raises:
            Retryable: still refused or unreachable after all attempts.
            Fatal: the node refused for good.
        """
        (result,) = await self.batch([(method, list(params))])
        if isinstance(result, BreakwaterError):
            raise result
        return result

    async def batch(self, calls: Sequence[Call]) -> list[Any]:
        """The results of `calls`, in their order; a call that fails has a BreakwaterError in its place.

        Calls are repeated as a whole when the request fails or is limited, so they must be safe to repeat:
        sending the same signed bytes twice is.

        Raises:
            Retryable: as for `call`, when the whole request fails.
        """
        results: list[Any] = []
        async for attempt in stamina.retry_context(
            on=back_off, attempts=self._attempts, timeout=None, wait_initial=0.2, wait_max=10.0
        ):
            with attempt:
                results = await self.once(calls)
                limited = next((each for each in results if isinstance(each, RateLimited | NodeBehind)), None)
                if limited is not None and attempt.num < self._attempts:
                    raise limited
        return results

    async def once(self, calls: Sequence[Call]) -> list[Any]:
        """Like `batch`, tried once."""
        if not calls:
            return []
        idents = [next(self._ids) for _ in calls]
        requests = [
            json.dumps(
                {"jsonrpc": "2.0", "id": ident, "method": method, "params": params}, separators=(",", ":")
            )
            for ident, (method, params) in zip(idents, calls, strict=True)
        ]
        answers = await asyncio.gather(*map(self._array, _pieces(requests)))
        by_id = {answer.get("id"): answer for answer in itertools.chain(*answers)}
        return [self._result(by_id.get(ident)) for ident in idents]

    async def _array(self, requests: list[str]) -> list[dict[str, Any]]:
        answers = await self._post(requests[0] if len(requests) == 1 else f"[{','.join(requests)}]")
        if isinstance(answers, list):
            return answers
        if len(requests) > 1:  # a node answers an array it refuses as a whole with one error
            raise fault(answers.get("error") or {})
        return [answers]

    @staticmethod
    def _result(answer: dict[str, Any] | None) -> Any:
        if answer is None:
            return Unreachable("Ask again: the node left a call of the array unanswered.")
        if "error" in answer:
            error = answer["error"]
            # A failed preflight belongs to its transaction; whoever sent it reads it.
            return PreflightError(error) if error.get("code") == PREFLIGHT else fault(error)
        return answer["result"]

    async def _post(self, body: str) -> Any:
        try:
            response = await self._http.post(self.url, content=body)
        except httpx.HTTPError as error:
            raise Unreachable(f"Check the connection to the node: {type(error).__name__}.") from error
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise RateLimited("Slow down: the node limits requests.", retry_after=_retry_after(response))
        if response.status_code >= 500:
            raise Unreachable(f"Wait for the node: it answers HTTP {response.status_code}.")
        try:
            return response.json()
        except ValueError:
            if (
                response.is_success
            ):  # half an answer, or a page of something in between: it may have been done
                raise Unreachable(
                    "Ask again, or check the node's address: its answer is cut short."
                ) from None
            raise Fatal(f"Check the node's address: HTTP {response.status_code} is not JSON-RPC.") from None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class PreflightError(BreakwaterError):
    """A transaction the node refused to forward: `data` holds err, logs and unitsConsumed."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error.get("message", "preflight failed")))
        self.data: dict[str, Any] = error.get("data") or {}


def _pieces(requests: Sequence[str]) -> list[list[str]]:
    pieces: list[list[str]] = [[]]
    size = 0
    for each in requests:
        if pieces[-1] and size + len(each) > MAX_BODY:
            pieces.append([])
            size = 0
        pieces[-1].append(each)
        size += len(each) + 1
    return pieces


def _retry_after(response: httpx.Response) -> float | None:
    try:
        return float(response.headers["retry-after"])
    except (KeyError, ValueError):  # absent, or a date, which nodes don't send
        return None
