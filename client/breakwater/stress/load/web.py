"""Locust's page wants a token: once in the address, from then on in a cookie."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from flask import Response, make_response, redirect, request

if TYPE_CHECKING:
    from locust.env import Environment

__all__ = ["protect"]

COOKIE = "breakwater_stress"


def protect(environment: Environment, token: str) -> None:
    """Refuse every request to the page without the token."""
    if environment.web_ui is None or environment.web_ui.app is None:
        return

    def gate() -> Any:
        shown = request.args.get("token", "")
        if shown and hmac.compare_digest(shown, token):
            answer = make_response(redirect(request.path))
            answer.set_cookie(COOKIE, token, httponly=True, samesite="Strict")
            return answer
        if hmac.compare_digest(request.cookies.get(COOKIE, ""), token):
            return None
        return Response("Open the address that the command printed: this page wants its token.\n", 401)

    environment.web_ui.app.before_request(gate)
