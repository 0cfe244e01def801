"""Sinks on this machine, and all the sinks that a file names."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog
from rich.console import Console
from rich.text import Text

from breakwater.errors import InvalidInput

from .model import Severity
from .webhooks import WebhookSink

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import Notice
    from .notifier import Sink
    from .rules import Book, SinkSettings

__all__ = ["STYLES", "ConsoleSink", "LogSink", "sinks_of"]

STYLES: Final = {
    Severity.INFO: "cyan",
    Severity.WARNING: "yellow",
    Severity.CRITICAL: "bold red",
    Severity.EMERGENCY: "bold white on red",
}


class ConsoleSink:
    """A coloured line for people, on standard error.

    Args:
        minimum: what is said at all.
        console: another console.
    """

    name = "console"

    def __init__(self, minimum: Severity = Severity.INFO, console: Console | None = None) -> None:
        self.minimum = minimum
        self._console = console or Console(stderr=True)

    async def tell(self, notice: Notice) -> None:
        """Print it."""
        at = datetime.fromtimestamp(notice.at_s, UTC).strftime("%H:%M:%S")
        style = "green" if notice.kind == "cleared" else STYLES[notice.alert.severity]
        self._console.print(Text(f"{at} "), Text(notice.sentence, style=style), soft_wrap=True)

    async def close(self) -> None:
        """Nothing to close."""


class LogSink:
    """A line of JSON for machines, through structlog, on standard error or wherever `logger` writes.

    Args:
        minimum: what is said at all.
        logger: another logger.
    """

    name = "log"
    LEVELS: Final = {
        Severity.INFO: "info",
        Severity.WARNING: "warning",
        Severity.CRITICAL: "error",
        Severity.EMERGENCY: "critical",
    }

    def __init__(
        self, minimum: Severity = Severity.INFO, logger: structlog.typing.WrappedLogger | None = None
    ) -> None:
        self.minimum = minimum
        self._log = structlog.wrap_logger(
            logger or structlog.PrintLogger(sys.stderr),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(),
            ],
            wrapper_class=structlog.BoundLogger,
        )

    async def tell(self, notice: Notice) -> None:
        """Log it."""
        level = "info" if notice.kind == "cleared" else self.LEVELS[notice.alert.severity]
        getattr(self._log, level)("alert", **notice.as_dict())

    async def close(self) -> None:
        """Nothing to close."""


def sinks_of(book: Book, environment: Mapping[str, str] | None = None) -> list[Sink]:
    """The sinks a file names.

    Args:
        book: the file.
        environment: where secrets are; None takes the process's.

    Raises:
        InvalidInput: a webhook's address is not in the environment, or is none.
    """
    found = os.environ if environment is None else environment
    return [_sink(each, found) for each in book.sinks]


def _sink(settings: SinkSettings, environment: Mapping[str, str]) -> Sink:
    if settings.kind == "console":
        return ConsoleSink(settings.minimum)
    if settings.kind == "log":
        return LogSink(settings.minimum)
    name = settings.url_env or ""
    url = environment.get(name, "")
    if not url.startswith(("https://", "http://")):
        raise InvalidInput(f"Set {name} to the address of the {settings.format} webhook.")
    return WebhookSink(url, settings.format, settings.minimum, chat_id=settings.chat_id, name=name)
