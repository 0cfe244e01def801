"""Archives a market's positions in a process that kills itself (SIGKILL) at the step it was told.

Usage: archive_driver.py URL KEYPAIR STORE CLUSTER MARKET STEP
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from breakwater import archive
from breakwater.archive.journal import Journal
from breakwater.chain._delivery import Delivery
from breakwater.chain.engine import RpcEngine, open_engine
from breakwater.chain.sender import Sender
from breakwater.config import load_keypair

STEPS = (
    "half of the contents written",
    "contents written, not on the disk",
    "contents on the disk, nothing sent",
    "sent, not confirmed",
    "landed, not written down",
    "half of what landed written down",
    "written down, not indexed",
)


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: type, name: str, deed: Callable[..., None]) -> None:
    """Do something before a method's own work."""
    own = getattr(owner, name)

    def patched(self: Any, *given: Any, **named: Any) -> Any:
        deed(self, *given, **named)
        return own(self, *given, **named)

    setattr(owner, name, patched)


def after(owner: type, name: str) -> None:
    """Die when a coroutine's own work is done."""
    own = getattr(owner, name)

    async def patched(self: Any, *given: Any, **named: Any) -> Any:
        result = await own(self, *given, **named)
        die()
        return result

    setattr(owner, name, patched)


def frame(kind: bytes, deed: Callable[[Journal, bytes], None]) -> Callable[..., None]:
    """The deed, for frames of that type only."""

    def check(self: Journal, given: bytes, payload: bytes, **_: object) -> None:
        if given == kind:
            deed(self, payload)

    return check


def half(journal: Journal, payload: bytes) -> None:
    journal._write(journal.size, b"S" + len(payload).to_bytes(4, "little") + payload[: len(payload) // 2])
    die()


def arm(step: str) -> None:
    """Prepare to die at a step."""
    match STEPS.index(step):
        case 0:
            before(Journal, "append", frame(b"S", half))
        case 1:
            before(Journal, "sync", die)
        case 2:
            before(Sender, "send_many", die)
        case 3:
            after(RpcEngine, "submit")
        case 4:
            after(Delivery, "run")
        case 5:
            before(Journal, "append", frame(b"C", half))
        case 6:
            own = Journal.append

            def append(self: Journal, kind: bytes, payload: bytes, *, sync: bool = True) -> int:
                place = own(self, kind, payload, sync=sync)
                if kind == b"C":
                    die()
                return place

            Journal.append = append  # type: ignore[method-assign]


async def main(url: str, keypair: str, store: str, cluster: str, market: str, step: str) -> None:
    async with open_engine(url) as engine:
        key = load_keypair(Path(keypair))
        picked = archive.pick(await archive.read_exchange(engine, None), key.pubkey(), market=int(market))
        with archive.Store(Path(store), cluster=cluster) as opened:
            arm(step)
            await archive.Archive(engine, opened).prune(Sender(engine), key, picked)
    raise SystemExit("it lived")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
