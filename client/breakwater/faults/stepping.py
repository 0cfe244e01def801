"""Cancels something at each point where it, or a task that it has started, waits; one run after the other.

A watch counts the waits of everything that belongs to a run, and cancels the run at one of them.
"""

from __future__ import annotations

import asyncio
import types
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator

__all__ = ["at_every_await"]

MOST = 2_000


@dataclass
class Watch:
    """Counts the waits of everything that belongs to a run, and cancels the run at one of them."""

    number: int
    seen: int = 0
    outer: asyncio.Task[Any] | None = None

    def waits(self) -> None:
        self.seen += 1
        if self.seen == self.number and self.outer is not None:
            self.outer.cancel()


WATCH: ContextVar[Watch | None] = ContextVar("WATCH", default=None)


@types.coroutine
def stepped(coroutine: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Run a coroutine and tell the watch each time it waits."""
    watch, error = WATCH.get(), None
    while True:
        try:
            waits = coroutine.send(None) if error is None else coroutine.throw(error)
        except StopIteration as done:
            return done.value
        error = None
        if watch is not None:
            watch.waits()
        try:
            yield waits
        except BaseException as thrown:  # noqa: BLE001 - it belongs to the coroutine
            error = thrown


async def watched(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """As a coroutine, for a task."""
    return await stepped(coroutine)


def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
    """Tasks of a run are watched, all others are as ever."""
    if WATCH.get() is None:
        return asyncio.Task(coroutine, loop=loop, **options)
    task: asyncio.Task[Any] = asyncio.Task(watched(coroutine), loop=loop, **options)
    task.add_done_callback(lambda _: coroutine.close())  # it may have been cancelled before it began
    return task


async def at_every_await(
    make: Callable[[], Awaitable[tuple[Coroutine[Any, Any, Any], Callable[[bool], Awaitable[None]]]]],
    stride: int = 1,
) -> int:
    """Cancel at the first wait, then anew at the second, until it ends before it can be cancelled.

    Args:
        make: prepares a fresh run: what is to be cancelled, and what has to hold afterwards, which is told
            whether it was cancelled.
        stride: points from one to the next.

    Returns:
        at how many points it was cancelled.
    """
    loop = asyncio.get_running_loop()
    for number in range(1, MOST, stride):
        coroutine, check = await make()
        watch = Watch(number)
        loop.set_task_factory(factory)
        token = WATCH.set(watch)
        watch.outer = asyncio.ensure_future(coroutine)
        WATCH.reset(token)
        await asyncio.wait({watch.outer})
        loop.set_task_factory(None)
        cancelled = watch.outer.cancelled()
        if not cancelled:
            watch.outer.exception()
        await check(cancelled)
        if watch.seen < number:
            return number - 1
    raise AssertionError("it never ends")
