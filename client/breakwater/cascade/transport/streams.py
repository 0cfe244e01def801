"""Names and formats that both ends share.

Symbols are spread over a fixed number of partitions, one Stream each. All of a symbol's state depends on its
own events alone, so whoever reads a partition finds what anybody would: the number of consumers changes
nothing. An entry holds some events of one partition and the symbols they number, or a time for its clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
import redis

from breakwater.errors import InvalidInput

from ..events import EVENT, Event, Events, pack
from ..signals import Signal

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "GROUP",
    "PARTITIONS",
    "SIGNALS",
    "connected",
    "decode",
    "encode",
    "partition",
    "signal_json",
    "stream_of",
]

PARTITIONS = 16
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
    rows = pack(events, lambda symbol: names.setdefault(symbol, len(names)))
    return {b"s": msgspec.json.encode(list(names)), b"e": rows.tobytes()}


def decode(fields: dict[bytes, bytes]) -> tuple[list[str], Events]:
    """An entry's symbols and events.

    Raises:
        InvalidInput: somebody else has written it.
    """
    try:
        symbols = msgspec.json.decode(fields[b"s"], type=list[str])
        events = np.frombuffer(fields[b"e"], EVENT)
    except (KeyError, ValueError, msgspec.DecodeError):
        raise InvalidInput("Remove what is not ours from the Streams breakwater:cascade:*.") from None
    if len(events) and not 0 <= events["symbol"].min() <= events["symbol"].max() < len(symbols):
        raise InvalidInput("Remove what is not ours from the Streams breakwater:cascade:*.")
    return symbols, events


def signal_json(signal: Signal) -> bytes:
    """As it is told."""
    return msgspec.json.encode(signal.as_dict())


def connected(url: str) -> redis.Redis:
    """A client that waits at most a few seconds for anything."""
    return redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=10)
