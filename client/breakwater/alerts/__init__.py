"""Alerts: rules over readings, with hysteresis and without repetition, and the places they are told to.

A service takes readings, an `Alarms` turns them into notices by the rules of a file, a `Notifier` hands
those to sinks. Services that watch something share this and one file format::

    book = load(Path("rules.toml"), known=my_metrics)
    alarms, notifier = Alarms(book.rules), Notifier(sinks_of(book))
    async with notifier:
        for notice in alarms.judge(readings, slot=slot, time_s=time.time()):
            notifier.tell(notice)
"""

from .alarms import Alarms
from .model import Alert, Labels, Notice, Reading, Severity, labels_of, labels_text
from .notifier import Notifier, Sink
from .rules import Book, Condition, Rule, SinkSettings, load, parse
from .sinks import ConsoleSink, LogSink, sinks_of
from .webhooks import WebhookSink

__all__ = [
    "Alarms",
    "Alert",
    "Book",
    "Condition",
    "ConsoleSink",
    "Labels",
    "LogSink",
    "Notice",
    "Notifier",
    "Reading",
    "Rule",
    "Severity",
    "Sink",
    "SinkSettings",
    "WebhookSink",
    "labels_of",
    "labels_text",
    "load",
    "parse",
    "sinks_of",
]
