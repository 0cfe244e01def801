"""Sources against a server that speaks the documented formats, well and badly."""

from __future__ import annotations

import asyncio
import gzip
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from breakwater.errors import InvalidInput, RateLimited, Unreachable
from breakwater.limits import market_limiter
from breakwater.oracle import Freshness, Wanted, open_sources
from breakwater.oracle.sources import (
    CaptureSource,
    ClobSource,
    Gamma,
    GammaSource,
    Rest,
    Source,
    StreamSource,
    read_ticks,
)

from .venue import SLUG, UP, Venue, fixture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from breakwater.model import Tick


@asynccontextmanager
async def rest(venue: Venue, which: str, **changes: object) -> AsyncIterator[Rest]:
    settings = venue.settings(**changes)
    opened = Rest(which, getattr(settings, f"{which}_url"), market_limiter(), settings)
    yield opened
    await opened.close()


@asynccontextmanager
async def running(source: Source) -> AsyncIterator[list[Tick]]:
    ticks: list[Tick] = []
    task = asyncio.create_task(source.run(ticks.append))
    yield ticks
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], object], seconds: float = 20.0) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not true():
        assert loop.time() - began < seconds, "it did not happen"
        await asyncio.sleep(0.01)
    return loop.time() - began


async def test_gamma_gives_both_outcomes(venue: Venue) -> None:
    async with rest(venue, "gamma") as gamma:
        up = await GammaSource(gamma, "S", SLUG, "Up", venue.settings()).poll()
        down = await GammaSource(gamma, "S", SLUG, "down", venue.settings()).poll()
    assert (up.price, up.confidence, up.exponent) == (575_000, 5_000, -6)
    assert (down.price, down.confidence) == (425_000, 5_000)


async def test_gamma_without_orders_gives_what_it_displays(venue: Venue) -> None:
    venue.market[0]["bestBid"] = None
    async with rest(venue, "gamma") as gamma:
        assert (await GammaSource(gamma, "S", SLUG, None, venue.settings()).poll()).price == 575_000
        venue.market[0]["closed"] = True
        with pytest.raises(InvalidInput, match="closed"):
            await GammaSource(gamma, "S", SLUG, None, venue.settings()).poll()
        with pytest.raises(InvalidInput, match="no 'other'"):
            await GammaSource(gamma, "S", "other", None, venue.settings()).poll()


async def test_the_book_and_what_stands_in_for_its_missing_side(venue: Venue) -> None:
    async with rest(venue, "clob") as clob:
        source = ClobSource(clob, "S", UP, venue.settings(), lambda: 1_750_000_000_500)
        found = await source.poll()
        assert (found.price, found.confidence, found.timestamp_ms) == (580_000, 10_000, 1_750_000_000_500)
        venue.book["asks"] = []
        assert (await source.poll()).price == 580_000
        assert {path.split("?")[0] for _, path in venue.clob.requests} == {"/book", "/price", "/midpoint"}
        venue.midpoint["mid"] = "0.9"
        with pytest.raises(Unreachable, match="contradict"):
            await source.poll()


async def test_a_book_from_the_future_keeps_its_time(venue: Venue) -> None:
    async with rest(venue, "clob") as clob:
        source = ClobSource(clob, "S", UP, venue.settings(), lambda: 1_749_999_000_000)
        assert (await source.poll()).timestamp_ms == 1_750_000_000_000


async def test_429_is_obeyed_to_the_second(venue: Venue) -> None:
    venue.clob.faults.status, venue.clob.faults.retry_after = 429, "1"
    async with rest(venue, "clob") as clob:
        source = ClobSource(clob, "S", UP, venue.settings())
        async with running(source) as ticks:
            await until(lambda: venue.clob.requests)
            venue.clob.faults.clear()
            await until(lambda: ticks)
        (first, _), (second, _) = venue.clob.requests[:2]
        assert 1.0 <= second - first < 5
        assert source.status.failures == 1
        assert clob.breaker.state == "closed"


