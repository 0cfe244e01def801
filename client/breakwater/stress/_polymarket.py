"""A server on loopback that speaks Polymarket's REST formats and fails as often and as slowly as it is told.

It stands in for the network, not for our code: the oracle's own sources ask it as they ask the real hosts.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from breakwater.serving import Server, bound, url_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

__all__ = ["SLUG", "TOKEN", "Polymarket"]

SLUG: Final = "stress-up-or-down"
TOKEN: Final = "42"  # noqa: S105 - of an outcome
OTHER: Final = "43"
CONDITION: Final = "0x" + "5e" * 32
GRACE_S: Final = 1
STEP: Final = 0.01


class Polymarket:
    """One market of two outcomes, by Gamma and by the CLOB.

    Attributes:
        price: of the first outcome, in cents.
        failing: part of the requests that fail: HTTP 503, half an answer, or none, by turns.
        latency_s: before every answer.
        requests: how many came, and how many of them failed.
    """

    def __init__(self, seed: int) -> None:
        self.price = 50
        self.failing = self.latency_s = 0.0
        self.requests: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._over = asyncio.Event()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve while the block runs; the address, of Gamma and the CLOB alike."""
        routes = [
            Route("/markets", self._markets),
            Route("/book", self._book),
            Route("/midpoint", self._midpoint),
            Route("/price", self._side),
        ]
        listener = bound("127.0.0.1", 0)
        config = uvicorn.Config(
            Starlette(routes=routes),
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        server = Server(config)
        running = asyncio.create_task(server.serve([listener]))
        await server.listening.wait()
        try:
            yield url_of(*listener.getsockname()[:2])
        finally:
            self._over.set()  # who still waits for an answer gets it at once
            server.should_exit = True
            await running

    @property
    def _bid(self) -> str:
        return f"0.{self.price - 1:02}"

    @property
    def _ask(self) -> str:
        return f"0.{self.price + 1:02}"

    async def _answer(self, value: Any) -> Response:
        self.requests["asked"] += 1
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), self.latency_s)
        if self._chance.random() >= self.failing:
            return JSONResponse(value)
        self.requests["failed"] += 1
        if self._chance.random() < 0.5:
            return Response("upstream busy", 503)
        text = json.dumps(value)
        return Response(text[: len(text) // 2], media_type="application/json")

    async def _markets(self, request: Request) -> Response:
        if request.query_params.get("slug") != SLUG:
            return await self._answer([])
        market = {
            "id": "1",
            "slug": SLUG,
            "conditionId": CONDITION,
            "question": "Up or down?",
            "outcomes": json.dumps(["Up", "Down"]),
            "outcomePrices": json.dumps([f"0.{self.price:02}", f"0.{100 - self.price:02}"]),
            "clobTokenIds": json.dumps([TOKEN, OTHER]),
            "bestBid": float(self._bid),
            "bestAsk": float(self._ask),
            "lastTradePrice": self.price / 100,
            "active": True,
            "closed": False,
            "acceptingOrders": True,
            "orderPriceMinTickSize": STEP,
        }
        return await self._answer([market])

    async def _book(self, request: Request) -> Response:
        if request.query_params.get("token_id") != TOKEN:
            return JSONResponse({"error": "No orderbook exists for the requested token id"}, 404)
        return await self._answer(
            {
                "market": CONDITION,
                "asset_id": TOKEN,
                "timestamp": "1750000000000",
                "hash": "0f" * 20,
                "bids": [{"price": self._bid, "size": "120.5"}],
                "asks": [{"price": self._ask, "size": "75.25"}],
                "min_order_size": "5",
                "tick_size": str(STEP),
                "neg_risk": False,
            }
        )

    async def _midpoint(self, _: Request) -> Response:
        return await self._answer({"mid": f"0.{self.price:02}"})

    async def _side(self, request: Request) -> Response:
        return await self._answer(
            {"price": self._bid if request.query_params["side"] == "BUY" else self._ask}
        )
