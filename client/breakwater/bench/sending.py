"""How many transactions a second the sender gets accepted and landed, beside solana-py in the same run.

Both send plain transfers, signed beforehand, to the same validator without preflight: solana-py each with a
`send_raw_transaction` of its own, 32 at a time, the sender its own way. Accepted is what the node has taken,
measured from the first call to the last answer; landed is what is confirmed, to the last confirmation.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from solana.rpc.types import TxOpts
from solders.keypair import Keypair
from solders.message import Message
from solders.system_program import TransferParams, transfer
from solders.transaction import Transaction

from breakwater.chain.engine import Receipt, RpcEngine, open_engine
from breakwater.chain.queries import answers
from breakwater.chain.sender import Sender
from breakwater.errors import InvalidInput, Retryable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from solders.instruction import Instruction
    from solders.signature import Signature

    from breakwater.errors import BreakwaterError

    Request = tuple[Sequence[Instruction], Sequence[Keypair]]

__all__ = ["SendFigures", "measure_sending"]

SOL: Final = 10**9
AT_ONCE: Final = 32
LEAST_RATIO: Final = 25.0
LEAST_LANDED_RATIO: Final = 2.5
LOOK_S: Final = 0.1
LANDING_S: Final = 120.0
COMPUTE: Final = 500


@dataclass(frozen=True, slots=True)
class SendFigures:
    """What was measured; rates are transactions a second."""

    engine: str
    baseline_transactions: int
    baseline_per_second: float
    baseline_landed_per_second: float
    transactions: int
    accepted_per_second: float
    landed_per_second: float
    ratio: float
    landed_ratio: float
    confirmed: int
    reported: int
    on_chain: int

    @property
    def broken(self) -> list[str]:
        """Bounds that do not hold."""
        unaccounted = self.transactions - self.confirmed - self.reported
        untold = self.on_chain - self.confirmed
        rules = {
            f"The sender gets {self.ratio:.1f} times as much accepted, not {LEAST_RATIO:.0f} times.": (
                self.ratio >= LEAST_RATIO
            ),
            f"The sender lands {self.landed_ratio:.1f} times as much, not {LEAST_LANDED_RATIO} times.": (
                self.landed_ratio >= LEAST_LANDED_RATIO
            ),
            f"{unaccounted} transactions are unaccounted for.": unaccounted == 0,
            f"{untold} transactions landed that the sender did not tell of.": untold == 0,
        }
        return [what for what, holds in rules.items() if not holds]

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


async def measure_sending(
    engine: str = "local",
    transactions: int = 8_000,
    baseline: int = 600,
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> SendFigures:
    """Measure both.

    Raises:
        InvalidInput: the engine has no RPC to send to.
        EngineUnavailable: the validator can't be started.
        Retryable: nothing landed to compare with.
    """
    async with open_engine(engine) as opened:
        if not isinstance(opened, RpcEngine):
            raise InvalidInput("Measure sending on local, or on a cluster's address.")
        payer, theirs = Keypair(), Keypair()
        for key in (payer, theirs):
            await opened.airdrop(key.pubkey(), 100 * SOL)
        progress("solana-py, one call each")
        plain = await _one_by_one(opened, theirs, baseline)
        if not plain[1]:
            raise Retryable("Measure again: none of solana-py's transfers landed.")
        progress("sender")
        accepted, landed, results, on_chain = await _sender(opened, payer, transactions)
    confirmed = sum(isinstance(each, Receipt) for each in results)
    return SendFigures(
        engine=engine,
        baseline_transactions=baseline,
        baseline_per_second=round(plain[0], 1),
        baseline_landed_per_second=round(plain[1], 1),
        transactions=transactions,
        accepted_per_second=round(accepted, 1),
        landed_per_second=round(landed, 1),
        ratio=round(accepted / plain[0], 2),
        landed_ratio=round(landed / plain[1], 2),
        confirmed=confirmed,
        reported=len(results) - confirmed,
        on_chain=on_chain,
    )


def _transfers(payer: Keypair, count: int) -> list[Instruction]:
    """Different ones, so that none is a repetition; the receiver exists already."""
    me = payer.pubkey()
    return [
        transfer(TransferParams(from_pubkey=me, to_pubkey=me, lamports=each)) for each in range(1, count + 1)
    ]


async def _one_by_one(engine: RpcEngine, payer: Keypair, count: int) -> tuple[float, float]:
    """solana-py's way: accepted and landed a second."""
    blockhash = (await engine.latest_blockhash()).hash
    wires = [
        Transaction([payer], Message([each], payer.pubkey()), blockhash) for each in _transfers(payer, count)
    ]
    options = TxOpts(skip_preflight=True)
    queue, signatures = list(reversed(wires)), []
    began = time.perf_counter()

    async def worker() -> None:
        while queue:
            transaction = queue.pop()
            with answers():
                sent = await engine.client.send_raw_transaction(bytes(transaction), options)
            signatures.append(sent.value)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    accepted = time.perf_counter() - began
    landed, at = await _landed(engine, signatures, began)
    return count / accepted, landed / at


async def _landed(engine: RpcEngine, signatures: Sequence[Signature], began: float) -> tuple[int, float]:
    """How many are confirmed, and after how many seconds the last of them was."""
    done, at = 0, 1e-9
    while done < len(signatures) and time.perf_counter() - began < LANDING_S:
        statuses = await engine.statuses(list(signatures))
        now = sum(each is not None and engine.reached(each.level) for each in statuses)
        if now > done:
            done, at = now, time.perf_counter() - began
        if done < len(signatures):
            await asyncio.sleep(LOOK_S)
    return done, at


async def _sender(
    engine: RpcEngine, payer: Keypair, count: int
) -> tuple[float, float, list[Receipt | BreakwaterError], int]:
    """Our way: accepted and landed a second, every result, and how many the chain says have landed."""
    answers: list[tuple[float, int]] = []
    submit = engine.submit

    async def counted(wires: Sequence[bytes], *, preflight: bool) -> list[BreakwaterError | None]:
        result = await submit(wires, preflight=preflight)
        answers.append((time.perf_counter(), sum(each is None for each in result)))
        return result

    engine.submit = counted  # type: ignore[method-assign]  # a tap on the wire
    settled: list[float] = []
    sender = Sender(engine, payer, priority_fee=0, compute_limit=COMPUTE, preflight=False, window=count)
    requests: list[Request] = [([each], []) for each in _transfers(payer, count)]
    signed = await sender.sign_many(requests)
    began = time.perf_counter()
    results = await sender.deliver(signed, settled=lambda *_: settled.append(time.perf_counter()))
    accepted, last = 0, time.perf_counter()
    for at, number in sorted(answers):
        if accepted >= count:
            break  # the rest are repetitions
        accepted, last = accepted + number, at
    confirmed = sum(isinstance(each, Receipt) for each in results)
    statuses = await engine.statuses([each.signature for each in signed])
    on_chain = sum(each is not None and each.err is None and engine.reached(each.level) for each in statuses)
    done = max(settled, default=last)
    return min(accepted, count) / (last - began), confirmed / (done - began), results, on_chain