async def test_our_own_limit_names_the_wait(venue: Venue) -> None:
    async with rest(venue, "clob") as clob:
        source = ClobSource(clob, "S", UP, venue.settings())
        for _ in range(50):
            await source.poll()
        with pytest.raises(RateLimited, match="50 market requests") as told:
            await source.poll()
        assert told.value.retry_after is not None
        assert 5 < told.value.retry_after <= 10
    assert len(venue.clob.requests) == 50, "the refused one never left"


@pytest.mark.parametrize("fault", ["malformed", "close", "latency_s", "status"])
async def test_rest_recovers_from(venue: Venue, fault: str) -> None:
    value: dict[str, object] = {"malformed": True, "close": True, "latency_s": 2.0, "status": 500}
    async with rest(venue, "clob") as clob:
        source = ClobSource(clob, "S", UP, venue.settings(timeout_s=0.2))
        async with running(source) as ticks:
            await until(lambda: ticks)
            setattr(venue.clob.faults, fault, value[fault])
            await until(lambda: source.status.failures >= 2)
            venue.clob.faults.clear()
            count = len(ticks)
            took = await until(lambda: len(ticks) > count)
    assert took < 10
    assert source.status.last_error == ""


async def test_half_of_the_answers_are_enough(venue: Venue) -> None:
    venue.clob.faults.failing = 0.5
    async with rest(venue, "clob") as clob:
        source = ClobSource(clob, "S", UP, venue.settings(poll_s=0.02))
        async with running(source) as ticks:
            await until(lambda: len(ticks) >= 10)
        assert source.status.failures > 0


async def test_an_open_circuit_spares_the_host(venue: Venue) -> None:
    venue.clob.faults.status = 500
    async with rest(venue, "clob", breaker_threshold=3, breaker_s=3.0) as clob:
        source = ClobSource(clob, "S", UP, venue.settings())
        async with running(source) as ticks:
            await until(lambda: source.status.breaker == "opened")
            asked = len(venue.clob.requests)
            await asyncio.sleep(0.3)
            assert len(venue.clob.requests) == asked == 3
            venue.clob.faults.clear()
            await until(lambda: ticks)
        assert source.status.breaker == "closed"


