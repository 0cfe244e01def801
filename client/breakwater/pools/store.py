"""What the service must not forget: documents by key, kept on disk through a kill at any moment.

A commit replaces any number of documents at once: one line with a checksum, appended to a journal and synced
before `commit` returns. Now and then everything is written as a new generation: a snapshot that is synced
beside the old one, and an empty journal behind it. The last generations stay as backups. A damaged snapshot
is replaced by the newest sound one and the journals since then, which lose nothing; `recovered` says so.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from breakwater.errors import Fatal, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["FORMAT", "Store"]

FORMAT: Final = 1
GENERATIONS: Final = 5
SNAPSHOT_EVERY: Final = 2_000
"""Commits of one journal."""

log = structlog.get_logger(__name__)


class Store:
    """Documents of plain values by key. One process at a time; not for threads.

    Args:
        directory: made where it is absent, closed to others: documents hold wallets' keys.
        sync: wait for the disk at every commit; without it a crash of the machine may lose the last ones.
        snapshot_every: commits after which a new generation begins.

    Raises:
        InvalidInput: another process has it, or it is of a later format.
        Fatal: every generation is damaged.
    """

    def __init__(self, directory: Path, *, sync: bool = True, snapshot_every: int = SNAPSHOT_EVERY) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.directory, self._sync, self._every = directory, sync, snapshot_every
        self._lock = (directory / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise InvalidInput(f"End the other service first: it has {directory}.") from None
        self.documents: dict[str, Any] = {}
        self.recovered: list[str] = []
        self.commits = 0
        self.seconds = 0.0
        self._journal = -1
        try:
            self._generation = self._load()
            self._begin()
        except BaseException:
            self._lock.close()
            raise

    def commit(self, changes: Mapping[str, Any]) -> None:
        """Replace documents, all or none; None removes one."""
        began = time.perf_counter()
        body = msgspec.json.encode(changes)
        _append(self._journal, _checked(body), sync=self._sync)
        self._apply(changes)
        self.commits += 1
        if self.commits % self._every == 0:
            self._begin()
        self.seconds += time.perf_counter() - began

    def close(self) -> None:
        """Write a last generation and let go."""
        if self._journal >= 0:
            self._begin()
            os.close(self._journal)
            self._journal = -1
        self._lock.close()

    def _apply(self, changes: Mapping[str, Any]) -> None:
        for key, document in changes.items():
            if document is None:
                self.documents.pop(key, None)
            else:
                self.documents[key] = document

    def _begin(self) -> None:
        """A new generation: its snapshot first, then its journal, then the oldest goes."""
        generation = self._generation + 1
        body = msgspec.json.encode({"format": FORMAT, "documents": self.documents})
        part = self.directory / "snapshot.part"
        file = os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        _append(file, _checked(body), sync=self._sync)
        os.close(file)
        part.replace(self._snapshot(generation))
        journal = os.open(
            self._journal_of(generation), os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_APPEND, 0o600
        )
        if self._sync:
            _sync_directory(self.directory)
        if self._journal >= 0:
            os.close(self._journal)
        self._journal, self._generation = journal, generation
        for old in self._generations():
            if old <= generation - GENERATIONS:
                self._snapshot(old).unlink(missing_ok=True)
                self._journal_of(old).unlink(missing_ok=True)

    def _load(self) -> int:
        known = self._generations()
        if not known:
            return 0
        for generation in reversed(known):
            documents = self._read_snapshot(generation)
            if documents is None:
                self._note(f"{self._snapshot(generation).name} is damaged")
                continue
            self.documents = documents
            for each in range(generation, known[-1] + 1):
                self._replay(each, last=each == known[-1])
            if generation != known[-1]:
                self._note(f"restored from {self._snapshot(generation).name} and the journals since")
            return known[-1]
        raise Fatal(f"Restore {self.directory} from a backup: none of its {len(known)} snapshots is whole.")

    def _read_snapshot(self, generation: int) -> dict[str, Any] | None:
        try:
            lines = self._snapshot(generation).read_bytes().splitlines()
        except OSError:
            return None
        body = _unchecked(lines[0]) if len(lines) == 1 else None
        if body is None:
            return None
        value = msgspec.json.decode(body)
        if value["format"] != FORMAT:
            raise InvalidInput(
                f"Use the Breakwater that wrote {self.directory}: its format is {value['format']}."
            )
        documents: dict[str, Any] = value["documents"]
        return documents

    def _replay(self, generation: int, *, last: bool) -> None:
        """Apply a journal; only the last one may end within a line, which was then never committed."""
        try:
            lines = self._journal_of(generation).read_bytes().split(b"\n")
        except OSError:
            if not last:  # a kill between a snapshot and its journal leaves none behind
                self._note(f"{self._journal_of(generation).name} is absent")
            return
        for number, line in enumerate(lines[:-1]):
            body = _unchecked(line)
            if body is None:
                self._note(f"{self._journal_of(generation).name} is damaged from line {number + 1}")
                return
            self._apply(msgspec.json.decode(body))
        if lines[-1] and not last:
            self._note(f"{self._journal_of(generation).name} ends within a line")

    def _note(self, what: str) -> None:
        self.recovered.append(what)
        log.warning("store_recovered", what=what)

    def _generations(self) -> list[int]:
        """Every one of which anything is there, oldest first."""
        files = [*self.directory.glob("snapshot-*.json"), *self.directory.glob("journal-*.jsonl")]
        return sorted({int(path.stem.partition("-")[2]) for path in files})

    def _snapshot(self, generation: int) -> Path:
        return self.directory / f"snapshot-{generation}.json"

    def _journal_of(self, generation: int) -> Path:
        return self.directory / f"journal-{generation}.jsonl"


def _checked(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest()[:16].encode() + b" " + body + b"\n"


def _unchecked(line: bytes) -> bytes | None:
    digest, _, body = line.partition(b" ")
    return body if hashlib.sha256(body).hexdigest()[:16].encode() == digest else None


def _append(file: int, data: bytes, *, sync: bool) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
    if sync:
        os.fdatasync(file)


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
