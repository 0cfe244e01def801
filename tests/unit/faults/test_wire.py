"""A TCP connection in all weathers, to a server that echoes."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING

import pytest

from breakwater.errors import InvalidInput
from breakwater.faults import CLEAR, Weather, Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65_536):
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def said(wire: Wire, message: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
    writer.write(message)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


async def test_in_clear_weather_bytes_pass_as_they_are(echo: int) -> None:
    message = bytes(itertools.islice(itertools.cycle(range(256)), 300_000))
    async with Wire("127.0.0.1", echo) as wire:
        assert await said(wire, message) == message
        assert (wire.connections, wire.resets, wire.carried) == (1, 0, 600_000)


async def test_latency_slices_and_lost_pieces_change_the_time_not_the_bytes(echo: int) -> None:
    weather = Weather(latency_s=0.02, loss=0.5, repeat_s=0.05, slice_bytes=100)
    async with Wire("127.0.0.1", echo, weather, seed=1) as wire:
        began = time.monotonic()
        assert await said(wire, b"x" * 1_000) == b"x" * 1_000
        assert time.monotonic() - began >= 10 * 0.02 + wire.lost * 0.05 / 2
        assert wire.lost >= 1


async def test_bandwidth_is_kept(echo: int) -> None:
    async with Wire("127.0.0.1", echo, Weather(bandwidth=20_000)) as wire:
        began = time.monotonic()
        await said(wire, b"x" * 4_000)
        assert time.monotonic() - began >= 0.2


async def test_a_reset_is_a_reset_for_both_ends(echo: int) -> None:
    async with Wire("127.0.0.1", echo, Weather(reset=1.0)) as wire:
        with pytest.raises(ConnectionResetError):
            await said(wire, b"hello")
        assert wire.resets >= 1


async def test_connections_may_be_refused(echo: int) -> None:
    async with Wire("127.0.0.1", echo, Weather(refuse=True)) as wire:
        with pytest.raises(ConnectionResetError):
            await said(wire, b"hello")


async def test_a_hole_swallows_everything_until_it_is_closed(echo: int) -> None:
    async with Wire("127.0.0.1", echo, Weather(hole=True)) as wire:
        asking = asyncio.create_task(said(wire, b"hello"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(asking), 0.1)
        wire.weather = CLEAR
        assert await asking == b"hello"


async def test_what_is_open_can_be_cut_at_once(echo: int) -> None:
    async with Wire("127.0.0.1", echo) as wire:
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        assert wire.cut() == 2
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)
        writer.close()
        assert await said(wire, b"again") == b"again"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss": 2}, "Give loss as a part from 0 to 1, not 2."),
        ({"latency_s": -1}, "Give latency_s as seconds from 0, not -1."),
        ({"bandwidth": 0}, "Give bandwidth as bytes from 1, not 0."),
    ],
)
def test_weather_that_cannot_be_is_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Weather(**change)  # type: ignore[arg-type]
    assert str(refused.value) == message
