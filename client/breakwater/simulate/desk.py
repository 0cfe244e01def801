"""The API's relay in the simulation: its store is on a disk, and it is killed and started again."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Final

from breakwater.api.faults import Refusal
from breakwater.api.metrics import Metrics
from breakwater.api.reader import CachedEngine
from breakwater.api.relay import Relay
from breakwater.api.schemas import OrderRequest, OrderStatus
from breakwater.api.store import Store
from breakwater.chain._build import Builder
from breakwater.errors import BlockhashExpired, BreakwaterError, Fatal, ProgramError

if TYPE_CHECKING:
    from pathlib import Path

    from solders.instruction import Instruction

    from breakwater.chain.sender import Sender

    from .ground import Person
    from .world import World

__all__ = ["Desk"]

COMPUTE: Final = 600_000
ENDS: Final = ("landed", "failed", "expired")
REFUSALS: Final = (ProgramError, Fatal, BlockhashExpired, Refusal)
"""Answers that say that an order was not taken."""

AGAIN_S: Final = 3.0
PATIENCE: Final = 60


class Desk:
    """A relay that can be killed; who posts an order posts it again until there is an answer.

    Args:
        world: everything else.
        file: of its store.
    """

    def __init__(self, world: World, file: Path) -> None:
        self._world, self._file = world, file
        self._engine = world.link("relay").connect()
        self._relay: Relay | None = None
        self._store: Store | None = None
        self.posted: dict[str, str] = {}
        """Orders by signature, and what the relay has said of them last."""
        self._builder = Builder(None)
        self.kills = 0

    @property
    def is_down(self) -> bool:
        """Whether it was killed and has not been started again."""
        return self._store is None

    async def start(self) -> None:
        """Start, and deliver what an earlier life left."""
        if self._store is not None:
            return
        loop = asyncio.get_running_loop()
        self._store = Store(self._file)
        cached = CachedEngine(self._engine)
        cached.time.clock = loop.time
        relay = Relay(self._engine, cached, self._store, Metrics())
        await relay.resume()
        self._relay = relay

    async def kill(self) -> None:
        """End at once: what is in memory is gone, what was committed is not."""
        relay, store = self._relay, self._store
        self._relay = self._store = None
        self.kills += 1
        self._world.trace.note("relay-killed")
        if relay is not None:
            flights = [each.task for each in relay._flights.values()]  # a process that ends asks nobody
            for each in flights:
                each.cancel()
            if flights:
                await asyncio.gather(*flights, return_exceptions=True)
        if store is not None:
            await store.close()

    async def post(self, person: Person, steps: list[Instruction], sender: Sender) -> None:
        """Sign an order once and post it until its end is known."""
        world = self._world
        try:
            blockhash = await sender.blockhash()
        except BreakwaterError:
            return
        tx = self._builder.build(steps, [person.key], blockhash.hash, limit=COMPUTE, price=0)
        order = OrderRequest(base64.b64encode(bytes(tx)).decode())
        signature = str(tx.signatures[0])
        said, error = "unknown", None
        for _ in range(PATIENCE):
            status, error = await self._try(order)
            if status is not None:
                said = status.status
            if said in ENDS or (said == "unknown" and isinstance(error, REFUSALS)):
                break
            await asyncio.sleep(AGAIN_S)
        world.trace.note("order", f"{signature[:8]} {said}")
        if said == "unknown" and isinstance(error, REFUSALS):
            said = "refused"
        self.posted[signature] = said
        self._note(person, signature, said)

    def _note(self, person: Person, signature: str, said: str) -> None:
        claims = self._world.claims
        if said == "landed":
            # the same steps with the same blockhash are the same transaction: two orders, one request
            claims.done[person.address] += signature not in claims.landed
            claims.landed[signature] = person.name
            claims.gone.pop(signature, None)
        elif said in ("expired", "refused"):
            # what is refused was not recorded, and what was not recorded is never sent
            claims.gone[signature] = person.name
        elif said != "failed":
            claims.unknown[person.address] += 1

    async def _try(self, order: OrderRequest) -> tuple[OrderStatus | None, Exception | None]:
        relay = self._relay
        if relay is None:
            return None, None
        asking = asyncio.ensure_future(relay.post(order))
        asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        await asyncio.wait({asking})
        if asking.cancelled():
            return None, None
        error = asking.exception()
        if isinstance(error, BreakwaterError | Refusal):
            return None, error
        return asking.result(), None

    async def unsettled(self) -> int:
        """Orders in the store whose outcome nobody knows."""
        return 0 if self._store is None else len(await self._store.pending())

    async def close(self) -> None:
        """End in order."""
        if self._relay is not None:
            await self._relay.close()
        if self._store is not None:
            await self._store.close()
        await self._engine.close()
