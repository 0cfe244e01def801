"""The test's side of `deployment_driver`: processes that die where they are told to, many at a time."""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DRIVER = Path(__file__).with_name("deployment_driver.py")


class Mortals:
    """Starts runs in a driver's processes."""

    def __init__(self, driver: asyncio.subprocess.Process) -> None:
        self._driver = driver
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._ids = itertools.count()

    async def run(self, what: str, place: Path, *arguments: str) -> tuple[int, str]:
        """Run a deployment or a genesis to its end; its status, and what it said."""
        index = next(self._ids)
        log = place / f"run{index}.log"
        ended = asyncio.get_running_loop().create_future()
        self._waiting[index] = ended
        request = {"id": index, "what": what, "log": str(log), "arguments": arguments}
        assert self._driver.stdin is not None
        self._driver.stdin.write(json.dumps(request).encode() + b"\n")
        return await ended, log.read_text()

    async def listen(self) -> None:
        """Pass the answers on."""
        assert self._driver.stdout is not None
        async for line in self._driver.stdout:
            answer: dict[str, Any] = json.loads(line)
            self._waiting.pop(answer["id"]).set_result(answer["status"])


@asynccontextmanager
async def mortals() -> AsyncIterator[Mortals]:
    """A driver, as long as the block lasts."""
    pipe = asyncio.subprocess.PIPE
    driver = await asyncio.create_subprocess_exec(sys.executable, str(DRIVER), stdin=pipe, stdout=pipe)
    found = Mortals(driver)
    listening = asyncio.create_task(found.listen())
    try:
        yield found
    finally:
        assert driver.stdin is not None
        driver.stdin.close()
        await driver.wait()
        await listening
