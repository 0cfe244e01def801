"""Limits: exact windows, the time to wait, dates in Retry-After, circuits, how answers age."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from breakwater.errors import Fatal, RateLimited, Unreachable
from breakwater.oracle import Cache, Freshness, RequestLimiter, freshness, market_limiter, order_limiter
from breakwater.oracle.limits import Breaker, back_off, retry_after


class Seconds:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("make", "limit"), [(market_limiter, 50), (order_limiter, 500)])
def test_no_window_of_ten_seconds_holds_more(make: type[RequestLimiter], limit: int) -> None:
    clock = Seconds()
    limiter = make(clock)  # type: ignore[arg-type, call-arg]
    started: list[float] = []
    for _ in range(3_000):  # 30 s of somebody who tries all the time
        clock.now += 0.01
        for _ in range(limit // 10):
            try:
                limiter.take()
            except RateLimited:
                break
            started.append(clock.now)
    most = max(sum(at - 10 < other <= at for other in started) for at in started)
    assert most == limit
    assert len(started) == 3 * limit


def test_the_error_says_how_long_to_wait() -> None:
    clock = Seconds()
    limiter = market_limiter(clock)
    for _ in range(50):
        limiter.take()
    clock.now += 6.6
    with pytest.raises(RateLimited, match=r"^Wait 3\.4 s: 50 market requests are allowed in 10 s\.$") as told:
        limiter.take()
    assert told.value.retry_after == pytest.approx(3.4)
    clock.now += 3.4
    limiter.take()


async def test_waiting_for_ones_turn_keeps_the_limit() -> None:
    limiter = RequestLimiter("market", 10, 0.5)
    loop = asyncio.get_running_loop()
    times: list[float] = []

    async def one() -> None:
        await limiter.acquire()
        times.append(loop.time())

    await asyncio.gather(*(one() for _ in range(25)))
    assert max(sum(at - 0.499 < other <= at for other in times) for at in times) <= 10
    assert times[-1] - times[0] < 10


def test_a_pause_that_a_server_asked_for_holds() -> None:
    clock = Seconds()
    limiter = market_limiter(clock)
    limiter.pause(7)
    limiter.pause(3)
    with pytest.raises(RateLimited) as told:
        limiter.take()
    assert told.value.retry_after == pytest.approx(7)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("3", 3.0),
        ("0.5", 0.5),
        ("-1", 0.0),
        ("soon", None),
        ("Wed, 21 Oct 2026 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2026 07:00:00 GMT", 0.0),
    ],
)
def test_retry_after_counts_seconds_or_names_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, datetime(2026, 10, 21, 7, 28, tzinfo=UTC)) == seconds


def test_back_off_asks_the_error() -> None:
    assert back_off(Unreachable("x")) is True
    assert back_off(RateLimited("x", retry_after=4.0)) == 4.0
    assert back_off(RateLimited("x", retry_after=1e9)) == 300.0
    assert back_off(RateLimited("x", retry_after=0.0)) == 0.1, "no hot loop"
    assert back_off(Fatal("x")) is False
    assert back_off(ValueError()) is False


async def test_a_circuit_opens_rests_and_closes_again() -> None:
    breaker = Breaker("somewhere", 3, 0.2)

    async def ask(error: Exception | None) -> None:
        async with breaker.guard():
            if error:
                raise error

    for _ in range(5):  # to be told to slow down is no failure
        with pytest.raises(RateLimited):
            await ask(RateLimited("slow"))
    assert breaker.state == "closed"
    for _ in range(3):
        with pytest.raises(Unreachable, match="broken"):
            await ask(Unreachable("broken"))
    with pytest.raises(Unreachable, match="somewhere alone") as told:
        await ask(None)
    assert breaker.state == "opened"
    assert told.value.retry_after == pytest.approx(0.2, abs=0.11)
    await asyncio.sleep(0.25)
    await ask(None)
    assert breaker.state == "closed"


def test_answers_age_from_fresh_over_cached_to_degraded() -> None:
    clock = Seconds()
    cache: Cache[int] = Cache(2.0, clock=clock)
    assert cache.get("a") is None
    cache.put("a", 7)
    states = []
    for age in (0.0, 2.0, 2.1, 300.0, 300.1):
        clock.now = 1_000 + age
        found = cache.get("a")
        assert found is not None
        assert found.value == 7
        assert found.age_s == pytest.approx(age)
        states.append(found.state)
    assert states == ["fresh", "fresh", "cached", "cached", "degraded"]
    assert freshness(None, 30) is Freshness.DEGRADED
