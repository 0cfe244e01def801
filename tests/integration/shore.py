"""An embedded chain in a thread of its own, behind a socket; commands run in the main thread."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from solders.keypair import Keypair

from breakwater import config
from breakwater.chain import programs
from breakwater.chain.engine import EmbeddedEngine
from breakwater.cli import main
from breakwater.faults.node import served

T = TypeVar("T")
PATIENCE_S = 120.0
START_S = 1_800_000_000


class Shore:
    """A chain that only its own thread touches, its address, and `breakwater` against it."""

    def __init__(self, place: Path, capsys: Callable[[], Any]) -> None:
        self.place, self._said = place, capsys
        self.loop = asyncio.new_event_loop()
        self.engine: EmbeddedEngine
        self.url = ""

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine where the chain lives."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    def call(self, work: Callable[..., T], *arguments: Any) -> T:
        """Call something where the chain lives."""

        async def called() -> T:
            return work(*arguments)

        return self.do(called())

    def keypair(self, key: Keypair) -> Path:
        """A key pair's file."""
        file = self.place / f"{key.pubkey()}.json"
        file.write_text(json.dumps(list(bytes(key))))
        file.chmod(0o600)
        return file

    def bw(self, *arguments: object) -> tuple[int, str, str]:
        """Run `breakwater` with arguments; its status, standard output and standard error."""
        self._said()
        with pytest.raises(SystemExit) as stopped:
            main([str(each) for each in arguments])
        assert isinstance(stopped.value.code, int)
        captured = self._said()
        return stopped.value.code, captured.out, captured.err

    def js(self, *arguments: object) -> Any:
        """The JSON of a command that has to succeed."""
        status, out, err = self.bw(*arguments, "--json")
        assert (status, out.count("\n")) == (0, 1), err
        return json.loads(out)

    def says(self, *arguments: object) -> str:
        """What a command that has to succeed says to a person, its lines and spaces as one."""
        status, out, err = self.bw(*arguments)
        assert status == 0, err
        return " ".join(out.split())


@contextmanager
def shore(place: Path, said: Callable[[], Any], speed: float = 0.0) -> Iterator[Shore]:
    """A fresh chain whose slots pass `speed` times as fast as a cluster's, by themselves only above 0."""
    made, ready, patch = Shore(place, said), threading.Event(), pytest.MonkeyPatch()
    ended = asyncio.Event()

    async def live() -> None:
        made.engine = EmbeddedEngine(programs.embedded_programs(), start_time=START_S)
        async with served(made.engine, speed) as made.url:
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: made.loop.run_until_complete(live()))
    with patch.context() as patched:
        patched.setenv("BREAKWATER_CACHE_DIR", str(place / "cache"))
        patched.setenv("COLUMNS", "160")
        patched.delenv("BREAKWATER_KEYPAIR", raising=False)
        config.settings.cache_clear()
        thread.start()
        try:
            assert ready.wait(PATIENCE_S)
            patched.setenv("BREAKWATER_RPC_URL", made.url)
            config.settings.cache_clear()
            yield made
        finally:
            made.loop.call_soon_threadsafe(ended.set)
            thread.join(PATIENCE_S)
            made.loop.close()
            config.settings.cache_clear()
