"""What happened, in order, as a fingerprint: two runs are the same if and only if their traces are."""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

__all__ = ["Trace"]

REMEMBERED: Final = 60
"""Lines kept to be shown with a violation."""


class Trace:
    """A line for everything that happens.

    Args:
        clock: simulated seconds.
        to: a file that gets every line; None keeps the last ones only.
    """

    def __init__(self, clock: Callable[[], float], to: TextIO | None = None) -> None:
        self._clock, self._to = clock, to
        self._digest = hashlib.sha256()
        self.last: deque[str] = deque(maxlen=REMEMBERED)
        self.counts: Counter[str] = Counter()

    def note(self, kind: str, what: object = "") -> None:
        """Write a line down."""
        line = f"{self._clock():10.3f} {kind} {what}"
        self._digest.update(line.encode() + b"\n")
        self.last.append(line)
        self.counts[kind] += 1
        if self._to is not None:
            self._to.write(line + "\n")

    @property
    def hash(self) -> str:
        """The fingerprint of all lines."""
        return self._digest.hexdigest()
