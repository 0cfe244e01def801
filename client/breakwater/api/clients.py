"""Who asks, by token or by address, and how often each may."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import stat
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Literal

from breakwater.errors import InvalidInput, RateLimited
from breakwater.limits import MARKET_REQUESTS, ORDER_REQUESTS, PERIOD_S, RequestLimiter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

__all__ = ["Kind", "Limits", "Tokens"]

Kind = Literal["market", "order"]

SHORTEST_TOKEN = 16
MOST_CLIENTS = 50_000
"""Clients within one period beyond which new ones have to wait: memory ends, too."""


class Tokens:
    """The bearer tokens that may order; kept as digests, compared in constant time.

    Args:
        tokens: each of at least 16 characters.

    Raises:
        InvalidInput: there is none, or one is too short.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        known = list(tokens)
        if not known or any(len(each) < SHORTEST_TOKEN or not each.isascii() for each in known):
            raise InvalidInput(f"Give tokens of at least {SHORTEST_TOKEN} ASCII characters, one a line.")
        self._digests = [hashlib.sha256(each.encode()).digest() for each in known]

    def client(self, authorization: bytes | None) -> str | None:
        """Whose an Authorization header is: a short name made of the token's digest, or None."""
        scheme, _, token = (authorization or b"").partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        digest, found = hashlib.sha256(token.strip()).digest(), None
        for each in self._digests:  # to the end in any case: the time must not tell which it was
            if hmac.compare_digest(each, digest):
                found = each
        return None if found is None else f"token:{found.hex()[:12]}"

    @classmethod
    def read(cls, file: Path) -> Tokens:
        """The tokens of a file, one a line; empty lines and those that start with # don't count.

        Raises:
            InvalidInput: it is absent, open to others, or holds no token.
        """
        try:
            if stat.S_IMODE(file.stat().st_mode) & 0o077:
                raise InvalidInput(f"Run chmod 600 {file}: others can read its tokens.")
            lines = file.read_text().splitlines()
        except (OSError, UnicodeDecodeError):
            raise InvalidInput(f"Write a token of your choice to {file}, or name another file.") from None
        return cls(each.strip() for each in lines if each.strip() and not each.startswith("#"))

    @classmethod
    def make(cls, file: Path) -> Tokens:
        """The tokens of a file that is made, with one token, where it is absent."""
        if not file.exists():
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600)
            file.write_text(f"{secrets.token_urlsafe(32)}\n")
        return cls.read(file)


class Limits:
    """An exact window a client and kind of request.

    Args:
        market, order: requests in any 10 s.
        clock: seconds, from any origin.
    """

    def __init__(
        self,
        market: int = MARKET_REQUESTS,
        order: int = ORDER_REQUESTS,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most: dict[Kind, int] = {"market": market, "order": order}
        self._clock = clock
        self._known: OrderedDict[tuple[Kind, str], tuple[float, RequestLimiter]] = OrderedDict()

    def __len__(self) -> int:
        """Windows that are kept."""
        return len(self._known)

    def take(self, kind: Kind, client: str) -> None:
        """Count a request.

        Raises:
            RateLimited: the client has used its requests up; `retry_after` says how long to wait.
        """
        now, key = self._clock(), (kind, client)
        known = self._known.pop(key, None)
        if known is None:
            self._make_room(now)
            limiter = RequestLimiter(kind, self._most[kind], clock=self._clock)
        else:
            limiter = known[1]
        self._known[key] = (now, limiter)
        limiter.take()

    def _make_room(self, now: float) -> None:
        """Drop the windows that have emptied; they are kept in the order of their last request."""
        while self._known:
            at, _ = next(iter(self._known.values()))
            if now - at < PERIOD_S:
                break
            self._known.popitem(last=False)
        if len(self._known) >= MOST_CLIENTS:
            raise RateLimited(
                f"Wait {PERIOD_S:.0f} s: more clients than the server can count.", retry_after=PERIOD_S
            )
