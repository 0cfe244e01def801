"""A consumer of the group: owns partitions, keeps their engines, and never counts an entry twice.

A partition has one owner at a time, by a lease in Redis that the owner renews and every write checks. What
entries change is written in one transaction: their signals, the state of their symbols, the newest entry's
number, and their acknowledgement. Whatever is cut off, the transaction happened or it did not; the next owner
begins from the state and the number that are there, and does again what they do not contain. Entries that
bring no signal wait up to half a second for the transaction, because a symbol's state is large. Live signals
are published before it, so that nobody waits for it: after a crash the channel may repeat one, the Stream
never does.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import redis
import structlog

from breakwater.errors import InvalidInput

from ..engine import Engine, warm
from .streams import (
    FEW,
    FOREIGN,
    GROUP,
    PARTITIONS,
    SIGNALS,
    connected,
    decode,
    decode_few,
    signal_json,
    stream_of,
    told,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..model import Model
    from ..signals import Signal

__all__ = ["Worker"]

LEASE_MS = 3_000
READ = 64
WRITE_S = 0.5
WRITE_AT = 2_000
STATE = "breakwater:cascade:state:"
OWNER = "breakwater:cascade:owner:"

log = structlog.get_logger(__name__)

# what entries did, if the partition is still ours and stands where we began: lease, state, stream, signals;
# owner, milliseconds, group, newest number before and now, how many entries and states follow; they; signals
COMMIT = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('FENCED') end
if (redis.call('HGET', KEYS[2], ':last') or '0-0') ~= ARGV[4] then return redis.error_reply('FENCED') end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local entries, states, i = tonumber(ARGV[6]), tonumber(ARGV[7]), 8
redis.call('XACK', KEYS[3], ARGV[3], unpack(ARGV, i, i + entries - 1))
i = i + entries
for _ = 1, states do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]); i = i + 2 end
redis.call('HSET', KEYS[2], ':last', ARGV[5])
while ARGV[i] do
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', 100000, '*', 'signal', ARGV[i])
  i = i + 1
end
return 1
"""


@dataclass(slots=True)
class _Part:
    """A partition that is ours: its engine, the newest entry it has seen, and what is not written yet."""

    engine: Engine
    newest: bytes
    written: bytes
    entries: list[bytes] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    signals: list[Signal] = field(default_factory=list)
    since_s: float = 0.0


