"""Names and formats that both ends share.

Symbols are spread over a fixed number of partitions, one Stream each. All of a symbol's state depends on its
own events alone, so whoever reads a partition finds what anybody would: the number of consumers changes
nothing. An entry holds some events of one partition and the symbols they number, or a time for its clock.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from breakwater.errors import InvalidInput

from ..events import EVENT, Event, Events, Exchange, Kind, Side
from ..signals import Signal

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "FEW",
    "FOREIGN",
    "GROUP",
    "PARTITIONS",
    "SIGNALS",
    "connected",
    "decode",
    "decode_few",
    "encode",
    "partition",
    "signal_json",
    "stream_of",
    "told",
]

PARTITIONS = 16
FEW = 16 * EVENT.itemsize
"""Bytes of events up to which `decode_few` is quicker."""

ROW: Final = struct.Struct("<qqqdibbbb")
"""A row of EVENT."""

VENUES: Final = tuple(Exchange)
KINDS: Final = tuple(Kind)
SIDES: Final = tuple(Side)
FOREIGN: Final = "Remove what is not ours from the Streams breakwater:cascade:*."
GROUP = "engines"
SIGNALS = "breakwater:cascade:signals"
"""Stream and channel of the signals, as JSON in the field `signal`."""


def partition(symbol: str) -> int:
    """A symbol's partition, the same on every machine."""
    total = 2166136261
    for byte in symbol.encode():
        total = (total ^ byte) * 16777619 & 0xFFFFFFFF
    return total % PARTITIONS


def stream_of(part: int) -> str:
    """The Stream of a partition."""
    return f"breakwater:cascade:events:{part}"


def encode(events: Sequence[Event]) -> dict[bytes, bytes]:
    """An entry's fields; the events are of one partition."""
    names: dict[str, int] = {}
    rows = [
        ROW.pack(
            e.time_ms, e.identity, e.micro_usd, e.value,
            names.setdefault(e.symbol, len(names)), e.exchange, e.kind, e.side, 0,
        )
        for e in events
    ]  # fmt: skip
    return {b"s": msgspec.json.encode(list(names)), b"e": b"".join(rows)}


def decode(fields: dict[bytes, bytes]) -> tuple[list[str], Events]:
    """An entry's symbols and events.

    Raises:
        InvalidInput: somebody else has written it.
    """
    try:
        symbols = msgspec.json.decode(fields[b"s"], type=list[str])
        events = np.frombuffer(fields[b"e"], EVENT)
    except (KeyError, ValueError, msgspec.DecodeError):
        raise InvalidInput(FOREIGN) from None
    if len(events) and not 0 <= events["symbol"].min() <= events["symbol"].max() < len(symbols):
        raise InvalidInput(FOREIGN)
    return symbols, events


def decode_few(fields: dict[bytes, bytes]) -> list[Event]:
    """An entry's events as values: quicker than an array for a handful.

    Raises:
        InvalidInput: somebody else has written it.
    """
    try:
        symbols = msgspec.json.decode(fields[b"s"], type=list[str])
        found = []
        for t, i, u, v, s, e, k, d, _ in ROW.iter_unpack(fields[b"e"]):
            if min(s, e, k, d) < 0:
                raise InvalidInput(FOREIGN)
            found.append(Event(t, VENUES[e], symbols[s], KINDS[k], SIDES[d], u, v, i))
    except (KeyError, ValueError, IndexError, struct.error, msgspec.DecodeError):
        raise InvalidInput(FOREIGN) from None
    return found


def signal_json(signal: Signal) -> bytes:
    """As it is told."""
    return msgspec.json.encode(signal.as_dict())


def connected(url: str) -> redis.Redis:
    """A client that waits at most a few seconds for anything, and never tries again by itself: whoever loses
    a connection must know, for what Redis remembers may be older than what it told.

    Raises:
        InvalidInput: this is no address of Redis.
    """
    try:
        return redis.Redis.from_url(
            url, socket_connect_timeout=2, socket_timeout=10, retry=Retry(NoBackoff(), 0)
        )
    except ValueError:
        raise InvalidInput("Give --redis as redis://[:PASSWORD@]HOST:PORT/DB or unix://PATH.") from None


def told(error: redis.RedisError) -> str:
    """What a refusal says, of a lost connection only its kind: its text may hold the address."""
    return str(error)[:120] if isinstance(error, redis.ResponseError) else type(error).__name__
