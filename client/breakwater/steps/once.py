"""How a step is done at most once: look, announce, act, look again."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import stamina

from breakwater.chain._http import back_off
from breakwater.chain.engine import EmbeddedEngine
from breakwater.errors import Fatal, NodeBehind, ProgramError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from breakwater.chain.engine import Receipt, RpcEngine
    from breakwater.chain.sender import Sender

    from .journal import Journal

    Holds = Callable[[], Awaitable[bool]]
    Progress = Callable[[str, int, int], None]

__all__ = ["Runner", "Step"]

ATTEMPTS: Final = 6
SHOWN_SECONDS: Final = 30.0
"""How long a node may take to show what it has confirmed."""

MARGIN: Final = 32
"""Blocks that a fresher blockhash may outlive the one that was journalled."""

POLL_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Step:
    """What a run did; `state` is "done", or "found" when it needed doing no more."""

    step: str
    program: str | None
    state: str
    seconds: float
    signature: str | None


class Runner:
    """Does steps, each described by what has to hold and by what makes it hold.

    Args:
        sender: sends through `engine`.
        engine: the cluster.
        journal: where each step is announced before it is begun.
        progress: called with a step's name, and what is done of how much; 0 of 0 for a step without parts.
    """

    def __init__(
        self, sender: Sender, engine: EmbeddedEngine | RpcEngine, journal: Journal, progress: Progress
    ) -> None:
        self.sender, self.engine, self.journal, self.progress = sender, engine, journal, progress
        self.steps: list[Step] = []

    def found(self, step: str, program: str | None, signature: str | None = None) -> None:
        """Note a step that needs doing no more."""
        self.steps.append(Step(step, program, "found", 0.0, signature))

    async def once(
        self,
        step: str,
        program: str | None,
        holds: Holds,
        act: Callable[[], Awaitable[Receipt | None]],
        **facts: Any,
    ) -> None:
        """Act until it holds, and not at all if it holds already.

        Raises:
            Retryable: it does not after several attempts; the same may be tried again later.
            ProgramError, Fatal: it was refused, and does not hold.
        """
        began = time.monotonic()
        if await holds():
            self.journal.write(step, "found", program, **facts)
            self.found(step, program)
            return
        self.progress(f"{program}: {step}" if program else step, 0, 0)
        receipt = None
        async for attempt in stamina.retry_context(
            on=back_off, attempts=ATTEMPTS, timeout=None, wait_initial=0.5, wait_max=15.0
        ):
            with attempt:
                if attempt.num > 1:
                    await self.settled(step, program, holds)
                    if await holds():
                        break
                expires = (await self.sender.blockhash()).last_valid_block_height + MARGIN
                self.journal.write(step, "begin", program, expires=expires, **facts)
                try:
                    receipt = await act()
                except (ProgramError, Fatal):
                    # an earlier attempt may have landed after all, and then it is refused for that
                    if not await holds():
                        raise
                await _shown(holds)
        signature, seconds = None if receipt is None else str(receipt.signature), time.monotonic() - began
        self.journal.write(step, "done", program, signature=signature, seconds=round(seconds, 3), **facts)
        self.steps.append(Step(step, program, "done", seconds, signature))

    async def settled(self, step: str, program: str | None, holds: Holds) -> None:
        """Wait until a transaction that was begun, and whose end is unknown, has landed or no longer can.

        Behind a balancer the height may be of one node and the next look by another, which lags: from then on
        accounts are read as of the height's slot or later, where everything that landed in time is seen.
        """
        begun = self.journal.begun(step, program)
        if begun is None:
            return
        self.progress(f"{program or step}: waiting for an earlier transaction to land or to expire", 0, 0)
        while not await holds() and not await self._beyond(begun["expires"]):  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)

    async def _beyond(self, expires: int) -> bool:
        engine = self.engine
        if isinstance(engine, EmbeddedEngine):
            return await engine.block_height() > expires
        slot, height = await engine.finalized()
        if height > expires:
            engine.floor = max(engine.floor, slot)
        return height > expires


async def _shown(holds: Holds) -> None:
    deadline = time.monotonic() + SHOWN_SECONDS
    while not await holds():
        if time.monotonic() > deadline:
            raise NodeBehind("Run it again in a moment: the node does not show what it has confirmed.")
        await asyncio.sleep(POLL_SECONDS)
