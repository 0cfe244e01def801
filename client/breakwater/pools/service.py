"""The service: pools and threads, and what can be asked of them. Everything it knows is in its store."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import structlog
from solders.keypair import Keypair

from breakwater.chain.engine import EmbeddedEngine
from breakwater.chain.sender import Sender
from breakwater.errors import InvalidInput, Retryable

from .answers import Answers
from .books import Books
from .guard import MemoryGuard
from .moves import Wallet
from .pool_keeping import PoolKeeping
from .post import Post
from .reader import Reader
from .records import CORE, Kind, PoolRecord, Rates, State, ThreadRecord, document, parse
from .removals import Removals
from .worker import Surroundings, Worker

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from breakwater.chain.engine import RpcEngine

    from .empty import Emptied
    from .store import Store

__all__ = ["Options", "Service"]

FUNDING_TOKENS: Final = 1_000
"""Whole tokens that a thread begins with."""
GUARD_S: Final = 2.0
MOST_THREADS: Final = 2_000
STOP_S: Final = 30.0
"""How long moves under way have to end; what is not certain by then is found out at the next start."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Options:
    """How a service runs.

    Attributes:
        guard: looks at memory.
        seed: of amounts and pauses; None takes the machine's randomness.
    """

    guard: MemoryGuard = field(default_factory=MemoryGuard)
    seed: int | None = None


