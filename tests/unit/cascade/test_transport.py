"""Through a real redis-server: the same signals for any number of consumers, and through a crash of Redis."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from breakwater.cascade import (
    Desk,
    Engine,
    Event,
    Producer,
    RedisServer,
    ScenarioKind,
    Worker,
    generate,
    watch,
)
from breakwater.cascade.bench import as_values
from breakwater.cascade.transport.streams import (
    GROUP,
    PARTITIONS,
    SIGNALS,
    encode,
    partition,
    signal_json,
    stream_of,
)
from breakwater.errors import InvalidInput

SYMBOLS = 6
PART = 1500


@pytest.fixture(scope="module")
def events() -> list[Event]:
    """Cascades of six symbols at the same time, by arrival."""
    found = []
    for i in range(SYMBOLS):
        scenario = generate(ScenarioKind.FLASH_CRASH, 40 + i, seconds=120)
        values = as_values(scenario.events, (f"SYM{i}",))
        found += list(zip(scenario.arrivals.tolist(), values, strict=True))
    return [event for _, event in sorted(found, key=lambda each: (each[0], each[1]))]


@pytest.fixture(scope="module")
def expected(events: list[Event]) -> list[bytes]:
    """What one engine says in one process."""
    engine = Engine(capacity=SYMBOLS)
    found = engine.feed(events) + engine.clock(max(e.time_ms for e in events) + 60_000)
    assert len(found) > 10
    return sorted(map(signal_json, found))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "redis") as running:
        yield running


def log_of(server: RedisServer) -> Path:
    (found,) = (server.directory / "appendonlydir").glob("*.incr.aof")
    return found


def run(
    server: RedisServer,
    events: list[Event],
    consumers: int,
    crashes: tuple[int, ...] = (),
    *,
    forgets: bool = False,
) -> list[bytes]:
    """Produce and consume by turns; kill Redis before the given parts, start it again after a turn in
    vain, or `forgets` at once and without what the last turn has put on its disk, bar half an entry."""
    producer = Producer(server.url)
    workers = [
        Worker(server.url, f"w{i}", most=PARTITIONS // consumers, capacity=SYMBOLS) for i in range(consumers)
    ]
    for i in range(0, len(events), PART):
        kept = log_of(server).stat().st_size
        if i // PART in crashes and forgets:
            producer.send(events[i : i + PART])
            for each in workers:
                each.step(1)
            server.kill()
            written = log_of(server).stat().st_size - kept
            os.truncate(log_of(server), kept + written // 3)
            server.start()
        elif i // PART in crashes:
            server.kill()
            assert not producer.send(events[i : i + PART])
            assert [each.step(1) for each in workers] == [0] * consumers
            server.start()
        else:
            producer.send(events[i : i + PART])
        for each in workers:
            each.step(1)
    assert producer.drain(30)
    assert bool(producer.repeated) == forgets
    producer.clock(max(e.time_ms for e in events) + 60_000)
    quiet = 0
    while quiet < 3:
        quiet = 0 if sum(each.step(20) for each in workers) else quiet + 1
    with redis.Redis.from_url(server.url) as client:
        told: list[tuple[bytes, dict[bytes, bytes]]] = client.xrange(SIGNALS)
        for part in range(PARTITIONS):
            waiting: dict[str, int] = client.xpending(stream_of(part), GROUP)
            assert waiting["pending"] == 0
    assert sorted(part for each in workers for part in each.owned) == list(range(PARTITIONS))
    for each in workers:
        each.close()
    producer.close()
    return sorted(fields[b"signal"] for _, fields in told)


@pytest.mark.parametrize("consumers", [1, 4])
def test_any_number_of_consumers_says_what_one_engine_says(
    server: RedisServer, events: list[Event], expected: list[bytes], consumers: int
) -> None:
    assert run(server, events, consumers) == expected


def test_redis_killed_twice_loses_nothing_and_repeats_nothing(
    server: RedisServer, events: list[Event], expected: list[bytes]
) -> None:
    parts = len(events) // PART
    assert run(server, events, 4, crashes=(parts // 3, 2 * parts // 3)) == expected


@pytest.mark.parametrize("consumers", [1, 4])
def test_what_redis_forgets_in_a_crash_it_is_told_again_and_counts_once(
    tmp_path: Path, events: list[Event], expected: list[bytes], consumers: int
) -> None:
    parts = len(events) // PART
    with RedisServer(tmp_path / "redis", sync="everysec") as server:
        assert run(server, events, consumers, crashes=(parts // 3, 2 * parts // 3), forgets=True) == expected


def test_an_entry_of_unknown_fate_is_written_once(server: RedisServer, events: list[Event]) -> None:
    producer = Producer(server.url)
    assert producer.send(events[:100])
    with redis.Redis.from_url(server.url) as client:
        before = [client.xlen(stream_of(part)) for part in range(PARTITIONS)]
        producer._went_back(0)  # as if no answer had come
        assert producer.waiting == producer.repeated == sum(before)
        assert producer.flush()
        assert [client.xlen(stream_of(part)) for part in range(PARTITIONS)] == before
    assert (producer.waiting, producer.sent, producer.given_up) == (0, sum(before), 0)
    producer.close()


def test_what_others_write_to_the_streams_is_passed_over(
    server: RedisServer, events: list[Event], expected: list[bytes]
) -> None:
    rows = encode(events[:1])[b"e"]
    strange: list[dict[bytes, bytes]] = [
        {b"x": b"1"},
        {b"t": b"soon"},
        {b"s": b"[]", b"e": rows},
        {b"s": b'["A"]', b"e": rows[:-1]},
        {b"s": b'["A"]', b"e": rows[:-3] + b"\xff\x7f\x00"},
        {b"s": b'["A"]', b"e": 20 * (rows[:32] + b"\x01" + rows[33:])},
    ]
    with redis.Redis.from_url(server.url) as client:
        for fields in strange:
            client.xadd(stream_of(0), fields)
    assert run(server, events, 1) == expected


@pytest.mark.parametrize("url", ["nonsense", "http://127.0.0.1", "redis://127.0.0.1:port"])
def test_what_is_no_address_of_redis_is_told_so(url: str) -> None:
    with pytest.raises(InvalidInput, match="Give --redis as redis://"):
        Producer(url)
    with pytest.raises(InvalidInput, match="Give --redis as redis://"):
        Worker(url)


def test_a_wrong_password_is_told_so(server: RedisServer) -> None:
    url = server.url.replace(server.password, "another")
    with pytest.raises(InvalidInput, match="password that this Redis wants"):
        Worker(url).step(1)
    with pytest.raises(InvalidInput, match="password that this Redis wants"):
        Producer(url).clock(1)


def test_another_consumer_goes_on_where_one_was_lost(
    server: RedisServer, events: list[Event], expected: list[bytes]
) -> None:
    producer, half = Producer(server.url), len(events) // 2
    first = Worker(server.url, "first", capacity=SYMBOLS)
    producer.send(events[:half])
    while first.step(20):
        pass
    producer.send(events[half:])
    # it has read what it never finishes
    first._redis.xreadgroup(GROUP, "first", {stream_of(partition("SYM1")): ">"}, count=1)
    first.release()
    first.close()
    producer.close()
    assert run(server, events[-1:], 1) == expected  # a duplicate, and the clock


def test_partitions_are_the_same_everywhere() -> None:
    assert [partition(name) for name in ("BTC", "ETH", "SOL", "BW-1")] == [
        partition(name) for name in ("BTC", "ETH", "SOL", "BW-1")
    ]
    assert len({partition(f"S{i}") for i in range(200)}) == PARTITIONS


async def test_a_watch_whose_redis_turns_it_away_ends_with_that_sentence(server: RedisServer) -> None:
    producer = Producer(server.url.replace(server.password, "another"))
    with pytest.raises(InvalidInput, match="password that this Redis wants"):
        await watch(Desk(producer=producer), [], [], seconds=60)
    producer.close()


async def test_a_watch_writes_its_events_at_once_and_tells_the_time(
    server: RedisServer, events: list[Event]
) -> None:
    producer = Producer(server.url)
    desk = Desk(producer=producer)
    running = asyncio.create_task(watch(desk, [], []))
    for event in events[:50]:
        desk.take(event)
    with redis.Redis.from_url(server.url) as client:

        def fields_of() -> set[bytes]:
            rows: list[tuple[bytes, dict[bytes, bytes]]] = []
            for part in range(PARTITIONS):
                rows += client.xrange(stream_of(part))
            return {name for _, fields in rows for name in fields}

        async with asyncio.timeout(30):
            while fields_of() != {b"s", b"e", b"t"}:  # noqa: ASYNC110 - Redis tells nobody
                await asyncio.sleep(0.01)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    producer.close()