class Worker:
    """One consumer; `step` does some work, whoever else does the rest.

    Args:
        url: of Redis.
        name: the consumer's, its own among all.
        model: what was learnt; None takes the package's.
        most: partitions it takes at most.
        on_signal: is told what this worker has made known.
        lateness_ms: of its engines.
    """

    def __init__(
        self,
        url: str,
        name: str = "",
        *,
        model: Model | None = None,
        most: int = PARTITIONS,
        on_signal: Callable[[Signal], None] = lambda _: None,
        lateness_ms: int = 200,
        capacity: int = 100,
    ) -> None:
        self.name = name or secrets.token_hex(6)
        self.entries = 0
        self.foreign = 0
        self.rebuilt = 0
        self._pool = connected(url)
        warm()
        self._model, self._most, self._on_signal = model, most, on_signal
        self._lateness, self._capacity = lateness_ms, capacity
        self._parts: dict[int, _Part] = {}
        self._look_again = 0.0
        self._away = False

    @property
    def owned(self) -> list[int]:
        """Its partitions."""
        return sorted(self._parts)

    def step(self, block_ms: int = 50) -> int:
        """Take over free partitions, do what waits in the own ones; how many entries were done.

        Redis away is no error: 0, and the next step tries again from what Redis remembers.

        Raises:
            InvalidInput: Redis does not let us in.
        """
        try:
            if self._look_again == 0.0:
                self._prepare()
            self._take_over()
            done = self._read(block_ms)
            for number, part in list(self._parts.items()):
                late = len(part.entries) >= WRITE_AT or time.monotonic() - part.since_s >= WRITE_S
                if part.entries and (late or not done):
                    self._write(number, part)
        except redis.AuthenticationError:
            raise InvalidInput("Give --redis with the password that this Redis wants.") from None
        except redis.RedisError as error:  # away, or refuses for now: its disk or its memory is full
            if not self._away:
                log.warning("redis_away", worker=self.name, error=told(error))
            self._away = True
            # a transaction of unknown fate may have happened: only Redis knows where we are
            self._parts.clear()
            self._look_again = 0.0
            return 0
        if self._away:
            log.warning("redis_back", worker=self.name)
        self._away = False
        return done

    def release(self) -> None:
        """Write what is not written, and give the partitions back, so that others need not wait for the
        lease to end; Redis away is no error."""
        try:
            for number, part in list(self._parts.items()):
                if part.entries:
                    self._write(number, part)
                if self._redis.get(OWNER + str(number)) == self.name.encode():
                    self._redis.delete(OWNER + str(number))
        except redis.RedisError as error:
            log.warning("redis_away", worker=self.name, error=told(error))
        self._parts.clear()

    def _prepare(self) -> None:
        # one connection, so that its end is noticed and not mended by taking another
        self._redis: redis.Redis = self._pool.client()  # type: ignore[no-untyped-call]
        self._commit = self._redis.register_script(COMMIT)
        for part in range(PARTITIONS):
            try:
                self._redis.xgroup_create(stream_of(part), GROUP, id="0", mkstream=True)
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    def _take_over(self) -> None:
        now = time.monotonic()
        if now < self._look_again:
            return
        owners: Any = self._redis.mget([OWNER + str(part) for part in range(PARTITIONS)])
        ours = {part for part, owner in enumerate(owners) if owner == self.name.encode()}
        for part in set(self._parts) - ours:
            log.info("lease_lost", worker=self.name, partition=part)
            del self._parts[part]
        with self._redis.pipeline(transaction=False) as pipe:
            for part in ours:
                pipe.pexpire(OWNER + str(part), LEASE_MS)
            pipe.execute()
        for part in [part for part, owner in enumerate(owners) if owner is None]:
            if len(self._parts) < self._most and self._redis.set(
                OWNER + str(part), self.name, nx=True, px=LEASE_MS
            ):
                self._restore(part)
        for part in ours - set(self._parts):
            self._restore(part)
        self._look_again = now + LEASE_MS / 4000

    def _restore(self, number: int) -> None:
        engine = Engine(self._model, capacity=self._capacity, lateness_ms=self._lateness)
        state: Any = self._redis.hgetall(STATE + str(number))
        last = state.pop(b":last", b"0-0")
        for symbol in sorted(state):
            engine.restore(symbol.decode(), state[symbol])
        self._parts[number] = _Part(engine, last, last)
        self.rebuilt += 1
        # what others have taken and not finished comes first
        begin: Any = b"0-0"
        while number in self._parts:
            found: Any = self._redis.xautoclaim(
                stream_of(number), GROUP, self.name, min_idle_time=0, start_id=begin, count=WRITE_AT
            )
            begin = found[0]
            self._do(number, found[1])
            if begin == b"0-0":
                break

    def _read(self, block_ms: int) -> int:
        if not self._parts:
            return 0
        streams: dict[Any, Any] = {stream_of(part): ">" for part in self._parts}
        found: Any = self._redis.xreadgroup(GROUP, self.name, streams, count=READ, block=block_ms)
        numbers = {stream_of(part).encode(): part for part in self._parts}
        return sum(self._do(numbers[stream], entries) for stream, entries in found or ())

    def _do(self, number: int, entries: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> int:
        part = self._parts[number]
        signals: list[Signal] = []
        for entry, fields in entries:
            if not part.entries:
                part.since_s = time.monotonic()
            part.entries.append(entry)
            if not fields or _order(entry) <= _order(part.newest):  # trimmed, or done already
                continue
            part.newest = entry
            try:
                part.touched |= self._apply(part.engine, fields, signals)
            except InvalidInput as error:
                self.foreign += 1
                log.warning("entry_ignored", partition=number, entry=entry.decode(), error=str(error))
        if signals:
            part.signals += signals
            for signal in signals:
                self._redis.publish(SIGNALS, signal_json(signal))
        if part.signals or len(part.entries) >= WRITE_AT:
            self._write(number, part)
        return len(entries)

    def _apply(self, engine: Engine, fields: dict[bytes, bytes], signals: list[Signal]) -> set[str]:
        if b"t" in fields:
            try:
                time_ms = int(fields[b"t"])
            except ValueError:
                raise InvalidInput(FOREIGN) from None
            signals += engine.clock(time_ms)
            return set(engine.symbols)
        if len(fields.get(b"e", b"")) <= FEW:
            few = decode_few(fields)
            for event in few:
                signals += engine.push(event)
            return {event.symbol for event in few}
        symbols, events = decode(fields)
        numbered = events.copy()
        if len(events):
            lookup = [engine.number(symbol) for symbol in symbols]
            numbered["symbol"] = [lookup[i] for i in events["symbol"].tolist()]
        signals += engine.process(numbered)
        return set(symbols)

    def _write(self, number: int, part: _Part) -> None:
        keys = [OWNER + str(number), STATE + str(number), stream_of(number), SIGNALS]
        states = [
            item for symbol in sorted(part.touched) for item in (symbol, part.engine.checkpoint(symbol))
        ]
        head = (self.name, LEASE_MS, GROUP, part.written, part.newest, len(part.entries), len(states) // 2)
        signals = map(signal_json, part.signals)
        try:
            self._commit(keys=keys, args=[*head, *part.entries, *states, *signals])
        except redis.ResponseError as error:
            if "FENCED" not in str(error):
                raise
            log.info("lease_lost", worker=self.name, partition=number)
            del self._parts[number]
            return
        self.entries += len(part.entries)
        for signal in part.signals:
            self._on_signal(signal)
        part.written = part.newest
        part.entries, part.touched, part.signals = [], set(), []

    def close(self) -> None:
        """Close the connection; the lease ends by itself."""
        self._pool.close()


def _order(entry: bytes) -> tuple[int, int]:
    first, _, second = entry.partition(b"-")
    return int(first), int(second or b"0")
