"""What the service must not forget: documents by key, kept on disk through a kill at any moment.

A commit replaces any number of documents at once: one line with a checksum, appended to a journal and synced
before `commit` returns. Now and then everything is written as a new generation: a snapshot that is synced
beside the old one, and an empty journal behind it. The last generations stay as backups. A damaged snapshot
is replaced by the newest sound one and the journals since then, a damaged journal by the copy that is written
beside it: neither loses anything, and `recovered` says so.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from breakwater.errors import Fatal, InvalidInput, Retryable

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
        InvalidInput: another process has it, it can't be written, or it is of a later format.
        Fatal: every generation is damaged.
    """

    def __init__(self, directory: Path, *, sync: bool = True, snapshot_every: int = SNAPSHOT_EVERY) -> None:
        self.directory, self._sync, self._every = directory, sync, snapshot_every
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = (directory / "lock").open("w")
        except OSError as error:
            raise InvalidInput(f"Name another directory than {directory}: {error.strerror}.") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise InvalidInput(f"End the other service first: it has {directory}.") from None
        self.documents: dict[str, Any] = {}
        self.recovered: list[str] = []
        self.commits = 0
        self.seconds = 0.0
        self._journal = self._copy = -1
        self._size = self._since = 0
        try:
            self._generation = self._load()
            self._begin()
        except BaseException:
            self._lock.close()
            raise

    def commit(self, changes: Mapping[str, Any]) -> None:
        """Replace documents, all or none; None removes one.

        Raises:
            Retryable: the disk takes nothing; nothing was changed.
        """
        began = time.perf_counter()
        line = _checked(msgspec.json.encode(changes))
        try:
            _append(self._journal, line, sync=self._sync)
        except OSError as error:
            os.ftruncate(self._journal, self._size)  # half a line would hide all that come after it
            raise Retryable(f"Make room at {self.directory}: {error.strerror}.", retry_after=1.0) from None
        self._size += len(line)
        with contextlib.suppress(OSError):  # it only has to be there when the other one is not
            _append(self._copy, line, sync=False)
        self._apply(changes)
        self.commits += 1
        self._since += 1
        if self._since >= self._every:
            self._begin_or_go_on()
        self.seconds += time.perf_counter() - began

    def close(self) -> None:
        """Write a last generation and let go."""
        if self._journal >= 0:
            self._begin_or_go_on()
            os.close(self._journal)
            os.close(self._copy)
            self._journal = self._copy = -1
        self._lock.close()

    def _begin_or_go_on(self) -> None:
        """A new generation, or, while there is no room for one, more of this one."""
        try:
            self._begin()
        except OSError as error:
            self._since = 0
            for path in self._files(self._generation + 1):
                path.unlink(missing_ok=True)  # without its journal it would hide this one's
            log.warning("store_keeps_its_journal", reason=error.strerror)

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
        flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_APPEND
        journal = os.open(self._journal_of(generation), flags, 0o600)
        copy = os.open(self._copy_of(generation), flags, 0o600)
        if self._sync:
            _sync_directory(self.directory)
        for old in (self._journal, self._copy):
            if old >= 0:
                os.close(old)
        self._journal, self._copy, self._generation = journal, copy, generation
        self._size = self._since = 0
        for number in self._generations():
            if number <= generation - GENERATIONS:
                for path in self._files(number):
                    path.unlink(missing_ok=True)

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
        name = self._journal_of(generation).name
        first, second = (_sound(path) for path in (self._journal_of(generation), self._copy_of(generation)))
        lines = first
        if second is not None and (first is None or len(second[0]) > len(first[0])):
            lines = second
            self._note(f"{name} is damaged, {self._copy_of(generation).name} is whole")
        if lines is None:
            if not last:  # a kill between a snapshot and its journal leaves none behind
                self._note(f"{name} is absent")
            return
        sound, rest = lines
        for body in sound:
            self._apply(msgspec.json.decode(body))
        if b"\n" in rest:
            self._note(f"{name} is damaged from line {len(sound) + 1}")
        elif rest and not last:
            self._note(f"{name} ends within a line")

    def _note(self, what: str) -> None:
        self.recovered.append(what)
        log.warning("store_recovered", what=what)

    def _generations(self) -> list[int]:
        """Every one of which anything is there, oldest first."""
        files = [*self.directory.glob("snapshot-*.json"), *self.directory.glob("journal-*.jsonl")]
        numbers = (path.stem.partition("-")[2] for path in files)
        return sorted({int(each) for each in numbers if each.isascii() and each.isdigit()})

    def _files(self, generation: int) -> list[Path]:
        return [self._snapshot(generation), self._journal_of(generation), self._copy_of(generation)]

    def _snapshot(self, generation: int) -> Path:
        return self.directory / f"snapshot-{generation}.json"

    def _journal_of(self, generation: int) -> Path:
        return self.directory / f"journal-{generation}.jsonl"

    def _copy_of(self, generation: int) -> Path:
        return self.directory / f"copy-{generation}.jsonl"


def _sound(path: Path) -> tuple[list[bytes], bytes] | None:
    """The lines of a journal up to the first damaged one, and what comes then; None: it is absent."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    bodies: list[bytes] = []
    while True:
        line, end, after = content.partition(b"\n")
        body = _unchecked(line) if end else None
        if body is None:
            return bodies, content
        bodies.append(body)
        content = after


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
