"""The supervisor: `python -m breakwater.localnet DIRECTORY INTERVAL`, started by `breakwater local start`.

Owns the validator for as long as it lives: on SIGTERM it stops it in order, and when it is killed the
validator ends too. Publishes a wandering price and folds the vault at every interval.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from breakwater.chain import instructions as ix
from breakwater.chain import programs
from breakwater.chain.engine import LocalEngine
from breakwater.chain.sender import Sender
from breakwater.config import settings
from breakwater.errors import BreakwaterError

from ._state import Progress, Sandbox, keys, take_lock, write_state
from .stage import FEED, Stage, Walk, set_up

if TYPE_CHECKING:
    from collections.abc import Sequence

MISSED = 20
"""Publications in a row that may fail before the sandbox gives up."""


def main(arguments: Sequence[str]) -> int:
    """Run a sandbox until it is told to stop; the exit status."""
    directory, interval = Path(arguments[0]), float(arguments[1])
    lock = take_lock(directory)
    if lock is None:
        return 3
    with lock:
        try:
            asyncio.run(_run(directory, interval))
        except asyncio.CancelledError:
            pass
        except BreakwaterError as error:
            write_state(directory, Progress("failed", str(error)))
            return 2
        finally:
            shutil.rmtree(directory / "ledger", ignore_errors=True)
        (directory / "state.json").unlink(missing_ok=True)
    return 0


async def _run(directory: Path, interval: float) -> None:
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    if task is not None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, task.cancel)

    def progress(step: str) -> None:
        write_state(directory, Progress(step))

    progress("starting the validator")
    binary, ledger = settings().validator_path(), directory / "ledger"
    shutil.rmtree(ledger, ignore_errors=True)
    code = programs.validator_programs()
    chosen = settings()
    engine = await LocalEngine.start(
        binary,
        ledger=ledger,
        commitment=chosen.commitment,
        programs=code,
        ticks_per_slot=chosen.ticks_per_slot,
    )
    try:
        sender = Sender(engine, priority_fee=0)
        stage = await set_up(sender, keys(directory), progress=progress)
        walk = Walk()
        await _publish(sender, stage, walk)
        write_state(
            directory,
            Sandbox(os.getpid(), engine.url, engine.ws_url, FEED, str(stage.mint), interval, str(directory)),
        )
        await _keep_up(engine, sender, stage, walk, interval)
    finally:
        await engine.close()


async def _keep_up(engine: LocalEngine, sender: Sender, stage: Stage, walk: Walk, interval: float) -> None:
    missed = 0
    while missed < MISSED and engine.process.returncode is None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(engine.process.wait(), interval)
        try:
            await _publish(sender, stage, walk)
            missed = 0
        except BreakwaterError as error:
            missed += 1
            print(f"not published: {error}", file=sys.stderr, flush=True)
    raise BreakwaterError("Start the sandbox again: its validator has ended.")


async def _publish(sender: Sender, stage: Stage, walk: Walk) -> None:
    """A price and a fold, in one transaction."""
    publisher = stage.keys["publisher"]
    event = walk.step(await sender.engine.slot(), await sender.engine.now() * 1000)
    await sender.send([ix.publish(publisher.pubkey(), event), ix.fold()], [publisher], compute_limit=40_000)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
