"""The store's journal: frames with a checksum, only ever appended, on the disk before the chain is touched.

A frame that a killed process left half written is cut off when the journal is opened again: nothing that
was on the disk before depends on it. Damage further in front is an error, because something would be
missing behind it.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from typing import TYPE_CHECKING, Final

from breakwater.errors import Fatal, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Journal"]

MAGIC: Final = b"bwarch01"
HEAD: Final = 9
"""A frame's type, length and CRC-32."""
PRIVATE: Final = 0o600


class Journal:
    """Frames in a file, held by one process at a time.

    Args:
        path: its file; made if it is not there.

    Raises:
        InvalidInput: another process holds it, or it is no such journal.
        Fatal: it is damaged in the middle.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE)
        try:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InvalidInput(
                    f"End the other command first: it has the archive {path.parent}."
                ) from None
            self.size = os.fstat(self._file).st_size
            if self.size < len(MAGIC):
                os.ftruncate(self._file, 0)
                self._write(0, MAGIC)
                self.size = len(MAGIC)
                self._sync_name()
            elif os.pread(self._file, len(MAGIC), 0) != MAGIC:
                raise InvalidInput(f"Name another directory: {path} is no archive's journal.")
        except BaseException:
            os.close(self._file)
            raise

    def append(self, kind: bytes, payload: bytes, *, sync: bool = True) -> int:
        """Add a frame; its place. With `sync` it is on the disk, and all before it, when this returns."""
        at = self.size
        checksum = zlib.crc32(kind + payload)
        self._write(at, kind + len(payload).to_bytes(4, "little") + checksum.to_bytes(4, "little") + payload)
        self.size = at + HEAD + len(payload)
        if sync:
            self.sync()
        return at

    def sync(self) -> None:
        """Wait until everything is on the disk."""
        os.fdatasync(self._file)

    def read(self, at: int) -> tuple[bytes, bytes]:
        """The type and the payload of the frame at a place.

        Raises:
            Fatal: there is none, or it is damaged.
        """
        found = self._frame(at)
        if found is None:
            raise Fatal(f"Restore {self.path} from a copy or from the chain: the frame at {at} is damaged.")
        return found

    def frames(self, start: int | None = None) -> Iterator[tuple[int, bytes, bytes]]:
        """Place, type and payload of every frame from a place on; cuts off half a frame at the end.

        Raises:
            Fatal: a frame is damaged and others come after it.
        """
        at = len(MAGIC) if start is None else start
        while at < self.size:
            found = self._frame(at)
            if found is None:
                self._cut(at)
                return
            yield at, *found
            at += HEAD + len(found[1])

    def close(self) -> None:
        """Let go."""
        os.close(self._file)

    def _frame(self, at: int) -> tuple[bytes, bytes] | None:
        head = os.pread(self._file, HEAD, at)
        if len(head) < HEAD:
            return None
        kind, size = head[:1], int.from_bytes(head[1:5], "little")
        payload = os.pread(self._file, size, at + HEAD) if at + HEAD + size <= self.size else b""
        if len(payload) != size or zlib.crc32(kind + payload) != int.from_bytes(head[5:], "little"):
            return None
        return kind, payload

    def _cut(self, at: int) -> None:
        head = os.pread(self._file, HEAD, at)
        ends = at + HEAD + int.from_bytes(head[1:5], "little")
        # a machine that lost power may leave zeros where nothing had been waited for
        if len(head) == HEAD and ends < self.size and any(os.pread(self._file, self.size - at, at)):
            raise Fatal(f"Restore {self.path} from a copy or from the chain: the frame at {at} is damaged.")
        os.ftruncate(self._file, at)
        self.sync()
        self.size = at

    def _write(self, at: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = os.pwrite(self._file, view, at)
            view, at = view[written:], at + written

    def _sync_name(self) -> None:
        self.sync()
        directory = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
