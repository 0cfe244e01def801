"""Figures and alerts on disk, so that a restart forgets neither.

SQLite in WAL mode, one writer: a thread of its own holds the only connection, and the database for itself,
so that a second monitor on the same file is refused. Every look is kept for two hours, and of every minute
its lowest, highest and last value for sixty days.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog

from breakwater.alerts import Alert, Severity
from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from breakwater.alerts import Labels, Notice

    from .monitor import Sample

__all__ = ["FINE_S", "History"]

FINE_S: Final = 2 * 3_600
KEEP_S: Final = 60 * 86_400
MOST_POINTS: Final = 2_000
CLEAN_EVERY: Final = 600
"""Looks between two removals of what is too old."""

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, metric TEXT NOT NULL, labels TEXT NOT NULL, UNIQUE (metric, labels)
);
CREATE TABLE IF NOT EXISTS points (
    series INTEGER NOT NULL, at_ms INTEGER NOT NULL, value REAL NOT NULL, PRIMARY KEY (series, at_ms)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS minutes (
    series INTEGER NOT NULL, minute INTEGER NOT NULL,
    low REAL NOT NULL, high REAL NOT NULL, last REAL NOT NULL,
    PRIMARY KEY (series, minute)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS alerts (
    rule TEXT NOT NULL, labels TEXT NOT NULL, fired_s REAL NOT NULL, severity TEXT NOT NULL,
    says TEXT NOT NULL, metric TEXT NOT NULL, value REAL NOT NULL, slot INTEGER, cleared_s REAL,
    PRIMARY KEY (rule, labels, fired_s)
) WITHOUT ROWID;
"""
MINUTE: Final = """
INSERT INTO minutes VALUES (?1, ?2, ?3, ?3, ?3) ON CONFLICT DO UPDATE
SET low = min(low, excluded.low), high = max(high, excluded.high), last = excluded.last
"""
T = TypeVar("T")
log = structlog.get_logger(__name__)


