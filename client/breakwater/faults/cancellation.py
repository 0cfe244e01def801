"""Whoever is cancelled, wherever it waits: what was sent lands once or never, and nothing of it goes on."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from solders.keypair import Keypair
from solders.system_program import TransferParams, transfer

from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.errors import BreakwaterError
from breakwater.simulate.leader import Leader
from breakwater.simulate.network import Hazards, Link
from breakwater.simulate.node import Node
from breakwater.simulate.trace import Trace

from .stepping import at_every_await

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from solders.instruction import Instruction

    from breakwater.chain.engine import RpcEngine

    Check = Callable[[bool], Awaitable[None]]

__all__ = ["Cancelled", "Ground", "pay", "payments", "unreachable"]

AFTERWARDS_S: Final = 90.0
SOL: Final = 10**9
START: Final = 1_800_000_000
UNITS: Final = 1_000


class Ground:
    """A chain behind a slow network, in simulated time.

    Args:
        engine: what transactions are carried out by.
    """

    def __init__(self, engine: EmbeddedEngine) -> None:
        trace = Trace(asyncio.get_running_loop().time)
        self.engine, self.trace = engine, trace
        self.leader = Leader(engine, random.Random(1), trace, lost=0.0, skipped=0.0)
        self.node = Node("node", self.leader, random.Random(2))
        self.slots = asyncio.create_task(self.leader.run())

    def link(self, latency_s: float = 0.2) -> Link:
        """A way to the node."""
        return Link("link", [self.node], Hazards(latency_s), random.Random(3), self.trace)

    def connect(self) -> RpcEngine:
        """An engine behind such a way."""
        return self.link().connect()

    async def rest(self) -> int:
        """Wait for longer than a blockhash lives; how many tasks go on all the same."""
        await asyncio.sleep(AFTERWARDS_S)
        self.slots.cancel()
        await asyncio.gather(self.slots, return_exceptions=True)
        return len(asyncio.all_tasks() - {asyncio.current_task()})

    def paid(self, payer: Keypair) -> int:
        """Transactions of a payer that have landed."""
        key = payer.pubkey()
        return sum(each.transaction.message.account_keys[0] == key for each in self.engine.history)


def pay(payer: Keypair, lamports: int = 1) -> Instruction:
    """A payment to oneself."""
    own = payer.pubkey()
    return transfer(TransferParams(from_pubkey=own, to_pubkey=own, lamports=lamports))


@dataclass(slots=True)
class Cancelled:
    """What came of it.

    Attributes:
        points: at which it was cancelled, each in a run of its own.
        landed: of those payments, how many landed all the same.
        left: tasks that went on, in all runs together.
        wrong: what does not hold, each as a sentence.
    """

    points: int = 0
    landed: int = 0
    left: int = 0
    wrong: list[str] = field(default_factory=list)


async def payments() -> Cancelled:
    """Cancel a payment at each of its waits; afterwards the same sender pays again."""
    found = Cancelled()

    async def make() -> tuple[Coroutine[Any, Any, Any], Check]:
        ground, payer = Ground(EmbeddedEngine(start_time=START)), Keypair.from_seed(b"c" * 32)
        ground.engine.fund(payer.pubkey(), SOL)
        sender = Sender(ground.connect(), compute_limit=UNITS)

        async def check(cancelled: bool) -> None:
            try:
                await sender.send([pay(payer, 2)], [payer])
            except BreakwaterError as error:
                found.wrong.append(f"The next payment ended with {error}")
            found.left += await ground.rest()
            times = ground.paid(payer) - 1
            found.landed += times if cancelled else 0
            if times > 1 or times < (not cancelled):
                found.wrong.append(f"A payment landed {times} times.")

        return sender.send([pay(payer)], [payer]), check

    found.points = await at_every_await(make)
    if found.left:
        found.wrong.append(f"{found.left} tasks of cancelled payments went on.")
    return found


async def unreachable() -> tuple[str, float]:
    """Pay over a connection that says nothing: the error that the payer gets, by name, and after how long."""
    ground, payer = Ground(EmbeddedEngine(start_time=START)), Keypair.from_seed(b"f" * 32)
    link = ground.link(0.1)
    link.clogged = True
    loop, name = asyncio.get_running_loop(), ""
    began = loop.time()
    try:
        await Sender(link.connect(), compute_limit=UNITS).send([pay(payer)], [payer])
    except BreakwaterError as error:
        name = type(error).__name__
    waited_s = loop.time() - began
    link.clogged = False
    await ground.rest()
    return name, waited_s
