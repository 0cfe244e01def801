"""The service as a process of its own: started, asked, ended by a signal."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

from breakwater.errors import Fatal

if TYPE_CHECKING:
    import signal

__all__ = ["Process", "cpu_seconds"]

READY_S: Final = 180.0
CONNECTIONS: Final = 512
TICKS: Final = os.sysconf("SC_CLK_TCK")


class Process:
    """The service as a process of its own, and what is asked of it."""

    def __init__(self, url: str, directory: Path, core: Path) -> None:
        self._command = [
            *(sys.executable, "-c", "from breakwater.cli import main; main()", "pools", "serve", "--json"),
            *("--endpoint", url, "--state", str(directory), "--core", str(core), "--port", "0"),
            *("--token-file", str(directory / "token")),
        ]
        self._directory = directory
        self.cpu_seconds = 0.0
        self.process: asyncio.subprocess.Process | None = None
        self._http: httpx.AsyncClient | None = None

    async def start(self) -> dict[str, Any]:
        """Start it and wait until it serves."""
        with (self._directory / "log").open("ab") as errors:
            self.process = await asyncio.create_subprocess_exec(
                *self._command, stdout=asyncio.subprocess.PIPE, stderr=errors
            )
        assert self.process.stdout is not None  # noqa: S101 - it was asked for
        line = await asyncio.wait_for(self.process.stdout.readline(), READY_S)
        if not line:
            raise Fatal(f"Look into {self._directory / 'log'}: the service did not start.")
        said: dict[str, Any] = json.loads(line)
        self._http = httpx.AsyncClient(
            base_url=said["url"],
            headers={"authorization": f"Bearer {(self._directory / 'token').read_text().strip()}"},
            timeout=300.0,
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        )
        return said

    @property
    def serving(self) -> bool:
        """Whether it can be asked."""
        return self._http is not None

    async def call(self, method: str, **params: Any) -> Any:
        """Ask for something.

        Raises:
            Fatal: it answers with an error.
        """
        assert self._http is not None  # noqa: S101 - started first
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = (await self._http.post("/rpc", json=body)).json()
        if "error" in answer:
            raise Fatal(f"Look at {method}: {answer['error']}.")
        return answer["result"]

    async def end(self, number: signal.Signals) -> None:
        """Send it a signal and wait until it is gone."""
        if self._http is not None:
            http, self._http = self._http, None
            await http.aclose()
        if self.process is not None and self.process.returncode is None:
            self.cpu_seconds += cpu_seconds(self.process.pid)
            self.process.send_signal(number)
            await self.process.wait()


def cpu_seconds(pid: int) -> float:
    """Processor time of a process, its own and the system's for it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS
