"""The door of a page: host, origin, token, login, and the headers of every answer.

A browser shows the token once, at /login, and keeps a pass made of it in a cookie that no script can read;
programs send the token as a bearer. Other sites' pages reach nothing: neither by name nor by origin.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse, Response

from .errors import RateLimited
from .limits import RequestLimiter
from .serving import LOOPBACK_NAMES, host_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from .serving import Tokens

__all__ = ["Door", "Login", "refused"]

OPEN: Final = frozenset({"/login", "/health"})
"""What needs no token; /assets/ needs none either: it is the same for everybody."""

GUESSES: Final = 20
MOST_BODY: Final = 4_096
PASS_S: Final = 30 * 86_400
HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
)


def refused(status: HTTPStatus, message: str) -> Response:
    """An answer that says what to do instead."""
    return JSONResponse({"error": {"message": message}}, status)


class Login:
    """POST /login: takes a token, gives a pass; as often as a person would.

    Args:
        tokens: whose holders pass.
        name: of the page, such as "monitor": its cookie and its passes are no other page's.
    """

    def __init__(self, tokens: Tokens, name: str) -> None:
        self._tokens, self._cookie, self._purpose = tokens, f"breakwater_{name}", f"breakwater {name} page"
        self._guesses = RequestLimiter("login", GUESSES)

    def admits(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request's headers show a token or a pass."""
        if self._tokens.client(headers.get(b"authorization")) is not None:
            return True
        for each in headers.get(b"cookie", b"").decode("latin-1").split(";"):
            name, _, value = each.strip().partition("=")
            if name == self._cookie and self._tokens.admits(value, self._purpose):
                return True
        return False

    async def enter(self, request: Request) -> Response:
        """The endpoint."""
        try:
            self._guesses.take()
        except RateLimited as error:
            return refused(HTTPStatus.TOO_MANY_REQUESTS, str(error))
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BODY:
                return refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "A token is shorter.")
        try:
            token = json.loads(body)["token"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return refused(HTTPStatus.BAD_REQUEST, 'Send {"token": "..."}.')
        shown = self._tokens.pass_for(token, self._purpose) if isinstance(token, str) else None
        if shown is None:
            return refused(HTTPStatus.UNAUTHORIZED, "This is not a token of this server.")
        answer = Response(status_code=HTTPStatus.NO_CONTENT)
        answer.set_cookie(self._cookie, shown, max_age=PASS_S, httponly=True, samesite="strict", path="/")
        return answer


class Door:
    """ASGI middleware: turns away who may not pass, and puts its headers on every answer.

    Args:
        app: what is behind it.
        login: who knows tokens and passes.
        names: by which other machines may call the server; loopback's always do.
        page: HTML for those who have not shown a token yet.
    """

    def __init__(self, app: ASGIApp, login: Login, names: frozenset[str], page: bytes) -> None:
        self._app, self._login, self._hosts, self._page = app, login, LOOPBACK_NAMES | names, page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or turn it away."""
        if scope["type"] != "http":
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        refusal = self._refusal(scope)
        await (self._app if refusal is None else refusal)(scope, receive, dressed)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = dict(scope["headers"])
        if host_name(headers.get(b"host")) not in self._hosts:
            return refused(HTTPStatus.MISDIRECTED_REQUEST, "Call the server by a name it was started for.")
        origin = headers.get(b"origin")
        if origin is not None and origin.partition(b"://")[2].lower() != headers[b"host"].lower():
            return refused(HTTPStatus.FORBIDDEN, "Ask from no web page, or from one of this server.")
        path = scope["path"]
        if path in OPEN or path.startswith("/assets/") or self._login.admits(headers):
            return None
        if path == "/":
            return Response(self._page, HTTPStatus.UNAUTHORIZED, media_type="text/html; charset=utf-8")
        return refused(HTTPStatus.UNAUTHORIZED, "Send the header Authorization: Bearer TOKEN.")