async def test_a_known_market_survives_gamma_for_five_minutes(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    async with rest(venue, "gamma", breaker_threshold=100) as opened:
        gamma = Gamma(opened)
        monkeypatch.setattr(gamma.cache, "_clock", lambda: now)
        assert (await gamma.known(SLUG))[1] is Freshness.FRESH
        venue.gamma.faults.status = 503
        now = 299.0
        market, state = await gamma.known(SLUG)
        assert (market.slug, state) == (SLUG, Freshness.CACHED)
        now = 301.0
        with pytest.raises(Unreachable, match="503"):
            await gamma.known(SLUG)


async def test_the_stream_follows_the_book(venue: Venue) -> None:
    source = StreamSource(venue.stream_url, "S", UP, venue.settings(ping_s=5))
    async with running(source) as ticks:
        await until(lambda: ticks)
        assert (ticks[0].price, ticks[0].confidence) == (580_000, 10_000)
        await venue.push(fixture("stream_price_change"))
        await until(lambda: len(ticks) == 2)
        assert (ticks[1].price, ticks[1].confidence) == (585_000, 5_000)
        await venue.push(fixture("stream_tick_size_change"), fixture("stream_last_trade_price"))
        await until(lambda: len(ticks) == 4)
        assert source.depth.last_trade is not None
        assert str(source.depth.step) == "0.001"
        await venue.push({"event_type": "new_market", "id": "1"}, fixture("stream_price_change"))
        await until(lambda: len(ticks) == 5)
    assert venue.subscriptions == [{"assets_ids": [UP], "type": "market"}]


async def test_a_quiet_stream_is_confirmed_by_pong(venue: Venue) -> None:
    source = StreamSource(venue.stream_url, "S", UP, venue.settings(ping_s=0.05))
    async with running(source) as ticks:
        await until(lambda: len(ticks) >= 4)
    assert len({tick.timestamp_ms for tick in ticks}) >= 3
    assert source.sessions == 1


@pytest.mark.parametrize("fault", ["cut", "garbage", "silence"])
async def test_the_stream_recovers_from(venue: Venue, fault: str) -> None:
    source = StreamSource(venue.stream_url, "S", UP, venue.settings(ping_s=0.05))
    async with running(source) as ticks:
        await until(lambda: venue.sockets and ticks)
        if fault == "cut":
            await venue.cut()
        elif fault == "garbage":
            await venue.push('{"event_type": "book", "asset')
        else:
            venue.mute = True
        await until(lambda: source.status.failures)
        venue.mute = False
        count = len(ticks)
        await until(lambda: source.sessions >= 2 and len(ticks) > count)


async def test_a_lost_subscription_is_sent_again(venue: Venue) -> None:
    venue.deaf = True
    source = StreamSource(venue.stream_url, "S", UP, venue.settings(ping_s=0.05))
    async with running(source) as ticks:
        await until(lambda: source.status.failures)
        assert not ticks
        venue.deaf = False
        await until(lambda: ticks)
    assert source.sessions >= 2


async def test_a_stream_that_is_not_there_is_tried_again() -> None:
    venue = Venue()
    async with venue.serving():
        settings = venue.settings(breaker_threshold=50)
    source = StreamSource(settings.stream_url, "S", UP, settings)
    async with running(source) as ticks:
        await until(lambda: source.status.failures >= 3)
        assert not ticks


async def test_a_capture_is_played_at_its_speed(tmp_path: Path) -> None:
    file = tmp_path / "ticks.csv.gz"
    rows = [f"{1_000 + i * 100},{10**18 + i}" for i in range(20)]
    file.write_bytes(gzip.compress("\n".join(["feed_ts_ms,full_accuracy_value", *rows]).encode()))
    ticks: list[Tick] = []
    loop = asyncio.get_running_loop()
    began = loop.time()
    await CaptureSource(file, "S", speed=10).run(ticks.append)
    assert 0.15 < loop.time() - began < 5
    assert [tick.price for tick in ticks] == [10**18 + i for i in range(20)]
    assert ticks[-1].timestamp_ms - ticks[0].timestamp_ms == pytest.approx(190, abs=20)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2", "column feed_ts_ms is missing"),
        ("feed_ts_ms,full_accuracy_value\n1,x", "line 2: two whole numbers"),
        ("feed_ts_ms,full_accuracy_value\n5,1\n4,1", "line 3: time runs back"),
        ("feed_ts_ms,full_accuracy_value\n5,0", "line 2: time runs back or the price is zero"),
        ("feed_ts_ms,full_accuracy_value\n5", "line 2: two whole numbers"),
    ],
)
def test_a_wrong_capture_is_refused_by_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "ticks.csv"
    file.write_text(text)
    with pytest.raises(InvalidInput, match=message):
        list(read_ticks(file))


def test_a_broken_or_absent_capture_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="does not exist"):
        list(read_ticks(tmp_path / "none.csv"))
    whole = gzip.compress(b"feed_ts_ms,full_accuracy_value\n" + b"".join(b"%d,7\n" % i for i in range(9_999)))
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidInput, match="not intact"):
        list(read_ticks(cut))


async def test_what_is_wanted_becomes_sources(venue: Venue, tmp_path: Path) -> None:
    settings = venue.settings()
    async with open_sources(Wanted("S", market=SLUG), settings) as found:
        assert [each.name for each in found] == ["gamma", "clob", "stream"]
    async with open_sources(Wanted("S", token=UP), settings) as found:
        assert [each.name for each in found] == ["clob", "stream"]
    async with open_sources(Wanted("S", capture=tmp_path), settings) as found:
        assert [each.name for each in found] == ["capture"]
    for wrong in (Wanted("S"), Wanted("S", token=UP, kinds=("gamma",)), Wanted("S", "m", capture=tmp_path)):
        with pytest.raises(InvalidInput):
            async with open_sources(wrong, settings):
                pass
    with pytest.raises(InvalidInput, match="no 'gone'"):
        async with open_sources(Wanted("S", market="gone"), settings):
            pass
