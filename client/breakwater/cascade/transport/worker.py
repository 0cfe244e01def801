"""A consumer of the group: owns partitions, keeps their engines, and never counts an entry twice.

A partition has one owner at a time, by a lease in Redis that the owner renews and every write checks. What
an entry changes is written in one transaction: its signals, the state of its symbols, the number of the
entry, and its acknowledgement. Whatever is cut off, the transaction happened or it did not; the next owner
begins from the state and the number that are there, and skips what they contain. Live signals are published
before that, so that nobody waits for the disk twice: after a crash the channel may repeat one, the Stream
never does.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

import redis
import structlog

from ..engine import Engine
from .streams import GROUP, PARTITIONS, SIGNALS, connected, decode, signal_json, stream_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ..model import Model
    from ..signals import Signal

__all__ = ["Worker"]

LEASE_MS = 3_000
READ = 64
STATE = "breakwater:cascade:state:"
OWNER = "breakwater:cascade:owner:"
FENCED = "the lease is another's"

log = structlog.get_logger(__name__)

# what an entry did, if the partition is still ours: lease, state, stream, signals; owner, entries ...,
# signals ...
COMMIT = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('FENCED') end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local entries, states, i = tonumber(ARGV[4]), tonumber(ARGV[5]), 6
for _ = 1, entries do redis.call('XACK', KEYS[3], ARGV[3], ARGV[i]); redis.call('HSET', KEYS[2], ':last',
ARGV[i]); i = i + 1 end for _ = 1, states do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]); i = i + 2 end
while ARGV[i] do
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', 100000, '*', 'signal', ARGV[i])
  i = i + 1
end
return 1
"""


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
        self.rebuilt = 0
        self._redis = connected(url)
        self._model, self._most, self._on_signal = model, most, on_signal
        self._lateness, self._capacity = lateness_ms, capacity
        self._engines: dict[int, tuple[Engine, tuple[int, int]]] = {}
        self._commit = self._redis.register_script(COMMIT)
        self._ready = False
        self._look_again = 0.0

    @property
    def owned(self) -> list[int]:
        """Its partitions."""
        return sorted(self._engines)

    def step(self, block_ms: int = 50) -> int:
        """Take over free partitions, do what waits in the own ones; how many entries were done.

        Redis away is no error: 0, and the next step tries again from what Redis remembers.
        """
        try:
            if not self._ready:
                self._prepare()
            self._take_over()
            return self._read(block_ms)
        except (redis.ConnectionError, redis.TimeoutError) as error:
            log.warning("redis_away", worker=self.name, error=type(error).__name__)
            # a transaction of unknown fate may have happened: only Redis knows where we are
            self._engines.clear()
            self._look_again = 0.0
            return 0

    def release(self) -> None:
        """Give the partitions back, so that others need not wait for the lease to end."""
        for part in list(self._engines):
            self._drop(part)
            if self._redis.get(OWNER + str(part)) == self.name.encode():
                self._redis.delete(OWNER + str(part))

    def _prepare(self) -> None:
        for part in range(PARTITIONS):
            try:
                self._redis.xgroup_create(stream_of(part), GROUP, id="0", mkstream=True)
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise
        self._ready = True

    def _take_over(self) -> None:
        now = time.monotonic()
        if now < self._look_again:
            return
        self._look_again = now + LEASE_MS / 4000
        owners: Any = self._redis.mget([OWNER + str(part) for part in range(PARTITIONS)])
        for part, owner in enumerate(owners):
            key, ours = OWNER + str(part), owner == self.name.encode()
            if part in self._engines and not ours:
                self._drop(part)
            elif ours:
                self._redis.pexpire(key, LEASE_MS)
            elif owner is None and len(self._engines) < self._most:
                ours = bool(self._redis.set(key, self.name, nx=True, px=LEASE_MS))
            if ours and part not in self._engines:
                self._restore(part)

    def _drop(self, part: int) -> None:
        self._engines.pop(part, None)

    def _restore(self, part: int) -> None:
        engine = Engine(self._model, capacity=self._capacity, lateness_ms=self._lateness)
        state: Any = self._redis.hgetall(STATE + str(part))
        last = state.pop(b":last", b"0-0")
        for symbol in sorted(state):
            engine.restore(symbol.decode(), state[symbol])
        self._engines[part] = (engine, _entry_number(last))
        self.rebuilt += 1
        # what others have taken and not finished comes first
        pending: Any = self._redis.xautoclaim(
            stream_of(part), GROUP, self.name, min_idle_time=0, count=10_000
        )
        self._do(part, pending[1])

    def _read(self, block_ms: int) -> int:
        if not self._engines:
            return 0
        streams: dict[Any, Any] = {stream_of(part): ">" for part in self._engines}
        found: Any = self._redis.xreadgroup(GROUP, self.name, streams, count=READ, block=block_ms)
        numbers = {stream_of(part).encode(): part for part in self._engines}
        return sum(self._do(numbers[stream], entries) for stream, entries in found or ())

    def _do(self, part: int, entries: Sequence[tuple[bytes, dict[bytes, bytes]]]) -> int:
        if not entries:
            return 0
        engine, last = self._engines[part]
        signals: list[Signal] = []
        touched: set[str] = set()
        for number, fields in entries:
            if not fields or _entry_number(number) <= last:  # trimmed, or done already
                continue
            last = _entry_number(number)
            touched |= self._apply(engine, fields, signals)
        told = list(map(signal_json, signals))
        for text in told:
            self._redis.publish(SIGNALS, text)
        if self._written(part, engine, [number for number, _ in entries], touched, told):
            self._engines[part] = (engine, last)
            self.entries += len(entries)
            for signal in signals:
                self._on_signal(signal)
            return len(entries)
        return 0

    def _apply(self, engine: Engine, fields: dict[bytes, bytes], signals: list[Signal]) -> set[str]:
        if b"t" in fields:
            signals += engine.clock(int(fields[b"t"]))
            return set(engine.symbols)
        symbols, events = decode(fields)
        numbered = events.copy()
        if len(events):
            lookup = [engine.number(symbol) for symbol in symbols]
            numbered["symbol"] = [lookup[i] for i in events["symbol"].tolist()]
        signals += engine.process(numbered)
        return set(symbols)

    def _written(
        self, part: int, engine: Engine, numbers: list[bytes], touched: Iterable[str], told: list[bytes]
    ) -> bool:
        keys = [OWNER + str(part), STATE + str(part), stream_of(part), SIGNALS]
        states = [item for symbol in sorted(touched) for item in (symbol, engine.checkpoint(symbol))]
        values: list[Any] = [self.name, LEASE_MS, GROUP, len(numbers), len(states) // 2, *numbers, *states]
        try:
            self._commit(keys=keys, args=[*values, *told])
        except redis.ResponseError as error:
            if "FENCED" not in str(error):
                raise
            log.info("lease_lost", worker=self.name, partition=part)
            self._drop(part)
            return False
        return True

    def close(self) -> None:
        """Close the connection; the lease ends by itself."""
        self._redis.close()


def _entry_number(entry: bytes) -> tuple[int, int]:
    first, _, second = entry.partition(b"-")
    return int(first), int(second or b"0")
