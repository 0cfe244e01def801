"""Runs a deployment or a genesis in a process of its own, which kills itself (SIGKILL) where it is told to.

`python deployment_driver.py` imports everything once, then forks a process for every request, a line of JSON
on standard input: {"id", "log", "what": "deploy" | "genesis", "arguments"}. A line {"id", "status"} is the
answer, with the status as `subprocess` has it. Arguments: URL, payer's key file, key file of the program or
genesis file, journal, then where to die: STEP STATE before|after, or chunks N, or nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import Any

from breakwater import deploy, genesis
from breakwater.chain import programs
from breakwater.chain.engine import RpcEngine, open_engine
from breakwater.chain.sender import Sender
from breakwater.charter import Charter
from breakwater.config import load_keypair
from breakwater.steps import Journal, State

LOOK_SECONDS = 0.02


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


async def run_deployment(url: str, deployer: str, program: str, file: str, *kill: str) -> None:
    key, one = load_keypair(Path(deployer)), target(Path(program))
    chunks = int(kill[1]) if kill and kill[0] == "chunks" else None

    def progress(step: str, done: int, of: int) -> None:
        if chunks is not None and of and done >= chunks:
            die()

    async with open_engine(url) as engine:
        assert isinstance(engine, RpcEngine)
        with journal_of(file, kill) as journal:
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


async def run_genesis(url: str, payer: str, charter: str, file: str, *kill: str) -> None:
    key, wanted = load_keypair(Path(payer)), Charter.read(Path(charter))
    async with open_engine(url) as engine:
        assert isinstance(engine, RpcEngine)
        sender = Sender(engine, key)
        with journal_of(file, kill) as journal:
            plan = await genesis.make_plan(sender, engine, key.pubkey(), wanted, priority_fee=0)
            await genesis.run(sender, engine, key, plan, journal)


def journal_of(file: str, kill: tuple[str, ...]) -> Journal:
    return MortalJournal(Path(file), *kill) if len(kill) == 3 else Journal(Path(file))


RUNS = {"deploy": run_deployment, "genesis": run_genesis}


def serve() -> None:
    """Fork for every request, and answer when its process has ended."""
    running: dict[int, int] = {}
    pending, is_open = b"", True
    while is_open or running:
        if is_open and select.select([0], [], [], LOOK_SECONDS)[0]:
            read = os.read(0, 1 << 16)
            is_open = bool(read)
            *lines, pending = (pending + read).split(b"\n")
            for line in lines:
                request = json.loads(line)
                running[fork(request)] = request["id"]
        pid, status = os.waitpid(-1, os.WNOHANG) if running else (0, 0)
        if pid:
            answer = {"id": running.pop(pid), "status": os.waitstatus_to_exitcode(status)}
            print(json.dumps(answer), flush=True)


def fork(request: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        asyncio.run(RUNS[request["what"]](*request["arguments"]))
    except BaseException:  # noqa: BLE001 - the process ends here, whatever it was
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    serve()
