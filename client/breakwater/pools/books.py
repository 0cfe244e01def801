"""Who holds what, to the unit: a move is written down before it leaves and checked when it has landed.

A move locks the holders it changes, so that what the chain shows has one cause. Whatever interrupts it
(a kill, a node that falls silent), its signature is on disk: it is looked up until its fate is certain.
"""

from __future__ import annotations

import asyncio
import base64
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog
from solders.signature import Signature

from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine, Receipt
from breakwater.errors import BreakwaterError, Fatal, Retryable, Unreachable

from .moves import OUTSIDERS
from .post import Letter
from .records import CORE, OUTSIDE, Pending, Totals, document, parse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from breakwater.chain.engine import RpcEngine

    from .moves import Move, Wallet
    from .post import Post
    from .reader import PoolView, Reader
    from .records import Changes
    from .store import Store

__all__ = ["Books", "Mismatch"]

LOOK_S: Final = 0.5
EVENT_LOOKS: Final = 20

log = structlog.get_logger(__name__)


class Mismatch(Fatal):
    """The chain shows something else than a move had to bring about."""


class Books:
    """The ledger of all wallets and pools.

    Args:
        engine: the chain.
        store: where it is kept.
        post: sends.
        reader: reads.
    """

    def __init__(self, engine: EmbeddedEngine | RpcEngine, store: Store, post: Post, reader: Reader) -> None:
        self._engine, self._store, self._post, self.reader = engine, store, post, reader
        documents = store.documents
        self.balances: dict[str, dict[str, int]] = {
            key.removeprefix("balances/"): dict(value)
            for key, value in documents.items()
            if key.startswith("balances/")
        }
        self.totals = parse(Totals, documents, "totals/")
        self.pending = parse(Pending, documents, "pending/")
        self.wallets: dict[str, Wallet] = {}
        self.views: dict[str, PoolView] = {}
        self.lamports: dict[str, int] = {}
        self.closing = False
        """Nothing new begins, not even for those who have waited for what is being found out."""
        self.recovered = {"landed": 0, "dropped": 0}
        self._locks: dict[str, asyncio.Lock] = {}

    def held(self, holder: str, mint: str) -> int:
        """Units of a mint that a holder has."""
        return self.balances.get(holder, {}).get(mint, 0)

    @asynccontextmanager
    async def locked(self, holders: Iterable[str]) -> AsyncIterator[None]:
        """Keep everybody else from changing these holders; always taken in one order."""
        async with AsyncExitStack() as stack:
            for name in sorted(set(holders)):
                await stack.enter_async_context(self._locks.setdefault(name, asyncio.Lock()))
            yield

    async def run(self, move: Move) -> Receipt:
        """Carry a move out and verify it.

        Raises:
            Mismatch: it landed, and the chain shows something else than it had to.
            BreakwaterError: it certainly did not happen; Retryable ones may be tried again.
        """
        async with self.locked(_locks_of(move.changes)):
            if self.closing:
                raise Retryable("Start the service again: it is stopping.")
            return await self.run_locked(move)

    async def run_locked(self, move: Move) -> Receipt:
        """The same, by somebody who has the locks."""
        for holder, changed in move.changes.items():
            if holder in OUTSIDERS:
                continue
            short = next((m for m, d in changed.items() if self.held(holder, m) + d < 0), None)
            if short is not None:
                raise Fatal(f"Fund {holder} first: it holds {self.held(holder, short)} of {short}.")
        pending: list[Pending] = []

        def signed(signature: Signature, height: int, wire: bytes) -> None:
            pool = move.pool.address if move.pool is not None else ""
            entry = Pending(
                str(signature),
                height,
                move.thread,
                move.what,
                move.changes,
                base64.b64encode(wire).decode(),
                pool,
                move.totals,
            )
            self._store.commit({f"pending/{entry.signature}": document(entry)})
            pending.append(entry)
            self.pending[entry.signature] = entry

        try:
            receipt = await self._post.send(Letter(move.instructions, move.signers, signed, move.compute))
        except Unreachable:
            if not pending:
                raise
            found = await self._find_out(pending[-1])
            if found is None:
                raise Retryable("Try again: the transaction expired without landing.") from None
            receipt = found
        except BreakwaterError:
            if pending:
                self._drop(pending[-1])
            raise
        await self._apply(pending[-1])
        await self._verify(move, receipt)
        return receipt

    async def recover(self) -> asyncio.Task[None]:
        """Begin to find out what became of every move that was under way when the process ended.

        Its holders are locked already when this returns, so that everybody else can begin; what was sent just
        before a kill and did not arrive is only certain after a minute and a half.
        """
        group = [asyncio.create_task(self._recover(entry)) for entry in list(self.pending.values())]
        for _ in group:
            await asyncio.sleep(0)  # each takes its locks, which are free: no holder has two moves under way
        return asyncio.create_task(self._recovered(group))

    async def _recovered(self, group: list[asyncio.Task[None]]) -> None:
        await asyncio.gather(*group)

    async def _recover(self, entry: Pending) -> None:
        async with self.locked(_locks_of(entry.changes)):
            landed = await self._find_out(entry)
            if landed is not None:
                await self._apply(entry)
        self.recovered["landed" if landed is not None else "dropped"] += 1
        log.info("move_recovered", what=entry.what, thread=entry.thread, landed=landed is not None)

    async def _find_out(self, entry: Pending) -> Receipt | None:
        """The receipt of a move that succeeded; None (and it is dropped) once it certainly did not."""
        signature = Signature.from_string(entry.signature)
        engine = self._engine
        while True:
            try:
                if isinstance(engine, EmbeddedEngine):
                    landed = engine.landed(signature)
                    receipt = landed.receipt if landed is not None else None
                    over = True
                else:
                    # the height first: whatever landed in time is in the history by then
                    over = await engine.block_height() > entry.last_valid_block_height
                    (status,) = await engine.statuses([signature], search=True)
                    receipt = None
                    if status is not None and engine.reached(status.level):
                        (receipt,) = await engine.receipts([(signature, status)])
                    over = over and status is None
                    if status is None and not over and entry.wire:
                        # once more the same bytes: they can land once, and then it is known
                        await engine.submit([base64.b64decode(entry.wire)], preflight=False)
            except Retryable as error:
                log.warning("looking_up_failed", signature=entry.signature, error=str(error))
                await asyncio.sleep(LOOK_S)
                continue
            if receipt is not None and receipt.err is None:
                return receipt
            if receipt is not None or over:
                self._drop(entry)
                return None
            await asyncio.sleep(LOOK_S)

    def _drop(self, entry: Pending) -> None:
        self.pending.pop(entry.signature, None)
        self._store.commit({f"pending/{entry.signature}": None})

    async def _apply(self, entry: Pending) -> None:
        """Book what landed, in one commit with forgetting that it was pending; not before the disk has it."""
        written: dict[str, Any] = {f"pending/{entry.signature}": None}
        balances = {
            holder: {**self.balances.get(holder, {})} for holder, changed in entry.changes.items() if changed
        }
        for holder, held in balances.items():
            for mint, amount in entry.changes[holder].items():
                held[mint] = held.get(mint, 0) + amount
            written[f"balances/{holder}"] = dict(held)
        while True:
            totals = self._counted(entry)  # what others counted meanwhile is in it
            if totals is not None:
                written[f"totals/{entry.pool}"] = document(totals)
            try:
                self._store.commit(written)
            except Retryable as error:
                log.warning("booking_waits", signature=entry.signature, error=str(error))
                await asyncio.sleep(LOOK_S)
                continue
            break
        self.balances |= balances
        if totals is not None:
            self.totals[entry.pool] = totals
        self.pending.pop(entry.signature, None)

    def _counted(self, entry: Pending) -> Totals | None:
        """The totals of its pool with this move in them."""
        if not entry.pool:
            return None
        totals = msgspec.convert(document(self.totals.get(entry.pool, Totals())), Totals)
        totals.operations += 1
        for name, sides in entry.totals.items():
            kept: list[int] = getattr(totals, name)
            kept[0] += sides[0]
            kept[1] += sides[1]
        return totals

    def adopt(self, holder: str, mint: str, found: int) -> None:
        """Book what the chain shows, by somebody who has the lock; whoever has the difference is outside."""
        missing = self.held(holder, mint) - found
        balances = {
            holder: {**self.balances.get(holder, {}), mint: found},
            OUTSIDE: {**self.balances.get(OUTSIDE, {}), mint: self.held(OUTSIDE, mint) + missing},
        }
        self._store.commit({f"balances/{name}": held for name, held in balances.items()})
        self.balances |= balances

    async def _verify(self, move: Move, receipt: Receipt) -> None:
        if move.event is not None:
            await self._verify_event(move.event, receipt)
        held = [
            (holder, mint)
            for holder, changed in move.changes.items()
            if holder not in OUTSIDERS
            for mint in changed
        ]
        addresses = [self.wallets[holder].tokens(mint) for holder, mint in held]
        pool = self.reader.of_pool(move.pool) if move.pool is not None else []
        own = [self.wallets[move.thread].address] if move.thread in self.wallets else []
        found = await self._read(addresses + pool + own, receipt.slot)
        for (holder, mint), account in zip(held, found, strict=False):
            amount = 0 if account is None else account.amount
            if amount != self.held(holder, mint):
                raise Mismatch(
                    f"Look into {receipt.signature}: {holder} should hold {self.held(holder, mint)} "
                    f"of {mint} and holds {amount}."
                )
        if own:
            last = found[-1]
            self.lamports[move.thread] = 0 if last is None else last.lamports
        if move.pool is not None:
            view = self.reader.view(found[len(held) : len(held) + len(pool)])
            if view is None or not view.is_sound:
                raise Mismatch(f"Look into {receipt.signature}: pool {move.pool.address} is not covered.")
            self.views[move.pool.address] = view

    async def _read(self, addresses: list[Any], slot: int) -> list[Any]:
        """It has landed: whatever the node says, this has to be known before anything else happens."""
        while True:
            try:
                return await self.reader.accounts(addresses, slot=slot)
            except Retryable as error:
                log.warning("verification_waits", error=str(error))
                await asyncio.sleep(LOOK_S)

    async def _verify_event(self, expected: tuple[str, dict[str, Any]], receipt: Receipt) -> None:
        name, fields = expected
        engine, logs = self._engine, receipt.logs
        for _ in range(EVENT_LOOKS):
            if logs or isinstance(engine, EmbeddedEngine):
                break
            await asyncio.sleep(LOOK_S)  # landed, but not in the node's history yet
            (status,) = await engine.statuses([receipt.signature], search=True)
            if status is not None:
                logs = (await engine.receipts([(receipt.signature, status)]))[0].logs
        events = [each for each in programs.event_decoder().decode(logs) if each.name == name]
        said = [{key: each.fields[key] for key in fields} for each in events]
        if said != [fields]:
            raise Mismatch(f"Look into {receipt.signature}: it logged {said} instead of {fields}.")

    def note_alert(self, thread: str, message: str) -> None:
        """Remember that something has to be looked at."""
        alerts: list[Any] = [*self.alerts, {"at": int(time.time()), "thread": thread, "message": message}]
        log.error("pools_alert", thread=thread, message=message)
        self._store.commit({"alerts": alerts[-1_000:]})

    @property
    def alerts(self) -> list[Any]:
        """What has to be looked at, oldest first."""
        known: list[Any] = self._store.documents.get("alerts", [])
        return known


def _locks_of(changes: Changes) -> list[str]:
    """Whose holdings must not move meanwhile: of the core wallet's only tokens, its SOL may."""
    return [holder for holder, changed in changes.items() if holder != CORE or changed]
