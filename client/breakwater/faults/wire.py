"""A TCP proxy: carries bytes both ways as its weather has it, and can cut everything at once."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from typing import TYPE_CHECKING, Final

from breakwater.serving import bound

from .weather import CLEAR, Weather

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Wire"]

PIECE: Final = 65_536
CONNECT_S: Final = 10.0
RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER of a connection that ends with RST instead of FIN."""


class Wire:
    """Listens on loopback and passes on to `host`:`to_port`.

    Args:
        host: of the server behind it.
        to_port: its port.
        weather: what happens to bytes; may be replaced at any time.
        port: to listen on; 0 takes a free one.
        seed: of chance.
    """

    def __init__(
        self, host: str, to_port: int, weather: Weather = CLEAR, *, port: int = 0, seed: int = 0
    ) -> None:
        self.upstream = (host, to_port)
        self.connections = self.resets = self.lost = self.carried = self.delayed = self.slices = 0
        self._chance = random.Random(seed)
        self._weather = weather
        self._changed = asyncio.Event()
        self._pipes: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._listener = bound("127.0.0.1", port)
        self.port: int = self._listener.getsockname()[1]
        self._server: asyncio.Server | None = None

    @property
    def weather(self) -> Weather:
        """What happens now."""
        return self._weather

    @weather.setter
    def weather(self, weather: Weather) -> None:
        self._weather = weather
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    @property
    def struck(self) -> int:
        """Pieces that came late or were cut smaller, and connections that were reset."""
        return self.delayed + self.slices + self.resets

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._accepted, sock=self._listener, limit=PIECE)

    async def close(self) -> None:
        """Listen no more, and end every connection."""
        if self._server is not None:
            self._server.close()
        else:
            self._listener.close()
        for each in list(self._pipes):
            each.cancel()
        if self._pipes:
            await asyncio.wait(set(self._pipes))

    def cut(self) -> int:
        """Reset every connection there is; how many ends that were. New ones are carried."""
        cut = list(self._writers)
        for each in cut:
            self._reset(each)
        return len(cut)

    async def __aenter__(self) -> Wire:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _reset(self, writer: asyncio.StreamWriter) -> None:
        self.resets += 1
        raw = writer.get_extra_info("socket")
        if raw is not None and raw.fileno() >= 0:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        writer.transport.abort()

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._accept(reader, writer))
        self._pipes.add(task)
        task.add_done_callback(self._pipes.discard)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            if self._weather.refuse:
                self._reset(writer)
                return
            async with asyncio.timeout(CONNECT_S):
                there, back = await asyncio.open_connection(*self.upstream)
        except OSError:  # a timeout is one, too
            self._reset(writer)
            return
        finally:
            self._writers.discard(writer)
        await self._both(reader, writer, there, back)

    async def _both(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        there: asyncio.StreamReader,
        back: asyncio.StreamWriter,
    ) -> None:
        ends = {writer, back}
        self._writers |= ends
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(reader, back, ends))
                group.create_task(self._carry(there, writer, ends))
        except* OSError:
            for each in ends:
                self._reset(each)
        finally:
            self._writers -= ends
            for each in ends:
                each.close()

    async def _carry(
        self, source: asyncio.StreamReader, to: asyncio.StreamWriter, ends: set[asyncio.StreamWriter]
    ) -> None:
        while piece := await source.read(PIECE):
            size = self._weather.slice_bytes or len(piece)
            self.slices += size < len(piece)
            for i in range(0, len(piece), size):
                part = piece[i : i + size]
                await self._delay(len(part))
                if self._chance.random() < self._weather.reset:
                    for each in ends:
                        self._reset(each)
                    return
                to.write(part)
                await to.drain()
                self.carried += len(part)
        if to.can_write_eof():
            to.write_eof()

    async def _delay(self, size: int) -> None:
        self.delayed += self._weather.hole
        while self._weather.hole:
            await self._changed.wait()
        weather = self._weather
        wait = weather.latency_s + self._chance.uniform(0, weather.jitter_s)
        if self._chance.random() < weather.loss:
            self.lost += 1
            wait += weather.repeat_s
        if weather.bandwidth is not None:
            wait += size / weather.bandwidth
        if wait:
            self.delayed += 1
            await asyncio.sleep(wait)
