"""The store's index in SQLite: which leaf lies where, and whose it is. The journal can make it again."""

from __future__ import annotations

import sqlite3
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Final

from .leaves import MARKET

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["NOWHERE", "Index", "Run", "Segment"]

FORMAT: Final = 2
PAGE: Final = 1_024
"""A large page would be mostly empty in an archive of a few thousand positions."""

NOWHERE: Final = -1

SCHEMA: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE segments (
    id INTEGER PRIMARY KEY, kind INTEGER, place INTEGER, rows INTEGER, low INTEGER, high INTEGER
);
CREATE TABLE runs (first INTEGER PRIMARY KEY, rows INTEGER, segment INTEGER, row INTEGER);
CREATE TABLE replaced (leaf INTEGER PRIMARY KEY, kind INTEGER);
CREATE TABLE subjects (key INTEGER, segment INTEGER, PRIMARY KEY (key, segment)) WITHOUT ROWID;
CREATE TABLE lists (place INTEGER PRIMARY KEY);
CREATE TABLE known (level INTEGER, at INTEGER, node BLOB, PRIMARY KEY (level, at)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Segment:
    """Contents that were written together: their kind, their frame's place in the journal, how many.

    `low` and `high`: of markets, the smallest and the largest number.
    """

    id: int
    kind: int
    place: int
    rows: int
    low: int = 0
    high: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """Leaves in a row whose contents are rows of a segment, in the same order; or, of segment `NOWHERE`,
    leaves whose contents nobody has told."""

    first: int
    rows: int
    segment: int
    row: int


class Index:
    """Reads and writes the index; the caller commits.

    Args:
        path: its file; made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute(f"PRAGMA page_size = {PAGE}")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")  # what a crash takes is read from the journal again

    @classmethod
    def open(cls, path: Path) -> Index | None:
        """The index at a path if it is whole and of this format."""
        if not path.exists():
            return None
        index = None
        try:
            index = cls(path)
            if index.number("format") == FORMAT and index.is_whole():
                return index
        except sqlite3.DatabaseError:
            pass
        if index is not None:
            index.close()
        return None

    @classmethod
    def create(cls, path: Path) -> Index:
        """A new index in the place of whatever is there."""
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        index = cls(path)
        index._db.executescript(SCHEMA)
        index.begin()
        index.set_number("format", FORMAT)
        index.commit()
        return index

    def is_whole(self) -> bool:
        """Whether every page is what SQLite wrote."""
        return bool(self._db.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))

    def begin(self) -> None:
        """Begin a transaction."""
        self._db.execute("BEGIN")

    def commit(self) -> None:
        """End it."""
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Write everything into the one file and let go."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()

    def number(self, name: str) -> int:
        """A number by its name; 0 where there is none."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def set_number(self, name: str, value: int) -> None:
        """Write a number."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def text(self, name: str) -> str:
        """A text by its name; empty where there is none."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def set_text(self, name: str, value: str) -> None:
        """Write a text."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def add_list(self, place: int) -> None:
        """Write down where addresses lie."""
        self._db.execute("INSERT INTO lists VALUES (?)", (place,))

    def lists(self) -> list[int]:
        """Where addresses lie, in their order."""
        return [int(row[0]) for row in self._db.execute("SELECT place FROM lists ORDER BY place")]

    def add_segment(self, segment: Segment, subjects: Iterable[int]) -> None:
        """Write a segment down, and whose contents it holds."""
        self._db.execute("INSERT INTO segments VALUES (?, ?, ?, ?, ?, ?)", astuple(segment))
        keys = sorted({(each, segment.id) for each in subjects})
        self._db.executemany("INSERT INTO subjects VALUES (?, ?)", keys)

    def add_run(self, run: Run) -> None:
        """Write down where leaves have their contents; joined with the run before where it goes on."""
        last = self._db.execute("SELECT * FROM runs ORDER BY first DESC LIMIT 1").fetchone()
        if last is not None:
            before = Run(*last)
            follows = (before.segment, before.row + before.rows) == (run.segment, run.row)
            if follows and before.first + before.rows == run.first:
                total = before.rows + run.rows
                self._db.execute("UPDATE runs SET rows = ? WHERE first = ?", (total, before.first))
                return
        self._db.execute("INSERT INTO runs VALUES (?, ?, ?, ?)", (run.first, run.rows, run.segment, run.row))

    def replace(self, leaf: int, kind: int) -> None:
        """Write down that a leaf was emptied or paid out."""
        self._db.execute("INSERT OR REPLACE INTO replaced VALUES (?, ?)", (leaf, kind))

    def replaced(self, leaf: int) -> int | None:
        """What a leaf became, if anything."""
        row = self._db.execute("SELECT kind FROM replaced WHERE leaf = ?", (leaf,)).fetchone()
        return None if row is None else int(row[0])

    def all_replaced(self) -> dict[int, int]:
        """What leaves became."""
        return dict(self._db.execute("SELECT leaf, kind FROM replaced"))

    def learn(self, level: int, at: int, node: bytes) -> None:
        """Write a node down that does not follow from the contents."""
        self._db.execute("INSERT OR REPLACE INTO known VALUES (?, ?, ?)", (level, at, node))

    def forget(self, first: int, last: int) -> None:
        """Forget the nodes above leaves that were written."""
        self._db.execute("DELETE FROM known WHERE at BETWEEN ? >> level AND ? >> level", (first, last))

    def learnt(self) -> list[tuple[int, int, bytes]]:
        """Nodes that do not follow from the contents: level, place, node."""
        found = self._db.execute("SELECT level, at, node FROM known ORDER BY level, at")
        return [(int(level), int(at), bytes(node)) for level, at, node in found]

    def segment(self, number: int) -> Segment:
        """A segment by its number."""
        return Segment(*self._db.execute("SELECT * FROM segments WHERE id = ?", (number,)).fetchone())

    def segments(self) -> list[Segment]:
        """All segments."""
        return [Segment(*row) for row in self._db.execute("SELECT * FROM segments ORDER BY id")]

    def run_of(self, leaf: int) -> Run | None:
        """The run that a leaf is in."""
        row = self._db.execute(
            "SELECT * FROM runs WHERE first <= ? ORDER BY first DESC LIMIT 1", (leaf,)
        ).fetchone()
        run = None if row is None else Run(*row)
        return run if run is not None and leaf < run.first + run.rows else None

    def runs(self) -> list[Run]:
        """All runs, in the leaves' order."""
        return [Run(*row) for row in self._db.execute("SELECT * FROM runs ORDER BY first")]

    def runs_of(self, segment: int) -> list[Run]:
        """The runs of a segment."""
        found = self._db.execute("SELECT * FROM runs WHERE segment = ? ORDER BY first", (segment,))
        return [Run(*row) for row in found]

    def segments_with_market(self, number: int) -> list[int]:
        """Segments that may hold a market of this number."""
        found = self._db.execute(
            "SELECT id FROM segments WHERE low <= ? AND high >= ? AND kind = ? ORDER BY id",
            (number, number, MARKET),
        )
        return [int(row[0]) for row in found]

    def segments_of(self, subject: int) -> list[int]:
        """Segments that hold contents of a subject."""
        found = self._db.execute("SELECT segment FROM subjects WHERE key = ? ORDER BY segment", (subject,))
        return [int(row[0]) for row in found]
