"""Drills between a client and its node: payments through a bad connection, counted on the chain."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from solders.keypair import Keypair
from solders.system_program import TransferParams, transfer

from breakwater.chain.engine import EmbeddedEngine, Receipt, RpcEngine
from breakwater.chain.sender import Sender

from .endpoint import Endpoint
from .manners import HONEST, LYING, PUBLIC, Limit, Manners
from .model import Drill, DrillResult
from .node import served
from .weather import CLEAR, Weather
from .wire import Wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from breakwater.errors import BreakwaterError

__all__ = ["DRILLS"]

PAYMENTS: Final = 400
WAVES: Final = 8
FAULT_S: Final = 3.0
TIMEOUT_S: Final = 5.0
SPEED: Final = 4.0
"""Of the node's slots, so that a blockhash expires in a quarter of a minute."""

SOL: Final = 10**9
UNITS: Final = 1_000


class _Payments:
    """Payments of different amounts from one key to another."""

    def __init__(self, chain: EmbeddedEngine, count: int) -> None:
        self._chain, self.count = chain, count
        self.payer, self.payee = Keypair(), Keypair().pubkey()
        chain.fund(self.payer.pubkey(), 1_000 * SOL)

    async def send(self, engine: RpcEngine, over_s: float) -> list[Receipt | BreakwaterError]:
        """Send all, in waves over so many seconds."""
        own, sender = self.payer.pubkey(), Sender(engine, compute_limit=UNITS)
        pays = [
            transfer(TransferParams(from_pubkey=own, to_pubkey=self.payee, lamports=SOL // 1_000 + i))
            for i in range(self.count)
        ]

        async def wave(number: int) -> list[Receipt | BreakwaterError]:
            await asyncio.sleep(over_s * number / WAVES)
            mine = pays[number::WAVES]
            return await sender.send_many([([each], [self.payer]) for each in mine])

        return [each for part in await asyncio.gather(*map(wave, range(WAVES))) for each in part]

    def judge(self, results: Sequence[Receipt | BreakwaterError], result: DrillResult) -> None:
        """What the client was told, against what the chain has done."""
        result.operations = self.count
        landed = [each for each in self._chain.history if own_payment(each, self.payer)]
        done = {str(each.receipt.signature) for each in landed}
        told = {str(each.signature) for each in results if isinstance(each, Receipt)}
        result.succeeded = len(told & done)
        result.lost = len(told - done)
        result.repeated = len(landed) - len(told)
        received = self._chain.svm.get_balance(self.payee) or 0
        due = sum(SOL // 1_000 + i for i in range(self.count))
        if result.succeeded == self.count and received != due:
            result.wrong.append(f"{received} lamports arrived of {due}.")
        failed = [each for each in results if not isinstance(each, Receipt)]
        result.wrong += sorted({f"A payment ended with {each}" for each in failed})[:3]


def own_payment(landed: object, payer: Keypair) -> bool:
    """Whether a transaction is one of the payer's that succeeded."""
    receipt, message = landed.receipt, landed.transaction.message  # type: ignore[attr-defined]
    return receipt.err is None and message.account_keys[0] == payer.pubkey()


async def _ended(task: asyncio.Task[list[Receipt | BreakwaterError]]) -> None:
    task.cancel()
    await asyncio.wait({task})


async def _through(
    name: str, part: float, weather: Weather, manners: Manners, *, cut: bool = False
) -> DrillResult:
    """Pay while the weather, or the endpoint, is bad, and until all is known after it has cleared up."""
    result = DrillResult(name)
    chain = EmbeddedEngine(history=100_000)
    payments = _Payments(chain, max(20, round(PAYMENTS * part)))
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(served(chain, SPEED))
        endpoint = await stack.enter_async_context(Endpoint(url, manners, seed=1))
        wire = await stack.enter_async_context(Wire("127.0.0.1", endpoint.port, weather, seed=1))
        engine = RpcEngine(f"http://127.0.0.1:{wire.port}", timeout=TIMEOUT_S)
        stack.push_async_callback(engine.close)
        began, lasts = time.monotonic(), FAULT_S * max(part, 0.3)
        sending = asyncio.create_task(payments.send(engine, lasts))
        stack.push_async_callback(_ended, sending)  # before its engine is closed, whoever interrupts
        end = began + lasts
        while time.monotonic() < end:
            await asyncio.sleep(0.1)
            if cut:
                wire.cut()
        result.figures["done_during_the_fault"] = len(chain.history)
        wire.weather, endpoint.manners = CLEAR, HONEST
        result.struck = wire.struck + endpoint.struck
        healed = time.monotonic()
        result.fault_s = healed - began
        results = await sending
        result.recovery_s = max(0.0, time.monotonic() - healed)
        payments.judge(results, result)
        result.figures |= {
            "endpoint": dict(endpoint.counts),
            "connections": wire.connections,
            "resets": wire.resets,
            "pieces_lost": wire.lost,
            "upstream": urlsplit(url).hostname,
        }
    return result


def _drill(
    name: str, what: str, weather: Weather = CLEAR, manners: Manners = HONEST, *, cut: bool = False
) -> Drill:
    return Drill(name, "rpc", what, lambda part: _through(name, part, weather, manners, cut=cut))


DRILLS: Final = (
    _drill("rpc-latency", "every piece takes 300 ms each way", Weather(latency_s=0.3)),
    _drill("rpc-jitter", "every piece takes anything up to 500 ms", Weather(jitter_s=0.5)),
    _drill("rpc-loss", "a fifth of the pieces is lost once", Weather(loss=0.2, slice_bytes=2_000)),
    _drill("rpc-reset", "a tenth of the pieces resets the connection", Weather(reset=0.1)),
    _drill("rpc-cut", "all connections are cut ten times a second", cut=True),
    _drill("rpc-slices", "bytes come by sevens", Weather(slice_bytes=7)),
    _drill("rpc-bandwidth", "20,000 bytes a second", Weather(bandwidth=20_000, slice_bytes=1_000)),
    _drill("rpc-hole", "nothing passes, and nobody is told", Weather(hole=True)),
    _drill("rpc-refused", "connections are refused", Weather(refuse=True)),
    _drill("rpc-lies", "a fifth of the answers is wrong", manners=LYING),
    _drill("rpc-vanishing", "three tenths of the answers never come", manners=Manners(vanishing=0.3)),
    _drill("rpc-lag", "replicas lag 0, 8 and 40 slots, in turn", manners=Manners(lag_slots=(0, 8, 40))),
    _drill("rpc-limit", "429 beyond 4 requests in 2 s", manners=Manners(limit=Limit(4, None, period_s=2.0))),
    _drill("rpc-failing", "half of the requests fail", manners=Manners(failing=0.5)),
    _drill("rpc-swallowing", "half of the transactions go nowhere", manners=Manners(swallowing=0.5)),
    _drill("rpc-public", "a public endpoint on a bad day", Weather(latency_s=0.05, reset=0.01), PUBLIC),
)
"""Between client and RPC."""
