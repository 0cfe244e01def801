"""What a running sandbox leaves on disk, and the lock that tells whether it still runs.

The supervisor holds an exclusive lock on `lock` while it lives. The kernel releases it however the process
ends, so that a held lock, and nothing else, means "running", and the number in it is the holder's.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from solders.keypair import Keypair

from breakwater.config import load_keypair
from breakwater.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

__all__ = [
    "ROLES",
    "Progress",
    "Sandbox",
    "current",
    "holder",
    "key_pairs",
    "keys",
    "place",
    "read_state",
    "take_lock",
    "write_state",
]

ROLES = ("trader", "operator", "publisher")
"""Who has a key pair: trades; opens markets and provides liquidity; publishes prices and pays for upkeep."""

PRIVATE = 0o600
TRIES, TRY_SECONDS = 20, 0.05


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox; `pid` is its supervisor's."""

    pid: int
    url: str
    ws_url: str
    feed: str
    mint: str
    interval: float
    directory: str

    def keypair_path(self, role: str) -> Path:
        """The key pair file of "trader", "operator" or "publisher"."""
        return Path(self.directory) / f"{role}.json"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a starting supervisor is; `error` once it has failed."""

    step: str
    error: str | None = None


def place(cache: Path) -> Path:
    """The sandbox's directory in the cache."""
    return cache / "localnet"


def take_lock(directory: Path) -> IO[str] | None:
    """Take the lock and put our number into it; None when another process holds it. Keep the file open."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = (directory / "lock").open("a+")
    for _ in range(TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(TRY_SECONDS)  # perhaps only `holder` in another process, which lets go at once
            continue
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        return file
    file.close()
    return None


def holder(directory: Path) -> int | None:
    """The number of the process that holds the lock; None when nobody does."""
    try:
        file = (directory / "lock").open()
    except FileNotFoundError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = file.read()
            return int(text) if text.isdigit() else None
        return None


def write_state(directory: Path, state: Sandbox | Progress) -> None:
    """Replace the state file, so that readers see the old one or the new one."""
    kind = "sandbox" if isinstance(state, Sandbox) else "progress"
    new = directory / "state.json.new"
    new.write_text(json.dumps({kind: asdict(state)}))
    new.replace(directory / "state.json")


def read_state(directory: Path) -> Sandbox | Progress | None:
    """What the supervisor wrote last."""
    try:
        value = json.loads((directory / "state.json").read_text())
        return Sandbox(**value["sandbox"]) if "sandbox" in value else Progress(**value["progress"])
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def current(cache: Path) -> Sandbox | None:
    """The sandbox that runs now and is ready; None when there is none."""
    pid = holder(place(cache))
    state = read_state(place(cache)) if pid is not None else None
    return state if isinstance(state, Sandbox) and state.pid == pid else None


def keys(directory: Path) -> dict[str, Keypair]:
    """The sandbox's key pairs by role."""
    return key_pairs(directory, ROLES)


def key_pairs(directory: Path, roles: Sequence[str]) -> dict[str, Keypair]:
    """Key pairs by role; those that are not there yet are made, readable by nobody else.

    Raises:
        InvalidInput: a file is no key pair, or others may read it.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = {}
    for role in roles:
        file = directory / f"{role}.json"
        if not file.exists():
            made = Keypair()
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
            with os.fdopen(descriptor, "w") as out:
                json.dump(list(bytes(made)), out)
        elif file.stat().st_mode & 0o077:
            raise InvalidInput(f"Make {file} readable by you alone (chmod 600), or remove it.")
        found[role] = load_keypair(file)
    return found
