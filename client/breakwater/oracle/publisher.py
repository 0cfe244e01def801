"""Events onto the chain: in order, once each, numbered from where the feed stands.

One transaction is under way at a time. What arrives meanwhile waits and goes into the next one, in order, as
several `publish` instructions: ten updates in one slot are ten observations, which a market's settlement may
need to prove its price. Only when more wait than `BACKLOG`, the oldest are given up.

When it is unknown whether a transaction landed, the feed itself is asked: its sequence and newest observation
tell. Nothing is ever sent with a sequence that the feed has passed.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import stamina
import structlog
from solders.pubkey import Pubkey

from breakwater.chain import instructions
from breakwater.chain._build import address_of
from breakwater.chain.accounts import HISTORY
from breakwater.errors import (
    BreakwaterError,
    Fatal,
    InvalidInput,
    ProgramError,
    Unreachable,
)
from breakwater.limits import back_off

from .feeds import require_feed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from solders.keypair import Keypair

    from breakwater.chain.accounts import Feed
    from breakwater.chain.engine import Receipt
    from breakwater.chain.sender import Sender
    from breakwater.model import PriceEvent

__all__ = ["BACKLOG", "BATCH", "Publication", "Publisher"]

BATCH = 16
"""Publications in one transaction; more do not fit its 1,232 bytes beside the budget."""

BACKLOG = HISTORY
"""Events that wait at most: as many as the feed keeps. After an outage they are published late, with their
own times, so that what settles by the feed's history settles as if there had been none."""

SEND_S = 30.0
"""After which an unanswered transaction is looked up on the feed."""

CU_ONE, CU_EACH = 3_000, 500
PASSED = ("SequenceNotGrowing", "TimeRunsBackwards")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Publication:
    """An event that is on the chain; `signature` is None where only the feed told so."""

    event: PriceEvent
    signature: str | None
    slot: int
    batch: int
    heartbeat: bool


@dataclass(frozen=True, slots=True)
class _Waiting:
    event: PriceEvent
    heartbeat: bool


