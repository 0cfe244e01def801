"""Limits by client: exact windows, each client's own, and room for those who come next."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakwater.api import Limits
from breakwater.api import clients as api_clients
from breakwater.errors import RateLimited


class Seconds:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


PAUSES = st.one_of(st.just(0.0), st.floats(0, 0.5), st.sampled_from([1.0, 5.0, 9.999, 10.0, 10.001]))


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 20),
    st.lists(
        st.tuples(PAUSES, st.sampled_from(["a", "b"]), st.sampled_from(["market", "order"])), max_size=150
    ),
)
def test_no_window_of_ten_seconds_holds_more_than_the_limit(
    limit: int, asked: list[tuple[float, str, Literal["market", "order"]]]
) -> None:
    clock = Seconds()
    limits = Limits(limit, 2 * limit, clock=clock)
    passed: dict[tuple[str, str], list[float]] = {}
    for pause, client, kind in asked:
        clock.now += pause
        times = passed.setdefault((kind, client), [])
        most = limit if kind == "market" else 2 * limit
        wait = None
        try:
            limits.take(kind, client)
            times.append(clock.now)
        except RateLimited as told:
            wait = told.retry_after
        window = [each for each in times if each + 10 > clock.now]
        assert len(window) <= most
        if wait is not None:
            # refused only when the window is full, and told exactly when it no longer is
            assert len(window) == most
            assert wait == pytest.approx(window[0] + 10 - clock.now)


@pytest.mark.parametrize(("kind", "limit"), [("market", 50), ("order", 500)])
def test_the_limits_are_fifty_and_five_hundred_in_ten_seconds(
    kind: Literal["market", "order"], limit: int
) -> None:
    clock = Seconds()
    limits = Limits(clock=clock)
    for _ in range(limit):
        limits.take(kind, "a")
    clock.now += 4
    with pytest.raises(RateLimited) as told:
        limits.take(kind, "a")
    assert str(told.value) == f"Wait 6.0 s: {limit} {kind} requests are allowed in 10 s."
    assert told.value.retry_after == pytest.approx(6)
    limits.take(kind, "b")
    clock.now += 6
    limits.take(kind, "a")


def test_windows_that_have_emptied_are_dropped() -> None:
    clock = Seconds()
    limits = Limits(clock=clock)
    for i in range(100):
        limits.take("market", str(i))
    assert len(limits) == 100
    clock.now += 9.9
    limits.take("market", "0")
    clock.now += 0.2
    limits.take("market", "new")
    assert len(limits) == 2


def test_more_clients_than_can_be_counted_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_clients, "MOST_CLIENTS", 2)
    clock = Seconds()
    limits = Limits(clock=clock)
    limits.take("market", "a")
    limits.take("market", "b")
    with pytest.raises(RateLimited, match="Wait 10 s: more clients"):
        limits.take("market", "c")
    limits.take("market", "a")
    clock.now += 10
    limits.take("market", "c")
