"""The journal of a run: JSON lines, only ever appended, and on the disk before anything happens.

A line says what is about to be done ("begin") and what is known to be done ("done", or "found" when the chain
held it already). It keeps no secret. The chain is what decides; the journal says what may still be under way.
"""

from __future__ import annotations

import fcntl
import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

__all__ = ["Journal", "State"]

State = Literal["begin", "done", "found"]
PRIVATE = 0o600


class Journal:
    """One run's journal, held by one process at a time.

    Args:
        path: its file; made if it is not there.

    Raises:
        InvalidInput: another process holds it, or it is no journal.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, PRIVATE)
        self._file = os.fdopen(descriptor, "r+b", buffering=0)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InvalidInput(f"Wait for the run that writes {path}, or end it.") from None
            self.entries = self._read()
        except BaseException:
            self._file.close()
            raise
        if fresh:  # the name itself has to survive, too
            directory = os.open(path.parent, os.O_RDONLY)
            os.fsync(directory)
            os.close(directory)

    def write(self, step: str, state: State, program: str | None = None, **facts: Any) -> None:
        """Append a line; it is on the disk when this returns."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        entry = {"at": at, "step": step, "state": state, "program": program, **facts}
        line = json.dumps({name: value for name, value in entry.items() if value is not None})
        self._file.write(line.encode() + b"\n")
        os.fsync(self._file.fileno())
        self.entries.append(entry)

    def last(self, step: str, program: str | None = None) -> dict[str, Any] | None:
        """The last line about a step."""
        same = (each for each in reversed(self.entries) if each["step"] == step)
        return next((each for each in same if each.get("program") == program), None)

    def begun(self, step: str, program: str | None = None) -> dict[str, Any] | None:
        """The line that began a step whose end is not known."""
        entry = self.last(step, program)
        return entry if entry is not None and entry["state"] == "begin" else None

    def _read(self) -> list[dict[str, Any]]:
        text = self._file.read()
        lines = text.split(b"\n")
        if lines[-1]:
            # A process that was killed while it wrote leaves half a line. It is fenced off: what it
            # announced has not been started.
            self._file.write(b"\n")
            lines.pop()
        entries = [_entry(line) for line in lines if line]
        if entries and not any(entries):
            raise InvalidInput(f"Name another journal: {self.path} is none.")
        return [each for each in entries if each is not None]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and {"step", "state"} <= value.keys() else None
