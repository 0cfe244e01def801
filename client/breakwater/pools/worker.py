"""One thread: waits, decides on an amount, moves it, starts over; stays alive through what can be got over.

A refusal of the program is an answer and counts as one. Everything else that fails is tried again with a
pause that doubles; after `MOST_FAILURES` in a row the thread is stopped for good. A mismatch stops it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from breakwater.errors import BreakwaterError, InsufficientFunds, ProgramError, Retryable

from . import moves
from .books import Mismatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from .books import Books
    from .moves import Move, Wallet
    from .reader import PoolView
    from .records import PoolRecord, ThreadRecord

__all__ = ["MOST_FAILURES", "Surroundings", "Worker"]

MOST_FAILURES: Final = 8
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 60.0
REFILL_PERCENT: Final = 5
"""Of its first funding: below it a thread gets new tokens."""
LEAST_LAMPORTS: Final = 2_000_000
TOP_UP_PERCENT: Final = 1
"""Of the core wallet's SOL."""
WAIT_S: Final = 1.0
"""Between looks of a thread that has nothing to move."""
SWAP_BPS: Final = 200
"""Of its balance a swap moves at most so much: 2 %."""
RESERVE_BPS: Final = 2_500
"""Of a reserve nobody takes more at once: others take from it at the same time."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a worker works with.

    Attributes:
        books: who holds what.
        core: the wallet that funds.
        pool: the thread's.
        partner: who a share goes to now; None keeps it.
        save: writes the thread's record down.
        may_start: false while memory is short.
    """

    books: Books
    core: Wallet
    pool: PoolRecord
    partner: Callable[[ThreadRecord], Wallet | None]
    save: Callable[[ThreadRecord], None]
    may_start: Callable[[], bool] = field(default=lambda: True)


