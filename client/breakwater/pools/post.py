"""Transactions of many threads, sent together: whatever comes within a moment travels in one array."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from breakwater.chain.engine import EmbeddedEngine, Receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from solders.instruction import Instruction
    from solders.keypair import Keypair
    from solders.signature import Signature

    from breakwater.chain.sender import Sender
    from breakwater.errors import BreakwaterError

    Signed = Callable[[Signature, int, bytes], None]

__all__ = ["Letter", "Post"]

WINDOW_S: Final = 0.02
BATCH: Final = 100
COMPUTE: Final = 100_000
"""Units for what threads do: a swap with the token program takes about a seventh."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A transaction to be sent; `signed` is called before it leaves."""

    instructions: Sequence[Instruction]
    signers: Sequence[Keypair]
    signed: Signed
    compute: int = COMPUTE


class Post:
    """Collects letters and sends them together.

    Args:
        sender: without a payer of its own: the first signer pays.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._waiting: list[tuple[Letter, asyncio.Future[Receipt | BreakwaterError]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._batches: set[asyncio.Task[None]] = set()
        self.sent = 0
        self.batches = 0

    async def send(self, letter: Letter) -> Receipt:
        """Send and wait for the outcome.

        Raises:
            BreakwaterError: as `Sender.send`.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Receipt | BreakwaterError] = loop.create_future()
        self._waiting.append((letter, future))
        if isinstance(self._sender.engine, EmbeddedEngine) or len(self._waiting) >= BATCH:
            self._flush()
        elif self._timer is None:
            self._timer = loop.call_later(WINDOW_S, self._flush)
        result = await future
        if not isinstance(result, Receipt):
            raise result
        return result

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        letters, self._waiting = self._waiting, []
        if letters:
            task = asyncio.create_task(self._carry(letters))
            self._batches.add(task)
            task.add_done_callback(self._batches.discard)

    async def _carry(self, letters: list[tuple[Letter, asyncio.Future[Receipt | BreakwaterError]]]) -> None:
        self.batches += 1
        self.sent += len(letters)

        def signed(index: int, signature: Signature, height: int, wire: bytes) -> None:
            letters[index][0].signed(signature, height, wire)

        def settled(index: int, result: Receipt | BreakwaterError) -> None:
            future = letters[index][1]
            if not future.done():
                future.set_result(result)

        try:
            results = await self._sender.send_many(
                [(each.instructions, each.signers) for each, _ in letters],
                compute_limit=max(each.compute for each, _ in letters),
                details=True,
                settled=settled,
                signed=signed,
            )
            for index, result in enumerate(results):
                settled(index, result)  # what could not even be signed
        except BaseException as error:
            for _, future in letters:
                if not future.done():
                    future.set_exception(error)
            if isinstance(error, asyncio.CancelledError | KeyboardInterrupt | SystemExit):
                raise

    async def rest(self) -> None:
        """Wait for everything that is under way."""
        while self._batches:
            await asyncio.wait(self._batches)
