"""A Redis drill that is cancelled leaves no server behind."""

from __future__ import annotations

import asyncio
import subprocess
from typing import Any

import pytest

from breakwater.faults.drills import run_drill


@pytest.mark.parametrize(("name", "after_s"), [("redis-hole", 0.0), ("redis-kill", 0.3)])
async def test_whoever_is_cancelled_leaves_no_server_behind(
    name: str, after_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    class Watched(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr("breakwater.cascade.transport.server.subprocess.Popen", Watched)
    drill = asyncio.create_task(run_drill(name, 0.1))
    async with asyncio.timeout(120):
        while not started:  # noqa: ASYNC110 - a process has no event
            await asyncio.sleep(0.01)
        await asyncio.sleep(after_s)
        drill.cancel()
        await asyncio.wait({drill})
    assert all(each.poll() is not None for each in started)
