"""Webhooks over a real socket: formats, second tries, and an address that is nowhere to be read."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import structlog
import uvicorn
from rich.console import Console
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from breakwater.alerts import (
    Alert,
    ConsoleSink,
    LogSink,
    Notice,
    Notifier,
    Severity,
    Sink,
    WebhookSink,
    labels_of,
)
from breakwater.errors import Fatal, Unreachable
from breakwater.serving import Server, bound

SECRET = "-".join(("T0P", "S3CR3T", "path"))
ALERT = Alert(
    "feed_late",
    Severity.CRITICAL,
    labels_of(feed="<BTC|USD> & @everyone"),
    "A feed is late.",
    "feed_age",
    301.5,
    1_800_000_000.0,
    77,
)
FIRED = Notice("fired", ALERT, 1_800_000_000.0, 301.5)
CLEARED = Notice("cleared", ALERT, 1_800_000_060.0, 2.0)


class Hook:
    """A receiver that answers as told, and then 200."""

    def __init__(self) -> None:
        self.url = ""
        self.got: list[Any] = []
        self.answers: list[tuple[int, dict[str, str]]] = []

    async def take(self, request: Request) -> Response:
        status, headers = self.answers.pop(0) if self.answers else (200, {})
        if status == 200:
            self.got.append(await request.json())
        return Response(status_code=status, headers=headers)


@asynccontextmanager
async def receiving() -> AsyncIterator[Hook]:
    hook, listener = Hook(), bound("127.0.0.1", 0)
    hook.url = f"http://127.0.0.1:{listener.getsockname()[1]}/{SECRET}"
    app = Starlette(routes=[Route(f"/{SECRET}", hook.take, methods=["POST"])])
    server = Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    running = asyncio.create_task(server.serve([listener]))
    await server.listening.wait()
    try:
        yield hook
    finally:
        server.should_exit = True
        await running


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """All that anybody logs, down to the sockets."""
    caplog.set_level(logging.DEBUG)
    heard = io.StringIO()
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(heard))

    def read() -> str:
        return heard.getvalue() + caplog.text

    return read


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


async def test_each_service_gets_its_own_format() -> None:
    async with receiving() as hook:
        for style in ("slack", "discord", "telegram", "json"):
            sink = WebhookSink(hook.url, style, chat_id="-42")
            await sink.tell(FIRED)
            await sink.tell(CLEARED)
            await sink.close()
    slack, slack_clear, discord, discord_clear, telegram, _, plain, _ = hook.got
    sentence = "Critical: A feed is late. [feed <BTC|USD> & @everyone] feed_age is 301.5."
    assert slack["text"] == sentence.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert (slack["attachments"][0]["color"], slack_clear["attachments"][0]["color"]) == (
        "#c8413b",
        "#14845c",
    )
    assert discord["embeds"][0]["description"] == sentence
    assert discord["allowed_mentions"] == {"parse": []}
    assert discord_clear["embeds"][0]["color"] == 0x14845C
    assert (telegram["chat_id"], telegram["text"]) == ("-42", sentence)
    assert "parse_mode" not in telegram
    assert plain == FIRED.as_dict()
    assert plain["labels"] == {"feed": "<BTC|USD> & @everyone"}


async def test_what_fails_is_tried_again_and_the_secret_is_never_logged(
    everything_logged: Callable[[], str],
) -> None:
    async with receiving() as hook:
        hook.answers = [(503, {}), (429, {"retry-after": "0.1"}), (500, {})]
        sink = WebhookSink(hook.url, "slack", name="HOOK")
        async with Notifier([sink]) as notifier:
            notifier.tell(FIRED)
        assert (len(hook.got), notifier.delivered, notifier.lost) == (1, 1, 0)
        hook.answers = [(404, {})]
        async with Notifier([WebhookSink(hook.url, "slack", name="HOOK")]) as notifier:
            notifier.tell(FIRED)
        assert (len(hook.got), notifier.delivered, notifier.lost) == (1, 0, 1)
    async with Notifier([WebhookSink(hook.url, "slack", name="HOOK", attempts=2)]) as notifier:
        notifier.tell(FIRED)
    assert notifier.lost == 1
    text = everything_logged()
    assert "HOOK answers 404" in text
    assert "HOOK does not answer: ConnectError" in text
    assert SECRET not in text


async def test_errors_say_which_hook_and_not_where() -> None:
    async with receiving() as hook:
        hook.answers = [(302, {"location": "http://127.0.0.1:9/elsewhere"})]
        sink = WebhookSink(hook.url, "json", name="HOOK", attempts=1)
        with pytest.raises(Fatal, match=r"^HOOK answers 302: look at its address and its format\.$"):
            await sink.tell(FIRED)
        await sink.close()
    gone = WebhookSink(hook.url, "json", name="HOOK", attempts=1)
    with pytest.raises(Unreachable) as refused:
        await gone.tell(FIRED)
    assert SECRET not in repr(refused.value)
    await gone.close()


class Slow:
    """A sink that never gets on."""

    name = "slow"
    minimum = Severity.INFO

    async def tell(self, notice: Notice) -> None:
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Nothing to close."""


async def test_a_slow_sink_delays_nobody_and_each_hears_what_it_wants(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("breakwater.alerts.notifier.REST_S", 0.05)
    heard = io.StringIO()
    sinks: list[Sink] = [
        Slow(),
        ConsoleSink(Severity.CRITICAL, Console(file=heard)),
        ConsoleSink(Severity.EMERGENCY, Console(file=heard)),
    ]
    async with Notifier(sinks) as notifier:
        notifier.tell(FIRED)
        notifier.tell(CLEARED)
    assert heard.getvalue().splitlines() == [
        "08:00:00  Critical: A feed is late. [feed <BTC|USD> & @everyone] feed_age is 301.5.",
        "08:01:00  Cleared: A feed is late. [feed <BTC|USD> & @everyone] feed_age is 2.",
    ]


async def test_the_log_is_a_line_of_json_by_severity() -> None:
    heard = io.StringIO()
    sink = LogSink(logger=structlog.PrintLogger(heard))
    await sink.tell(FIRED)
    await sink.tell(CLEARED)
    first, second = map(json.loads, heard.getvalue().splitlines())
    assert (first["level"], first["event"], first["rule"], first["value"]) == (
        "error",
        "alert",
        "feed_late",
        301.5,
    )
    assert (second["level"], second["kind"]) == ("info", "cleared")


async def test_a_sink_on_a_full_disk_loses_each_notice_and_goes_on() -> None:
    with Path("/dev/full").open("w") as full:  # noqa: ASYNC230
        async with Notifier([LogSink(logger=structlog.PrintLogger(full))]) as notifier:
            notifier.tell(FIRED)
            notifier.tell(CLEARED)
        assert (notifier.delivered, notifier.lost) == (0, 2)
        with suppress(OSError):
            full.close()
