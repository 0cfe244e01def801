"""How long, and how much, a server listens before it knows whom it is talking to.

uvicorn waits for a request's end for ever and takes heads of any length: a handful of clients that send a
byte now and then, or a head without end, would hold every connection or all memory, without a token.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

__all__ = ["HEAD_BYTES", "REQUEST_S", "Patient"]

REQUEST_S: Final = 15.0
"""From the first byte of a request (or from the connection) to its last."""
HEAD_BYTES: Final = 64 * 1024
"""Request line and headers."""

CLOSED: Final = b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
TOO_LONG: Final = b"HTTP/1.1 431 Request Header Fields Too Large" + CLOSED
TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout" + CLOSED


class Patient(HttpToolsProtocol):
    """A connection that is closed when a request takes too long to arrive, or its head is too large."""

    request_s = REQUEST_S

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._clock: asyncio.TimerHandle | None = None
        self._head: int | None = None
        """Bytes of the head that is arriving; None between heads."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody is there; now they have to say something."""
        super().connection_made(transport)
        self._start()

    def connection_lost(self, exc: Exception | None) -> None:
        """They are gone."""
        self._end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A part of a request, of any size."""
        self._start()
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > HEAD_BYTES:
                self._refuse(TOO_LONG)

    def on_message_begin(self) -> None:
        """A head begins."""
        self._head = 0
        self._start()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head is whole."""
        self._head = None
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """A request is whole; what takes time now is ours."""
        self._end()
        super().on_message_complete()

    def _start(self) -> None:
        if self._clock is None:
            self._clock = self.loop.call_later(self.request_s, self._late)

    def _end(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _late(self) -> None:
        self._refuse(TOO_SLOW)

    def _refuse(self, answer: bytes) -> None:
        self._end()
        if self.transport.is_closing():
            return
        current: RequestResponseCycle | None = self.cycle
        if current is None or current.response_complete:
            self.transport.write(answer)
        self.transport.close()