class Publisher:
    """Publishes to one feed.

    Args:
        sender: sends and confirms; the publisher pays where it has no payer.
        key: the feed's publisher.
        feed: its name.
        on_published: told of every publication, in order.
        wait_initial_s: first pause after a failure.
        wait_max_s: longest.
    """

    def __init__(
        self,
        sender: Sender,
        key: Keypair,
        feed: str,
        *,
        on_published: Callable[[Publication], None] = lambda _: None,
        wait_initial_s: float = 0.2,
        wait_max_s: float = 5.0,
        send_s: float = SEND_S,
    ) -> None:
        self.feed = feed
        self.transactions = self.published = 0
        self.dropped: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.last: PriceEvent | None = None
        self._sender, self._key, self._address = sender, key, address_of(key)
        self._on_published = on_published
        self._waits = (wait_initial_s, wait_max_s)
        self._send_s = send_s
        self._waiting: deque[_Waiting] = deque()
        self._sent: list[PriceEvent] = []
        self._sequence = self._time_ms = self._newest_ms = 0
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def waiting(self) -> int:
        """Events not on the chain yet."""
        return len(self._waiting)

    @property
    def sequence(self) -> int:
        """The feed's, as far as known."""
        return self._sequence

    async def resume(self) -> Feed:
        """Read where the feed stands, and go on from there.

        Raises:
            InvalidInput: there is no such feed, or another key publishes it.
            Retryable: the node does not answer.
        """
        feed = await require_feed(self._sender.engine, self.feed)
        if feed.publisher != bytes(self._address):
            raise InvalidInput(f"Publish {self.feed} with its publisher's key, {Pubkey(feed.publisher)}.")
        self._adopt(feed)
        self._newest_ms = max(self._newest_ms, feed.timestamp_ms)
        return feed

    def submit(self, event: PriceEvent, *, heartbeat: bool = False) -> bool:
        """Queue an event; False where it is older than one before it, and dropped."""
        if event.timestamp_ms < self._newest_ms:
            self.dropped["late"] += 1
            return False
        self._newest_ms = event.timestamp_ms
        self._waiting.append(_Waiting(event, heartbeat))
        if len(self._waiting) > BACKLOG:
            # those that may be under way already keep their places at the front
            del self._waiting[len(self._sent)]
            self.dropped["backlog"] += 1
        self._idle.clear()
        self._arrived.set()
        return True

    async def run(self) -> None:
        """Publish until cancelled, and recover from everything that waiting can cure.

        Raises:
            ProgramError: another key publishes the feed now.
        InvalidInput: the feed is gone.
        """
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                await self._deliver()
            self._idle.set()

    async def drain(self, timeout_s: float) -> bool:
        """Wait until nothing waits; False where that takes longer."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def _deliver(self) -> None:
        initial, longest = self._waits
        async for attempt in stamina.retry_context(
            on=_curable,
            attempts=None,
            timeout=None,
            wait_initial=initial,
            wait_max=longest,
            wait_jitter=initial,
        ):
            with attempt:
                if self._sent:  # the last attempt ended without certainty
                    await self._reconcile()
                if self._waiting:
                    await self._attempt()

    async def _attempt(self) -> None:
        try:
            async with asyncio.timeout(self._send_s):
                slot = await self._sender.engine.slot()
                self._sent = [
                    replace(each.event, sequence=self._sequence + i, slot=slot)
                    for i, each in zip(range(1, BATCH + 1), self._waiting, strict=False)
                ]
                receipt = await self._send(self._sent)
        except BreakwaterError as error:
            self._note(error)
            if isinstance(error, ProgramError):
                await self._refused(error)
            else:
                raise
        except TimeoutError:
            self.errors["Timeout"] += 1
            raise Unreachable("Look the feed up: the transaction was not confirmed in time.") from None
        else:
            self.transactions += 1
            self._done(len(self._sent), str(receipt.signature), receipt.slot)

    async def _send(self, events: Sequence[PriceEvent]) -> Receipt:
        publish = [instructions.publish(self._address, each) for each in events]
        limit = CU_ONE + CU_EACH * len(publish)
        return await self._sender.send(publish, [self._key], compute_limit=limit)

    async def _refused(self, error: ProgramError) -> None:
        if error.name == "NotPublisher":
            raise error
        if error.name in PASSED:
            await self._reconcile()
            return
        # nothing of the batch was applied: leave out its first event and go on
        log.error("publication_refused", feed=self.feed, error=str(error))
        self.dropped["refused"] += 1
        self._waiting.popleft()
        self._sent = []

    async def _reconcile(self) -> None:
        """Learn from the feed what of the last batch is on it, and forget what can no longer be."""
        feed = await require_feed(self._sender.engine, self.feed)
        landed = 0
        for count, each in enumerate(self._sent, 1):
            seen = (feed.sequence, feed.price, feed.timestamp_ms)
            if (each.sequence, each.price, each.timestamp_ms) == seen:
                landed = count
        if landed:
            self._done(landed, None, feed.slot)
            log.info("publication_found", feed=self.feed, sequence=feed.sequence)
        self._sent = []
        self._adopt(feed)
        while self._waiting and self._waiting[0].event.timestamp_ms < self._time_ms:
            self._waiting.popleft()
            self.dropped["late"] += 1

    def _adopt(self, feed: Feed) -> None:
        self._sequence = max(self._sequence, feed.sequence)
        self._time_ms = max(self._time_ms, feed.timestamp_ms)

    def _done(self, count: int, signature: str | None, slot: int) -> None:
        done, self._sent = self._sent[:count], []
        for event in done:
            heartbeat = self._waiting.popleft().heartbeat
            self.last, self._sequence, self._time_ms = event, event.sequence, event.timestamp_ms
            self.published += 1
            self._on_published(Publication(event, signature, slot, len(done), heartbeat))

    def _note(self, error: BreakwaterError) -> None:
        name = error.name if isinstance(error, ProgramError) else type(error).__name__
        self.errors[name] += 1
        log.warning("publication_failed", feed=self.feed, waiting=self.waiting, error=str(error))


def _curable(error: Exception) -> bool | float:
    """Whether waiting can help: a node that talks nonsense comes to its senses, a purse is filled."""
    if isinstance(error, Fatal):
        return not isinstance(error, InvalidInput)
    return back_off(error)
