"""Request limits: exact windows, the time to wait, dates in Retry-After."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from breakwater.errors import Fatal, RateLimited, Unreachable
from breakwater.limits import RequestLimiter, back_off, market_limiter, order_limiter, retry_after


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
