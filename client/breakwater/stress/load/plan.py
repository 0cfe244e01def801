"""What every process of a load has to know: one file, closed to others because it has keys in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

__all__ = ["PLACE", "Member", "Plan", "the_plan"]

PLACE: Final = "BREAKWATER_STRESS_LOAD"
"""The environment's name for the file."""


class Member(msgspec.Struct, frozen=True):
    """A user: the seed of its key pair, and its token for the API."""

    seed: str
    token: str


class Plan(msgspec.Struct, frozen=True):
    """A load.

    Attributes:
        url: the API's.
        members: every user that may be needed, funded.
        markets: numbers of those to trade in.
        users: how many at once.
        duration_s: from the first user to the last.
        pace_s: between two requests of one user.
        least_success: part of the requests, below which the load has failed.
        most_p95_ms: of all requests; above it the load has failed.
        result: where statistics are written at the end.
        web_token: what the page of Locust wants; "" where there is none.
    """

    url: str
    members: list[Member]
    markets: list[int]
    users: int
    duration_s: float
    pace_s: float
    least_success: float
    most_p95_ms: float
    result: str
    web_token: str = ""

    def write(self, file: Path) -> None:
        """Write it, closed to others."""
        file.touch(mode=0o600)
        file.write_bytes(msgspec.json.encode(self))


def the_plan() -> Plan:
    """The plan of this process's load."""
    return msgspec.json.decode(Path(os.environ[PLACE]).read_bytes(), type=Plan)
