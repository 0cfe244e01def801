"""What every HTTP server here shares: who may talk to it, where it listens, and that it stops when told.

Servers bind to loopback unless told otherwise, and want a token.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import ipaddress
import re
import secrets
import socket
import stat
from typing import TYPE_CHECKING, Final

import uvicorn

from .errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = ["LOOPBACK_NAMES", "Server", "Tokens", "bound", "host_name", "url_of"]

LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
SHORTEST_TOKEN: Final = 16
HOST: Final = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?")


class Tokens:
    """The bearer tokens of a server; kept as digests, compared in constant time.

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
        found = self._known(token.strip())
        return None if found is None else f"token:{found.hex()[:12]}"

    def pass_for(self, token: str, purpose: str) -> str | None:
        """What a browser keeps instead of a valid token; None for another. It outlives a restart."""
        found = self._known(token.strip().encode(errors="replace"))
        return None if found is None else _pass(found, purpose)

    def admits(self, shown: str, purpose: str) -> bool:
        """Whether `shown` is what `pass_for` gave for one of the tokens."""
        held = shown.encode()
        return sum(hmac.compare_digest(_pass(each, purpose).encode(), held) for each in self._digests) > 0

    def _known(self, token: bytes) -> bytes | None:
        digest, found = hashlib.sha256(token).digest(), None
        for each in self._digests:  # to the end in any case: the time must not tell which it was
            if hmac.compare_digest(each, digest):
                found = each
        return found

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


def _pass(digest: bytes, purpose: str) -> str:
    return hmac.new(digest, purpose.encode(), hashlib.sha256).hexdigest()


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: the process's belong to whoever runs it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer."""
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def bound(host: str, port: int, *, remote_names: frozenset[str] | None = None) -> socket.socket:
    """A socket that listens; bound before anything else, so that its port is known and nobody else's.

    Args:
        host: an IP address, or "localhost".
        port: 0 takes a free one.
        remote_names: by which other machines may call the server; None lets it listen on loopback only.

    Raises:
        InvalidInput: the address cannot be served, or not like this.
    """
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise InvalidInput(f"Give --host as an IP address, not {host!r}.") from None
    if not address.is_loopback:
        if remote_names is None:
            raise InvalidInput("Add --allow-remote and a --token-file to listen for other machines.")
        if not remote_names:
            raise InvalidInput("Add --name with the host name that other machines call this server by.")
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    # named, because asyncio turns Nagle's algorithm off only for sockets that say they are TCP
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((str(address), port))
    except OSError as error:
        listener.close()
        raise InvalidInput(
            f"Choose another --port or --host than {port} at {address}: {error.strerror}."
        ) from None
    return listener


def host_name(header: bytes | None) -> str | None:
    """The name in a Host header, without the port; None where it is no name."""
    match = HOST.fullmatch((header or b"").decode("latin-1").lower())
    return None if match is None else match["name"]


def url_of(host: str, port: int) -> str:
    """Where a server answers."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
