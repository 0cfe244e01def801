"""The `local` engine: a solana-test-validator of our own, started and stopped with the engine."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from breakwater.errors import BreakwaterError, EngineUnavailable

from ._account_files import account_files, final_program
from ._rpc import RpcEngine

if TYPE_CHECKING:
    from collections.abc import Mapping

    from solders.pubkey import Pubkey

__all__ = ["LocalEngine", "free_port"]

READY_SECONDS = 90.0
LOG_TAIL = 400
PR_SET_PDEATHSIG = 1
POLLING_THREAD = "solBnkTxSched"
NICENESS = 10


def free_port(span: int = 1) -> int:
    """A TCP port that is free now, as are the `span - 1` after it."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port + span < 65_536 and all(_is_free(port + i) for i in range(span)):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _end_with_parent() -> None:
    # Linux ends the validator when this process is killed and cannot.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _let_others_run(pid: int) -> None:
    """Give way in the one thread that never sleeps.

    Agave's transaction scheduler polls for as long as its validator leads, which ours always does: a whole
    core, spent on waiting. At a lower priority it still takes what nobody else wants.
    """
    _lower(pid, POLLING_THREAD)


def _lower(pid: int, name: str) -> None:
    """Run the threads with this beginning of a name when nobody else wants to."""
    for task in Path(f"/proc/{pid}/task").glob("*"):
        # threads end while we look, and elsewhere than on Linux there is no such place
        with contextlib.suppress(OSError):
            if (task / "comm").read_text().startswith(name):
                os.setpriority(os.PRIO_PROCESS, int(task.name), NICENESS)


class LocalEngine(RpcEngine):
    """A validator on this machine, bound to the loopback interface, with a fresh ledger.

    Use `start`; the validator ends with `close`, and with the process if that is cut short.
    """

    def __init__(
        self,
        url: str,
        ws_url: str,
        process: asyncio.subprocess.Process,
        ledger: Path,
        owned: bool,
        commitment: str,
        timeout: float,
    ) -> None:
        super().__init__(url, ws_url=ws_url, name="local", commitment=commitment, timeout=timeout)
        self.process = process
        self.ledger = ledger
        self._owns_ledger = owned

    @classmethod
    async def start(
        cls,
        binary: Path | None,
        *,
        ledger: Path | None = None,
        commitment: str = "confirmed",
        http_timeout: float = 30.0,
        accounts: Mapping[Pubkey, Path] | None = None,
        programs: Mapping[Pubkey, bytes] | None = None,
        ticks_per_slot: int | None = None,
        account_dir: Path | None = None,
        warp_slot: int | None = None,
    ) -> LocalEngine:
        """Start a validator and wait until it is healthy.

        Args:
            binary: path of solana-test-validator.
            ledger: directory to use; None makes one and removes it at the end.
            commitment: what counts as done.
            http_timeout: seconds for one HTTP request.
            accounts: account files (JSON) to start with.
            programs: binaries to start with, as the upgradeable loader keeps them, upgradeable by nobody.
            ticks_per_slot: how long slots are, in ticks of 6.25 ms; None is a cluster's 64. With fewer,
                blockhashes expire and slots are confirmed the sooner.
            account_dir: a directory of account files to start with, any number.
            warp_slot: the slot to begin in, for accounts that name slots of another cluster.

        Raises:
            EngineUnavailable: there is no binary, or it did not become healthy in 90 seconds.
        """
        if binary is None or not os.access(binary, os.X_OK):
            raise EngineUnavailable(
                "Install solana-test-validator, or point BREAKWATER_VALIDATOR at it, to use the local engine."
            )
        owned = ledger is None
        directory = ledger or Path(tempfile.mkdtemp(prefix="breakwater-ledger-"))
        port, faucet, gossip = free_port(2), free_port(), free_port(32)
        command = [
            str(binary), "--bind-address", "127.0.0.1", "--reset", "--quiet", "--ledger", str(directory),
            "--rpc-port", str(port), "--faucet-port", str(faucet), "--gossip-port", str(gossip),
            "--dynamic-port-range", f"{gossip + 1}-{gossip + 31}",
        ]  # fmt: skip
        files, deployed = dict(accounts or {}), directory.with_name(f"{directory.name}-programs")
        for address, code in (programs or {}).items():
            files |= account_files(deployed, final_program(address, code))
        for address, file in files.items():
            command += ["--account", str(address), str(file)]
        if ticks_per_slot is not None:
            command += ["--ticks-per-slot", str(ticks_per_slot)]
        if account_dir is not None:
            command += ["--account-dir", str(account_dir)]
        if warp_slot is not None:
            command += ["--warp-slot", str(warp_slot)]
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            # Ctrl-C reaches us, not the validator: close() ends it. In a session of its own
            # its threads' priorities would not count beside ours.
            process_group=0,
            preexec_fn=_end_with_parent,
        )
        url = f"http://127.0.0.1:{port}"
        engine = cls(url, f"ws://127.0.0.1:{port + 1}", process, directory, owned, commitment, http_timeout)
        try:
            await engine._ready()
        except BaseException:
            await engine.close()
            raise
        finally:
            shutil.rmtree(deployed, ignore_errors=True)
        return engine

    async def _ready(self) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + READY_SECONDS
        while loop.time() < deadline:
            if self.process.returncode is not None:
                raise EngineUnavailable(
                    f"Look into {self.ledger / 'validator.log'}: the validator ended with code "
                    f"{self.process.returncode}. {self._tail()}"
                )
            try:
                slot = {"commitment": self.commitment}
                health, height = await self.rpc.once([("getHealth", []), ("getSlot", [slot])])
            except BreakwaterError:
                health, height = None, 0  # not listening yet
            # A validator is healthy before its first confirmed slot, and has no usable blockhash until then.
            if health == "ok" and isinstance(height, int) and height > 0:
                _let_others_run(self.process.pid)
                return
            await asyncio.sleep(0.25)
        raise EngineUnavailable(
            f"Free some CPU and try again: no healthy validator in {READY_SECONDS:.0f} s."
        )

    def _tail(self) -> str:
        try:
            return (self.ledger / "validator.log").read_text(errors="replace")[-LOG_TAIL:]
        except OSError:
            return ""

    def give_way(self) -> None:
        """Let everybody else on this machine run first, as if the validator had one of its own."""
        _lower(self.process.pid, "")

    async def close(self) -> None:
        """Close the connections, stop the validator, and remove a ledger of our own making."""
        await super().close()
        await self._stop()
        if self._owns_ledger:
            shutil.rmtree(self.ledger, ignore_errors=True)

    async def _stop(self) -> None:
        if self.process.returncode is not None:
            return
        # Nothing of its ledger is used again: there is no reason to ask and to wait.
        with contextlib.suppress(ProcessLookupError):
            # The group holds the validator alone: it was started as a group of its own.
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()
