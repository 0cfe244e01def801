"""The door: which hosts, origins, bodies and tokens pass, how often, and what is measured about it.

Everything that reaches a route has passed it. Requests are counted before tokens are looked at, so that
guessing one is as limited as anything else; whoever has no valid token is known by the address.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from breakwater.errors import RateLimited
from breakwater.serving import LOOPBACK_NAMES, host_name

from .faults import Refusal, answer, limited

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response
    from starlette.routing import Route
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from .clients import Kind, Limits, Tokens
    from .metrics import Metrics

__all__ = ["Gate", "GateRules"]

UNCOUNTED: Final = frozenset({"/health", "/metrics", "/openapi.json"})
READS: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class GateRules:
    """What passes.

    Args:
        tokens: whose holders may POST.
        limits: how often anybody may ask.
        hosts: names by which the server may be called, lower case, without port.
        body_bytes: the longest body.
    """

    tokens: Tokens
    limits: Limits
    hosts: frozenset[str] = LOOPBACK_NAMES
    body_bytes: int = 16_384


class Gate:
    """ASGI middleware around the routes.

    Args:
        app: what is behind it.
        rules: what passes.
        metrics: what is counted.
        routes: to name requests by their pattern.
    """

    def __init__(self, app: ASGIApp, rules: GateRules, metrics: Metrics, routes: Sequence[Route]) -> None:
        self._app, self._rules, self._metrics = app, rules, metrics
        self._patterns: dict[object, str] = {each.endpoint: each.path for each in routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or turn it away."""
        if scope["type"] != "http":
            return
        began, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with self._metrics.in_flight.track_inprogress():
            try:
                refusal = self._refusal(scope)
                if refusal is not None:
                    await refusal(scope, receive, watched)
                else:
                    await self._app(scope, _Body(receive, self._rules.body_bytes), watched)
            finally:
                seconds = time.perf_counter() - began
                method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST") else "other"
                self._metrics.answered(method, self._pattern(scope), status, seconds)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = _single(scope["headers"])
        try:
            self._check_names(headers)
            authorization = headers.get(b"authorization")
            client = self._rules.tokens.client(authorization)
            if scope["path"] not in UNCOUNTED:
                kind: Kind = "market" if scope["method"] in READS else "order"
                address = scope.get("client") or ("unknown", 0)
                try:
                    self._rules.limits.take(kind, client or f"address:{address[0]}")
                except RateLimited as error:
                    self._metrics.limited(kind)
                    return limited(error)
            if client is None and (scope["method"] not in READS or authorization is not None):
                raise Refusal(
                    HTTPStatus.UNAUTHORIZED,
                    "Unauthorized",
                    "Send the header Authorization: Bearer TOKEN with a token of this server.",
                    headers={"WWW-Authenticate": "Bearer"},
                )
            self._check_length(headers)
        except Refusal as refusal:
            return answer(refusal)
        return None

    def _check_names(self, headers: Mapping[bytes, bytes | None]) -> None:
        """A page of another site must not reach us, neither by its own name nor by one that points here."""
        if host_name(headers.get(b"host")) not in self._rules.hosts:
            raise Refusal(
                HTTPStatus.MISDIRECTED_REQUEST, "WrongHost", "Call the server by a name it was started for."
            )
        if b"origin" in headers:
            scheme, _, place = (headers[b"origin"] or b"").partition(b"://")
            if scheme not in (b"http", b"https") or place.lower() != (headers[b"host"] or b"").lower():
                raise Refusal(
                    HTTPStatus.FORBIDDEN, "WrongOrigin", "Ask from no web page, or from one of this server."
                )

    def _check_length(self, headers: Mapping[bytes, bytes | None]) -> None:
        length = headers.get(b"content-length")
        if length is not None and (not length.isdigit() or int(length[:20]) > self._rules.body_bytes):
            raise _too_large(self._rules.body_bytes)

    def _pattern(self, scope: Scope) -> str:
        """The route's pattern, once the router has found it."""
        return self._patterns.get(scope.get("endpoint"), "none")


class _Body:
    """Hands a request's body on until it is too long."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._most, self._left = receive, most, most

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise _too_large(self._most)
        return message


def _too_large(most: int) -> Refusal:
    return Refusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "BodyTooLarge",
        f"Send a body of at most {most} bytes.",
    )


def _single(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes | None]:
    """Headers by name; None for one that comes twice, which is nobody's name, token or length."""
    found: dict[bytes, bytes | None] = {}
    for name, value in headers:
        found[name] = None if name in found else value
    return found
