"""What keeps the process within its machine: memory, processors."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from breakwater.errors import InvalidInput

__all__ = ["MemoryGuard", "available_bytes", "pin", "resident_bytes"]

PAGE: Final = os.sysconf("SC_PAGE_SIZE")
MEMINFO: Final = Path("/proc/meminfo")
STATM: Final = Path("/proc/self/statm")


def resident_bytes() -> int:
    """Memory that this process holds."""
    return int(STATM.read_text().split()[1]) * PAGE


def available_bytes() -> int:
    """Memory that the machine can still give."""
    for line in MEMINFO.read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


class MemoryGuard:
    """Says when nothing new should begin.

    Args:
        most_bytes: what this process may hold; 0 is no limit.
        least_free_bytes: what the machine has to have left.
    """

    def __init__(self, most_bytes: int = 0, least_free_bytes: int = 64 * 1024 * 1024) -> None:
        self._most, self._least = most_bytes, least_free_bytes
        self.pressed = False

    def look(self) -> bool:
        """Measure; whether memory is short."""
        too_much = bool(self._most) and resident_bytes() > self._most
        self.pressed = too_much or available_bytes() < self._least
        return self.pressed


def pin(processors: list[int]) -> None:
    """Run this process on those processors only.

    Raises:
        InvalidInput: the machine has no such processor.
    """
    if not processors:
        return
    try:
        os.sched_setaffinity(0, processors)
    except (OSError, ValueError):
        there = sorted(os.sched_getaffinity(0))
        raise InvalidInput(f"Name processors out of {there}, not {processors}.") from None
