"""Writes events to the Streams, and does not lose them while Redis is away."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

import redis
import structlog

from .streams import PARTITIONS, connected, encode, partition, stream_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..events import Event

__all__ = ["Producer"]

log = structlog.get_logger(__name__)


class Producer:
    """Keeps what is not acknowledged yet and sends it again; the engine counts an event once.

    Args:
        url: of Redis.
        longest: entries a Stream keeps, about.
        waiting: most entries kept while Redis is away; beyond it the oldest is given up, and counted.
    """

    def __init__(self, url: str, *, longest: int = 1_000_000, waiting: int = 100_000) -> None:
        self._redis = connected(url)
        self._longest, self._most = longest, waiting
        self._waiting: deque[tuple[str, dict[bytes, bytes]]] = deque()
        self.sent = 0
        self.given_up = 0

    @property
    def waiting(self) -> int:
        """Entries that Redis has not acknowledged."""
        return len(self._waiting)

    def send(self, events: Sequence[Event]) -> bool:
        """Take events over; whether all that waits has reached Redis."""
        parts: dict[int, list[Event]] = {}
        for event in events:
            parts.setdefault(partition(event.symbol), []).append(event)
        for part, those in parts.items():
            self._queue(stream_of(part), encode(those))
        return self.flush()

    def clock(self, time_ms: int) -> bool:
        """Tell every partition that no event before this time is to be waited for."""
        for part in range(PARTITIONS):
            self._queue(stream_of(part), {b"t": str(time_ms).encode()})
        return self.flush()

    def _queue(self, stream: str, fields: dict[bytes, bytes]) -> None:
        if len(self._waiting) >= self._most:
            self._waiting.popleft()
            self.given_up += 1
        self._waiting.append((stream, fields))

    def flush(self) -> bool:
        """Send what waits, in order; False when Redis is away."""
        while self._waiting:
            some = [self._waiting[i] for i in range(min(256, len(self._waiting)))]
            try:
                with self._redis.pipeline(transaction=True) as pipe:
                    for stream, fields in some:
                        pipe.xadd(stream, fields, maxlen=self._longest, approximate=True)  # type: ignore[arg-type]
                    pipe.execute()
            except (redis.ConnectionError, redis.TimeoutError) as error:
                log.warning("redis_away", error=type(error).__name__, waiting=len(self._waiting))
                return False
            for _ in some:
                self._waiting.popleft()
            self.sent += len(some)
        return True

    def drain(self, seconds: float) -> bool:
        """Try until everything is sent, for so long."""
        end = time.monotonic() + seconds
        while not self.flush():
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()
