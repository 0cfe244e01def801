"""What can be asked of the service: reconciliation, what is held, sums."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from .reconcile import Reconciliation, reconcile
from .records import Totals

if TYPE_CHECKING:
    from breakwater.chain.engine import EmbeddedEngine, RpcEngine

    from .books import Books
    from .guard import MemoryGuard
    from .post import Post
    from .records import PoolRecord, ThreadRecord
    from .store import Store

__all__ = ["Answers"]


class Answers:
    """The part of the service that only tells."""

    engine: EmbeddedEngine | RpcEngine
    store: Store
    books: Books
    post: Post
    guard: MemoryGuard
    pools: dict[str, PoolRecord]
    threads: dict[str, ThreadRecord]
    started_at: float
    _shown: dict[str, tuple[Any, Any, msgspec.Raw]]

    async def reconcile(self) -> Reconciliation:
        """Compare the books with the chain while nothing moves; a difference raises an alert."""
        found = await reconcile(self.books, self.pools.values())
        if not found.ok:
            self.books.note_alert("", "; ".join(found.differences[:5]))
        return found

    def totals(self, address: str) -> Totals:
        """What was counted of a pool."""
        return self.books.totals.get(address, Totals())

    def show_thread(self, record: ThreadRecord) -> msgspec.Raw:
        """A thread without its secret, with what it holds; JSON, kept until something about it changes."""
        holds, stats = self.books.balances.get(record.id), record.stats
        said = (record.version, record.state, stats.waits, stats.refills, stats.top_ups)
        known = self._shown.get(record.id)
        if known is not None and known[0] == said and known[1] is holds:
            return known[2]
        shown: dict[str, Any] = msgspec.to_builtins(record)
        del shown["secret"]
        wallet = self.books.wallets.get(record.id)
        shown["wallet"] = str(record.wallet if wallet is None else wallet.address)
        made = msgspec.Raw(msgspec.json.encode({**shown, "holds": holds or {}}))
        self._shown[record.id] = (said, holds, made)
        return made

    def show_pool(self, record: PoolRecord) -> dict[str, Any]:
        """A pool with its newest state and its totals."""
        view = self.books.views.get(record.address)
        now: dict[str, Any] = {"reserve": None, "fees": None, "supply": None, "paused": None}
        if view is not None:
            now = {
                "reserve": view.pool.reserve,
                "fees": view.pool.fees,
                "supply": view.supply,
                "paused": view.pool.paused,
            }
        totals: dict[str, Any] = msgspec.to_builtins(self.totals(record.address))
        return {**msgspec.to_builtins(record), "now": now, "totals": totals}

    def statistics(self) -> dict[str, Any]:
        """Sums over all threads, and the state of the service."""
        stats = [each.stats for each in self.threads.values()]
        states: dict[str, int] = {}
        errors: dict[str, int] = {}
        for each in self.threads.values():
            states[each.state] = states.get(each.state, 0) + 1
            for name, count in each.stats.errors.items():
                errors[name] = errors.get(name, 0) + count
        names = (
            "operations",
            "succeeded",
            "refused",
            "failed",
            "verified",
            "refills",
            "top_ups",
            "volume",
            "shared",
        )
        return {
            **{name: sum(getattr(each, name) for each in stats) for name in names},
            "compute_units": sum(each.compute_units for each in stats),
            "threads": len(self.threads),
            "states": states,
            "errors": errors,
            "pools": len(self.pools),
            "alerts": len(self.books.alerts),
            "pending": len(self.books.pending),
            "sent": self.post.sent,
            "batches": self.post.batches,
            "commits": self.store.commits,
            "recovered": list(self.store.recovered),
            "moves_recovered": dict(self.books.recovered),
            "memory_short": self.guard.pressed,
            "uptime_s": round(time.time() - self.started_at, 3),
            "engine": self.engine.name,
        }
