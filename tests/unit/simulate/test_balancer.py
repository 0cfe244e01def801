"""Behind a balancer each request may meet another node: one that lags must not make a payment double."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from solders.keypair import Keypair
from solders.system_program import TransferParams, transfer

from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.simulate.leader import Leader
from breakwater.simulate.loop import run_seeded
from breakwater.simulate.network import Hazards, Link
from breakwater.simulate.node import Node
from breakwater.simulate.trace import Trace

LATE_S = 45.0
LAG = 100


class Balancer(Link):
    """Asks a node that lags where transactions stand, and one that does not for everything else."""

    async def post(self, url: str, *, content: str, **more: object) -> Any:
        newest, lagging = every
        self.nodes = [lagging if "getSignatureStatuses" in content else newest]
        return await super().post(url, content=content, **more)


every: list[Node] = []


async def payments_after_one_that_lands_late() -> int:
    engine, payer = EmbeddedEngine(start_time=1_800_000_000), Keypair.from_seed(b"b" * 32)
    engine.fund(payer.pubkey(), 10**9)
    trace = Trace(asyncio.get_running_loop().time)
    leader = Leader(engine, random.Random(1), trace, lost=0.0, skipped=0.0)
    every[:] = [Node(name, leader, random.Random(2)) for name in ("newest", "lagging")]
    every[1].lag = LAG
    take = leader.take

    def late(wire: bytes, delay_s: float) -> None:
        take(wire, max(delay_s, LATE_S))

    leader.take = late  # type: ignore[method-assign]
    slots = asyncio.create_task(leader.run())
    sender = Sender(
        Balancer("balancer", every, Hazards(), random.Random(3), trace).connect(), compute_limit=1_000
    )
    own = payer.pubkey()
    pay = transfer(TransferParams(from_pubkey=own, to_pubkey=own, lamports=1))
    receipt = await sender.send([pay], [payer])
    assert receipt.err is None
    await asyncio.sleep(200)
    slots.cancel()
    return sum(each.transaction.message.account_keys[0] == own for each in engine.history)


def test_a_payment_that_a_lagging_node_does_not_know_yet_is_not_paid_again() -> None:
    assert run_seeded(payments_after_one_that_lands_late()) == 1