class Service(PoolKeeping, Answers):
    """Pools, threads, wallets.

    Args:
        engine: the chain.
        core: the wallet that owns pools, mints and funds.
        store: what is remembered.
        options: how.
    """

    def __init__(
        self,
        engine: EmbeddedEngine | RpcEngine,
        core: Keypair,
        store: Store,
        options: Options | None = None,
    ) -> None:
        self.engine, self.store = engine, store
        self._options = options or Options()
        self._sender = Sender(engine, preflight=False, priority_fee=0)
        self.post, self.reader = Post(self._sender), Reader(engine)
        self.books = Books(engine, store, self.post, self.reader)
        self.core = Wallet(CORE, core, core.pubkey())
        self.books.wallets[CORE] = self.core
        self.pools = parse(PoolRecord, store.documents, "pools/")
        self.threads = parse(ThreadRecord, store.documents, "threads/")
        for record in self.threads.values():
            self._know(record)
        self.workers: dict[str, tuple[Worker, asyncio.Task[None]]] = {}
        self.removals = Removals(self)
        self._shown = {}
        self._naming = asyncio.Lock()
        self.guard = self._options.guard
        self.started_at = time.time()
        self._recovery: asyncio.Task[None] | None = None

    def forget(self, name: str) -> None:
        """Nothing of a thread that was deleted stays in memory."""
        self.threads.pop(name, None)
        self._shown.pop(name, None)
        for kept in (self.books.wallets, self.books.balances, self.books.lamports):
            kept.pop(name, None)

    def _know(self, record: ThreadRecord) -> None:
        self.books.wallets[record.id] = Wallet(record.id, record.key, record.wallet)

    # Life

    async def start(self, *, wait: bool = True) -> dict[str, int]:
        """Settle what was under way, look at the pools, and go on with what was running.

        Args:
            wait: until everything is settled; the threads concerned wait in any case.

        Returns:
            How many moves had landed and how many never will.
        """
        self._recovery = await self.books.recover()
        if wait:
            await self._recovery
        for record in list(self.pools.values()):
            try:
                view = await self.reader.pool(record)
            except Retryable as error:  # threads look again when they need it, and wait
                log.warning("pool_not_seen_yet", pool=record.address, error=str(error))
                break
            if view is not None:
                self.books.views[record.address] = view
        for thread in list(self.threads.values()):
            if thread.state in ("running", "paused"):
                self._begin(thread)
            elif thread.state in ("emptying", "deleting"):
                self.removals.begin(thread)
        return self.books.recovered

    async def stop(self) -> None:
        """Let every move under way end; threads that run will run again after the next start.

        Where the node does not answer, it is looked up at the next start what became of it.
        """
        self.removals.stop()
        if self._recovery is not None and not self._recovery.done():
            self.books.closing = True
            self._recovery.cancel()  # what is not certain yet is found out at the next start
        for worker, _ in self.workers.values():
            worker.stop()
        tasks = {task for _, task in self.workers.values()} | self.removals.tasks
        await self._ended(tasks)
        await self._ended({asyncio.create_task(self.post.rest())})

    @staticmethod
    async def _ended(tasks: set[asyncio.Task[Any]]) -> None:
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=STOP_S)
        for task in late:
            task.cancel()
        if late:
            log.warning("moves_left_open", count=len(late))
            await asyncio.wait(late)

    async def watch(self) -> None:
        """Look at memory from time to time, until cancelled."""
        while True:
            if self.guard.look():
                log.warning("memory_is_short")
            await asyncio.sleep(GUARD_S)

    # Threads

    async def create_thread(
        self,
        kind: Kind,
        pool: str,
        side: int,
        *,
        rates: Rates | None = None,
        funding: int | None = None,
        share: bool = True,
    ) -> ThreadRecord:
        """A thread with a wallet of its own, stopped.

        Raises:
            InvalidInput: the pool is not known, or has a swap thread of that direction already.
        """
        place = self.pool(pool)
        if len(self.threads) >= MOST_THREADS:
            raise InvalidInput(f"Delete threads first: {MOST_THREADS} is the most.")
        twins = (each for each in self.threads.values() if each.kind == "swap" == kind)
        if any((each.pool, each.side) == (pool, side) for each in twins):
            raise InvalidInput("Use the swap thread that there is: a direction of a pool has one.")
        key = Keypair()
        record = ThreadRecord(
            id=f"{kind}-{'ab'[side]}-{secrets.token_hex(4)}",
            kind=kind,
            pool=pool,
            side=side,
            secret=str(key),
            funding=FUNDING_TOKENS * 10 ** place.decimals[side] if funding is None else funding,
            rates=self._checked(rates or Rates()),
            share=share,
            created_ms=int(time.time() * 1000),
        )
        self.threads[record.id] = record
        self._know(record)
        self.save(record)
        return record

    @staticmethod
    def _checked(rates: Rates) -> Rates:
        if not (
            1 <= rates.min_ms <= rates.max_ms <= 3_600_000 and 1 <= rates.min_bps <= rates.max_bps <= 10_000
        ):
            raise InvalidInput(
                "Give pauses from 1 ms to an hour and parts from 1 to 10,000 bps, the lower first."
            )
        return rates

    def thread(self, name: str) -> ThreadRecord:
        """A thread by its id.

        Raises:
            InvalidInput: there is none.
        """
        if name not in self.threads:
            raise InvalidInput(f"Ask for the list of threads: {name} is not one.")
        return self.threads[name]

    def start_thread(self, name: str) -> ThreadRecord:
        """Let it run; a paused one goes on."""
        record = self.thread(name)
        if record.state in ("emptying", "deleting"):
            raise InvalidInput(f"Wait until {name} is empty.")
        self.set_state(record, "running")
        if name not in self.workers:
            self._begin(record)
        return record

    def pause_thread(self, name: str) -> ThreadRecord:
        """Let it wait without forgetting anything."""
        record = self.thread(name)
        if record.state != "running":
            raise InvalidInput(f"Start {name} first: it is {record.state}.")
        self.set_state(record, "paused")
        return record

    async def stop_thread(self, name: str) -> ThreadRecord:
        """Stop it after the move under way."""
        record = self.thread(name)
        await self.halt(name)
        if record.state in ("running", "paused"):
            self.set_state(record, "stopped")
        return record

    def set_rates(self, name: str, rates: Rates) -> ThreadRecord:
        """Change how often and how much; takes effect with the next move."""
        record = self.thread(name)
        record.rates = self._checked(rates)
        self.save(record)
        return record

    async def empty_thread(self, name: str) -> Emptied:
        """Stop it, redeem, burn, give back and close all its wallet holds."""
        return await self.removals.end(self.thread(name), remove=False)

    async def delete_thread(self, name: str) -> Emptied:
        """Empty it and forget it. Begun once, it ends, even after a restart."""
        return await self.removals.end(self.thread(name), remove=True)

    def _begin(self, record: ThreadRecord) -> None:
        around = Surroundings(
            self.books,
            self.core,
            self.pool(record.pool),
            self._partner,
            self.save,
            lambda: not self.guard.pressed,
        )
        seed = (
            None if self._options.seed is None else f"{self._options.seed} {len(self.workers)} {record.kind}"
        )
        worker = Worker(record, self.books.wallets[record.id], around, random.Random(seed))
        task = asyncio.create_task(self._kept(record, worker.run()))
        self.workers[record.id] = (worker, task)

    async def _kept(self, record: ThreadRecord, running: Coroutine[Any, Any, None]) -> None:
        try:
            await running
        except Exception as error:
            record.state, record.last_error = "failed", repr(error)
            with contextlib.suppress(Retryable):  # a full disk
                self.save(record)
                self.books.note_alert(record.id, f"defect: {error!r}")
            log.exception("thread_broke", thread=record.id)
        finally:
            self.workers.pop(record.id, None)

    async def halt(self, name: str) -> None:
        """Wait until a thread's move under way has ended, and end it."""
        running = self.workers.get(name)
        if running is not None:
            running[0].stop()
            await asyncio.wait([running[1]])

    def _partner(self, record: ThreadRecord) -> Wallet | None:
        """Who a share of this thread goes to: of those that can use it, the one that holds least."""
        wanted: dict[Kind, Kind] = {"deposit": "withdraw", "withdraw": "deposit", "swap": "swap"}
        side = 1 - record.side if record.kind == "swap" else record.side
        fitting = [
            each.id
            for each in self.threads.values()
            if (each.kind, each.pool, each.side) == (wanted[record.kind], record.pool, side)
            and each.state == "running"
            and each.id in self.workers
            and each.id in self.books.lamports
        ]
        if not fitting:
            return None
        pool = self.pools[record.pool]
        mint = pool.lp_mints[side] if record.kind == "deposit" else pool.mints[side]
        return self.books.wallets[min(fitting, key=lambda name: self.books.held(name, mint))]

    def set_state(self, record: ThreadRecord, state: State) -> None:
        """Change it and write it down."""
        record.state = state
        self.save(record)
        running = self.workers.get(record.id)
        if running is not None:
            running[0].woken.set()

    def save(self, record: ThreadRecord) -> None:
        """Write it down."""
        record.version += 1
        self.store.commit({f"threads/{record.id}": document(record)})
