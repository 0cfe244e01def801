"""Drills between the oracle and Polymarket: a price is fresh, or said to be old, and never made up."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from breakwater.limits import market_limiter
from breakwater.oracle.settings import OracleSettings
from breakwater.oracle.sources import GammaSource
from breakwater.oracle.sources._rest import Rest
from breakwater.serving import Server, bound, url_of

from .endpoint import Endpoint
from .manners import HONEST, Limit, Manners
from .model import Drill, DrillResult

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from breakwater.model import Tick

__all__ = ["DRILLS"]

SLUG: Final = "drill-up-or-down"
TICK: Final = 0.001
FAULT_S: Final = 6.0
PATIENCE_S: Final = 60.0
BEHIND: Final = 3
"""Answers by which the last price may be behind at the end, once the source is well."""

LAP: Final = 500
"""Answers after which prices begin anew."""


class _Venue:
    """Answers as Gamma does, with a price that rises by a step at every question."""

    def __init__(self) -> None:
        self.asked = 0

    @staticmethod
    def price(number: int) -> float:
        """Of the answer of that number."""
        return round(0.2 + TICK * (number % LAP), 3)

    async def answer(self, _: Request) -> Response:
        """One market."""
        self.asked += 1
        price = self.price(self.asked)
        market = {
            "id": "1", "slug": SLUG, "conditionId": "0x01", "question": "?", "active": True, "closed": False,
            "outcomes": '["Up", "Down"]', "outcomePrices": json.dumps([f"{price:.3f}", f"{1 - price:.3f}"]),
            "clobTokenIds": '["71", "72"]',
            "bestBid": round(price - TICK, 3), "bestAsk": round(price + TICK, 3),
            "orderPriceMinTickSize": TICK, "endDate": "2030-01-01T00:00:00Z",
        }  # fmt: skip
        return Response(json.dumps([market]), media_type="application/json")


@asynccontextmanager
async def _serving(venue: _Venue) -> AsyncIterator[str]:
    listener = bound("127.0.0.1", 0)
    routes = [Route("/markets", venue.answer)]
    config = uvicorn.Config(
        Starlette(routes=routes), http="httptools", ws="none", lifespan="off", log_config=None,
        access_log=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    await server.listening.wait()
    try:
        yield url_of(*listener.getsockname()[:2])
    finally:
        server.should_exit = True
        await serving


async def _through(name: str, part: float, manners: Manners) -> DrillResult:
    result, venue = DrillResult(name), _Venue()
    ticks: list[tuple[float, Tick]] = []
    settings = OracleSettings(poll_s=0.1, timeout_s=3.0, breaker_s=1.0)

    def emit(tick: Tick) -> None:
        ticks.append((time.monotonic(), tick))

    async with _serving(venue) as url, Endpoint(url, manners, seed=1) as endpoint:
        rest = Rest("gamma", endpoint.url, market_limiter(), settings)
        source = GammaSource(rest, "DRILL", SLUG, "Up", settings)
        running = asyncio.create_task(source.run(emit))
        try:
            began = time.monotonic()
            await asyncio.sleep(FAULT_S * max(part, 0.3))
            during = len(ticks)
            endpoint.manners, result.struck = HONEST, endpoint.struck
            healed = time.monotonic()
            result.fault_s = healed - began
            async with asyncio.timeout(PATIENCE_S):
                while len(ticks) < during + 5:  # noqa: ASYNC110 - a list has no event
                    await asyncio.sleep(0.01)
            result.recovery_s = next(at for at, _ in ticks if at > healed) - healed
            newest = {venue.price(venue.asked - i) for i in range(BEHIND + 1)}
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await rest.close()
        result.figures = {"endpoint": dict(endpoint.counts), "ticks_during_the_fault": during}
    result.operations = len(ticks)
    told = {venue.price(number) for number in range(1, venue.asked + 1)}
    prices = [round(tick.price * 10.0**tick.exponent, 3) for _, tick in ticks]
    result.succeeded = sum(each in told for each in prices)
    if prices[-1] not in newest:
        result.wrong.append(f"The last price is {prices[-1]}, more than {BEHIND} answers old.")
    times = [tick.timestamp_ms for _, tick in ticks]
    if times != sorted(times):
        result.wrong.append("Prices came out of order.")
    return result


def _drill(name: str, what: str, manners: Manners) -> Drill:
    return Drill(name, "source", what, lambda part: _through(name, part, manners))


DRILLS: Final = (
    _drill("source-failing", "half of the requests fail, after 2 s", Manners(failing=0.5, latency_s=2.0)),
    _drill("source-limit", "429 beyond 5 requests in 2 s", Manners(limit=Limit(5, None, period_s=2.0))),
    _drill("source-lies", "half of the answers is wrong", Manners(wrong=0.5)),
)
"""Between the oracle and Polymarket."""
