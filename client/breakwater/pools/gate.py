"""The door: which hosts, origins, tokens and bodies pass. Everything that reaches a method has passed it."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.responses import Response

from breakwater.serving import LOOPBACK_NAMES, host_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from breakwater.serving import Tokens

__all__ = ["BODY_BYTES", "Gate", "GateRules", "Refusal"]

OPEN: Final = frozenset({"/", "/health"})
"""What needs no token: the page, which asks for one, and whether we live."""
BODY_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class GateRules:
    """What passes.

    Attributes:
        tokens: who knows one may ask.
        hosts: names by which the server may be called, lower case, without port.
        body_bytes: the longest body.
    """

    tokens: Tokens
    hosts: frozenset[str] = LOOPBACK_NAMES
    body_bytes: int = BODY_BYTES


class Refusal(Exception):  # noqa: N818 - an answer
    """A request that is turned away."""

    def __init__(self, status: HTTPStatus, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers

    @property
    def response(self) -> Response:
        """What is sent instead."""
        body = msgspec.json.encode({"error": {"name": self.status.phrase, "message": str(self)}})
        return Response(body, self.status, media_type="application/json", headers=self.headers)


class Gate:
    """ASGI middleware around everything.

    Args:
        app: what is behind it.
        rules: what passes.
    """

    def __init__(self, app: ASGIApp, rules: GateRules) -> None:
        self._app, self._rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or turn it away."""
        if scope["type"] != "http":
            return
        try:
            self._check(scope)
            body = _Body(receive, self._rules.body_bytes)
            await self._app(scope, body, send)
        except Refusal as refusal:
            await refusal.response(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers = _single(scope["headers"])
        if host_name(headers.get(b"host")) not in self._rules.hosts:
            raise Refusal(HTTPStatus.MISDIRECTED_REQUEST, "Call the server by a name it was started for.")
        if b"origin" in headers:
            scheme, _, place = (headers[b"origin"] or b"").partition(b"://")
            if scheme not in (b"http", b"https") or place.lower() != (headers[b"host"] or b"").lower():
                raise Refusal(HTTPStatus.FORBIDDEN, "Ask from no web page, or from one of this server.")
        if scope["path"] not in OPEN and self._rules.tokens.client(headers.get(b"authorization")) is None:
            raise Refusal(
                HTTPStatus.UNAUTHORIZED,
                "Send the header Authorization: Bearer TOKEN with this server's token.",
                {"WWW-Authenticate": "Bearer"},
            )
        length = headers.get(b"content-length", b"0")
        if length is None or not length.isdigit() or int(length[:20]) > self._rules.body_bytes:
            raise _too_large(self._rules.body_bytes)


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
    return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"Send a body of at most {most} bytes.")


def _single(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes | None]:
    """Headers by name; None for one that comes twice, which is nobody's name, token or length."""
    found: dict[bytes, bytes | None] = {}
    for name, value in headers:
        found[name] = None if name in found else value
    return found
