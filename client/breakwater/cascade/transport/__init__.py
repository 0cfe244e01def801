"""Redis between feeds and engines: Streams for events that must not be lost, pub/sub for live signals."""

from __future__ import annotations

from .producer import Producer
from .server import RedisServer
from .streams import PARTITIONS, SIGNALS, partition
from .worker import Worker

__all__ = ["PARTITIONS", "SIGNALS", "Producer", "RedisServer", "Worker", "partition"]
