"""The door: which hosts, origins, tokens and bodies pass. Everything that reaches a method has passed it."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import stat
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.responses import Response

from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["BODY_BYTES", "LOOPBACK_NAMES", "Gate", "GateRules", "Refusal", "read_token"]

LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
HOST: Final = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?")
OPEN: Final = frozenset({"/", "/health"})
"""What needs no token: the page, which asks for one, and whether we live."""
SHORTEST_TOKEN: Final = 16
BODY_BYTES: Final = 64 * 1024


def read_token(file: Path) -> str:
    """The token of a file, which is made where it is absent.

    Raises:
        InvalidInput: others can read it, or it is too short.
    """
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(f"{secrets.token_urlsafe(32)}\n")
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise InvalidInput(f"Run chmod 600 {file}: others can read its token.")
    token = file.read_text().strip()
    if len(token) < SHORTEST_TOKEN or not token.isascii():
        raise InvalidInput(f"Write a token of at least {SHORTEST_TOKEN} ASCII characters to {file}.")
    return token


@dataclass(frozen=True, slots=True)
class GateRules:
    """What passes.

    Attributes:
        token: who knows it may ask.
        hosts: names by which the server may be called, lower case, without port.
        body_bytes: the longest body.
    """

    token: str
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
        self._digest = hashlib.sha256(rules.token.encode()).digest()

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
        match = HOST.fullmatch((headers.get(b"host") or b"").decode("latin-1").lower())
        if match is None or match["name"] not in self._rules.hosts:
            raise Refusal(
                HTTPStatus.MISDIRECTED_REQUEST, "Call the server by a name it was started for."
            )
        if b"origin" in headers:
            scheme, _, place = (headers[b"origin"] or b"").partition(b"://")
            if scheme not in (b"http", b"https") or place.lower() != (headers[b"host"] or b"").lower():
                raise Refusal(HTTPStatus.FORBIDDEN, "Ask from no web page, or from one of this server.")
        if scope["path"] not in OPEN and not self._is_known(headers.get(b"authorization")):
            raise Refusal(
                HTTPStatus.UNAUTHORIZED,
                "Send the header Authorization: Bearer TOKEN with this server's token.",
                {"WWW-Authenticate": "Bearer"},
            )
        length = headers.get(b"content-length", b"0")
        if length is None or not length.isdigit() or int(length[:20]) > self._rules.body_bytes:
            raise _too_large(self._rules.body_bytes)

    def _is_known(self, authorization: bytes | None) -> bool:
        scheme, _, token = (authorization or b"").partition(b" ")
        digest = hashlib.sha256(token.strip()).digest()
        return hmac.compare_digest(digest, self._digest) and scheme.lower() == b"bearer"


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
