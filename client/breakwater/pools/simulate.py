"""A day in minutes: an event loop whose clock jumps to the next thing that is to happen.

Whatever waits for the clock waits no time at all, in the order in which it would have happened. Only for what
runs inside the process: the embedded engine answers at once, a network does not.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from breakwater.chain.engine import EmbeddedEngine

__all__ = ["SimulatedLoop", "run_simulated", "slots"]

STEP_S: Final = 10.0
IDLE_S: Final = 0.01


class _Jumping(selectors.DefaultSelector):
    """Waits for nothing: what would be waited for is added to the loop's clock."""

    def __init__(self) -> None:
        super().__init__()
        self.jumped = 0.0

    def select(self, timeout: float | None = None) -> Any:
        """What is ready now."""
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            return super().select(IDLE_S)
        self.jumped += timeout
        return ready


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop without waiting."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds that would have passed."""
        return self._jumping.jumped


def run_simulated(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end in simulated time."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(coroutine)


async def slots(engine: EmbeddedEngine) -> None:
    """Let the chain's time pass with the loop's, until cancelled; blockhashes expire after a minute."""
    while True:
        await asyncio.sleep(STEP_S)
        engine.advance_time(STEP_S)
