"""Writes events to the Streams, and does not lose them while Redis is away or comes back without its end.

Entries are numbered. The number of the newest one that Redis has is written in the same step as the entries,
so an entry of unknown fate is neither lost nor written twice. What has been sent is held for a few seconds
more: a Redis that syncs its log once a second (`appendfsync everysec`) may have lost as much when it comes
back, and then it knows an older number and is sent the rest again.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import redis
import structlog

from breakwater.errors import InvalidInput

from .streams import PARTITIONS, connected, encode, partition, stream_of, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..events import Event

__all__ = ["Producer"]

HOLD_S = 10.0
"""How long a sent entry is held; `everysec` writes after one second, after two when the disk is slow."""

LOOK_S = 1.0
AT_ONCE = 256
NEWEST = "breakwater:cascade:producer:"
REMEMBERED_S = 86_400

log = structlog.get_logger(__name__)

# the newest number of the producer; its first one here, "1" to write whatever is missing before, ...
PRODUCE = f"""
local known = tonumber(redis.call('GET', KEYS[1]) or '0')
local number, i = tonumber(ARGV[1]), 4
if known + 1 < number and ARGV[2] ~= '1' then return known end
while ARGV[i] do
  local width = tonumber(ARGV[i + 1])
  if number > known then
    redis.call('XADD', ARGV[i], 'MAXLEN', '~', ARGV[3], '*', unpack(ARGV, i + 2, i + 1 + width))
  end
  number, i = number + 1, i + 2 + width
end
if number - 1 > known then redis.call('SET', KEYS[1], number - 1, 'EX', {REMEMBERED_S}) end
return known
"""


class _Entry(NamedTuple):
    number: int
    stream: str
    fields: dict[bytes, bytes]
    sent_s: float = 0.0


class Producer:
    """Keeps what is not acknowledged yet, and for a while what is; Redis takes an entry once.

    Args:
        url: of Redis.
        longest: entries a Stream keeps, about.
        waiting: most entries kept while Redis is away, and most held afterwards; beyond it the oldest is
            given up, and counted if it had not been sent.
    """

    def __init__(self, url: str, *, longest: int = 1_000_000, waiting: int = 100_000) -> None:
        self._redis = connected(url)
        self._produce = self._redis.register_script(PRODUCE)
        self._key = NEWEST + secrets.token_hex(8)
        self._longest, self._most = longest, waiting
        self._waiting: deque[_Entry] = deque()
        self._held: deque[_Entry] = deque(maxlen=waiting)
        self._number = 0
        self._looked_s = 0.0
        self._away = False
        self.sent = 0
        self.given_up = 0
        self.repeated = 0

    @property
    def waiting(self) -> int:
        """Entries that Redis has not acknowledged."""
        return len(self._waiting)

    @property
    def held(self) -> int:
        """Entries that Redis has acknowledged, and might not have on its disk."""
        return len(self._held)

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
        self._number += 1
        self._waiting.append(_Entry(self._number, stream, fields))

    def flush(self) -> bool:
        """Send what waits, in order, and see to it that Redis still has what was sent; False when it is away.

        Raises:
            InvalidInput: Redis does not let us in.
        """
        now = time.monotonic()
        while self._held and self._held[0].sent_s < now - HOLD_S:
            self._held.popleft()
        try:
            if self._held and not self._waiting and now - self._looked_s >= LOOK_S:
                self._went_back(self._write([], force=False))
            force = False
            while self._waiting:
                some = [self._waiting[i] for i in range(min(AT_ONCE, len(self._waiting)))]
                known = self._write(some, force=force)
                if known + 1 < some[0].number and not force:
                    self._went_back(known)
                    force = True  # what is not held any more is on its disk, or was given up
                    continue
                force = False
                for entry in some:
                    self._held.append(entry._replace(sent_s=time.monotonic()))
                    self._waiting.popleft()
                self.sent += len(some)
        except redis.AuthenticationError:
            raise InvalidInput("Give --redis with the password that this Redis wants.") from None
        except redis.RedisError as error:  # away, or refuses for now: its disk or its memory is full
            if not self._away:
                log.warning("redis_away", error=told(error), waiting=len(self._waiting))
            self._away = True
            return False
        if self._away:
            log.warning("redis_back", repeated=self.repeated)
        self._away = False
        return True

    def _write(self, some: Sequence[_Entry], *, force: bool) -> int:
        """Write entries unless some before them are missing; the newest number Redis knew before."""
        first = some[0].number if some else self._number + 1
        values: list[Any] = [first, int(force), self._longest]
        for entry in some:
            values += (entry.stream, 2 * len(entry.fields))
            for item in entry.fields.items():
                values += item
        self._looked_s = time.monotonic()
        return int(self._produce(keys=[self._key], args=values))

    def _went_back(self, known: int) -> None:
        """Let what Redis does not know wait again."""
        while self._held and self._held[-1].number > known:
            self._waiting.appendleft(self._held.pop())
            self.sent -= 1
            self.repeated += 1

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
