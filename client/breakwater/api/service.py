"""The server as a service: one exchange in, HTTP out, until told to stop."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
import uvicorn

from breakwater import trading
from breakwater.limits import MARKET_REQUESTS, ORDER_REQUESTS
from breakwater.serving import LOOPBACK_NAMES, Server, bound, url_of
from breakwater.serving_patience import Patient

from .clients import Limits
from .exchange import Exchange
from .gate import Gate, GateRules
from .metrics import Metrics
from .reader import CachedEngine
from .relay import Relay
from .routes import Endpoints, application
from .store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from breakwater.chain.engine import EmbeddedEngine, RpcEngine

    from .clients import Tokens

__all__ = ["ApiConfig", "Serving", "serving"]

GRACE_S = 15
"""How long requests in flight may take at the end."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ApiConfig:
    """How to serve.

    Args:
        tokens: whose holders may POST.
        store: the file of orders.
        host: the address to listen at; other than loopback only with `allow_remote`.
        port: 0 takes a free one.
        names: by which the server may be called besides those of loopback.
        allow_remote: listen for other machines.
        market_requests, order_requests: in any 10 s, per client.
        cache_slots: for how many slots an answer of the chain stands.
        body_bytes: the longest body.
    """

    tokens: Tokens
    store: Path
    host: str = "127.0.0.1"
    port: int = 0
    names: frozenset[str] = field(default_factory=frozenset)
    allow_remote: bool = False
    market_requests: int = MARKET_REQUESTS
    order_requests: int = ORDER_REQUESTS
    cache_slots: int = 1
    body_bytes: int = 16_384


@dataclass(frozen=True, slots=True)
class Serving:
    """A server that answers."""

    host: str
    port: int
    metrics: Metrics
    store: Store

    @property
    def url(self) -> str:
        """Where it answers."""
        return url_of(self.host, self.port)


@asynccontextmanager
async def serving(engine: EmbeddedEngine | RpcEngine, config: ApiConfig) -> AsyncIterator[Serving]:
    """Serve while the block runs; then answer what is in flight, end orders under way, close the store.

    Raises:
        InvalidInput: there is no exchange, another server has the store, or the address cannot be served.
        Retryable: the node does not answer.
    """
    listener = bound(config.host, config.port, remote_names=config.names if config.allow_remote else None)
    try:
        await trading.read_config(engine)
        metrics = Metrics()
        store = Store(config.store, on_write=metrics.store_seconds.observe)
    except BaseException:
        listener.close()
        raise
    cached = CachedEngine(engine, config.cache_slots, on_hit=metrics.hit, on_miss=metrics.missed)
    relay = Relay(engine, cached, store, metrics)
    endpoints = Endpoints(Exchange(cached), relay, metrics)
    routes = endpoints.routes()
    rules = GateRules(
        config.tokens,
        Limits(config.market_requests, config.order_requests),
        LOOPBACK_NAMES | frozenset(each.lower() for each in config.names),
        config.body_bytes,
    )
    server = Server(
        uvicorn.Config(
            Gate(application(endpoints, routes), rules, metrics, routes),
            http=Patient,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # whoever may forge an address would have no limit
            server_header=False,
            headers=[("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")],
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    host, port = listener.getsockname()[:2]
    try:
        await relay.resume()
        running = asyncio.create_task(server.serve([listener]))
        try:
            await server.listening.wait()
            log.info("api_started", host=host, port=port, engine=engine.name)
            yield Serving(host, port, metrics, store)
        finally:
            relay.hurry()
            server.should_exit = True
            await running
    finally:
        await relay.close()
        await store.close()
        log.info("api_stopped")
