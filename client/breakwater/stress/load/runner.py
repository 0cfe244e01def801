"""Starts Locust: one process, or a master and workers, and collects what they counted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shlex
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from breakwater.errors import EngineUnavailable, Fatal

from .plan import PLACE, Member, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["MOST_P95_MS", "Load", "LoadResult", "Member", "load"]

FILE: Final = Path(__file__).with_name("locustfile.py")
SPARE_S: Final = 180.0
"""Beyond its duration, before a load is ended by force."""

STOP_S: Final = 60
LEAST_SUCCESS: Final = 0.99
MOST_P95_MS: Final = 60_000.0


@dataclass(frozen=True, slots=True)
class Load:
    """What load to make.

    Attributes:
        url: the API's.
        members: users, funded; as many as there are to be at once.
        markets: numbers of those to trade in.
        duration_s: from the first user to the last.
        per_second: requests of all users together.
        workers: processes that make the load; with more than one, another is their master.
        others: workers that are started elsewhere and join; the master waits for them.
        master_port: on loopback, where workers join; 0 takes one.
        most_p95_ms: of all requests.
        web_port: where Locust's page is served, on loopback; None is nowhere, 0 is not possible.
        csv: prefix of Locust's CSV files.
        html: Locust's own report.
    """

    url: str
    members: Sequence[Member]
    markets: Sequence[int]
    duration_s: float
    per_second: float
    workers: int = 1
    others: int = 0
    master_port: int = 0
    most_p95_ms: float = MOST_P95_MS
    web_port: int | None = None
    csv: Path | None = None
    html: Path | None = None

    @property
    def expected(self) -> int:
        """Workers that a master waits for; 0 where one process does it all."""
        return self.workers + self.others if self.workers + self.others > 1 else 0


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What Locust counted, and the status it ended with."""

    figures: dict[str, Any]
    status: int


async def load(wanted: Load, *, progress: Callable[[str], None] = lambda _: None) -> LoadResult:
    """Make the load.

    Raises:
        EngineUnavailable: Locust can't be started.
        Fatal: it ended without a result.
    """
    with tempfile.TemporaryDirectory(prefix="breakwater-stress-") as place:
        plan_file, result = Path(place) / "plan.json", Path(place) / "result.json"
        token = secrets.token_urlsafe(24) if wanted.web_port is not None else ""
        Plan(
            wanted.url,
            list(wanted.members),
            list(wanted.markets),
            len(wanted.members),
            wanted.duration_s,
            len(wanted.members) / wanted.per_second,
            LEAST_SUCCESS,
            wanted.most_p95_ms,
            str(result),
            token,
        ).write(plan_file)
        if wanted.web_port is not None:
            progress(f"Locust is at http://127.0.0.1:{wanted.web_port}/?token={token}")
        if wanted.others:
            worker = shlex.join(["python", "-m", "locust", "-f", str(FILE), *_joining(wanted)])
            forwarded = f"{wanted.url} and port {_port(wanted)}"
            progress(
                f"{wanted.others} workers to join, with {forwarded} forwarded: {PLACE}={plan_file} {worker}"
            )
        log = Path(place) / "log"
        status = await _processes(wanted, plan_file, log)
        if not result.exists():
            last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
            raise Fatal(f"Look into Locust, which ended with status {status}: {last[0][:300]}.")
        return LoadResult(msgspec.json.decode(result.read_bytes()), status)


async def _processes(wanted: Load, plan_file: Path, log: Path) -> int:
    """Run all of Locust's processes; the status of the one that decides."""
    environment = os.environ | {PLACE: str(plan_file), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "locust", "-f", str(FILE), "--loglevel", "WARNING"]
    # what is under way at the end is waited for, so that nothing counts as unanswered that was not
    command += ["--stop-timeout", str(STOP_S)]
    running: list[asyncio.subprocess.Process] = []
    with log.open("ab") as sink:

        async def start(*arguments: str) -> asyncio.subprocess.Process:
            try:
                process = await asyncio.create_subprocess_exec(
                    *command, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=sink, stderr=sink,
                    env=environment,
                )  # fmt: skip
            except OSError as error:
                raise EngineUnavailable(
                    f"Install the package again: Locust can't be started ({error})."
                ) from None
            running.append(process)
            return process

        try:
            first = await start(*_front(wanted), *_together(wanted))
            for _ in range(wanted.workers if wanted.expected else 0):
                await start(*_joining(wanted))
            async with asyncio.timeout(wanted.duration_s + SPARE_S):
                return await first.wait()
        except TimeoutError:
            raise Fatal("Free some CPU and try again: Locust did not end in time.") from None
        finally:
            for process in running:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
            await asyncio.gather(*(process.wait() for process in running))


def _front(wanted: Load) -> list[str]:
    """Reports and page."""
    found = []
    if wanted.web_port is None:
        found += ["--headless", "--only-summary"]
    else:
        found += ["--autostart", "--autoquit", "1", "--web-host", "127.0.0.1"]
        found += ["--web-port", str(wanted.web_port)]
    if wanted.csv is not None:
        found += ["--csv", str(wanted.csv)]
    if wanted.html is not None:
        found += ["--html", str(wanted.html)]
    return found


def _port(wanted: Load) -> str:
    """Where the master listens for its workers; another one for every process that asks for load."""
    return str(wanted.master_port or 20_000 + os.getpid() % 10_000)


def _together(wanted: Load) -> list[str]:
    if not wanted.expected:
        return []
    return [
        "--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", _port(wanted),
        "--expect-workers", str(wanted.expected),
    ]  # fmt: skip


def _joining(wanted: Load) -> list[str]:
    """What makes a worker of it, here or, with the API's and the master's ports forwarded, anywhere."""
    return [
        "--worker", "--master-host", "127.0.0.1", "--master-port", _port(wanted),
        "--expect-workers", str(wanted.expected),
    ]  # fmt: skip
