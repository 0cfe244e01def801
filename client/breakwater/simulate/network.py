"""What is between a client and its nodes: a way that delays, loses, repeats and refuses."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx

from breakwater.chain.engine import RpcEngine

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from .node import Node
    from .trace import Trace

__all__ = ["Hazards", "Link"]

TIMEOUT_S: Final = 5.0
ADDRESS: Final = "http://simulated.invalid"


@dataclass(slots=True)
class Hazards:
    """Parts of the requests to which things happen; `latency_s` is the longest way, one way."""

    latency_s: float = 0.1
    lost: float = 0.0
    unanswered: float = 0.0
    limited: float = 0.0
    failing: float = 0.0
    repeated: float = 0.0

    @classmethod
    def drawn(cls, chance: random.Random) -> Hazards:
        """As bad as it comes."""
        worst = chance.choice((0.0, 0.01, 0.05, 0.15))
        lost, unanswered, limited, failing, repeated = (chance.uniform(0, worst) for _ in range(5))
        latency = chance.choice((0.02, 0.1, 0.6))
        return cls(latency, lost, unanswered, limited, failing, repeated)


class _Answer:
    """As much of an httpx response as callers of `post` read."""

    def __init__(self, status: int, text: str) -> None:
        self.status_code, self.text = status, text
        self.headers = {"retry-after": "1"} if status == httpx.codes.TOO_MANY_REQUESTS else {}

    def json(self) -> Any:
        """The body."""
        return json.loads(self.text)

    def raise_for_status(self) -> None:
        """Raise what httpx would."""
        if self.status_code >= 400:
            request = httpx.Request("POST", ADDRESS)
            response = httpx.Response(self.status_code, request=request)
            raise httpx.HTTPStatusError("simulated", request=request, response=response)


class Link:
    """One client's way to the nodes; stands where an `httpx.AsyncClient` would, in a tenth of its time.

    Args:
        name: in traces.
        nodes: that answer; each request goes to any of them, as behind a balancer.
        hazards: what happens on the way; shared by all links.
        chance: of it.
        trace: what happens.
    """

    def __init__(
        self, name: str, nodes: Sequence[Node], hazards: Hazards, chance: random.Random, trace: Trace
    ) -> None:
        self.name, self.nodes, self.hazards = name, nodes, hazards
        self.clogged = False
        self._chance, self._trace = chance, trace
        self._late: set[asyncio.Task[None]] = set()

    def connect(self) -> RpcEngine:
        """An engine whose every request takes this way."""
        engine = RpcEngine(ADDRESS, name=self.name, timeout=TIMEOUT_S)
        # neither has a seam for another session but this attribute
        rpc: Any = engine.rpc
        rpc._http = self
        provider: Any = engine.client._provider
        provider.session = self
        return engine

    async def aclose(self) -> None:
        """Nothing to close."""

    async def post(self, url: str, *, content: str, **_: object) -> _Answer:
        """Carry one request, or don't.

        Raises:
            httpx.ReadTimeout: there was no answer.
        """
        chance, hazards = self._chance, self.hazards
        node = chance.choice(self.nodes)
        await asyncio.sleep(chance.uniform(0.001, hazards.latency_s))
        if self.clogged or node.clogged or chance.random() < hazards.lost:
            if chance.random() < 0.5:
                self._deliver_late(node, content)
            await asyncio.sleep(TIMEOUT_S)
            raise httpx.ReadTimeout(url)
        if chance.random() < hazards.limited:
            return _Answer(429, "")
        if chance.random() < hazards.failing:
            return _Answer(503, "")
        answer = node.answer(content)
        if chance.random() < hazards.repeated:
            node.answer(content)
        if chance.random() < hazards.unanswered:
            await asyncio.sleep(TIMEOUT_S)
            raise httpx.ReadTimeout(url)
        await asyncio.sleep(chance.uniform(0.001, hazards.latency_s))
        return _Answer(200, answer)

    def _deliver_late(self, node: Node, body: str) -> None:
        """It arrives all the same, after its sender has given it up."""
        delay = self._chance.uniform(0, 90)

        async def later() -> None:
            await asyncio.sleep(delay)
            if "sendTransaction" in body:
                self._trace.note("late", node.name)
                node.answer(body)

        task = asyncio.create_task(later())
        self._late.add(task)
        task.add_done_callback(self._late.discard)
