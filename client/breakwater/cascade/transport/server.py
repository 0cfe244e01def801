"""A redis-server of our own on loopback, with a log on disk."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import redis

from breakwater.errors import EngineUnavailable

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

__all__ = ["RedisServer"]

START_S = 30.0
SOCKET = "socket"


class RedisServer:
    """Runs while the block does; `kill` and `start` lose nothing that was acknowledged.

    Args:
        directory: where its log lies; an existing one is taken up again.
        port: 0 takes a free one.
        sync: when its log is synced: `everysec`, or `always`, before any answer.
    """

    def __init__(self, directory: Path, port: int = 0, *, sync: str = "always") -> None:
        self.directory = directory
        self.port = port or _free_port()
        self.sync = sync
        self.password = secrets.token_urlsafe(16)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """With the password: not for logs."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def socket_url(self) -> str:
        """The same over a socket in the directory, which is quicker; its path must be short."""
        return f"unix://:{self.password}@{self.directory / SOCKET}?db=0"

    def start(self) -> None:
        """Start, and wait until it answers.

        Raises:
            EngineUnavailable: there is no redis-server, or it does not answer.
        """
        binary = shutil.which("redis-server")
        if binary is None:
            raise EngineUnavailable(
                "Install redis-server (Debian: apt-get install redis-server; scripts/setup does)."
            )
        self.directory.mkdir(parents=True, exist_ok=True)
        settings = (
            f'bind 127.0.0.1\nport {self.port}\ndir {self.directory}\nsave ""\nappendonly yes\n'
            f"appendfsync {self.sync}\nrequirepass {self.password}\ndaemonize no\nloglevel warning\n"
            f"unixsocket {SOCKET}\nunixsocketperm 700\n"
        )
        # on standard input, so that no argument shows the password
        self._process = subprocess.Popen(
            [binary, "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C is for who started it
        )
        try:
            assert self._process.stdin is not None  # noqa: S101 - it is a pipe
            self._process.stdin.write(settings.encode())
            self._process.stdin.close()
            self._wait(self._process)
        except BaseException:  # Ctrl-C, too: it is not reached by that itself
            self.kill()
            raise

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + START_S
        with redis.Redis.from_url(self.url, socket_connect_timeout=1) as client:
            while True:
                try:
                    client.ping()
                except redis.RedisError:
                    if process.poll() is not None or time.monotonic() > end:
                        raise EngineUnavailable(
                            f"Look at redis-server: it does not answer on {self.port}."
                        ) from None
                    time.sleep(0.02)
                else:
                    return

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> RedisServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