class Worker:
    """A thread at work.

    Args:
        record: what it is; its state and statistics are kept here.
        wallet: its own.
        around: everything else.
        rng: decides amounts and pauses.
    """

    def __init__(
        self, record: ThreadRecord, wallet: Wallet, around: Surroundings, rng: random.Random | None = None
    ) -> None:
        self.record, self.wallet, self._around = record, wallet, around
        self._rng = rng or random.Random()
        self._stop = asyncio.Event()
        self.woken = asyncio.Event()
        self.failures = 0

    def stop(self) -> None:
        """End after the move that is under way."""
        self._stop.set()

    async def run(self) -> None:
        """Work until told to stop, or until it has failed for good."""
        while not self._stop.is_set():
            try:
                await self._prepare()
                await self._work()
                break
            except Mismatch as error:
                self._fail(str(error))
                self._around.books.note_alert(self.record.id, str(error))
                return
            except BreakwaterError as error:
                self.failures += 1
                self._count_error(error)
                if self.failures >= MOST_FAILURES:
                    self._fail(f"{type(error).__name__}: {error}")
                    self._around.books.note_alert(
                        self.record.id, f"stopped after {self.failures} failures: {error}"
                    )
                    return
                self.record.restarts += 1
                pause = min(FIRST_PAUSE_S * 2 ** (self.failures - 1), LONGEST_PAUSE_S)
                log.warning("thread_restarts", thread=self.record.id, error=str(error), again_in_s=pause)
                with contextlib.suppress(Retryable):  # a full disk: the next save has it, too
                    self._around.save(self.record)
                await self._sleep(pause)

    def _fail(self, why: str) -> None:
        self.record.state, self.record.last_error = "failed", why
        self._around.save(self.record)

    def _count_error(self, error: BreakwaterError) -> None:
        name = error.name if isinstance(error, ProgramError) else type(error).__name__
        stats = self.record.stats
        stats.errors[name] = stats.errors.get(name, 0) + 1
        self.record.last_error = str(error)
        if isinstance(error, ProgramError):
            stats.refused += 1
        else:
            stats.failed += 1

    async def _prepare(self) -> None:
        """Token accounts, SOL and the first tokens; each only where it is missing."""
        around, record = self._around, self.record
        await around.books.run(moves.open_accounts(around.core, self.wallet, self.mints()))
        await self._ensure_lamports()
        if self.is_funded_first and around.books.held(record.id, self.source) == 0:
            await self._refill(record.funding)

    def mints(self) -> list[str]:
        """What the wallet needs accounts of."""
        pool, record = self._around.pool, self.record
        if record.kind == "swap":
            return list(pool.mints)
        return [pool.mints[record.side], pool.lp_mints[record.side]]

    @property
    def source(self) -> str:
        """The mint that the thread's moves take from."""
        pool, record = self._around.pool, self.record
        return (pool.lp_mints if record.kind == "withdraw" else pool.mints)[record.side]

    @property
    def is_funded_first(self) -> bool:
        """Whether it gets tokens to begin with; who withdraws waits for somebody's LP tokens."""
        return self.record.kind != "withdraw"

    async def _work(self) -> None:
        while not self._stop.is_set():
            rates = self.record.rates
            await self._sleep(self._rng.randint(rates.min_ms, max(rates.min_ms, rates.max_ms)) / 1000)
            if self._stop.is_set():
                return
            if self.record.state != "running" or not self._around.may_start():
                await self._sleep(WAIT_S)
                continue
            await self._ensure_lamports()
            await self._ensure_tokens()
            move = self._plan()
            if move is None:
                self.record.stats.waits += 1
                await self._refresh()
                await self._sleep(WAIT_S)
                continue
            await self._do(move)

    async def _do(self, move: Move) -> None:
        stats = self.record.stats
        stats.operations += 1
        try:
            receipt = await self._around.books.run(move)
        except ProgramError as error:
            # an answer: the next amount may be another one
            self._count_error(error)
            self._around.save(self.record)
            await self._refresh()
            return
        self.failures = 0
        stats.succeeded += 1
        stats.verified += 1
        stats.volume += move.volume
        stats.shared += move.shared
        stats.compute_units += receipt.compute_units
        self._around.save(self.record)

    def _plan(self) -> Move | None:
        """The next move, or None while there is nothing to move."""
        around, record = self._around, self.record
        pool, held = around.pool, around.books.held(record.id, self.source)
        view = around.books.views.get(pool.address)
        to = (around.partner(record) if record.share else None) or self.wallet
        amount = self._amount(held)
        if record.kind == "deposit":
            paused = view is not None and view.pool.paused
            return (
                moves.deposit(self.wallet, pool, record.side, amount, to) if amount and not paused else None
            )
        if view is None or amount == 0:
            return None
        if record.kind == "withdraw":
            return self._withdrawal(view, amount, to)
        return self._swap(view, amount, to)

    def _withdrawal(self, view: PoolView, shares: int, to: Wallet) -> Move | None:
        side, pool = self.record.side, self._around.pool
        within = min(shares, view.pool.reserve[side] * RESERVE_BPS // 10_000)
        return moves.withdraw(self.wallet, pool, (side, side), within, to) if within else None

    def _swap(self, view: PoolView, amount: int, to: Wallet) -> Move | None:
        side, pool = self.record.side, self._around.pool
        there = view.pool.reserve[1 - side] * RESERVE_BPS // 10_000
        within = min(amount, there * pool.ratio[side] // pool.ratio[1 - side])
        if view.pool.paused or within == 0:
            return None
        move = moves.swap(self.wallet, pool, side, within, to)
        return move if move.totals["swapped_out"][1 - side] > 0 else None

    def _amount(self, held: int) -> int:
        """A random part of what is held, at least a unit of what there is."""
        rates = self.record.rates
        most = min(rates.max_bps, SWAP_BPS) if self.record.kind == "swap" else rates.max_bps
        bps = self._rng.randint(min(rates.min_bps, most), most)
        return max(held * bps // 10_000, min(held, 1))

    async def _ensure_tokens(self) -> None:
        record, held = self.record, self._around.books.held(self.record.id, self.source)
        if self.is_funded_first and held * 100 < record.funding * REFILL_PERCENT:
            await self._refill(record.funding - held)
            record.stats.refills += 1

    async def _refill(self, amount: int) -> None:
        around, record = self._around, self.record
        if amount > 0:
            await around.books.run(moves.fund(around.core, self.wallet, around.pool, record.side, amount))

    async def _ensure_lamports(self) -> None:
        books, name = self._around.books, self.record.id
        if books.lamports.get(name, 0) >= LEAST_LAMPORTS:
            return
        core, own = await books.reader.accounts([self._around.core.address, self.wallet.address])
        books.lamports[name] = own.lamports if own is not None else 0
        if books.lamports[name] >= LEAST_LAMPORTS:
            return
        there = core.lamports if core is not None else 0
        amount = max(there * TOP_UP_PERCENT // 100, LEAST_LAMPORTS)
        if there < amount + LEAST_LAMPORTS:
            raise InsufficientFunds(
                f"Fund the core wallet {self._around.core.address}: it holds {there} lamports."
            )
        await books.run(moves.top_up(self._around.core, self.wallet, amount))
        self.record.stats.top_ups += 1

    async def _refresh(self) -> None:
        """Look at the pool again: others have changed it."""
        books, pool = self._around.books, self._around.pool
        view = await books.reader.pool(pool)
        if view is not None:
            books.views[pool.address] = view

    async def _sleep(self, seconds: float) -> None:
        self.woken.clear()
        stop = asyncio.create_task(self._stop.wait())
        wake = asyncio.create_task(self.woken.wait())
        try:
            await asyncio.wait([stop, wake], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            wake.cancel()
