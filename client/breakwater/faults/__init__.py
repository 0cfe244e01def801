"""A bad network to order: proxies that delay, lose, cut, limit and lie, between a client and its server.

::

    async with Endpoint(url, PUBLIC) as endpoint:      # JSON-RPC: 429s, latency, replicas that lag
        engine = RpcEngine(endpoint.url)

    async with Wire("127.0.0.1", port, Weather(loss=0.05)) as wire:     # any TCP: Redis, WebSockets, HTTP
        wire.weather = CLEAR

What a proxy does is a value (`Weather`, `Manners`) that may be replaced while it runs; chance is seeded.
"""

from .endpoint import Endpoint
from .manners import HONEST, LYING, PROFILES, PUBLIC, Limit, Manners
from .replica import Replica
from .weather import CLEAR, Weather
from .wire import Wire

__all__ = [
    "CLEAR",
    "HONEST",
    "LYING",
    "PROFILES",
    "PUBLIC",
    "Endpoint",
    "Limit",
    "Manners",
    "Replica",
    "Weather",
    "Wire",
]
