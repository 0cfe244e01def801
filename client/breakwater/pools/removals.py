"""Threads that are emptied or deleted: begun once, it ends, whatever is in the way meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from breakwater.errors import BreakwaterError, Retryable

from .empty import empty

if TYPE_CHECKING:
    from .empty import Emptied
    from .records import ThreadRecord
    from .service import Service

__all__ = ["Removals"]

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
"""Between two attempts."""
SEEN_S: Final = 100.0
"""How long somebody who asked waits for the end before hearing that it goes on."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Removal:
    """A wallet that is being emptied; `trouble` is set once something was in the way."""

    task: asyncio.Task[Emptied]
    trouble: asyncio.Event


class Removals:
    """The wallets of a service that are being emptied.

    Args:
        service: whose.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._under_way: dict[str, _Removal] = {}
        self._stopping = asyncio.Event()

    @property
    def tasks(self) -> set[asyncio.Task[Emptied]]:
        """Everything that is under way."""
        return {each.task for each in self._under_way.values()}

    def stop(self) -> None:
        """Try nothing again."""
        self._stopping.set()

    def begin(self, record: ThreadRecord) -> None:
        """Empty its wallet; where the thread is `deleting`, forget it then."""
        trouble = asyncio.Event()
        task = asyncio.create_task(self._remove(record, trouble))
        self._under_way[record.id] = _Removal(task, trouble)
        task.add_done_callback(lambda _: self._under_way.pop(record.id, None))
        task.add_done_callback(_seen)

    async def end(self, record: ThreadRecord, *, remove: bool) -> Emptied:
        """Wait until it is empty, or hear what is in the way; it goes on in any case.

        Raises:
            Retryable: it is not empty yet.
        """
        if remove or record.id not in self._under_way:
            self._service.set_state(record, "deleting" if remove else "emptying")
        if record.id not in self._under_way:
            self.begin(record)
        removal = self._under_way[record.id]
        trouble = asyncio.create_task(removal.trouble.wait())
        try:
            await asyncio.wait([removal.task, trouble], timeout=SEEN_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            trouble.cancel()
        if not removal.task.done():
            raise Retryable(
                f"Ask again: {record.id} is not empty yet. {record.last_error}".rstrip(), retry_after=1.0
            )
        return removal.task.result()

    async def _remove(self, record: ThreadRecord, trouble: asyncio.Event) -> Emptied:
        service, pause = self._service, FIRST_PAUSE_S
        await service.halt(record.id)
        while True:
            try:
                wallet, pool = service.books.wallets[record.id], service.pool(record.pool)
                emptied = await empty(service.books, service.core, wallet, pool)
                self._finish(record)
            except BreakwaterError as error:
                log.warning("not_emptied_yet", thread=record.id, error=str(error), again_in_s=pause)
                self._note(record, error, first=not trouble.is_set())
                trouble.set()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), pause)
                if self._stopping.is_set():
                    raise
                pause = min(2 * pause, LONGEST_PAUSE_S)
            else:
                return emptied

    def _note(self, record: ThreadRecord, error: BreakwaterError, *, first: bool) -> None:
        with contextlib.suppress(Retryable):  # a full disk must not end this
            record.last_error = str(error)
            self._service.save(record)
            if first and not isinstance(error, Retryable):
                self._service.books.note_alert(record.id, f"not emptied yet: {error}")

    def _finish(self, record: ThreadRecord) -> None:
        service = self._service
        if record.state != "deleting":
            service.set_state(record, "empty")
            return
        service.store.commit({f"threads/{record.id}": None, f"balances/{record.id}": None})
        service.forget(record.id)
        record.state = "empty"


def _seen(task: asyncio.Task[Emptied]) -> None:
    """A removal's failure is in the thread's record and the alerts, also where nobody waits for it."""
    if not task.cancelled():
        task.exception()
