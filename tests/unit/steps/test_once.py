"""Steps behind a balancer: what a fresh node let expire, a node that lags must not let be done again."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

from solders.keypair import Keypair
from solders.system_program import TransferParams, transfer

from breakwater.chain.engine import EmbeddedEngine, Receipt
from breakwater.chain.queries import read_accounts
from breakwater.chain.sender import Sender
from breakwater.errors import Unreachable
from breakwater.simulate.leader import Leader
from breakwater.simulate.loop import run_seeded
from breakwater.simulate.network import Hazards, Link
from breakwater.simulate.node import Node
from breakwater.simulate.trace import Trace
from breakwater.steps import Journal, Runner

LATE_S = 45.0
LAG = 150


class Balancer(Link):
    """Asks a node that lags for accounts, and one that does not for everything else."""

    fresh: Node
    stale: Node

    async def post(self, url: str, *, content: str, **more: object) -> Any:
        self.nodes = [self.stale if "getMultipleAccounts" in content else self.fresh]
        return await super().post(url, content=content, **more)


async def payments_of_a_step_whose_outcome_is_lost(file: Path) -> int:
    engine, payer, payee = EmbeddedEngine(start_time=1_800_000_000), Keypair(), Keypair().pubkey()
    engine.fund(payer.pubkey(), 10**10)
    trace = Trace(asyncio.get_running_loop().time)
    leader = Leader(engine, random.Random(1), trace, lost=0.0, skipped=0.0)
    link = Balancer("balancer", [Node("fresh", leader, random.Random(2))], Hazards(), random.Random(3), trace)
    link.fresh, link.stale = link.nodes[0], Node("stale", leader, random.Random(4))
    link.stale.lag = LAG
    slots = asyncio.create_task(leader.run())
    client = link.connect()
    sender = Sender(client, compute_limit=1_000)

    async def holds() -> bool:
        (found,) = await read_accounts(client, [payee])
        return found is not None

    async def act() -> Receipt | None:
        pay = TransferParams(from_pubkey=payer.pubkey(), to_pubkey=payee, lamports=10**9)
        (signed,) = await sender.sign_many([([transfer(pay)], [payer])])
        leader.take(signed.wire, LATE_S)
        raise Unreachable("Nobody knows what became of it.")

    with Journal(file) as journal:
        await Runner(sender, client, journal, lambda *_: None).once("pay", None, holds, act)
    await asyncio.sleep(4 * LATE_S)  # whatever is still under way lands, too
    slots.cancel()
    return sum(each.transaction.message.account_keys[0] == payer.pubkey() for each in engine.history)


def test_a_step_that_a_lagging_node_does_not_show_yet_is_not_done_again(tmp_path: Path) -> None:
    assert run_seeded(payments_of_a_step_whose_outcome_is_lost(tmp_path / "journal.jsonl")) == 1
