"""Start a sandbox that outlives this process, and stop it from any other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from breakwater.config import settings
from breakwater.errors import EngineUnavailable, Fatal

from ._state import Progress, Sandbox, current, holder, place, read_state

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DEFAULT_INTERVAL", "start", "stop"]

DEFAULT_INTERVAL = 5.0
"""Seconds between publications; a feed keeps 256 of them, so a market can be resolved for twenty minutes."""

START_SECONDS = 180.0
STOP_SECONDS = 40.0
POLL_SECONDS = 0.1
HELD = 3
"""The supervisor's exit status when another one has the lock."""


def start(
    interval: float = DEFAULT_INTERVAL, *, progress: Callable[[str], None] = lambda _: None
) -> tuple[Sandbox, bool]:
    """Start a sandbox and wait until it is ready; the sandbox, and whether it was started now.

    Args:
        interval: seconds between two prices.
        progress: called with the name of each step.

    Raises:
        EngineUnavailable: there is no validator, or the sandbox did not become ready.
    """
    cache = settings().cache.absolute()
    directory = place(cache)
    running = current(cache)
    if running is not None:
        return running, False
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if holder(directory) is None:
        (directory / "state.json").unlink(missing_ok=True)
    environment = {**os.environ, "BREAKWATER_CACHE_DIR": str(cache)}
    with (directory / "supervisor.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "breakwater.localnet", str(directory), str(interval)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            process_group=0,  # Ctrl-C in this terminal is not meant for it
            env=environment,
        )
    try:
        return _ready(process, directory, cache, progress)
    except BaseException:
        process.terminate()
        process.wait()
        raise


def _ready(
    process: subprocess.Popen[bytes], directory: Path, cache: Path, progress: Callable[[str], None]
) -> tuple[Sandbox, bool]:
    shown, deadline = "", time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        running = current(cache)
        if running is not None:
            ours = running.pid == process.pid
            # it goes on without us: nobody will wait for it
            process.returncode = 0
            return running, ours
        state = read_state(directory)
        ended = process.poll()
        if isinstance(state, Progress):
            if state.error is not None and ended is not None:
                raise EngineUnavailable(state.error)
            if state.step != shown:
                shown = state.step
                progress(shown)
        if ended is not None and ended != HELD:
            raise EngineUnavailable(f"Look into {directory / 'supervisor.log'}: the sandbox ended at once.")
        time.sleep(POLL_SECONDS)
    raise EngineUnavailable(f"Free some CPU and try again: no sandbox in {START_SECONDS:.0f} s.")


def stop() -> bool:
    """Stop the sandbox and wait until it is gone; False when none runs.

    Only the process that holds the sandbox's lock is ever asked to stop.

    Raises:
        Fatal: it does not stop.
    """
    directory = place(settings().cache)
    pid = holder(directory)
    if pid is None:
        return False
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return holder(directory) is not None
    try:
        # the descriptor names one process for good; that it holds the lock is certain only when asked again
        if holder(directory) == pid:
            signal.pidfd_send_signal(descriptor, signal.SIGTERM)
    finally:
        os.close(descriptor)
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        if holder(directory) != pid:
            return True
        time.sleep(POLL_SECONDS)
    raise Fatal(f"Wait a little and try again: process {pid} has not stopped in {STOP_SECONDS:.0f} s.")