class History:
    """The history of one exchange.

    Args:
        file: the database; its directory is created.

    Raises:
        InvalidInput: the file is no such database, or another monitor has it.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._writer = ThreadPoolExecutor(1, "history")
        self._series: dict[tuple[str, Labels], int] = {}
        self._looks = 0
        try:
            self._db: sqlite3.Connection = self._writer.submit(self._open).result()
        except (sqlite3.Error, OSError) as error:
            self._writer.shutdown()
            what = "another monitor uses it" if "locked" in str(error) else f"it is no history: {error}"
            raise InvalidInput(f"Name another --history than {file}: {what}.") from None

    def _open(self) -> sqlite3.Connection:
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        db = sqlite3.connect(self.file, isolation_level=None, timeout=1.0)
        try:
            # one after the other: the exclusive lock is taken by the first access in WAL mode
            for each in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = NORMAL"):
                db.execute(f"PRAGMA {each}").fetchall()
            db.executescript(SCHEMA)
        except BaseException:
            db.close()
            raise
        return db

    async def record(self, sample: Sample) -> None:
        """Keep a sample's figures and notices; a disk that is full ends no watch."""
        try:
            await self._do(lambda: self._record(sample))
        except sqlite3.Error as error:
            log.warning("history_not_kept", file=str(self.file), error=str(error))

    def _record(self, sample: Sample) -> None:
        at_ms = round(sample.view.time_s * 1000)
        values = [
            (self._number(each.metric, each.labels), each.value)
            for each in sample.readings
            if each.value is not None
        ]
        self._db.execute("BEGIN")
        try:
            self._db.executemany(
                "INSERT OR REPLACE INTO points VALUES (?, ?, ?)",
                [(series, at_ms, value) for series, value in values],
            )
            self._db.executemany(MINUTE, [(series, at_ms // 60_000, value) for series, value in values])
            for notice in sample.notices:
                self._note(notice)
            if self._looks % CLEAN_EVERY == 0:
                self._clean(at_ms)
            self._looks += 1
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _number(self, metric: str, labels: Labels) -> int:
        known = self._series.get((metric, labels))
        if known is None:
            text = json.dumps(labels)
            self._db.execute("INSERT OR IGNORE INTO series (metric, labels) VALUES (?, ?)", (metric, text))
            query = "SELECT id FROM series WHERE metric = ? AND labels = ?"
            known = self._series[metric, labels] = int(self._db.execute(query, (metric, text)).fetchone()[0])
        return known

    def _note(self, notice: Notice) -> None:
        alert, labels = notice.alert, json.dumps(notice.alert.labels)
        if notice.kind == "fired":
            self._db.execute(
                "INSERT OR REPLACE INTO alerts VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                (
                    *(alert.rule, labels, alert.since_s, alert.severity.value),
                    *(alert.says, alert.metric, alert.value, alert.slot),
                ),
            )
        elif notice.kind == "cleared":
            self._db.execute(
                "UPDATE alerts SET cleared_s = ? WHERE rule = ? AND labels = ? AND cleared_s IS NULL",
                (notice.at_s, alert.rule, labels),
            )

    def _clean(self, now_ms: int) -> None:
        self._db.execute("DELETE FROM points WHERE at_ms < ?", (now_ms - FINE_S * 1000,))
        self._db.execute("DELETE FROM minutes WHERE minute < ?", ((now_ms // 1000 - KEEP_S) // 60,))
        self._db.execute(
            "DELETE FROM alerts WHERE cleared_s IS NOT NULL AND fired_s < ?", (now_ms / 1000 - KEEP_S,)
        )

    async def chart(self, metric: str, since_s: float, until_s: float) -> list[dict[str, Any]]:
        """A metric's series: labels, times in Unix seconds, values. Minutes give their last value.

        At most 2,000 points each: beyond that every n-th, the newest always among them.
        """
        return await self._do(lambda: self._chart(metric, since_s, until_s))

    def _chart(self, metric: str, since_s: float, until_s: float) -> list[dict[str, Any]]:
        rows = self._db.execute("SELECT id, labels FROM series WHERE metric = ? ORDER BY labels", (metric,))
        charts = []
        for series, labels in rows.fetchall():
            if until_s - since_s <= FINE_S:
                query = "SELECT at_ms / 1000.0, value FROM points WHERE series = ? AND at_ms BETWEEN ? AND ?"
                window = (series, round(since_s * 1000), round(until_s * 1000))
            else:
                query = "SELECT minute * 60.0, last FROM minutes WHERE series = ? AND minute BETWEEN ? AND ?"
                window = (series, int(since_s // 60), int(until_s // 60))
            found = self._db.execute(f"{query} ORDER BY 1", window).fetchall()
            step = -(-len(found) // MOST_POINTS) or 1
            thinned = found[::-1][::step][::-1]
            if thinned:
                times, values = zip(*thinned, strict=True)
                charts.append({"labels": dict(json.loads(labels)), "times": times, "values": values})
        return charts

    async def alerts(self, most: int = 100) -> list[dict[str, Any]]:
        """What has fired, the newest first; `cleared_s` is None while it holds."""

        def look() -> list[dict[str, Any]]:
            names = ("rule", "labels", "fired_s", "severity", "says", "metric", "value", "slot", "cleared_s")
            query = "SELECT * FROM alerts ORDER BY fired_s DESC, rule LIMIT ?"
            rows = [dict(zip(names, row, strict=True)) for row in self._db.execute(query, (most,))]
            return [row | {"labels": dict(json.loads(row["labels"]))} for row in rows]

        return await self._do(look)

    async def active(self) -> list[Alert]:
        """Alerts that had not cleared when the last sample was kept."""

        def look() -> list[Alert]:
            rows = self._db.execute(
                "SELECT rule, severity, labels, says, metric, value, fired_s, slot FROM alerts"
                " WHERE cleared_s IS NULL"
            )
            return [
                Alert(rule, Severity(severity), tuple(map(tuple, json.loads(labels))), *rest)
                for rule, severity, labels, *rest in rows
            ]

        return await self._do(look)

    async def close(self) -> None:
        """Write everything out and let go of the file."""
        await self._do(self._db.close)
        self._writer.shutdown()

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)
