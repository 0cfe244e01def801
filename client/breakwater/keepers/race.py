"""Rivals at one loan: keepers that know nothing of each other all want it, and one is paid."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from solders.keypair import Keypair

from breakwater.chain import accounts, programs, queries
from breakwater.chain import addresses as at
from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.errors import Fatal, InvalidInput

from ._genesis import SOL, UNIT, endow, found
from ._subjects import LOCAL, Tempo, sink
from .duty import open_account
from .eyes import Eyes, Pace
from .hands import Hands, Ledger
from .keeper import Duties, Keeper

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from solders.pubkey import Pubkey

    from breakwater.chain.engine import RpcEngine

    from ._genesis import Ground

__all__ = ["RaceResult", "RivalResult", "called", "race"]

LIQUIDITY: Final = 1_000_000 * UNIT
PATIENCE_S: Final = 180.0
LOOK_S: Final = 0.1
ONLY: Final = Duties(kinds=frozenset({"liquidation"}))
SPEED: Final = 4.0
"""Of the embedded engine's clock."""


@dataclass(frozen=True, slots=True)
class RivalResult:
    """One rival: what it tried, and its balance in micro-units."""

    keeper: str
    done: int
    refused: dict[str, int]
    paid: int


@dataclass(frozen=True, slots=True)
class RaceResult:
    """What a race came to; `calls` counts the transactions that took the loan, as the chain has them."""

    engine: str
    rivals: tuple[RivalResult, ...]
    debt_before: int
    debt_after: int
    calls: int

    @property
    def paid(self) -> int:
        """How many rivals were paid."""
        return sum(each.paid > 0 for each in self.rivals)

    @property
    def broken(self) -> list[str]:
        """What should not be, each as a sentence."""
        found = []
        if self.debt_after:
            found.append(f"{self.debt_after} micro-units are still owed.")
        if self.calls != 1:
            found.append(f"The loan was called {self.calls} times.")
        if self.paid != 1:
            found.append(f"{self.paid} of {len(self.rivals)} rivals were paid.")
        return found

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "engine": self.engine,
            "keepers": len(self.rivals),
            "paid": self.paid,
            "calls": self.calls,
            "debt_before": self.debt_before,
            "debt_after": self.debt_after,
            "rivals": [
                {"keeper": each.keeper, "done": each.done, "refused": each.refused, "paid": each.paid}
                for each in self.rivals
            ],
            "broken": self.broken,
        }


async def race(
    engine: EmbeddedEngine | RpcEngine,
    rivals: int = 5,
    *,
    ground: Ground | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> RaceResult:
    """Let `rivals` keepers with eyes of their own go for one loan at the same time.

    Args:
        engine: the chain; without a `ground` it has to be fresh.
        rivals: how many.
        ground: an exchange that is there already; None sets one up.
        progress: called with the name of each step.

    Raises:
        InvalidInput: so many rivals can't be had.
    """
    if not 2 <= rivals <= 50:
        raise InvalidInput("Take 2 to 50 rivals.")
    embedded = isinstance(engine, EmbeddedEngine)
    sender = Sender(engine)
    if ground is None:
        ground = await found(sender, Keypair(), LIQUIDITY, progress)
    loan = (await sink(ground, Tempo() if embedded else LOCAL, progress)).subject
    keys = [Keypair() for _ in range(rivals)]
    await endow(ground, keys, SOL)
    await asyncio.gather(*(open_account(sender, key) for key in keys))
    before = await _debt(engine, loan)
    progress("letting them go")
    # everybody with a sender and a ledger of its own, as on hosts of their own
    keepers = [
        Keeper(Eyes(engine, pace=Pace(5.0, 1.0)), Hands(Sender(engine), key, Ledger(), number), ONLY)
        for number, key in enumerate(keys)
    ]
    try:
        await _run(engine, keepers, loan)
    finally:
        for each in keepers:
            each.eyes.close()
    traders = await queries.read(engine, [at.trader(key.pubkey()) for key in keys])
    balances = [0 if data is None else accounts.trader(data).balance for data in traders]
    return RaceResult(
        engine.name,
        tuple(_rival(each, paid) for each, paid in zip(keepers, balances, strict=True)),
        before,
        await _debt(engine, loan),
        await called(engine, loan),
    )


def _rival(keeper: Keeper, paid: int) -> RivalResult:
    done = sum(count for (_, how), count in keeper.hands.outcomes.items() if how == "done")
    return RivalResult(str(keeper.address), done, dict(keeper.hands.errors), paid)


async def _run(engine: EmbeddedEngine | RpcEngine, keepers: list[Keeper], loan: Pubkey) -> None:
    """Until everybody has seen that the loan is gone and has nothing under way."""

    def over(each: Keeper) -> bool:
        found = each.eyes.world.positions.get(loan)
        return each.eyes.ready and (found is None or not found.debt) and not each.busy

    works: list[Coroutine[Any, Any, None]] = [each.eyes.run() for each in keepers]
    works += [each.run() for each in keepers]
    if isinstance(engine, EmbeddedEngine):
        works.append(engine.run_clock(SPEED))
    running = [asyncio.create_task(each) for each in works]
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not all(over(each) for each in keepers):
                for each in running:
                    if each.done():
                        each.result()
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise Fatal(f"Free some CPU and try again: the loan was not called in {PATIENCE_S:g} s.") from None
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _debt(engine: EmbeddedEngine | RpcEngine, loan: Pubkey) -> int:
    (data,) = await queries.read(engine, [loan])
    return 0 if data is None else accounts.position(data).debt


async def called(engine: EmbeddedEngine | RpcEngine, loan: Pubkey) -> int:
    """How many transactions called a loan, by the events of all that name it."""
    with queries.answers():
        found = (await engine.client.get_signatures_for_address(loan)).value
    count = 0
    for each in found:
        if each.err is not None:
            continue
        with queries.answers():
            landed = await engine.client.get_transaction(each.signature, max_supported_transaction_version=0)
        meta = json.loads(landed.to_json())["result"]["meta"]
        events = programs.event_decoder().decode(meta["logMessages"])
        count += any(event.fields.get("source") == bytes(loan) for event in events)
    return count
