"""Deploys in a process of its own, which kills itself (SIGKILL) where it is told to.

Usage: deployment_driver.py URL DEPLOYER.json PROGRAM.json JOURNAL [STEP STATE before|after | chunks N]
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

from breakwater.deploy.journal import Journal, State

from breakwater import deploy
from breakwater.chain import programs
from breakwater.chain.engine import RpcEngine, open_engine
from breakwater.chain.sender import Sender
from breakwater.config import load_keypair


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class MortalJournal(Journal):
    """Ends the process before or after it has written the line of a step."""

    def __init__(self, path: Path, step: str, state: str, moment: str) -> None:
        super().__init__(path)
        self._fatal, self._moment = (step, state), moment

    def write(self, step: str, state: State, program: str | None = None, **facts: Any) -> None:
        here = (step, state) == self._fatal
        if here and self._moment == "before":
            die()
        super().write(step, state, program, **facts)
        if here:
            die()


def target(program: Path) -> deploy.Target:
    """The oracle's binary, at an address of the test's own."""
    binary, key = programs.binary("oracle", "v3"), load_keypair(program)
    digest = hashlib.sha256(binary).hexdigest()
    return deploy.Target(deploy.Artefact("oracle", key.pubkey(), digest, len(binary)), key, binary)


async def run(url: str, deployer: str, program: str, file: str, *kill: str) -> None:
    key, one = load_keypair(Path(deployer)), target(Path(program))
    chunks = int(kill[1]) if kill and kill[0] == "chunks" else None

    def progress(step: str, done: int, of: int) -> None:
        if chunks is not None and of and done >= chunks:
            die()

    async with open_engine(url) as engine:
        assert isinstance(engine, RpcEngine)
        path = Path(file)
        with MortalJournal(path, *kill) if len(kill) == 3 else Journal(path) as journal:
            plan = await deploy.make_plan(
                engine,
                key.pubkey(),
                [one],
                deploy.Options(immutable=True),
                priority_fee=0,
                recorded=deploy.recorded(journal, [one]),
            )
            plan.require_funds()
            await deploy.deploy(Sender(engine, key), engine, key, plan, journal, progress=progress)


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:]))
