"""Orders by their signature, on disk: what was posted once is never a second order, also after a restart.

SQLite in WAL mode, one writer: a thread of its own holds the only connection, and the database for itself,
so a second server on the same file is refused. A commit outlives the process, not a loss of power
(`synchronous = NORMAL`): an order that the store does not know is looked up on the chain before it is sent.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import msgspec

from breakwater.errors import InvalidInput

from .schemas import OrderStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Pending", "Store"]

KEEP_S = 7 * 86_400
"""How long settled orders are kept; a signature cannot land twice after a minute and a half."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    signature TEXT PRIMARY KEY,
    received_s REAL NOT NULL,
    wire BLOB NOT NULL,
    last_valid_block_height INTEGER NOT NULL,
    outcome BLOB
) WITHOUT ROWID
"""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pending:
    """An order whose outcome is not known yet."""

    signature: str
    wire: bytes
    last_valid_block_height: int


class Store:
    """Outcomes of orders.

    Args:
        file: the database; its directory is created.
        on_write: told the seconds each write took, the wait for the writer included.

    Raises:
        InvalidInput: the file is no such database, or another server has it.
    """

    def __init__(self, file: Path, *, on_write: Callable[[float], None] = lambda _: None) -> None:
        self.file, self._on_write = file, on_write
        self._writer = ThreadPoolExecutor(1, "orders")
        try:
            self._db: sqlite3.Connection = self._writer.submit(self._open).result()
        except (sqlite3.Error, OSError) as error:
            self._writer.shutdown()
            what = "another server uses it" if "locked" in str(error) else f"it is no store: {error}"
            raise InvalidInput(f"Name another --store than {file}: {what}.") from None

    def _open(self) -> sqlite3.Connection:
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        db = sqlite3.connect(self.file, isolation_level=None, timeout=1.0)
        try:
            # one after the other: the exclusive lock is taken by the first access in WAL mode
            for each in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"):
                db.execute(f"PRAGMA {each}").fetchall()
            db.execute(SCHEMA)
            db.execute(
                "DELETE FROM orders WHERE outcome IS NOT NULL AND received_s < ?", (time.time() - KEEP_S,)
            )
        except BaseException:
            db.close()
            raise
        return db

    async def find(self, signature: str) -> OrderStatus | None:
        """The order of that signature, whose status is "accepted" while its outcome is unknown."""

        def look() -> OrderStatus | None:
            row = self._db.execute("SELECT outcome FROM orders WHERE signature = ?", (signature,)).fetchone()
            if row is None:
                return None
            if row[0] is None:
                return OrderStatus(signature, "accepted")
            return msgspec.json.decode(row[0], type=OrderStatus)

        return await self._do(look)

    async def accept(self, order: Pending) -> None:
        """Remember an order before it is sent."""

        def write() -> None:
            self._db.execute(
                "INSERT OR IGNORE INTO orders VALUES (?, ?, ?, ?, NULL)",
                (order.signature, time.time(), order.wire, order.last_valid_block_height),
            )

        await self._write(write)

    async def settle(self, status: OrderStatus) -> None:
        """Remember how an order ended; the first outcome stays."""

        def write() -> None:
            self._db.execute(
                "UPDATE orders SET outcome = ? WHERE signature = ? AND outcome IS NULL",
                (msgspec.json.encode(status), status.signature),
            )

        await self._write(write)

    async def pending(self) -> list[Pending]:
        """Orders whose outcome nobody has recorded, oldest first."""

        def look() -> list[Pending]:
            rows = self._db.execute(
                "SELECT signature, wire, last_valid_block_height FROM orders"
                " WHERE outcome IS NULL ORDER BY received_s"
            )
            return [Pending(*row) for row in rows]

        return await self._do(look)

    async def backup(self, file: Path) -> None:
        """Copy everything committed so far into a file, a store of its own; writes wait meanwhile."""

        def copy() -> None:
            with closing(sqlite3.connect(file)) as other:
                self._db.backup(other)

        await self._do(copy)

    async def close(self) -> None:
        """Write everything out and let go of the file."""
        await self._do(self._db.close)
        self._writer.shutdown()

    async def _write(self, work: Callable[[], None]) -> None:
        began = time.perf_counter()
        await self._do(work)
        self._on_write(time.perf_counter() - began)

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)
