"""Time that jumps, and threads that do not run by themselves."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from breakwater.pools.simulate import SimulatedLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["SeededLoop", "run_seeded"]


class SeededLoop(SimulatedLoop):
    """A loop in which the same things happen in the same order each time.

    A thread's work (a store's commit) is waited for where it is asked for; it takes no simulated time.
    """

    def run_in_executor(  # type: ignore[override]  # typeshed counts the arguments
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run it to its end."""
        done = self.create_future()
        try:
            result = func(*args) if executor is None else executor.submit(func, *args).result()
        except Exception as error:  # noqa: BLE001 - it is whoever waits for the future who handles it
            done.set_exception(error)
        else:
            done.set_result(result)
        return done


def run_seeded(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end in simulated time."""
    with asyncio.Runner(loop_factory=SeededLoop) as runner:
        return runner.run(coroutine)
