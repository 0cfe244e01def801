"""Where news comes from: pushed changes, and snapshots because pushes are not trusted alone."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Final

import structlog

from breakwater.chain import addresses as at
from breakwater.chain import changes, kinds, queries
from breakwater.chain.engine import EmbeddedEngine
from breakwater.errors import Fatal, InsufficientFunds, Retryable

from .finding import Finder
from .world import FOLLOWED, World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from solders.pubkey import Pubkey

    from breakwater.chain.engine import Landed, RpcEngine
    from breakwater.chain.keeper_accounts import Task

    from .finding import Prices
    from .hands import Outcome
    from .keeper import Keeper
    from .work import Work

__all__ = ["Eyes", "Pace"]

CLOCK_S: Final = 0.4
SETTLE_S: Final = 0.05
"""News that come within so long are looked at together."""

POOR_SLOTS: Final = 750
"""Slots after which a keeper without SOL looks whether it has been given some."""

GONE_SLOTS: Final = 1_500
"""Slots after which nothing is heard any more of an account that was closed."""

RETRY_S: Final = 0.5
LONGEST_RETRY_S: Final = 15.0

log = structlog.get_logger(__name__)


class Pace:
    """How often to look, in seconds.

    Args:
        snapshot_s: between two full snapshots while changes are pushed.
        fallback_s: the same while they are not.
        socket: whether to ask for pushes at all.
    """

    def __init__(self, snapshot_s: float = 30.0, fallback_s: float = 2.0, *, socket: bool = True) -> None:
        self.snapshot_s, self.fallback_s, self.socket = snapshot_s, fallback_s, socket


class Eyes:
    """Keeps a world up to date, for any number of keepers.

    Args:
        engine: the chain.
        prices: a source for stale feeds.
        pace: how often to look.
        prune_after_s: see `Finder`.
        seed: of the pauses after a failure.
    """

    def __init__(
        self,
        engine: EmbeddedEngine | RpcEngine,
        *,
        prices: Prices | None = None,
        pace: Pace | None = None,
        prune_after_s: int | None = None,
        seed: int | None = None,
    ) -> None:
        self.engine, self.pace = engine, pace or Pace()
        self.world = World()
        self.finder = Finder(self.world, prices, prune_after_s)
        self.version = 0
        """Grows when there is something new to look at."""
        self.ready = False
        """Whether a first snapshot has been taken."""
        self.connected = False
        self.snapshots = self.pushed = self.missed = self.reconnects = 0
        self.crew: list[Keeper] = []
        """Keepers of this process, which work on while one of them can't pay."""
        self.on_outcome: list[Callable[[Keeper, Work, Task | None, Outcome], None]] = []
        self._heard = time.monotonic()
        self._news = asyncio.Event()
        self._dirty = asyncio.Event()
        self._changed: dict[Pubkey, None] = {}
        self._error: BaseException | None = None
        self._chance = random.Random(seed)
        if isinstance(engine, EmbeddedEngine):
            engine.on_landed.append(self._landed)

    @property
    def instant(self) -> bool:
        """Whether transactions end at once: the chain is in this process."""
        return isinstance(self.engine, EmbeddedEngine)

    @property
    def silent_s(self) -> float:
        """Seconds since the chain last answered."""
        return time.monotonic() - self._heard

    def close(self) -> None:
        """Look no more."""
        if isinstance(self.engine, EmbeddedEngine) and self._landed in self.engine.on_landed:
            self.engine.on_landed.remove(self._landed)

    async def after(self, seen: int) -> int:
        """Wait for a version other than `seen`; which."""
        while self.version == seen:
            await self._news.wait()
        return self.version

    def publish(self) -> None:
        """Tell everybody who waits that there is something new."""
        self.version += 1
        news, self._news = self._news, asyncio.Event()
        news.set()

    def fail(self, keeper: Keeper, error: BaseException) -> None:
        """A keeper can't go on; ends `run` with its error, unless it only lacks SOL and others do not."""
        others = [each for each in self.crew if each is not keeper and not each.is_poor]
        if isinstance(error, InsufficientFunds) and others:
            keeper.poor_until = self.world.slot + POOR_SLOTS
            log.error("keeper_has_no_sol", keeper=str(keeper.address), error=str(error))
            return
        self._error = error
        self._dirty.set()

    def report(self, keeper: Keeper, work: Work, task: Task | None, outcome: Outcome) -> None:
        """A keeper has tried something."""
        for each in self.on_outcome:
            each(keeper, work, task, outcome)

    # Looking

    async def snapshot(self) -> int:
        """Read everything anew; how many accounts that changed, which nobody had pushed."""
        slot = await self.engine.slot()
        changed = 0
        for name in FOLLOWED:
            program = at.ORACLE if name == "Feed" else at.EXCHANGE
            found = await queries.owned(self.engine, program, kinds.filter_of(name))
            changed += self.world.replace(name, found, slot)
        self.snapshots += 1
        self.missed += changed if self.ready else 0
        self.world.forget(slot - GONE_SLOTS)
        self._changed.clear()
        await self.tick()
        self.ready = True
        return changed

    async def reread(self, addresses: Sequence[Pubkey]) -> None:
        """Look at accounts again that something was tried on.

        An account that is closed is no longer the program's, so nodes push nothing about it.
        """
        if self.instant:
            return
        slot = await self.engine.slot()
        found = await queries.read(self.engine, addresses)
        for address, data in zip(addresses, found, strict=True):
            self.world.apply(address, data, slot)
        self._dirty.set()

    async def tick(self) -> None:
        """Ask for slot and time."""
        self.world.tick(await self.engine.slot(), await self.engine.now())
        self._heard = time.monotonic()

    async def catch_up(self) -> None:
        """On the embedded engine: take over what has landed since, and tell everybody."""
        engine = self.engine
        if isinstance(engine, EmbeddedEngine):
            for address in self._changed:
                account = engine.get_account(address)
                ours = account is not None and account.owner in (at.EXCHANGE, at.ORACLE)
                data = account.data if ours and account is not None else None
                self.world.apply(address, data, engine.clock.slot)
            self._changed.clear()
        await self.tick()
        self.publish()

    def _landed(self, landed: Landed) -> None:
        self._changed.update(dict.fromkeys(landed.transaction.message.account_keys))

    # Running

    async def run(self) -> None:
        """Look until cancelled.

        Raises:
            BreakwaterError: a keeper can't go on, or the node refuses for good.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look())
            group.create_task(self._tell())
            if self.instant:
                return
            if self.pace.socket:
                group.create_task(self._listen())

    async def _tell(self) -> None:
        while True:
            await self._dirty.wait()
            if self._error is not None:
                raise self._error
            self._dirty.clear()
            await asyncio.sleep(SETTLE_S)
            if self.ready:
                self.publish()

    async def _look(self) -> None:
        """Slot and time always, everything every now and then."""
        loop = asyncio.get_running_loop()
        last, failures = float("-inf"), 0
        while True:
            wait = CLOCK_S
            try:
                every = self.pace.snapshot_s if self.connected or self.instant else self.pace.fallback_s
                if loop.time() - last >= every:
                    changed = await self.snapshot()
                    last = loop.time()
                    log.debug("keeper_snapshot", changed=changed, slot=self.world.slot)
                elif self.instant:
                    await self.catch_up()
                else:
                    await self.tick()
                self._dirty.set()
                failures = 0
            except Retryable as error:
                failures += 1
                wait = self._pause_s(failures)
                log.warning("keeper_blind", error=str(error), again_in_s=round(wait, 1))
            await asyncio.sleep(wait)

    async def _listen(self) -> None:
        """Follow the node's pushes; when they end, snapshots come more often until they are back."""
        failures = 0
        while True:
            try:
                async for change in changes.follow(
                    self.engine.ws_url,  # type: ignore[union-attr]
                    (at.EXCHANGE, at.ORACLE),
                    self.engine.commitment,  # type: ignore[union-attr]
                ):
                    if change is None:
                        self.connected, failures = True, 0
                        log.info("keeper_listens", slot=self.world.slot)
                        continue
                    self.pushed += 1
                    self.world.apply(change.address, change.data, change.slot)
                    self._dirty.set()
            except (Retryable, Fatal) as error:
                failures += 1
                wait = self._pause_s(failures)
                log.warning("keeper_polls", error=str(error), again_in_s=round(wait, 1))
            finally:
                self.connected = False
            self.reconnects += 1
            await asyncio.sleep(wait)

    def _pause_s(self, failures: int) -> float:
        base: float = min(RETRY_S * 2.0 ** min(failures, 10), LONGEST_RETRY_S)
        return base * self._chance.uniform(0.5, 1.0)
