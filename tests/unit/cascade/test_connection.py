"""The connection against a real WebSocket server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable

from websockets.asyncio.server import ServerConnection, serve

from breakwater.cascade import Event
from breakwater.cascade.feeds import Binance, Bybit, Connection, Hyperliquid, Patience
from breakwater.cascade.feeds.hyperliquid import LIQUIDATOR

T = 1_750_000_000_000
QUICK = Patience(first_pause_s=0.01, longest_pause_s=0.05, silence_s=0.3, repair_s=60)
Handler = Callable[[ServerConnection], Awaitable[None]]


def trade(symbol: str, number: int) -> str:
    body = {"e": "aggTrade", "s": symbol, "a": number, "p": "10", "q": "1", "T": T + number, "m": False}
    return json.dumps({"stream": f"{symbol.lower()}@aggTrade", "data": body})


@contextlib.asynccontextmanager
async def following(
    handler: Handler, venue: Binance | Bybit | Hyperliquid, symbols: list[str]
) -> AsyncIterator[tuple[Connection, list[Event]]]:
    events: list[Event] = []
    async with serve(handler, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        connection = Connection(
            venue,
            symbols,
            events.append,
            url=f"ws://127.0.0.1:{port}",
            patience=QUICK,
            clock=lambda: T,
            seed=1,
        )
        task = asyncio.create_task(connection.run())
        try:
            yield connection, events
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - conditions of several objects
            await asyncio.sleep(0.005)


async def test_it_subscribes_and_comes_back_after_every_cut() -> None:
    asked = []

    async def server(socket: ServerConnection) -> None:
        asked.append(json.loads(await socket.recv()))
        await socket.send(trade("BTCUSDT", len(asked)))
        await socket.close()

    async with following(server, Binance(), ["BTCUSDT"]) as (connection, events):
        await until(lambda: len(events) >= 3)
        assert connection.counts["sessions"] >= 3
    assert asked[0]["method"] == "SUBSCRIBE"
    assert asked[0]["params"] == [
        "btcusdt@forceOrder", "btcusdt@aggTrade", "btcusdt@bookTicker", "btcusdt@markPrice@1s"
    ]  # fmt: skip


async def test_a_gap_subscribes_only_the_broken_symbol_anew() -> None:
    messages: list[dict[str, object]] = []

    async def server(socket: ServerConnection) -> None:
        await socket.recv()
        for symbol, number in (("BTCUSDT", 1), ("ETHUSDT", 1), ("BTCUSDT", 2), ("ETHUSDT", 5)):
            await socket.send(trade(symbol, number))
        async for message in socket:
            messages.append(json.loads(message))  # noqa: PERF401 - they count one by one

    async with following(server, Binance(), ["BTCUSDT", "ETHUSDT"]) as (connection, events):
        await until(lambda: len(messages) >= 2)
        assert connection.counts["sessions"] == 1
        assert connection.counts["repairs"] == 1
        assert len(events) == 4
    assert [each["method"] for each in messages] == ["UNSUBSCRIBE", "SUBSCRIBE"]
    for each in messages:
        assert all(str(name).startswith("ethusdt@") for name in each["params"])  # type: ignore[attr-defined]


async def test_silence_is_pinged_and_then_ended() -> None:
    heard = []

    async def server(socket: ServerConnection) -> None:
        async for message in socket:
            heard.append(message)  # noqa: PERF401 - they count one by one

    async with following(server, Bybit(), ["BTCUSDT"]) as (connection, _):
        await until(lambda: connection.counts["silences"] >= 2)
    assert '{"op":"ping"}' in heard
    assert connection.counts["sessions"] >= 2


async def test_frames_that_mean_nothing_do_not_end_a_session() -> None:
    async def server(socket: ServerConnection) -> None:
        await socket.recv()
        for frame in (
            "nonsense",
            b"\xff\xfe",
            "[]",
            '{"stream":"x","data":{"e":"aggTrade"}}',
            trade("BTCUSDT", 1),
        ):
            await socket.send(frame)
        await socket.wait_closed()

    async with following(server, Binance(), ["BTCUSDT"]) as (connection, events):
        await until(lambda: len(events) == 1)
        assert connection.counts["sessions"] == 1
        assert connection.parser.refused.total() == 4


async def test_what_happened_before_the_subscription_is_not_taken_for_news() -> None:
    def fills(*times: int, snapshot: bool) -> str:
        rows = [
            {
                "coin": "BTC", "px": "100", "sz": "1", "side": "B", "time": time_ms, "tid": time_ms,
                "liquidation": {"liquidatedUser": "0xab", "markPx": "100", "method": "backstop"},
            }
            for time_ms in times
        ]  # fmt: skip
        data = {"user": LIQUIDATOR, "isSnapshot": snapshot, "fills": rows}
        return json.dumps({"channel": "userFills", "data": data})

    async def server(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(fills(T - 86_400_000, T - 300_000, T - 9_000, snapshot=True))
        for i in range(40):  # a clock that is two seconds behind
            await socket.send(fills(T - 2_000 - i, snapshot=False))
        await socket.send(fills(T + 9 * 10**11, T - 1_990, snapshot=False))
        await socket.wait_closed()

    async with following(server, Hyperliquid(), ["BTC"]) as (connection, events):
        await until(lambda: len(events) == 44)
    assert [event.time_ms for event in events[:3]] == [T - 86_400_000, T - 300_000, T - 9_000]
    assert events[3].time_ms == T - 2_000
    assert events[-1].time_ms == T  # moved by two seconds less ten milliseconds: it is the quickest
    assert connection.counts["from_the_future"] == 1
